import math
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from pv_heater.core.model.requests import Boost, Force, Mode, Vacation
from pv_heater.core.model.values import Forecast, Inputs, Reading, Setpoint
from tests.builders import NOON, House, forecast, reading


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
@pytest.mark.parametrize("field", ["pv_w", "grid_w", "battery_soc_percent"])
def test_nan_and_infinity_are_refused(field: str, bad: float) -> None:
    with pytest.raises(ValueError, match=field):
        reading(**{field: bad})


def test_nan_in_mappings_and_phases_is_refused() -> None:
    with pytest.raises(ValueError, match=r"load_c\[heater\]"):
        reading(load_c={"heater": math.nan})
    with pytest.raises(ValueError, match=r"grid_phase_w\[2\]"):
        reading(grid_phase_w=(1.0, math.nan))


def test_a_reading_without_a_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="time zone"):
        Reading(taken_at=datetime(2026, 6, 21), source="test")  # noqa: DTZ001


def test_missing_is_none() -> None:
    empty = Reading(taken_at=NOON, source="test")
    assert empty.pv_w is None
    assert empty.grid_phase_w == ()
    assert empty.load_c == {}


@pytest.mark.parametrize(("on", "power_w"), [(True, 0.0), (False, 5.0), (True, -1.0)])
def test_a_setpoint_on_has_power_and_one_off_has_none(on: bool, power_w: float) -> None:
    with pytest.raises(ValueError, match="cannot ask"):
        Setpoint(on=on, power_w=power_w)


def test_forecast_steps_must_be_contiguous() -> None:
    with pytest.raises(ValueError, match="3600 s apart"):
        Forecast(issued_at=NOON, source="x", step_s=3600, steps=((NOON, 1.0), (NOON + timedelta(hours=2), 1.0)))


def test_forecast_power_is_that_of_the_step_and_none_outside() -> None:
    value = Forecast(issued_at=NOON, source="x", step_s=3600, steps=((NOON, 100.0), (NOON + timedelta(hours=1), 200.0)))
    assert value.power_w_at(NOON) == 100.0
    assert value.power_w_at(NOON + timedelta(minutes=59, seconds=59)) == 100.0
    assert value.power_w_at(NOON + timedelta(hours=1)) == 200.0
    assert value.power_w_at(NOON - timedelta(seconds=1)) is None
    assert value.power_w_at(NOON + timedelta(hours=2)) is None
    assert value.end_at == datetime(2026, 6, 21, 13, 0, tzinfo=UTC)


def test_forecast_energy_counts_parts_of_steps() -> None:
    assert forecast(pv_w=1000).energy_wh_between(NOON, NOON + timedelta(minutes=90)) == pytest.approx(1500.0)


def test_a_forecast_in_a_local_zone_is_contiguous_over_the_change_of_time() -> None:
    zone = ZoneInfo("Europe/Vienna")
    start = datetime(2026, 3, 28, 22, 0, tzinfo=UTC)
    steps = tuple(((start + timedelta(hours=hour)).astimezone(zone), float(hour)) for hour in range(6))
    value = Forecast(issued_at=start, source="x", step_s=3600, steps=steps)
    assert value.power_w_at((start + timedelta(hours=4, minutes=30)).astimezone(zone)) == 4.0
    assert value.energy_wh_between(start.astimezone(zone), (start + timedelta(hours=6)).astimezone(zone)) == 15.0


@pytest.mark.parametrize("number", [math.nan, math.inf, 10**400, -(10**400)])
def test_commands_carry_only_numbers_that_can_be_reckoned_with(number: float) -> None:
    for made in (
        lambda: Force(load="a", mode=Mode.ON, for_s=number),
        lambda: Force(load="a", mode=Mode.ON, power_w=number),
        lambda: Boost(load="a", for_s=number),
        lambda: Boost(load="a", to_c=number),
        lambda: Inputs(load_w={"a": number}),
        lambda: reading(pv_w=number),
    ):
        with pytest.raises(ValueError, match="must be a finite number"):
            made()


def test_a_vacation_ends_at_an_instant_that_is_one_everywhere() -> None:
    with pytest.raises(ValueError, match="time zone"):
        Vacation(until_at=datetime(2026, 7, 1))  # noqa: DTZ001
    for until_at, away in ((datetime.max.replace(tzinfo=UTC), True), (datetime.min.replace(tzinfo=UTC), False)):
        house = House()
        decision = house.at(0, inputs={"commands": (Vacation(until_at=until_at),)})
        assert (decision.blocked_by == "vacation") is away
        House(state=house.controller.state()).at(0)
