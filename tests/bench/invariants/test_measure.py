"""`bench invariants`: its checker sees what is broken, its days are the same again, and it ends as it should."""

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from typer.testing import CliRunner

from bench.invariants.measure import BrokenDay, Growth, Invariants, grows, growth_of, measure
from bench.invariants.promises import Promises
from bench.invariants.strange_days import live_strange_day
from pv_heater import Controller, Inputs, load_config
from pv_heater.cli.app import cli
from pv_heater.core.model.requests import Force, Mode
from pv_heater.core.model.values import OFF, Decision, Phase, Setpoint
from tests.builders import NOON, config, heater, reading

HOUSE = config(
    limits={"max_house_w": 9000},
    loads=[heater("a", min_on_s=300, min_off_s=300, max_closings_per_day=1, max_c=70), heater("b")],
)


def heating(decision: Decision, power_w: float = 2000.0, name: str = "a") -> Decision:
    """The same decision, but this load is on."""
    state = replace(decision.loads[name], phase=Phase.HEATING, power_w=power_w)
    setpoints = {**decision.setpoints, name: Setpoint(on=True, power_w=power_w)}
    return replace(decision, setpoints=setpoints, loads={**decision.loads, name: state})


def off(decision: Decision, name: str = "a") -> Decision:
    """The same decision, but this load is off."""
    state = replace(decision.loads[name], phase=Phase.OFF, power_w=0.0)
    return replace(decision, setpoints={**decision.setpoints, name: OFF}, loads={**decision.loads, name: state})


def lived(
    changed: Callable[[Decision], Decision],
    *,
    step: dict[str, Any] | None = None,
    inputs: dict[str, Any] | None = None,
    before: Callable[[Decision], Decision] | None = None,
    lasting_s: int = 0,
) -> list[str]:
    """What the checker says to a good step, changed as given; `before` changes an earlier step in the same way.

    The changed step is repeated every ten seconds until it has lasted for `lasting_s`.
    """
    built = load_config(HOUSE)
    controller, promises = Controller(built), Promises(built)
    good = {"load_c": {"a": 50.0}}
    broken: list[str] = []
    good_step, bad_step = ({}, {}, before), (step or {}, inputs or {}, changed)
    steps = [(0.0, *good_step), *((float(tick), *bad_step) for tick in range(10, 11 + lasting_s, 10))]
    for tick_s, fields, more, change in steps:
        seen, given = reading(**good | fields), Inputs(tick_s=tick_s, **more)
        seen = replace(seen, taken_at=NOON.replace(second=int(tick_s)))
        decision = controller.step(seen.taken_at, seen, None, given)
        broken = promises.check(seen.taken_at, seen, given, change(decision) if change else decision)
    return broken


def test_a_good_step_breaks_nothing() -> None:
    assert lived(lambda decision: decision) == []


@pytest.mark.parametrize(
    ("changed", "told", "sentence"),
    [
        (lambda d: heating(d, 30.0), {}, "a: draws 30.0 W of 60.0 to 2000.0 W"),
        (lambda d: heating(d, 2500.0), {}, "a: draws 2500.0 W"),
        (lambda d: replace(d, setpoints={**d.setpoints, "a": OFF}), {}, "a: is Setpoint(on=False, power_w=0.0)"),
        (heating, {"step": {"grid_connected": False}}, "a: heats though the grid is lost"),
        (heating, {"step": {"consumption_w": 9500.0}}, "a: heats though the house draws 9500.0 W"),
        (heating, {"step": {"load_c": {"a": 71.0}}}, "a: heats though it has 71.0 degC"),
        (heating, {"step": {"load_c": {}}}, "a: heats though its probe is lost"),
        (
            heating, {"inputs": {"clock_trusted": False}, "step": {"pv_w": 10.0}, "before": off},
            "a: starts though the time of day is unknown and PV gives 10.0 W",
        ),
        (heating, {"inputs": {"health": {"a": "stuck"}}}, "a: is in phase heating though its fault is True"),
        (heating, {"step": {"grid_w": 500.0}, "lasting_s": 30}, "a: heats by itself though the grid delivers 500 W"),
        (
            heating, {"step": {"grid_w": 500.0, "interval_s": 15.0}, "lasting_s": 40},
            "a: heats by itself though the grid delivers 500 W",
        ),
        (
            lambda d: heating(off(d, "b")), {"step": {"grid_w": 500.0}, "before": lambda d: off(off(d), "b")},
            "a: heats by itself though the grid delivers 500 W",
        ),
        (heating, {"step": {"battery_soc_percent": 19.0}}, "a: heats by itself though the battery holds 19.0 %"),
        (heating, {"step": {"interval_s": 400.0}}, "a: heats by itself though a reading comes every 400 s only"),
        (heating, {"step": {"grid_w": 100.0}, "before": off}, "a: starts though the grid delivers 100.0 W"),
        (heating, {"inputs": {"commands": (Force(load="a", mode=Mode.OFF),)}}, "a: heats though it is forced off"),
        (off, {}, "a: goes off after 10.0 s, min_on_s is 300"),
        (off, {"inputs": {"commands": (Force(load="a", mode=Mode.ON),)}, "before": off}, "a: is forced on, and off"),
        (lambda d: heating(d, name="b"), {}, "automatic loads draw 4000 W of a budget of"),
        (lambda d: replace(d, trace=replace(d.trace, pv_w=1.0)), {}, "PV 1.0 W were used"),
        (lambda d: replace(d, trace=replace(d.trace, budget_w=float("inf"))), {}, "the decision is not JSON"),
        (lambda d: replace(d, because=""), {}, "gives no reason"),
    ],
)  # fmt: skip
def test_each_promise_is_seen_to_be_broken(
    changed: Callable[[Decision], Decision], told: dict[str, Any], sentence: str
) -> None:
    assert any(sentence in said for said in lived(changed, **told)), lived(changed, **told)


