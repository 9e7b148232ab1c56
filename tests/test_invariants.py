"""Whatever the house and the hour: what must never happen does not happen."""

from datetime import datetime, timedelta
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pv_heater import Controller, Inputs
from pv_heater.core.types import Decision, Force, Mode, Phase, Reading
from tests.builders import NOON, config, forecast, heater

POWERS = st.one_of(st.none(), st.floats(-8000, 12_000))
STEP = st.fixed_dictionaries(
    {
        "elapsed_s": st.sampled_from([0.2, 1.0, 10.0, 60.0, 300.0]),
        "wall_jump_s": st.sampled_from([0.0] * 20 + [-86_400.0, 86_400.0]),
        "silent": st.booleans(),
        "age_s": st.sampled_from([0.0] * 5 + [60.0, 400.0, 5000.0]),
        "pv_w": POWERS,
        "consumption_w": POWERS,
        "grid_w": POWERS,
        "battery_w": POWERS,
        "battery_soc_percent": st.one_of(st.none(), st.floats(0, 100)),
        "grid_connected": st.sampled_from([None, True, False]),
        "clock_trusted": st.sampled_from([None, True, True, True, False]),
        "health": st.sampled_from(["ok"] * 20 + ["relay: stuck"]),
        "force": st.sampled_from([None] * 10 + [Mode.ON, Mode.OFF, Mode.AUTO]),
    }
)
LOAD = st.fixed_dictionaries(
    {
        "min_on_s": st.sampled_from([0, 60, 300]),
        "min_off_s": st.sampled_from([0, 60, 300]),
        "start_delay_s": st.sampled_from([0, 30]),
        "dead_band_w": st.sampled_from([0, 100]),
        "ramp_s": st.sampled_from([0, 20]),
        "max_closings_per_day": st.sampled_from([1, 3, 1000]),
        "min_power_w": st.sampled_from([60, 500, 2000]),
    }
)
STRATEGY = st.sampled_from([{"type": "balance"}, {"type": "balance", "filter_s": 0}, {"type": "forecast_gap"}])


def seen_at(now: datetime, step: dict[str, Any]) -> Reading | None:
    if step["silent"]:
        return None
    names = ("pv_w", "consumption_w", "grid_w", "battery_w", "battery_soc_percent", "grid_connected")
    fields = {name: step[name] for name in names}
    return Reading(taken_at=now - timedelta(seconds=step["age_s"]), source="test", interval_s=10.0, **fields)


def play(rows: dict[str, Any], law: dict[str, Any], steps: list[dict[str, Any]]) -> list[tuple[float, Decision]]:
    controller = Controller.from_config(config(strategy=law, loads=[heater("a", **rows), heater("b", max_power_w=800)]))
    tick_s, now, played = 0.0, NOON, []
    for step in steps:
        tick_s += step["elapsed_s"]
        now += timedelta(seconds=step["elapsed_s"] + step["wall_jump_s"])
        commands = (Force(load="a", mode=step["force"], for_s=600),) if step["force"] else ()
        inputs = Inputs(
            tick_s=tick_s, commands=commands, health={"a": step["health"]}, clock_trusted=step["clock_trusted"]
        )
        played.append((tick_s, controller.step(now, seen_at(now, step), forecast(now), inputs)))
    return played


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(LOAD, STRATEGY, st.lists(STEP, min_size=5, max_size=60))
def test_what_must_never_happen(rows: dict[str, Any], law: dict[str, Any], steps: list[dict[str, Any]]) -> None:
    limits = heater("a", **rows)
    since_s: dict[str, float] = {"a": -1e9, "b": -1e9}
    before: Decision | None = None
    last_new_s = -1e9
    for (tick_s, decision), step in zip(play(rows, law, steps), steps, strict=True):
        setpoint, state = decision.setpoints["a"], decision.loads["a"]
        # Setpoints stay inside their bounds, and are 0 W when off.
        assert setpoint.on == (state.phase is Phase.HEATING)
        if setpoint.on:
            assert limits["min_power_w"] - 1e-9 <= setpoint.power_w <= 2000 + 1e-9
        # Guards are never overruled.
        if step["clock_trusted"] is False or step["health"] != "ok":
            assert not setpoint.on
        if not step["silent"]:
            last_new_s = tick_s - step["age_s"] if step["age_s"] < 5000 else last_new_s
        if decision.blocked_by == "no_reading" and state.mode is Mode.AUTO:
            assert not setpoint.on
        if state.mode is Mode.OFF:
            assert not setpoint.on
        # Whatever happens, nothing automatic runs on readings older than the limit.
        if tick_s - last_new_s > 900 and state.mode is Mode.AUTO:
            assert not setpoint.on
        # Minimum times are kept, except for safety, lost readings and the owner's word.
        if before is not None and setpoint.on and not before.setpoints["a"].on:
            assert tick_s - since_s["a"] >= rows["min_off_s"] - 1e-6
        if before is not None and before.setpoints["a"].on and not setpoint.on:
            in_time = tick_s - since_s["a"] >= rows["min_on_s"] - 1e-6
            excused = state.rule in {
                "hardware", "clock", "grid_lost", "no_reading", "grid_draw", "battery_low", "forced_off", "full",
            }  # fmt: skip
            assert in_time or excused or step["force"] is not None, state
        if before is not None and before.setpoints["a"].on != setpoint.on:
            since_s["a"] = tick_s
        before = decision


@settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(LOAD, STRATEGY, st.lists(STEP, min_size=5, max_size=30))
def test_the_same_calls_give_the_same_decisions(rows: dict[str, Any], law: dict[str, Any], steps: list[Any]) -> None:
    assert play(rows, law, steps) == play(rows, law, steps)
