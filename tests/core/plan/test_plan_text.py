"""The sentence of a plan, in the owner's clock."""

from datetime import datetime
from zoneinfo import ZoneInfo

from pv_heater.core.model.day_plan import DayPlan
from pv_heater.core.plan.plan_text import plan_text

VIENNA = ZoneInfo("Europe/Vienna")


def test_the_clock_that_is_set_in_the_night_before_is_the_one_in_which_heating_begins() -> None:
    """From ten in the evening to nine in the morning it is ten hours when summer time begins in between."""
    at = datetime(2026, 3, 28, 22, tzinfo=VIENNA)
    nights, heats = 40, 8
    nothing_w = (0.0,) * (nights + heats)
    plan = DayPlan(
        made_at=at, start_at=at, step_s=900, sun_w=nothing_w, house_w=nothing_w,
        loads_w={"heater": (*(0.0,) * nights, *(1000.0,) * heats)},
        battery_w=None, battery_percent=None, unused_w=nothing_w, bought_w=nothing_w, soc_tonight_percent=None,
        tonight_at=None, soc_tomorrow_percent=None, tomorrow_at=None, runs=(), purchases=(), sun_error=None, text="",
    )  # fmt: skip
    assert plan_text(plan, VIENNA).text == "no heating today, about 2.0 kWh tomorrow from 09:00"
