"""A home without internet: no network time, and meters that know no clock. What needs no time of day goes on."""

from datetime import timedelta
from typing import Any

import pytest

from pv_heater.core.model.prices import PricePeriod
from pv_heater.core.model.requests import Boost, Force, Mode, Vacation
from pv_heater.core.model.values import Decision, Phase
from tests.builders import NOON, House, config, forecast, heater

MIDNIGHT = NOON + timedelta(hours=11)
"""By the wrong clock: the time that `now` shows means nothing here."""
HOURLY_S = 3600.0


class Island:
    """A home whose clock nobody vouches for, on a day that its clock takes for the middle of the night."""

    def __init__(self, *, trusted: bool | None = False, **settings: Any) -> None:
        self.house = House(config(**settings))
        self.trusted = trusted

    def at(self, second: float, *commands: Any, inputs: dict[str, Any] | None = None, **fields: Any) -> Decision:
        own_w = self.house.decisions[-1][1].setpoints["heater"].power_w if self.house.decisions else 0.0
        told = {"clock_trusted": self.trusted, "commands": commands} | (inputs or {})
        now = MIDNIGHT + timedelta(seconds=second)
        return self.house.at(
            second, now=now, inputs=told, **({"consumption_w": 500.0 + own_w, "load_c": {"heater": 40.0}} | fields)
        )


def is_on(decision: Decision) -> bool:
    return decision.setpoints["heater"].on


@pytest.mark.parametrize("strategy", ["plan", "balance", "forecast_gap", "bucket"])
def test_surplus_heats_while_measured_sun_proves_day(strategy: str) -> None:
    island = Island(strategy={"type": strategy})
    seen = [is_on(island.at(second)) for second in range(0, 120, 10)]
    assert seen[-1]
    assert not is_on(Island(strategy={"type": strategy}, trusted=True).at(0))  # by the clock it is night


def test_minimum_times_and_the_start_delay_run_on_ticks() -> None:
    island = Island(loads=[heater(start_delay_s=30, min_on_s=100, min_off_s=200)])
    dark = {"pv_w": 0.0, "battery_w": -500.0}
    phases = [island.at(second).loads["heater"].phase for second in (0, 29, 30)]
    assert phases == [Phase.ARMED, Phase.ARMED, Phase.HEATING]
    assert [is_on(island.at(second, **dark)) for second in (40, 129, 131)] == [True, True, False]
    assert [island.at(second).loads["heater"].phase for second in (330, 332, 363)] == [
        Phase.COOLDOWN, Phase.ARMED, Phase.HEATING,
    ]  # fmt: skip


@pytest.mark.parametrize("command", [Force(load="heater", mode=Mode.ON, for_s=600), Boost(load="heater", for_s=600)])
def test_what_the_owner_orders_runs_and_ends_by_itself(command: Force | Boost) -> None:
    island = Island()
    dark = {"pv_w": 0.0}
    assert not is_on(island.at(0, **dark))
    assert is_on(island.at(10, command, **dark))
    assert is_on(island.at(600, **dark))
    assert not is_on(island.at(611, **dark))


def test_without_sun_it_says_what_it_waits_for() -> None:
    decision = Island().at(0, pv_w=0.0)
    assert decision.blocked_by == "clock"
    assert decision.loads["heater"].because == (
        "the time of day is unknown; by itself it heats while PV gives 50 W, which proves day"
    )


def test_day_is_proven_from_fifty_watts_and_until_twenty() -> None:
    island = Island(loads=[heater(min_power_w=60, max_power_w=100)])
    powers = ((0, 0.0), (10, 45.0), (20, 51.0), (30, 25.0), (40, 19.0), (50, 45.0))
    blocked = [island.at(second, pv_w=pv_w, consumption_w=0.0).blocked_by for second, pv_w in powers]
    assert blocked == ["clock", "clock", None, None, "clock", "clock"]


@pytest.mark.parametrize(
    ("site", "fields", "expected"),
    [
        ({}, {"grid_w": -2000.0}, True),
        ({}, {"grid_w": -10.0}, False),
        ({}, {"grid_w": -2000.0, "battery_w": -1000.0}, False),
        ({"battery": {"capacity_wh": 4800}}, {"grid_w": -2000.0}, False),
    ],
)
def test_export_proves_day_where_no_battery_could_give_it(
    site: dict[str, Any], fields: dict[str, Any], expected: bool
) -> None:
    nothing = dict.fromkeys(("pv_w", "consumption_w", "battery_w", "battery_soc_percent"))
    decision = Island(site={"feed_in": True} | site).at(0, **(nothing | fields))
    assert (decision.blocked_by != "clock") is expected


