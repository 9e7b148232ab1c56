"""A played day: its summary adds up, beside the same day without heating, and its picture shows what happened."""

import math
import signal
from dataclasses import replace
from datetime import UTC
from pathlib import Path
from xml.etree import ElementTree

import pytest

from pv_heater.commands.play.days import first_light_s, open_recording, play_recording
from pv_heater.commands.play.result import PlayedDays
from pv_heater.config.load import load_config
from pv_heater.core.model.requests import Mode
from pv_heater.core.model.values import LoadState, Phase
from pv_heater.io.system.clock import SystemClock
from pv_heater.io.system.stop_signals import STOP_SIGNALS, StopSignals
from pv_heater.sim.day_record import LIMITED, why_unused
from tests.builders import House

PROJECT = Path(__file__).parents[3]
pytestmark = pytest.mark.xdist_group("played")
"""One worker plays the day, once."""
SUMMER = PROJECT / "Files" / "recordings" / "summer.csv.gz"


@pytest.fixture(scope="module")
def summer() -> PlayedDays:
    """The bundled day with a look a minute."""
    config = load_config(PROJECT / "Files" / "config.yaml")
    meter = replace(config.meter[0], settings=replace(config.meter[0].settings, step_s=60.0))
    before = [signal.getsignal(number) for number in STOP_SIGNALS]
    played = play_recording(replace(config, meter=(meter,)), dry_run=True)
    assert [signal.getsignal(number) for number in STOP_SIGNALS] == before
    return played


def test_after_a_played_day_signals_do_what_they_did_before() -> None:
    caught: list[int] = []
    before = signal.signal(signal.SIGTERM, lambda number, _: caught.append(number))
    signals, clock = StopSignals(), SystemClock()
    try:
        with signals.heard_by(clock):
            signal.raise_signal(signal.SIGTERM)
            assert (signals.reason, caught) == ("SIGTERM", [])
        clock.close()
        signal.raise_signal(signal.SIGTERM)
        assert caught == [signal.SIGTERM]
    finally:
        signal.signal(signal.SIGTERM, before)


def test_what_heating_caught_is_what_the_day_without_it_leaves_unused(summer: PlayedDays) -> None:
    (day,) = summer.summaries
    without = day.without
    assert without is not None
    assert day.unused_wh is not None
    assert without.heat_total_wh == 0
    assert without.house_wh == pytest.approx(day.house_wh)
    caught_wh = without.unused_wh - day.unused_wh
    assert 15_000 < caught_wh < 20_000
    # All heat is sun that would have been lost, or was bought, or is missing in the battery.
    bought_wh = day.bought_wh - without.grid_import_wh
    stored_wh = without.battery_end_wh - (day.battery_end_wh or 0.0)
    assert sum(day.heat_wh.values()) == pytest.approx(caught_wh + bought_wh + stored_wh, rel=0.02)
    text = "\n".join(summer.as_lines())
    assert f"caught {caught_wh / 1000:.2f} kWh of it" in text
    assert f"the same without heating: {without.unused_wh / 1000:.2f} kWh of sun unused" in text


def test_the_reasons_of_unused_sun_add_up_to_all_of_it(summer: PlayedDays) -> None:
    (day,) = summer.summaries
    assert day.unused_wh is not None
    assert math.fsum(day.unused_because_wh.values()) == pytest.approx(day.unused_wh, abs=1.0)
    assert max(day.unused_because_wh, key=lambda why: day.unused_because_wh[why]) == LIMITED


def test_the_picture_is_wide_enough_for_a_phone_and_has_every_layer(summer: PlayedDays) -> None:
    assert summer.picture is not None
    root = ElementTree.fromstring(summer.picture.svg)
    texts = [element for element in root.iter() if element.tag.endswith("text")]
    words = [element.text for element in texts]
    for word in ("house", "heater", "into the battery", "unused sun", "sun on the panels", "kW", "battery, %", "12"):
        assert word in words
    width = float(root.attrib["width"])
    assert min(float(element.attrib["font-size"]) for element in texts) * 360 / width >= 11
    for line in (element for element in root.iter() if element.tag.endswith("polyline")):
        xs = [float(point.split(",")[0]) for point in line.attrib["points"].split()]
        assert xs == sorted(xs)


def test_the_bars_fit_a_terminal_and_stand_at_their_hours(summer: PlayedDays) -> None:
    assert summer.picture is not None
    for bars in (summer.picture.bars, summer.picture.plain_bars):
        assert max(map(len, bars)) <= 80
        hours, sun, *_ = bars
        noon, night = hours.index("12"), hours.index("0")
        assert sun[noon] != " "
        assert sun[night : night + 4] == "    "
    assert all(ord(sign) < 128 for line in summer.picture.plain_bars for sign in line)
    assert "up to 2.0 kW" in next(line for line in summer.picture.bars if line.startswith("heater"))


def test_the_demo_begins_before_the_first_light() -> None:
    recording = open_recording(SUMMER)
    at = recording.start_at.astimezone(UTC).hour + first_light_s(recording) / 3600
    assert 2.5 < at % 24 < 5.5  # UTC, in May


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"power_w": 2000.0, "phase": Phase.HEATING}, LIMITED),
        ({"power_w": 900.0, "phase": Phase.HEATING}, "while the power followed the sun"),
        ({"phase": Phase.FULL}, "while the loads had enough"),
        ({"phase": Phase.COOLDOWN}, "while a load rested between two starts"),
    ],
)
def test_why_sun_is_left(changes: dict[str, object], why: str) -> None:
    from dataclasses import replace

    decision = House().at(0)
    state = replace(decision.loads["heater"], **({"power_w": 0.0, "mode": Mode.AUTO} | changes))
    assert isinstance(state, LoadState)
    assert why_unused(replace(decision, loads={"heater": state}, blocked_by=None), {"heater": 2000.0}) == why


def test_why_sun_is_left_behind_a_guard() -> None:
    home = House()
    low = home.at(0, battery_soc_percent=10.0)
    assert why_unused(low, {"heater": 2000.0}) == "while the battery was low"
