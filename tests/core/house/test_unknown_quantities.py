"""Unknown is never "limit kept": for each guard and each quantity it needs, what happens when no meter reports it.

A quantity that was told counts for as long as a whole reading would (here 30 s); after that the guard blocks. Safety
guards block whatever runs: by itself, forced, boosted, by a timer, for a guarantee. Energy guards block automatic heat.
"""

from collections.abc import Mapping
from typing import Any

import pytest

from pv_heater.core.house.limited import never_judged
from pv_heater.core.model.requests import Boost, Force, Mode
from pv_heater.core.model.values import Decision, Stop
from pv_heater.core.settings.home import Battery, Inverter, Limits, Site
from tests.builders import House, config, heater, reading

BATTERY = {"capacity_wh": 4800, "max_charge_w": 2400}
PLACE = {"latitude": 47.05, "longitude": 15.44, "timezone": "Europe/Vienna", "feed_in": False}
FULL: dict[str, Any] = {
    "pv_w": 4000.0,
    "consumption_w": 1500.0,
    "grid_phase_w": (100.0, 0.0, -100.0),
    "interval_s": 10.0,
}
HOUSE = {"limits": {"max_house_w": 8000}}
NO_HOUSE = {"consumption_w": None, "pv_w": None}

SAFETY: dict[str, tuple[dict[str, Any], dict[str, Any], str, str]] = {
    "house": (HOUSE, NO_HOUSE, "soft_fuse", "max_house_w is set, but no meter reports what"),
    "house: a balance that lacks the grid": (
        HOUSE, {"consumption_w": None, "grid_w": None}, "soft_fuse", "max_house_w is set"),
    "house: a balance that lacks the battery": (
        HOUSE, {"consumption_w": None, "battery_w": None}, "soft_fuse", "max_house_w is set"),
    "phases": (
        {"limits": {"max_phase_w": 4000}}, {"grid_phase_w": ()}, "soft_fuse",
        "max_phase_w is set, but no meter reports phases"),
    "one phase of three": (
        {"limits": {"max_phase_w": 4000}}, {"grid_phase_w": (100.0, 0.0)}, "soft_fuse",
        "max_phase_w is set, but no meter reports every phase"),
    "inverter": (
        {"site": {**PLACE, "battery": BATTERY, "inverter": {"max_w": 5000}}}, NO_HOUSE, "inverter",
        "inverter.max_w is set, but no meter reports what the inverter carries"),
    "temperature": ({"loads": [heater(max_c=70)]}, {"load_c": {}}, "probe_lost", "no temperature of heater"),
}  # fmt: skip
ENERGY: dict[str, tuple[dict[str, Any], dict[str, Any], str, str]] = {
    "grid": ({}, {"grid_w": None}, "grid_draw", "max_grid_w is set, but no meter reports the grid's power"),
    "charge": ({}, {"battery_soc_percent": None}, "battery_low", "no meter reports the charge of the battery"),
    "charge, no battery in the settings": (
        {"site": PLACE}, {"battery_soc_percent": None}, "battery_low", "no meter reports the charge of the battery"),
}  # fmt: skip
ORDERS: Mapping[str, dict[str, Any]] = {
    "by itself": {},
    "forced": {"commands": (Force(load="heater", mode=Mode.ON),)},
    "boosted": {"commands": (Boost(load="heater"),)},
}


def home(settings: dict[str, Any], **load: Any) -> House:
    rows = [row | load for row in settings.get("loads", [heater()])]
    limits = {"max_reading_age_s": 30} | settings.get("limits", {})
    return House(config(**(settings | {"loads": rows, "limits": limits})))


def live(house: House, second: float, missing: dict[str, Any], **more: Any) -> Decision:
    own_w = house.decisions[-1][1].setpoints["heater"].power_w if house.decisions else 0.0
    fields = FULL | {"consumption_w": 1500.0 + own_w, "load_c": {"heater": 40.0}, "grid_w": 0.0} | missing
    return house.at(second, **fields, **more)


