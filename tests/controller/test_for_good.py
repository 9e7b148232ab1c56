"""Forced for good: only where a load's settings allow it, until somebody says auto, and never by damage."""

from __future__ import annotations

import json
from datetime import timedelta
from random import Random
from typing import Any

import pytest

from bench.invariants.promises import Promises
from pv_heater import load_config
from pv_heater.core.model.requests import Boost, ClearFault, Force, Mode
from pv_heater.core.model.rule_id import Rule
from pv_heater.core.model.values import Inputs, LoadState, Phase
from tests.builders import NOON, House, config, forecast, heater, reading

DAY_S = 86_400.0
FORCED = [Mode.ON, Mode.OFF]


def home(*, allowed: bool = True, state: Any = None, foresees: bool = False, **load: Any) -> House:
    settings = config(loads=[heater(forced_without_end=allowed, **load)])
    return House(settings, state, foresees=foresees)


def for_good(mode: Mode) -> dict[str, Any]:
    return {"commands": (Force(load="heater", mode=mode, for_good=True),)}


def at(house: House, seconds: float, **fields: Any) -> LoadState:
    return house.at(seconds, **fields).loads["heater"]


def saved(mode: Mode) -> dict[str, Any]:
    """The state of a home that was forced for good an hour ago."""
    house = home()
    house.at(0, inputs=for_good(mode))
    house.at(3600)
    state: dict[str, Any] = json.loads(json.dumps(house.controller.state()))
    return state


@pytest.mark.parametrize("mode", FORCED)
def test_it_lasts_until_somebody_says_auto(mode: Mode) -> None:
    house = home()
    first = at(house, 0, inputs=for_good(mode))
    assert (first.mode, first.until_at, first.for_good, first.next_change_at) == (mode, None, True, None)
    for day in (1, 8, 400):
        state = at(house, day * DAY_S, pv_w=0.0)  # by night too, which it passes
        assert (state.mode, state.until_at, state.phase is Phase.HEATING) == (mode, None, mode is Mode.ON)
        assert state.mode_since_at == NOON
    order = Force(load="heater", mode=Mode.AUTO)
    ended = at(house, 400 * DAY_S + 1, inputs={"commands": (order,)})
    assert (ended.mode, ended.for_good, ended.mode_since_at) == (Mode.AUTO, False, None)


@pytest.mark.parametrize("order", [Force(load="heater", mode=Mode.ON, for_s=600), Boost(load="heater", for_s=600)])
def test_an_order_with_an_end_takes_its_place(order: Force | Boost) -> None:
    house = home()
    house.at(0, inputs=for_good(Mode.ON))
    assert at(house, 10, inputs={"commands": (order,)}).until_at == NOON + timedelta(seconds=610)
    assert at(house, 700).mode is Mode.AUTO


@pytest.mark.parametrize("mode", FORCED)
def test_where_the_settings_do_not_allow_it_it_has_the_usual_end(mode: Mode) -> None:
    house = home(allowed=False)
    assert at(house, 0, inputs=for_good(mode)).until_at == NOON + timedelta(hours=2)
    assert at(house, 7199).mode is mode
    assert at(house, 7200).mode is Mode.AUTO


def test_a_force_without_a_word_about_its_end_has_one_in_any_case() -> None:
    house = home()
    assert at(house, 0, inputs={"commands": (Force(load="heater", mode=Mode.ON),)}).until_at == NOON + timedelta(
        hours=2
    )


@pytest.mark.parametrize("mode", FORCED)
def test_the_setting_taken_back_leaves_it_the_usual_time(mode: Mode) -> None:
    house = home()
    house.at(0, inputs=for_good(mode))
    house.at(DAY_S)
    house.controller.adopt(load_config(config(loads=[heater()])))
    now = NOON + timedelta(days=1, seconds=10)
    assert at(house, DAY_S + 10).until_at == now + timedelta(hours=2)
    assert at(house, DAY_S + 10 + 7200).mode is Mode.AUTO
    again = home(allowed=False, state=saved(mode))  # taken back while it was off
    assert at(again, 5, now=now).until_at == now + timedelta(hours=2)


@pytest.mark.parametrize("mode", FORCED)
def test_a_restart_keeps_it_after_whatever_time(mode: Mode) -> None:
    for away in (timedelta(seconds=10), timedelta(days=90), timedelta(days=-300)):
        state = at(home(state=saved(mode)), 5, now=NOON + away)
        assert (state.mode, state.until_at, state.phase is Phase.HEATING) == (mode, None, mode is Mode.ON)
    later = at(home(state=saved(mode)), 5, now=NOON + timedelta(days=90))
    assert later.mode_since_at == NOON


