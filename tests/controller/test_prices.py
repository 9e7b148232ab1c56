"""What prices change in a step: heat below zero, the day in money, conditions; and all that they never change."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from pv_heater.core.model.prices import PricePeriod
from pv_heater.core.model.requests import Force, Mode, Vacation
from pv_heater.core.model.values import Decision
from tests.builders import NOON, House, heater
from tests.builders import config as settings

CHEAP = {"negative_price_max_wh": 1000}


def quarters(*prices: float, export: float = 0.0, from_h: float = -1.0) -> tuple[PricePeriod, ...]:
    start = NOON + timedelta(hours=from_h)
    step = timedelta(minutes=15)
    return tuple(
        PricePeriod(
            from_at=start + number * step,
            to_at=start + (number + 1) * step,
            import_per_kwh=price,
            export_per_kwh=export,
        )
        for number, price in enumerate(prices)
    )


BELOW_ZERO = quarters(*[0.2] * 4, *[-0.05] * 4, *[0.2] * 4)
"""From noon on for an hour."""


def heats(decision: Decision, name: str = "heater") -> str | None:
    return decision.loads[name].rule if decision.setpoints[name].on else None


def house(load: dict[str, Any], **changes: Any) -> House:
    return House(settings(loads=[heater(**load)], **changes))


def at(
    home: House,
    at_s: float,
    prices: tuple[PricePeriod, ...] = BELOW_ZERO,
    inputs: dict[str, Any] | None = None,
    **more: Any,
) -> Decision:
    """A step in a dark house of 300 W, with what the heater draws on top."""
    own_w = home.decisions[-1][1].setpoints["heater"].power_w if home.decisions else 0.0
    seen = {"pv_w": 0.0, "grid_w": 300.0 + own_w, "battery_w": 0.0, "consumption_w": 300.0 + own_w}
    return home.at(at_s, inputs={"prices": prices} | (inputs or {}), **seen | more)


def test_below_zero_it_buys_up_to_its_daily_maximum_and_says_why() -> None:
    home = house(CHEAP)
    assert heats(at(home, -60)) is None
    decision = at(home, 0)
    assert heats(decision) == "negative_price"
    assert decision.loads["heater"].because.startswith("a bought kWh costs -0.050, less than nothing until 14:00")
    hours = [heats(at(home, at_s)) for at_s in range(60, 3600, 60)]
    assert hours.count("negative_price") == 29  # with the first one half an hour at 2000 W
    assert hours[-1] is None


@pytest.mark.parametrize(
    ("load", "changes", "inputs", "more"),
    [
        ({}, {}, {}, {}),
        (CHEAP, {}, {"prices": ()}, {}),
        (CHEAP, {}, {"prices": quarters(*[0.0] * 8)}, {}),
        (CHEAP, {}, {"clock_trusted": False}, {}),
        (CHEAP, {}, {"commands": (Force(load="heater", mode=Mode.OFF),)}, {}),
        (CHEAP, {}, {"commands": (Vacation(until_at=NOON + timedelta(days=2)),)}, {}),
        (CHEAP, {"limits": {"max_house_w": 1000}}, {}, {"consumption_w": 990.0}),
        (CHEAP, {"site": {"inverter": {"max_w": 1000}}}, {}, {"consumption_w": 990.0}),
        (CHEAP | {"max_c": 70}, {}, {}, {"load_c": {"heater": 71.0}}),
        (CHEAP | {"max_c": 70}, {}, {}, {"load_c": {}}),
        (CHEAP | {"target_c": 60}, {}, {}, {"load_c": {"heater": 61.0}}),
        (CHEAP, {}, {}, {"ac_source": "generator"}),
        (CHEAP, {}, {}, {"grid_connected": False}),
        (CHEAP, {}, {"health": {"heater": "broken"}}, {}),
        (CHEAP, {}, {"distrusted_because": "it stands still"}, {}),
    ],
    ids=[
        "not_allowed",
        "unknown",
        "zero",
        "clock",
        "forced_off",
        "vacation",
        "fuse",
        "inverter",
        "hot",
        "no_probe",
        "target",
        "generator",
        "no_grid",
        "fault",
        "no_reading",
    ],
)
def test_what_comes_before_a_negative_price(
    load: dict[str, Any], changes: dict[str, Any], inputs: dict[str, Any], more: dict[str, Any]
) -> None:
    home = house(load, **changes)
    for at_s in (0, 60, 120):
        assert heats(at(home, at_s, inputs=inputs, **more)) is None


def test_a_battery_that_gives_in_place_of_the_grid_ends_it_until_the_next_quarter() -> None:
    home = house(CHEAP)
    rules = [heats(at(home, at_s, battery_w=-2300.0, grid_w=0.0, consumption_w=2300.0)) for at_s in range(0, 900, 30)]
    assert rules[:3] == ["negative_price"] * 3
    assert set(rules[4:]) == {None}
    assert "the battery gives 2300 W" in (at(home, 890).loads["heater"].notice or "")
    assert heats(at(home, 1200)) == "negative_price"


def test_a_market_that_is_lost_buys_nothing_by_what_was_the_day_before() -> None:
    yesterday = quarters(*[-0.05] * 8, from_h=-25.0)
    assert heats(at(house(CHEAP), 0, prices=yesterday)) is None


def test_what_was_bought_today_survives_a_restart() -> None:
    home = house(CHEAP)
    for at_s in range(0, 1500, 60):
        at(home, at_s)
    again = House(settings(loads=[heater(**CHEAP)]), state=home.controller.state())
    rules = [heats(at(again, at_s)) for at_s in range(1500, 3500, 60)]
    assert rules.count("negative_price") <= 7


def test_the_day_is_counted_in_money_while_a_price_is_known() -> None:
    home = house({}, site=settings()["site"] | {"feed_in": True})
    sunny = {"pv_w": 2500.0, "grid_w": 0.0, "battery_w": 0.0, "consumption_w": 2300.0, "feed_in_allowed": True}
    for at_s in range(0, 3601, 60):
        decision = home.at(at_s, inputs={"prices": ()}, **sunny)
    assert decision.today is not None
    assert (decision.today.saved_money, decision.today.bought_money) == (None, None)
    before_wh = decision.today.caught_wh
    for at_s in range(3660, 7201, 60):
        decision = home.at(at_s, inputs={"prices": quarters(*[0.30] * 20, export=0.10)}, **sunny)
    assert decision.today is not None
    assert decision.today.saved_money == pytest.approx((decision.today.caught_wh - before_wh) / 1000 * 0.20, rel=0.05)
    assert decision.today.bought_money == 0.0


def test_what_is_bought_below_zero_counts_as_earned() -> None:
    home = house(CHEAP)
    for at_s in range(0, 1200, 60):
        decision = at(home, at_s)
    assert decision.today is not None
    assert decision.today.bought_money is not None
    assert decision.today.bought_money == pytest.approx(-0.05 * decision.today.bought_wh / 1000, rel=0.05)


WHOLE_DAY = quarters(*[0.40] * 48, *[0.10] * 12, *[0.20] * 36, from_h=-13.0)
"""From midnight in Vienna; noon in UTC is one o'clock in the afternoon there, in its cheapest hours."""


@pytest.mark.parametrize(
    ("condition", "prices", "holds"),
    [
        ("price < 0.15", WHOLE_DAY, True),
        ("price < 0.05", WHOLE_DAY, False),
        ("price_rank < 3 / 24", WHOLE_DAY, True),
        ("export_price >= 0", WHOLE_DAY, True),
        ("price < 0.15", (), False),
        ("price_rank < 3 / 24", WHOLE_DAY[:-1], False),
        ("not price > 0.15", (), False),
    ],
)
def test_conditions_know_the_price_and_an_unknown_one_heats_nothing(
    condition: str, prices: tuple[PricePeriod, ...], holds: bool
) -> None:
    home = house({"on_when": condition}, limits={"max_grid_w": 5000})
    assert (heats(at(home, 10, prices=prices)) == "rule") is holds
    assert heats(at(home, 400, prices=prices, inputs={"clock_trusted": False})) is None
