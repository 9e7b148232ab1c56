"""What a history answers, made into a day that can be accounted for."""

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from pv_heater.config.load import load_config
from pv_heater.report.causes import Cause, causes_of
from pv_heater.report.recorded import per_kwh_of, recorded_day
from pv_heater.run.home.day_report import kept_day
from tests.builders import config, heater

DAY = date(2026, 6, 1)
MIDNIGHT = datetime(2026, 5, 31, 22, 0, tzinfo=UTC)
"""In Vienna."""
HOME = load_config(config(loads=[heater("tank")]))


def row(at: datetime, rule: str, phase: str, load: str | None = "tank") -> dict[str, Any]:
    return {"at": at.isoformat(), "load": load, "rule": rule, "to_phase": phase, "mode": "auto"}


class History:
    """Ten minutes of sun, and what was decided when."""

    def __init__(self, *rows: dict[str, Any]) -> None:
        self.rows = rows

    def columns(
        self, from_at: datetime, to_at: datetime, step_s: int | None = None, series: Sequence[str] | None = None
    ) -> Mapping[str, Any]:
        del to_at
        return {
            "t0": from_at.isoformat(),
            "step_s": step_s,
            "series": {name: [100.0 + minute for minute in range(10)] for name in series or ()},
        }

    def days(self, from_day: date, to_day: date) -> Sequence[Mapping[str, Any]]:
        del from_day, to_day
        return []

    def transitions(self, from_at: datetime, to_at: datetime, load: str | None = None) -> Sequence[Mapping[str, Any]]:
        return [
            one
            for one in self.rows
            if from_at <= datetime.fromisoformat(one["at"]) < to_at and load in (None, one["load"])
        ]


def causes(history: History) -> list[Cause]:
    return causes_of(kept_day(HOME, history, DAY).changes, "tank", 10)


def test_what_was_decided_weeks_ago_and_still_holds_is_known() -> None:
    forced = row(MIDNIGHT - timedelta(days=9), "forced_off", "off")
    assert causes(History(forced)) == [Cause.OWNER] * 10
    assert causes(History()) == [Cause.UNKNOWN] * 10


def test_a_change_counts_from_the_minute_that_has_most_of_it() -> None:
    before = row(MIDNIGHT - timedelta(minutes=5), "full", "full")
    early = row(MIDNIGHT + timedelta(minutes=3, seconds=20), "plan", "heating")
    late = row(MIDNIGHT + timedelta(minutes=6, seconds=40), "full", "full")
    full, free = Cause.TANK_FULL, Cause.FORECAST
    assert causes(History(before, early, late)) == [*[full] * 3, *[free] * 4, *[full] * 3]


def test_the_sun_is_what_it_could_give_where_that_is_known() -> None:
    columns = {
        "t0": MIDNIGHT.isoformat(),
        "step_s": 60,
        "series": {"pv_w": [500.0, 600.0, None], "pv_possible_w": [900.0, None, None], "house_w": [1.0, 2.0, 3.0]},
    }
    day = recorded_day(DAY, columns, (), ("tank",))
    assert (day.sun_w, day.pv_w) == ([900.0, 600.0, None], [500.0, 600.0, None])
    assert (day.soc_percent, day.load_w["tank"]) == ([None] * 3, [None] * 3)


def test_a_kwh_is_worth_what_it_was_that_day_or_nobody_knows() -> None:
    assert per_kwh_of({"caught_wh": 4000.0, "saved_money": 1.0}) == pytest.approx(0.25)
    assert per_kwh_of({"caught_wh": 4000.0, "saved_money": None}) is None
    assert per_kwh_of({"caught_wh": 0.0, "saved_money": 0.0}) is None