def test_what_is_saved_of_another_mode_never_becomes_one_without_an_end() -> None:
    """Older versions did not say it; a damaged state says anything. Only both words together are believed."""
    chance = Random(3)
    damages = (None, "", "x", 0, 1, -1, "true", [], {}, 10**400, float("nan"), False)
    for mode in FORCED:
        for key in ("mode_for_good", "mode_left_s"):
            for damage in (*damages, ...):
                state = saved(mode)
                load = state["loads"]["heater"]
                if damage is ...:
                    del load[key]
                else:
                    load[key] = damage
                if load.get("mode_for_good") is True and load.get("mode_left_s", ...) is None:
                    continue  # as it was
                found = at(home(state=state), 5, now=NOON + timedelta(hours=1))
                assert found.mode is not Mode.ON or found.until_at is not None, (key, damage)
                assert found.mode is Mode.AUTO or not found.for_good
    timed = home()
    timed.at(0, inputs={"commands": (Force(load="heater", mode=Mode.ON, for_s=600),)})
    state = json.loads(json.dumps(timed.controller.state()))
    state["loads"]["heater"]["mode_left_s"] = chance.choice([None, "", []])
    assert at(home(state=state), 5).mode is Mode.AUTO
    unknown = saved(Mode.ON)
    del unknown["saved_at"]
    assert at(home(state=unknown), 5).mode is Mode.AUTO


def test_safety_opens_it_and_it_goes_on_afterwards() -> None:
    house = home(max_c=70)
    assert at(house, 0, load_c={"heater": 50.0}, inputs=for_good(Mode.ON)).phase is Phase.HEATING
    hot = at(house, 10, load_c={"heater": 71.0})
    assert (hot.phase is Phase.HEATING, hot.rule, hot.mode) == (False, Rule.TOO_HOT, Mode.ON)
    lost = at(house, 20, load_c={})
    assert (lost.phase is Phase.HEATING, lost.rule) == (False, Rule.PROBE_LOST)
    assert at(house, 30, load_c={"heater": 50.0}).phase is Phase.HEATING
    broken = at(house, 40, load_c={"heater": 50.0}, inputs={"health": {"heater": "relay: stuck"}})
    assert (broken.phase, broken.mode) == (Phase.FAULT, Mode.ON)
    cleared = at(house, 50, load_c={"heater": 50.0}, inputs={"commands": (ClearFault(load="heater"),)})
    assert (cleared.phase, cleared.for_good) == (Phase.HEATING, True)


def test_the_plan_reckons_with_it_to_its_own_end() -> None:
    house = home(foresees=True)
    plan = house.at(0, inputs=for_good(Mode.ON), with_forecast=forecast(hours=40)).plan
    assert plan is not None
    forced = [run for run in plan.runs if run.rule == Rule.FORCED_ON]
    assert forced
    assert forced[-1].until_at > NOON + timedelta(hours=20)


def test_no_such_force_has_another_end_or_mode_auto() -> None:
    for values in ({"mode": Mode.AUTO}, {"mode": Mode.ON, "for_s": 600.0}):
        with pytest.raises(ValueError, match="for good goes with mode on or off, and with no other end"):
            Force(load="heater", for_good=True, **values)


@pytest.mark.parametrize("allowed", [True, False])
def test_the_promise_that_modes_end_knows_where_they_need_not(allowed: bool) -> None:
    built = load_config(config(loads=[heater(forced_without_end=allowed)]))
    promises, told = Promises(built), []
    for seconds in (0.0, 5.0, 7300.0, 7305.0):
        seen = reading(NOON + timedelta(seconds=seconds))
        given = Inputs(tick_s=seconds, **(for_good(Mode.OFF) if seconds == 0 else {}))
        # The home keeps it in any case.
        decision = house_step(seconds)
        told += promises.check(seen.taken_at, seen, given, decision)
    said = [sentence for sentence in told if "instead of auto" in sentence]
    assert bool(said) is not allowed


def house_step(seconds: float) -> Any:
    house = home()
    house.at(0, inputs=for_good(Mode.OFF))
    return house.at(seconds) if seconds else house.decisions[-1][1]
