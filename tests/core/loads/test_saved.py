"""A saved state, however damaged: no step raises, and no fault is forgotten."""

import copy
import json
from collections.abc import Iterator
from datetime import timedelta
from functools import cache
from random import Random
from typing import Any

import pytest

from pv_heater import Controller
from pv_heater.config.load import Config, load_config
from pv_heater.core.loads.saved import MIGRATIONS, SCHEMA, UNKNOWN_FAULT, unreadable
from pv_heater.core.model.requests import Boost, ClearFault, Force, Mode, Vacation
from pv_heater.core.model.values import Decision, Inputs, Phase
from tests.builders import NOON, config, forecast, heater, reading

DELETED = object()
DAMAGE: tuple[Any, ...] = (
    10**400, -(10**400), 10**12, -1, -5.5, 1e300, -1e300, float("nan"), float("inf"), 0, True, False, None, "", "x",
    "12", "0001-01-01T00:00:00+00:00", "9999-12-31T23:59:59-12:00", "9999-12-31", "2026-13-45", [], [[]], {}, {"a": 1},
    [float("nan")] * 24, ["x"] * 24, DELETED,
)  # fmt: skip
WELDED = "draws 300 W though it is off; its contact or triac has welded"
TANK = {"volume_l": 150, "mixing_valve": True, "hygiene": {"every_days": 7}}


@cache
def home(strategy: str = "plan") -> Config:
    """A home in which every part of the state is used."""
    rows = [
        heater("welded", hot_water=TANK, daily_min_wh=3000, ready_by="18:00"),
        heater("forced", when="soc > 10", on_when="held(soc > 200, 300)"),
        heater("boosted", "dry_run", target_c=60, daily_max_wh=4000, min_off_s=120),
        heater("learning", "relay", relay={"pin": "GPIO17", "active_high": True, "pull": "external"}, learn_power=True),
    ]
    del rows[3]["min_power_w"]
    return load_config(config(loads=rows, strategy={"type": strategy}, gpio={"factory": "mock"}))


def step(controller: Controller, second: float, *commands: Any, **health: str) -> Decision:
    now = NOON + timedelta(seconds=second)
    load_w = {"boosted": 2000.0, "forced": 500.0}
    seen = reading(now, pv_w=2500.0, consumption_w=3000.0, load_w=load_w, load_c={"boosted": 40.0, "welded": 45.0})
    return controller.step(now, seen, forecast(), Inputs(tick_s=second, commands=commands, health=health))