@pytest.mark.parametrize(("interval_s", "lasting_s"), [(None, 20), (10.0, 20), (15.0, 30)])
def test_import_may_last_twenty_seconds_or_two_intervals_while_a_load_comes_down(
    interval_s: float | None, lasting_s: int
) -> None:
    """The last moment at which it breaks nothing; ten seconds later it does, see above."""
    step = {"grid_w": 500.0, "interval_s": interval_s}
    assert not any("grid delivers" in said for said in lived(heating, step=step, lasting_s=lasting_s))


def test_rest_and_closings_are_counted() -> None:
    """On, off and on again within seconds: neither rested, nor has it a closing left."""
    built = load_config(HOUSE)
    controller, promises = Controller(built), Promises(built)
    broken: list[str] = []
    for tick_s, change in ((0.0, heating), (400.0, off), (410.0, heating)):
        at = NOON.replace(minute=int(tick_s) // 60, second=int(tick_s) % 60)
        seen, given = reading(at, load_c={"a": 50.0}), Inputs(tick_s=tick_s)
        broken = promises.check(at, seen, given, change(controller.step(at, seen, None, given)))
    assert "a: starts 10.0 s after it went off, min_off_s is 300" in broken
    assert "a: starts beyond its 1 closings of the day" in broken


def test_the_same_seed_gives_the_same_day_and_another_another() -> None:
    assert live_strange_day("1 3", hours=1.0) == live_strange_day("1 3", hours=1.0)
    assert live_strange_day("1 3", hours=1.0).answers != live_strange_day("2 3", hours=1.0).answers


def test_a_day_in_a_home_that_is_measured_as_homes_are_is_lived_by_the_second() -> None:
    first, again = (live_strange_day("1 7", hours=0.05, is_real=True) for _ in range(2))
    assert first == again
    assert (first.is_real, first.broken) == (True, ())
    assert 120 < first.steps < 250


@pytest.mark.parametrize("strategy", ["plan", "bucket"])
def test_nothing_grows_with_the_steps(strategy: str) -> None:
    foresees = strategy == "plan"  # all foresee in the same way
    growth = growth_of(strategy, days=2, step_s=1800.0 if foresees else 900.0, foresees=foresees)
    assert not grows(growth), growth


def test_the_command_counts_days_and_ends_well() -> None:
    command = ["bench", "invariants", "--days", "1", "--seed", "69", "--jobs", "1", "--no-weigh", "--json"]
    done = CliRunner().invoke(cli, command)
    assert done.exit_code == 0, done.output
    result = json.loads(done.stdout)
    assert (result["days"], result["seed"], result["broken_days"]) == (1, 69, [])
    assert result["steps"] > 300
    assert result["growths"] == []


def test_processes_change_nothing() -> None:
    told: list[tuple[int, int]] = []
    alone = measure(2, 7, jobs=1, progress=lambda done, of: told.append((done, of)), weighed=(), hours=0.5)
    assert alone == measure(2, 7, jobs=2, weighed=(), hours=0.5)
    assert told == [(1, 2), (2, 2)]


def test_so_many_days_are_lived_as_the_steps_take() -> None:
    one = measure(9, 7, weighed=(), hours=0.1, least_steps=1)
    assert one.days == 1
    assert measure(1, 7, weighed=(), hours=0.1, least_steps=one.steps + 1).days == 2


@pytest.mark.parametrize("jobs", [1, 2])
def test_ctrl_c_ends_it_with_what_was_lived_until_then(jobs: int) -> None:
    def after_two(done: int, of: int) -> None:
        if done == 2:
            raise KeyboardInterrupt

    ended = measure(9, 7, jobs=jobs, weighed=("plan",), hours=0.1, progress=after_two)
    assert (ended.days, ended.interrupted, ended.growths) == (2, True, ())
    assert ended.as_lines()[-1] == "Interrupted: that is what was lived until then."


def test_a_broken_day_is_told_with_its_seed_and_is_not_kept() -> None:
    day = BrokenDay(seed="7 2", broken=("2026-06-21 12:00:00 UTC: a: heats though the grid is lost",))
    result = Invariants(
        days=3, seed=7, steps=2000, heated_steps=100, days_by_strategy={"plan": 3}, growths=(), broken_days=(day,)
    )
    assert not result.kept
    assert "Day '7 2' broke 1:" in result.as_lines()
    assert replace(result, broken_days=()).kept
    still = Growth(strategy="plan", objects=0, memory_bytes=0, state_bytes=0)
    assert replace(result, broken_days=(), growths=(still,)).kept
    for leak in (replace(still, objects=100), replace(still, memory_bytes=100_000), replace(still, state_bytes=1000)):
        assert not replace(result, broken_days=(), growths=(leak,)).kept
