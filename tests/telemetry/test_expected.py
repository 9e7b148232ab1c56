"""Sun and battery that are expected, as three figures."""

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from pv_heater.core.model.day_plan import DayPlan
from pv_heater.status.plan import plan_of
from pv_heater.telemetry.expected import EXPECTED, expected_of

VIENNA = ZoneInfo("Europe/Vienna")
NOON = datetime(2026, 6, 21, 12, 0, tzinfo=VIENNA)


def plan(hours: int, power_w: float = 400.0, start_at: datetime = NOON, **changes: Any) -> DayPlan:
    """The same sun in each quarter of so many hours."""
    sun_w = (power_w,) * (4 * hours)
    values: dict[str, Any] = {
        "made_at": start_at,
        "start_at": start_at,
        "step_s": 900,
        "sun_w": sun_w,
        "house_w": sun_w,
        "loads_w": {},
        "soc_tonight_percent": 80.04,
        **dict.fromkeys(("battery_w", "battery_percent", "unused_w", "bought_w", "tonight_at", "tomorrow_at")),
        "soc_tomorrow_percent": None,
        "runs": (),
        "purchases": (),
        "sun_error": None,
        "text": "",
    }
    return DayPlan(**(values | changes))


def expected(plan: DayPlan | None, now: datetime) -> dict[str, float | None]:
    document = {"plan": plan_of(plan, VIENNA), "now": now.isoformat(), "site": {"timezone": VIENNA.key}}
    return expected_of(document)


def test_the_days_are_those_of_the_home() -> None:
    found = expected(plan(24), NOON.astimezone(UTC))
    assert found == {"sun_left_today_wh": 4800.0, "sun_tomorrow_wh": 4800.0, "soc_tonight_percent": 80.0}


def test_what_is_past_is_not_expected_any_more() -> None:
    later = NOON + timedelta(hours=2, minutes=5)
    assert expected(plan(24), later)["sun_left_today_wh"] == pytest.approx(400 * (12 - 2 - 5 / 60), abs=0.1)


def test_the_night_in_which_clocks_go_back_has_an_hour_more() -> None:
    eve = datetime(2026, 10, 24, 22, 0, tzinfo=VIENNA)
    found = expected(plan(28, start_at=eve), eve)
    assert (found["sun_left_today_wh"], found["sun_tomorrow_wh"]) == (800.0, 400.0 * 26)


def test_a_plan_that_ends_today_knows_nothing_of_tomorrow() -> None:
    assert expected(plan(12), NOON)["sun_tomorrow_wh"] is None
    assert expected(plan(11), NOON)["sun_tomorrow_wh"] is None


def test_without_a_plan_nothing_is_expected() -> None:
    assert expected(None, NOON) == dict.fromkeys(EXPECTED)