def is_on(decision: Decision) -> bool:
    return decision.setpoints["heater"].on


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("case", SAFETY)
def test_what_a_safety_guard_needs_counts_for_thirty_seconds_and_then_nothing_heats(case: str, order: str) -> None:
    settings, missing, rule, because = SAFETY[case]
    house = home(settings)
    assert is_on(live(house, 0, {}, inputs=ORDERS[order]))
    held_s = 0 if case == "temperature" else 30
    for second in range(10, held_s, 10):
        assert is_on(live(house, second, missing))
    decision = live(house, 30, missing)
    state = decision.loads["heater"]
    assert (is_on(decision), state.rule, state.stop) == (False, rule, Stop.SAFETY)
    assert state.because.startswith(because)
    assert not is_on(live(house, 3000, missing))
    assert is_on(live(house, 3010, {}))


@pytest.mark.parametrize("case", SAFETY)
def test_what_was_never_told_lets_nothing_start(case: str) -> None:
    settings, missing, rule, _ = SAFETY[case]
    if case == "one phase of three":
        settings = settings | {"loads": [heater(phase=3)]}  # else nobody could know that there are three
    for order in ORDERS.values():
        house = home(settings)
        decisions = [live(house, 0, missing, inputs=order), *(live(house, second, missing) for second in (10, 600))]
        assert not any(map(is_on, decisions))
        assert {decision.loads["heater"].rule for decision in decisions} == {rule}


@pytest.mark.parametrize("case", [case for case in SAFETY if case != "temperature"])
def test_a_meter_that_falls_silent_keeps_no_limit_either(case: str) -> None:
    house = home(SAFETY[case][0])
    assert is_on(live(house, 0, {}, inputs=ORDERS["forced"]))
    assert is_on(house.at(29, silent=True))
    decision = house.at(30, silent=True)
    assert (is_on(decision), decision.loads["heater"].rule) == (False, SAFETY[case][2])
    assert decision.loads["heater"].because.endswith("but the last reading is 30 s old, the limit is 30 s")


@pytest.mark.parametrize("case", [case for case in SAFETY if case != "temperature"])
def test_guarantees_hygiene_and_timers_are_bound_as_well(case: str) -> None:
    settings, missing, rule, _ = SAFETY[case]
    for load in (
        {"daily_min_wh": 30_000, "ready_by": "15:00"},
        {"timers": [{"days": "daily", "from": "00:00", "to": "23:59", "mode": "on"}]},
        {"on_when": "soc > 10"},
    ):
        house = home(settings, **load)
        assert is_on(live(house, 0, {}))
        assert live(house, 0.5, {}).loads["heater"].rule in ("guarantee", "timer", "rule")
        decision = live(house, 40, missing)
        assert (is_on(decision), decision.loads["heater"].rule) == (False, rule)


@pytest.mark.parametrize("case", ENERGY)
def test_what_an_energy_guard_needs_counts_for_thirty_seconds_and_then_nothing_heats_by_itself(case: str) -> None:
    settings, missing, rule, because = ENERGY[case]
    house = home(settings, min_on_s=300)
    assert is_on(live(house, 0, {}))
    assert is_on(live(house, 29, missing))
    decision = live(house, 31, missing)
    state = decision.loads["heater"]
    assert (is_on(decision), state.rule, state.stop) == (False, rule, Stop.NORMAL)
    assert state.because == because
    assert is_on(live(house, 40, missing, inputs=ORDERS["forced"])), "an owner's word passes energy guards"
    house.at(50, inputs={"commands": (Force(load="heater", mode=Mode.AUTO),)})
    assert is_on(live(house, 60, {}))


def test_a_home_without_a_battery_and_a_meter_that_never_knew_the_grid_go_on() -> None:
    house = home({"site": PLACE})
    missing = {"battery_soc_percent": None, "battery_w": None, "grid_w": None, "grid_phase_w": ()}
    assert all(is_on(live(house, second, missing)) for second in range(0, 300, 10))


def test_a_battery_whose_charge_was_never_told_stops_heating_by_itself_after_the_age_limit() -> None:
    house = home({})
    seen = []
    for second in range(0, 60, 10):
        own_w = house.decisions[-1][1].setpoints["heater"].power_w if house.decisions else 0.0
        # The battery takes nothing; what is spare goes to the grid.
        sold = {"battery_w": 0.0, "grid_w": own_w - 2500.0}
        seen.append(is_on(live(house, second, {"battery_soc_percent": None} | sold)))
    assert seen == [True, True, True, False, False, False]


