"""Whole days in the log: every phase has its line, every line fits a phone, every stop has its reason."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from pv_heater import load_config
from pv_heater.commands.play.days import play_recording
from pv_heater.run.log_lines import LONGEST

PROJECT = Path(__file__).parents[2]
STAND = r"off|armed|full|cooldown|fault|(?:would heat|heating) [0-9.]+ k?W"


class Lines(logging.Handler):
    """Keeps what is logged."""

    def __init__(self) -> None:
        super().__init__()
        self.said: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.said.append(record.getMessage())


def a_day(name: str) -> Any:
    """All tests of one day in one worker, which plays it once."""
    return pytest.param(name, marks=pytest.mark.xdist_group(f"log of a {name} day"))


@pytest.fixture(scope="module", params=[a_day("summer"), a_day("broken_cloud")])
def lines(request: pytest.FixtureRequest) -> Iterator[list[str]]:
    """The log of the recorded summer day, or of one with broken clouds, as `main.py` plays them, but every 30 s."""
    config = load_config(PROJECT / "Files" / "config.yaml")
    recording = PROJECT / "Files" / "recordings" / f"{request.param}.csv.gz"
    meter = replace(config.meter[0], settings=replace(config.meter[0].settings, path=str(recording), step_s=30.0))
    log, kept = logging.getLogger("pv_heater.transitions"), Lines()
    level = log.level
    log.setLevel(logging.INFO)
    log.addHandler(kept)
    try:
        played = play_recording(replace(config, meter=(meter,)), dry_run=True)
        assert played.notes == (), "the whole day was played"
        yield kept.said
    finally:
        log.removeHandler(kept)
        log.setLevel(level)


def test_every_line_fits_a_phone(lines: list[str]) -> None:
    assert [line for line in lines if len(line) > LONGEST] == []
    assert 20 < len(lines) < 200


def test_every_change_of_a_phase_has_its_line(lines: list[str]) -> None:
    """Each line goes on from the phase to which the one before led."""
    found = [re.match(rf"\w+(?: \(dry run\))? ({STAND}) -> ({STAND}): ", line) for line in lines]
    ways = [(match[1].rstrip("0123456789. kW"), match[2].rstrip("0123456789. kW")) for match in found if match]
    assert len(ways) > 5
    assert [before for before, _ in ways] == ["off", *(after for _, after in ways[:-1])]


def test_no_stop_is_explained_by_the_rest_that_follows_it(lines: list[str]) -> None:
    stops = [line for line in lines if re.search(r"-> (cooldown|off|full): ", line)]
    assert len(stops) > 2
    assert [line for line in stops if "minimum off time" in line] == []


def test_a_dry_day_says_so_in_every_change(lines: list[str]) -> None:
    changes = [line for line in lines if " -> " in line]
    assert [line for line in changes if "would heat" not in line and "(dry run)" not in line] == []


def test_the_plan_is_in_lines_of_its_own_and_the_day_is_summed_up(lines: list[str]) -> None:
    assert 1 <= sum(line.startswith("plan: target charge ") for line in lines) <= 30
    assert not any("forecasts" in line for line in lines if not line.startswith("plan: "))
    assert any(re.match(r"today: water_heater used [\d.]+ k?Wh in \d+ starts?", line) for line in lines)
