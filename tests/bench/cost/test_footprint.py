"""`bench footprint`: the real process with every kind of source, each of which is heard."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from bench.cost.footprint import Footprint, measure
from bench.cost.footprint_homes import HOMES, MOST_RESIDENT_MIB
from pv_heater.config.load import load_config

FIGURES = Footprint(
    home="gx_mqtt",
    first_decision_s=0.5,
    resident_mib=38.0,
    share_mib=27.25,
    peak_mib=38.5,
    cpu_percent=0.4,
    watched_s=10,
    meters_heard=1,
)


@pytest.mark.process
def test_every_source_is_heard_while_the_process_is_weighed() -> None:
    """All at once; the other homes have one of these each."""
    [figures] = measure(0.5, ["all sources"])
    assert figures.meters_heard == 5
    assert 10 < figures.share_mib < figures.resident_mib <= figures.peak_mib < 80
    assert 0 <= figures.cpu_percent < 80
    assert figures.first_decision_s < 30


@pytest.mark.parametrize("home", HOMES)
def test_every_home_has_settings_that_load(home: str, tmp_path: Path) -> None:
    with HOMES[home](str(tmp_path)) as settings:
        assert load_config(settings).loads


def test_figures_name_their_home() -> None:
    lines = FIGURES.as_lines()
    assert lines[0] == "gx_mqtt: start to first decision 0.50 s (aim 0.5), 1 meter heard"
    assert lines[1] == "  memory after 10 s: 38.0 MiB (aim 45), its share of it 27.2 MiB, peak 38.5 MiB"
    assert "2 meters heard" in replace(FIGURES, meters_heard=2).as_lines()[0]
    assert set(MOST_RESIDENT_MIB) == set(HOMES)
