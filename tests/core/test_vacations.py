"""Vacations: announced, written into the settings, and over when somebody comes home."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from pv_heater.config.load import load_config
from pv_heater.core.model.requests import Command, Vacation
from pv_heater.errors import ConfigError
from tests.builders import NOON, House, config, heater

SPAN = {"from": "2026-06-21T14:00", "until": "2026-06-23"}
"""One hour after NOON on, in the home's own time."""


def house(*spans: dict[str, str], state: Any = None) -> House:
    return House(config(vacation=list(spans), loads=[heater(frost_c=5)]), state=state)


def is_on(home: House, hours: float, *commands: Command, **fields: Any) -> bool:
    """Whether it is on after a step so many hours after NOON, in full sun."""
    drawn_w = home.decisions[-1][1].setpoints["heater"].power_w if home.decisions else 0.0
    seen = {"consumption_w": 500.0 + drawn_w} | fields
    decision = home.at(hours * 3600, inputs={"commands": commands}, **seen)
    return decision.setpoints["heater"].on


def test_a_span_of_the_settings_begins_and_ends_by_itself() -> None:
    home = house(SPAN)
    assert [is_on(home, hours) for hours in (0.9, 1.0, 22.0, 47.0)] == [True, False, False, True]
    assert home.decisions[2][1].loads["heater"].rule == "vacation"
    assert home.decisions[2][1].trace.vacation_until_at == NOON + timedelta(hours=35)
    assert home.decisions[3][1].trace.vacation_until_at is None


def test_whoever_comes_home_earlier_ends_it_for_good_over_a_restart() -> None:
    home = house(SPAN, {"from": "2026-07-01", "until": "2026-07-02"})
    assert not is_on(home, 2.0)
    assert is_on(home, 3.0, Vacation(until_at=None))
    again = house(SPAN, {"from": "2026-07-01", "until": "2026-07-02"}, state=home.controller.state())
    assert is_on(again, 4.0)
    assert not is_on(again, 9.5 * 24 + 12), "the next one counts"


def test_the_later_end_of_two_counts() -> None:
    home = house(SPAN)
    assert not is_on(home, 2.0, Vacation(until_at=NOON + timedelta(hours=48)))
    assert not is_on(home, 47.0)
    assert is_on(home, 49.0)


def test_frost_protection_goes_on() -> None:
    assert is_on(house(SPAN), 2.0, load_c={"heater": 3.0})


def test_live_settings_move_it() -> None:
    home = house(SPAN)
    assert not is_on(home, 2.0)
    home.controller.adopt(load_config(config(vacation=[], loads=[heater(frost_c=5)])))
    assert is_on(home, 3.0)


def test_in_a_file_days_need_no_quotes(tmp_path: Path) -> None:
    path = tmp_path / "config.yaml"
    path.write_text(
        "meter: {type: recording, path: x.csv}\nvacation: [{from: 2026-12-20, until: '2027-01-03T18:00'}]\n"
        "site: {latitude: 47, longitude: 15, timezone: Europe/Vienna}\n"
        "loads: [{name: heater, type: dry_run, max_power_w: 1000}]\n",
        encoding="utf-8",
    )
    (span,) = load_config(path).vacation
    assert (span.start, span.end) == ("2026-12-20", "2027-01-03T18:00")


@pytest.mark.parametrize(
    ("span", "says"),
    [
        ({"from": "2026-06-23", "until": "2026-06-21"}, "must lie after from"),
        ({"from": "2026-06-23", "until": "2028-06-21"}, "at most 366 days"),
        ({"from": "Friday", "until": "2026-06-21"}, "must be a day, perhaps with an hour"),
        ({"from": "2026-06-23"}, "until: is missing"),
    ],
)
def test_mistakes_say_what_is_wrong(span: dict[str, str], says: str) -> None:
    with pytest.raises(ConfigError, match=says):
        house(span)


def test_spans_that_touch_are_one_absence() -> None:
    """Nobody comes home between them, so nothing is made ready for the end of the first."""
    later = {"from": "2026-06-23", "until": "2026-06-25T12:00"}
    home = house(later, SPAN)
    assert not is_on(home, 2.0)
    assert home.decisions[-1][1].trace.vacation_until_at == NOON + timedelta(hours=95)


def test_only_what_gives_hot_water_is_made_ready() -> None:
    home = House(config(vacation=[SPAN], loads=[heater("pump"), heater("tank", daily_min_wh=100)]))
    drawn_w = {"tank": False, "pump": False}
    for hours in (2.0, 22.0):
        decision = home.at(hours * 3600, consumption_w=500.0)
        drawn_w = {name: setpoint.on for name, setpoint in decision.setpoints.items()}
    assert drawn_w == {"pump": False, "tank": True}
    assert decision.loads["pump"].rule == "vacation"
    assert decision.blocked_by is None