def lived(strategy: str = "plan") -> dict[str, Any]:
    """A state with a fault, a forced mode, a boost, a vacation to come, and things learned."""
    controller = Controller(home(strategy))
    step(controller, 0, Force(load="forced", mode=Mode.ON, for_s=900, power_w=500.0))
    step(controller, 60, Boost(load="boosted", for_s=3600, to_c=55.0))
    step(controller, 120, Vacation(until_at=NOON - timedelta(hours=1)), welded=WELDED)
    for second in range(130, 400, 30):
        step(controller, second)
    state = json.loads(json.dumps(controller.state(), allow_nan=False))
    assert state["faults"] == {"welded": WELDED}
    assert state["duties"]["loads"]["boosted"]["boost"]["left_s"]
    return state  # type: ignore[no-any-return]


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Every place in a state, groups and lists included."""
    if path:
        yield path
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in items:
        yield from places(item, (*path, key))


def damaged(state: dict[str, Any], path: tuple[Any, ...], damage: Any) -> dict[str, Any]:
    state = copy.deepcopy(state)
    group = state
    for key in path[:-1]:
        group = group[key]
    if damage is DELETED:
        del group[path[-1]]
    else:
        group[path[-1]] = damage
    return state


def survives(strategy: str, state: dict[str, Any]) -> Controller:
    """The controller after some steps with a state; a fault is kept in memory and in the next state."""
    controller = Controller(home(strategy), state, foresees=strategy == "plan")
    controller.state()
    for second in (400, 700):
        decision = step(controller, second)
        assert decision.loads["welded"].phase is Phase.FAULT
        assert not decision.setpoints["welded"].on
    again = json.loads(json.dumps(controller.state(), allow_nan=False))
    assert again["faults"]["welded"]
    return controller


@pytest.mark.parametrize("strategy", ["plan", "forecast_gap"])
def test_no_single_damage_makes_a_step_raise_or_forgets_a_fault(strategy: str) -> None:
    chance, state = Random(strategy), lived(strategy)
    for path in places(state):
        if path != ("schema",):
            survives(strategy, damaged(state, path, chance.choice(DAMAGE)))


@pytest.mark.parametrize("damage", DAMAGE[:-1])
def test_every_kind_of_damage_in_every_number_of_a_load_is_survived(damage: Any) -> None:
    state = lived()
    for name in ("forced", "boosted", "welded"):
        state["loads"][name] = dict.fromkeys(state["loads"][name], damage)
    survives("plan", state)


def test_many_damages_at_once_are_survived() -> None:
    chance, state = Random(7), lived()
    for _ in range(60):
        broken = state
        for _ in range(6):
            path = chance.choice([path for path in places(broken) if path[0] not in ("schema", "faults")])
            broken = damaged(broken, path, chance.choice(DAMAGE))
        survives("plan", broken)


def phases(state: dict[str, Any]) -> set[Phase]:
    return {load.phase for load in step(Controller(home(), state), 400).loads.values()}


def test_a_fault_is_kept_by_its_load_or_by_the_list_alone() -> None:
    state = lived()
    for path in (("faults",), ("faults", "welded"), ("loads",), ("loads", "welded"), ("loads", "welded", "fault")):
        decision = step(survives("plan", damaged(state, path, DELETED)), 800)
        assert WELDED in decision.loads["welded"].because
        assert decision.loads["forced"].phase is not Phase.FAULT
    unclear = damaged(damaged(state, ("faults",), DELETED), ("loads", "welded", "fault"), 10**400)
    assert UNKNOWN_FAULT in step(survives("plan", unclear), 800).loads["welded"].because


@pytest.mark.parametrize(
    "state",
    [
        unreadable("it is empty"),
        {"schema": 99},
        {"schema": SCHEMA},
        {"schema": SCHEMA, "faults": [], "loads": {"forced": {}}},
        {"schema": 1, "loads": {"welded": 5}},
        {"schema": "2", "faults": {}, "loads": {}},
        {"schema": True, "faults": {}, "loads": {}},
        {"schema": 10**400, "faults": {}, "loads": {}},
        {"schema": None, "faults": {}, "loads": {}},
    ],
)
def test_where_nobody_can_tell_which_load_had_a_fault_all_have_one_until_clear(state: dict[str, Any]) -> None:
    controller = Controller(home(), state)
    decision = step(controller, 0)
    assert {load.phase for load in decision.loads.values()} == {Phase.FAULT}
    again = json.loads(json.dumps(controller.state(), allow_nan=False))
    assert phases(again) == {Phase.FAULT}
    step(controller, 1, ClearFault(load="forced"))
    left = {name for name, load in step(controller, 2).loads.items() if load.phase is Phase.FAULT}
    assert left == {"welded", "boosted", "learning"}


def test_what_is_no_state_is_refused() -> None:
    for none in ({}, {"loads": {}}, [], "state"):
        with pytest.raises(ValueError, match="a saved state is an object with a schema"):
            Controller(home(), none)  # type: ignore[arg-type]


def test_a_state_of_the_first_schema_migrates_and_one_of_a_newer_keeps_its_faults() -> None:
    state = lived()
    first = {key: value for key, value in state.items() if key != "faults"} | {"schema": 1}
    assert MIGRATIONS[1](first) == state
    for saved in (first, state | {"schema": SCHEMA + 1, "more": {"things": 1}}):
        controller = Controller(home(), saved)
        decision = step(controller, 400)
        assert WELDED in decision.loads["welded"].because
        assert (decision.loads["forced"].mode, decision.loads["boosted"].phase) == (Mode.ON, Phase.COOLDOWN)
    assert "schema 3, newer than 2" in controller.remarks[0]


def test_a_damaged_value_is_named_and_costs_only_its_own_memory() -> None:
    state = damaged(lived(), ("loads", "forced", "energy_wh"), 1e300)
    controller = Controller(home(), state)
    assert controller.remarks == ("of the saved state this begins anew, it is damaged: loads.forced.energy_wh",)
    assert step(controller, 400).loads["forced"].mode is Mode.ON
    assert controller.state()["loads"]["boosted"]["energy_wh"] > 0


@pytest.mark.parametrize(
    ("damage", "mode"),
    [
        ({"mode": "off"}, Mode.OFF),
        ({"mode": "off", "mode_left_s": "x"}, Mode.OFF),
        ({"mode": "sideways"}, Mode.OFF),
        ({"forced_w": 0.0}, Mode.ON),
        ({"forced_w": -3.0}, Mode.AUTO),
        ({"forced_w": "all"}, Mode.AUTO),
        ({"mode_left_s": None}, Mode.AUTO),
        ({"mode_left_s": float("nan")}, Mode.AUTO),
        ({}, Mode.ON),
    ],
)
def test_of_a_damaged_forced_mode_what_heats_less_is_taken(damage: dict[str, Any], mode: Mode) -> None:
    state = lived()
    state["loads"]["forced"] |= damage
    decision = step(Controller(home(), state), 400)
    assert decision.loads["forced"].mode is mode
    if mode is Mode.OFF:
        assert not decision.setpoints["forced"].on


def test_without_the_time_of_saving_nothing_forced_on_goes_on_and_rests_are_in_full() -> None:
    state = damaged(lived(), ("saved_at",), "yesterday")
    state["loads"]["boosted"]["opened_ago_s"] = -1e300
    decision = step(Controller(home(), state), 400)
    assert decision.loads["forced"].mode is Mode.AUTO
    assert (decision.loads["boosted"].phase, decision.loads["boosted"].rule) == (Phase.COOLDOWN, "min_off")
    assert all(load.rule != "boost" for load in decision.loads.values())


def test_a_boost_whose_temperature_is_damaged_is_over() -> None:
    for to_c in (10**400, 5000.0, "hot", -1):
        state = damaged(lived(), ("duties", "loads", "boosted", "boost", "to_c"), to_c)
        controller = Controller(home(), state)
        assert all(step(controller, second).loads["boosted"].rule != "boost" for second in (400, 600))