def test_hours_that_are_the_whole_day_need_no_clock_and_the_portal_needs_one() -> None:
    whole = {"daylight": {"from": "00:00", "to": "23:59:59"}}
    assert Island(limits=whole).at(0, pv_w=0.0).blocked_by is None
    decision = Island(limits=whole).at(0, source="vrm")
    assert (decision.blocked_by, is_on(decision)) == ("clock", False)
    assert "the age of what the portal says" in decision.because


def test_timers_wait_and_say_so() -> None:
    def heats(mode: str) -> Decision:
        row = heater(timers=[{"days": "daily", "from": "00:00", "to": "23:59", "mode": mode}])
        return Island(loads=[row]).at(0)

    for mode in ("off", "auto_only"):
        decision = heats(mode)
        assert not is_on(decision)
        assert decision.loads["heater"].because == "its timers wait: the time of day is unknown"
    on = heats("on")
    assert (is_on(on), on.loads["heater"].rule) == (True, "balance"), "by the sun, not by the timer"


def test_guarantee_and_hygiene_wait_say_so_and_count_what_came_meanwhile() -> None:
    tank = {"volume_l": 100, "mixing_valve": True, "hygiene": {"every_days": 1, "at_c": 60}}
    row = heater(daily_min_wh=20_000, ready_by="02:00", hot_water=tank)
    island = Island(loads=[row])
    decision = island.at(0, pv_w=0.0)
    assert (is_on(decision), decision.loads["heater"].rule) == (False, "clock")
    assert decision.loads["heater"].notice == "its guarantee and hygiene wait: the time of day is unknown"
    for second in range(100, 1900, 100):
        island.at(second)
    island.trusted = True
    counted = island.at(1900, pv_w=0.0), island.house.controller.state()["duties"]["loads"]["heater"]["guarantee"]
    assert counted[1]["given_wh"] == pytest.approx(1000, rel=0.1)
    assert counted[0].loads["heater"].rule in ("guarantee", "hygiene")


def test_conditions_on_hours_wait_and_others_do_not() -> None:
    for when, expected in (("hour >= 0", False), ("soc > 50", True), ("month > 0", False)):
        decision = Island(loads=[heater(when=when)]).at(0)
        assert is_on(decision) is expected
    remark = Island(loads=[heater(on_when="hour >= 0")]).at(0, pv_w=0.0).trace.rule_remarks["heater"]
    assert "hour" in remark


def test_a_vacation_is_not_over_while_nobody_knows_the_day() -> None:
    island = Island()
    decision = island.at(0, Vacation(until_at=MIDNIGHT - timedelta(days=30)))
    assert decision.blocked_by == "vacation"
    assert "the time of day is unknown" in decision.because
    assert island.at(10, Vacation(until_at=None)).blocked_by is None


def test_prices_and_forecasts_are_not_reckoned_with() -> None:
    cheap = PricePeriod(
        from_at=MIDNIGHT - timedelta(days=1), to_at=MIDNIGHT + timedelta(days=1), import_per_kwh=0.1, export_per_kwh=0.0
    )
    house = House(config(strategy={"type": "plan"}))
    decision = house.at(
        0, now=MIDNIGHT, with_forecast=forecast(MIDNIGHT), inputs={"clock_trusted": False, "prices": (cheap,)}
    )
    assert decision.because.startswith("the time of day is unknown, so by balance: ")


def test_the_counts_of_a_day_begin_anew_every_24_hours_and_when_the_date_becomes_known() -> None:
    island = Island(loads=[heater(max_closings_per_day=1)])
    dark = {"pv_w": 0.0, "battery_w": -300.0}
    island.at(0)
    island.at(10, **dark)
    assert not is_on(island.at(20))
    assert not is_on(island.at(3 * HOURLY_S)), "midnight by a clock that nobody vouches for"
    assert is_on(island.at(24 * HOURLY_S))
    island.at(24 * HOURLY_S + 10, **dark)
    assert not is_on(island.at(24 * HOURLY_S + 20))


def test_a_clock_that_becomes_known_lets_the_plan_go_on() -> None:
    island = Island(loads=[heater()], strategy={"type": "plan"})
    assert is_on(island.at(0))
    island.trusted = True
    decision = island.house.at(20, now=NOON, with_forecast=forecast(), inputs={"clock_trusted": True})
    assert decision.blocked_by is None
    assert "unknown" not in decision.because
