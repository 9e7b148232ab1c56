"""What the sun will leave for a load until an hour, and which quarters the rest is bought in."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from pv_heater.core.duties.cheapest_quarters import Ahead, best_start, quarters_until, runs_now
from pv_heater.core.model.prices import PricePeriod
from pv_heater.core.model.values import Forecast
from pv_heater.core.settings.home import Battery
from pv_heater.core.settings.load import LoadSettings

EIGHT = datetime(2026, 6, 21, 8, tzinfo=UTC)
HEATER = LoadSettings(name="heater", max_power_w=2000.0)


class Relay(LoadSettings):
    adjustable = False


RELAY = Relay(name="relay", max_power_w=2000.0)


def sky(hours_w: Sequence[float], *, clouds: float | None = 0.0, clear: bool = False) -> Forecast:
    steps = tuple((EIGHT + timedelta(hours=hour), power_w) for hour, power_w in enumerate(hours_w))
    cloud_percent = () if clouds is None else (clouds,) * len(steps)
    return Forecast(
        issued_at=EIGHT, source="test", step_s=3600, steps=steps, cloud_percent=cloud_percent, is_clear_sky=clear
    )


def ahead(**changes: Any) -> Ahead:
    values: dict[str, Any] = {
        "forecast": None, "prices": (), "house_w": 500.0, "battery": None, "soc_percent": None, "zone": ZoneInfo("UTC")
    }  # fmt: skip
    return Ahead(**(values | changes))


def prices(*hours: float) -> tuple[PricePeriod, ...]:
    return tuple(
        PricePeriod(
            from_at=EIGHT + timedelta(hours=hour), to_at=EIGHT + timedelta(hours=hour + 1),
            import_per_kwh=price, export_per_kwh=0.0,
        )
        for hour, price in enumerate(hours)
    )  # fmt: skip


def sun_wh(hours: int, policy: LoadSettings = HEATER, **changes: Any) -> float:
    quarters = quarters_until(EIGHT, EIGHT + timedelta(hours=hours), policy, ahead(**changes))
    return sum(quarter.sun_wh for quarter in quarters)


def test_the_house_comes_first_and_the_heater_takes_no_more_than_it_can() -> None:
    assert sun_wh(3, forecast=sky([1500, 400, 9000])) == pytest.approx(1000 + 0 + 2000)


def test_the_battery_comes_before_the_heater_at_the_power_it_can_take() -> None:
    battery = Battery(capacity_wh=4000.0, max_charge_w=1000.0)
    assert sun_wh(2, forecast=sky([2500, 2500]), battery=battery, soc_percent=50.0) == pytest.approx(2000)
    assert sun_wh(2, forecast=sky([2500, 2500]), battery=battery, soc_percent=100.0) == pytest.approx(4000)


def test_the_next_day_s_sun_fills_the_battery_anew() -> None:
    battery = Battery(capacity_wh=4000.0, max_charge_w=4000.0, reserve_percent=25.0)
    tomorrow = sky([0] * 24 + [3500, 3500])
    assert sun_wh(26, forecast=tomorrow, battery=battery, soc_percent=100.0) == pytest.approx(2000)


def test_a_relay_gets_nothing_of_a_surplus_below_its_power() -> None:
    assert sun_wh(1, RELAY, forecast=sky([2000])) == 0
    assert sun_wh(1, HEATER, forecast=sky([2000])) == pytest.approx(1500)


@pytest.mark.parametrize(
    ("clouds", "clear", "share"),
    [(0.0, False, 1.0), (100.0, False, 0.7), (None, False, 0.7), (None, True, 0.25), (0.0, True, 1.0)],
)
def test_the_more_clouds_the_less_is_counted_on(clouds: float | None, clear: bool, share: float) -> None:
    assert sun_wh(1, forecast=sky([2000], clouds=clouds, clear=clear), house_w=0.0) == pytest.approx(2000 * share)


def test_no_forecast_is_no_sun() -> None:
    assert sun_wh(5) == 0


def chosen(missing_wh: float, **changes: Any) -> bool:
    return runs_now(quarters_until(EIGHT, EIGHT + timedelta(hours=3), HEATER, ahead(**changes)), missing_wh)


def test_it_runs_now_only_when_the_rest_of_the_time_does_not_suffice_or_costs_more() -> None:
    assert not chosen(3000)
    assert chosen(5500)
    assert chosen(1800, prices=prices(0.1, 0.2, 0.3))
    assert not chosen(400, prices=prices(0.1, 0.2, 0.3)), "the end of the cheap hour is early enough"
    assert not chosen(1000, prices=prices(0.2, 0.1, 0.3))
    assert not chosen(1000, prices=prices(0.2, 0.2, 0.2))


def test_a_price_below_zero_is_the_best_of_all() -> None:
    assert chosen(1800, prices=prices(-0.05, 0.0, 0.1))


def test_nothing_missing_runs_never() -> None:
    assert not chosen(0.0, prices=prices(0.1, 0.2, 0.3))


def test_one_go_begins_where_it_costs_least_and_not_too_late() -> None:
    quarters = quarters_until(EIGHT, EIGHT + timedelta(hours=3), HEATER, ahead(prices=prices(0.3, 0.1, 0.2)))
    assert best_start(quarters, 2000.0, EIGHT + timedelta(hours=2)) == EIGHT + timedelta(hours=1)
    assert best_start(quarters, 2000.0, EIGHT) == EIGHT
    assert best_start(quarters, 2000.0, EIGHT - timedelta(hours=1)) is None