def test_a_charger_in_absorption_or_float_proves_a_battery_that_is_not_low() -> None:
    for state, expected in (("float", True), ("absorption", True), ("bulk", False), (None, False)):
        house = home({})
        live(house, 0, {})
        assert is_on(live(house, 60, {"battery_soc_percent": None, "charger_state": state})) is expected


def test_within_the_thirty_seconds_more_of_our_own_load_counts_as_drawn() -> None:
    """The house was at 1500 W; our 2000 W on top of it are beyond 3200 W, told or not."""
    house = home({"limits": {"max_house_w": 3200}})
    live(house, 0, {"pv_w": 500.0})
    decision = live(house, 5, NO_HOUSE, inputs=ORDERS["forced"])
    assert is_on(decision)
    decision = live(house, 6, NO_HOUSE)
    assert (is_on(decision), decision.loads["heater"].because) == (
        False, "the house draws 3500 W, the limit is 3200 W",
    )  # fmt: skip


def test_a_house_takes_at_least_what_the_grid_delivers_and_an_inverter_carries_at_least_our_own() -> None:
    house = home({"limits": {"max_house_w": 8000}})
    decision = live(house, 0, NO_HOUSE | {"grid_w": 9000.0}, inputs=ORDERS["forced"])
    assert decision.loads["heater"].because == "the house draws 9000 W, the limit is 8000 W"
    house = home({"site": {**PLACE, "inverter": {"max_w": 1500}}})
    live(house, 0, {"consumption_w": 100.0}, inputs=ORDERS["forced"])
    decision = live(house, 1, NO_HOUSE)
    assert (is_on(decision), decision.loads["heater"].rule) == (False, "inverter")


def test_a_lost_grid_stays_lost_until_something_says_that_it_is_back() -> None:
    house = home({})
    live(house, 0, {}, inputs=ORDERS["forced"])
    assert live(house, 1, {"grid_connected": False}).loads["heater"].rule == "grid_lost"
    for missing in ({"grid_connected": None, "grid_w": None}, {"grid_connected": None, "grid_w": 0.0}):
        assert live(house, 2, missing).loads["heater"].rule == "grid_lost"
    assert house.at(500, silent=True).loads["heater"].rule == "grid_lost"
    for second in (501, 505):  # right after a silence a meter may still tell what it slept through
        back = live(house, second, {"grid_connected": None, "grid_w": 60.0})
    assert is_on(back)


def test_a_home_off_the_grid_needs_no_phases_and_no_grid() -> None:
    site = {**PLACE, "off_grid": True, "battery": BATTERY}
    house = home({"site": site, "limits": {"max_phase_w": 4000, "max_house_w": 8000}})
    missing = {"grid_w": None, "grid_phase_w": (), "consumption_w": None}
    assert is_on(live(house, 0, missing | {"battery_w": 100.0}, inputs=ORDERS["forced"]))
    assert is_on(live(house, 60, missing | {"battery_w": 100.0}))


def test_check_names_the_limits_that_these_meters_can_never_judge() -> None:
    grid_alone = reading(pv_w=None, consumption_w=None, battery_w=None, battery_soc_percent=None)
    everything = reading(grid_phase_w=(1.0, 2.0, 3.0))
    limits = Limits(max_house_w=8000, max_phase_w=4000)
    site = Site(battery=Battery(capacity_wh=4800), inverter=Inverter(max_w=3000))
    assert never_judged([grid_alone], site, limits) == [
        "max_house_w is set, but no meter reports the house's use, or PV, grid and battery: nothing would ever heat",
        "max_phase_w is set, but no meter reports phases: nothing would ever heat",
        "inverter.max_w is set, but no meter reports the house's use, or PV and battery: nothing would ever heat",
        "site.battery is set, but no meter reports its charge: nothing would heat by itself",
    ]
    assert never_judged([grid_alone, everything], site, limits) == []
    assert never_judged([grid_alone], Site(), Limits()) == []
    nothing = reading(grid_w=None, consumption_w=None, battery_w=None, battery_soc_percent=None)
    assert never_judged([nothing], Site(), Limits(max_grid_w=200)) == [
        "max_grid_w is set, but no meter reports the grid's power: nothing would heat by itself"
    ]
