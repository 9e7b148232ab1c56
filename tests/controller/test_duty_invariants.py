"""Whatever a tank asks for: no duty passes a safety guard, all end, and nothing is bought for an empty house."""

import json
from datetime import datetime, timedelta
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bench.invariants.promises import DUTIES, Promises
from pv_heater import Controller, Inputs, load_config
from pv_heater.core.model.requests import Boost, Command, Force, Mode, Vacation
from pv_heater.core.model.values import Decision, Reading
from tests.builders import NOON, config, forecast, heater

MOST_OF_DUTY_S = 26 * 3600.0
STEP = st.fixed_dictionaries(
    {
        "elapsed_s": st.sampled_from([1.0, 60.0, 300.0, 300.0, 300.0]),
        "pv_w": st.sampled_from([0.0, 0.0, 800.0, 6000.0]),
        "grid_w": st.sampled_from([None, 0.0, 0.0, 60.0, 3000.0]),
        "battery_soc_percent": st.sampled_from([None, 10.0, 60.0, 99.0]),
        "grid_connected": st.sampled_from([True] * 9 + [False]),
        "clock_trusted": st.sampled_from([None, True, True, True, True, False]),
        "temperature_c": st.sampled_from([None, 20.0, 45.0, 59.0, 61.0, 63.0, 70.0]),
        "measured_share": st.sampled_from([None, None, 0.0, 1.0]),
        "health": st.sampled_from(["ok"] * 30 + ["relay: stuck"]),
        "unreachable": st.sampled_from([False] * 9 + [True]),
        "command": st.sampled_from([None] * 12 + ["boost", "hot", "off", "on", "auto", "away", "back"]),
        "restart": st.sampled_from([False] * 20 + [True]),
        "silent": st.sampled_from([False] * 4 + [True]),
    }
)
TANK = st.fixed_dictionaries(
    {
        "volume_l": st.sampled_from([10, 150, 1000]),
        "min_c": st.sampled_from([None, 45]),
        "two_days_min_wh": st.sampled_from([None, 9000]),
        "mixing_valve": st.just(True),
        "hygiene": st.sampled_from(
            [None, {"every_days": 1, "hold_s": 300, "window": {"from": "00:00", "to": "00:00"}}, {"every_days": 2}]
        ),
    }
)
LOAD = st.fixed_dictionaries(
    {
        "daily_min_wh": st.sampled_from([None, 500, 8000]),
        "ready_by": st.sampled_from([None, "07:00", "15:00", "19:30"]),
        "max_c": st.sampled_from([None, 66]),
        "target_c": st.sampled_from([None, 55]),
        "min_on_s": st.sampled_from([0, 300]),
        "min_off_s": st.sampled_from([0, 300]),
        "min_power_w": st.sampled_from([60, 2000]),
        "hot_water": st.one_of(st.none(), TANK),
    }
)


def commands_of(word: str | None, now: datetime) -> tuple[Command, ...]:
    words: dict[str, Command] = {
        "boost": Boost(load="heater"),
        "hot": Boost(load="heater", for_s=1200, to_c=60),
        "off": Force(load="heater", mode=Mode.OFF, for_s=1800),
        "on": Force(load="heater", mode=Mode.ON, for_s=900),
        "auto": Force(load="heater", mode=Mode.AUTO),
        "away": Vacation(until_at=now + timedelta(days=3)),
        "back": Vacation(until_at=None),
    }
    return () if word is None else (words[word],)


def seen_at(now: datetime, step: dict[str, Any], set_w: float) -> Reading | None:
    """What the meter says; the heater was set to `set_w` before."""
    if step["silent"]:
        return None
    share = step["measured_share"]
    return Reading(
        taken_at=now,
        source="test",
        interval_s=60.0,
        pv_w=step["pv_w"],
        consumption_w=500.0,
        grid_w=step["grid_w"],
        battery_soc_percent=step["battery_soc_percent"],
        grid_connected=step["grid_connected"],
        load_c={} if step["temperature_c"] is None else {"heater": step["temperature_c"]},
        load_w={} if share is None else {"heater": share * set_w},
    )


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(LOAD, st.integers(0, 23), st.sampled_from([None, 300.0, 4000.0]), st.lists(STEP, min_size=5, max_size=60))
def test_no_duty_passes_what_it_must_not(
    row: dict[str, Any], hour: int, sky_w: float | None, steps: list[dict[str, Any]]
) -> None:
    built = load_config(config(loads=[heater(**row), heater("pool", max_power_w=800)]))
    controller, promises = Controller(built, foresees=False), Promises(built)
    tick_s, now, since_s, away, set_w = 0.0, NOON.replace(hour=hour), None, False, 0.0
    for number, step in enumerate(steps):
        # Between the first step and the second two days pass: everything that can be due is due.
        elapsed_s = 172_800.0 if number == 1 else step["elapsed_s"]
        tick_s, now = tick_s + elapsed_s, now + timedelta(seconds=elapsed_s)
        if step["restart"]:
            controller = Controller(built, json.loads(json.dumps(controller.state(), allow_nan=False)), foresees=False)
            promises.note_restart(tick_s)
            set_w = 0.0
        away = step["command"] == "away" or (away and step["command"] != "back")
        inputs = Inputs(
            tick_s=tick_s,
            commands=commands_of(step["command"], now),
            health={"heater": step["health"]},
            unreachable={"heater": "no answer"} if step["unreachable"] else {},
            clock_trusted=step["clock_trusted"],
        )
        reading = seen_at(now, step, set_w)
        known = None if sky_w is None else forecast(now, pv_w=sky_w, hours=24)
        decision: Decision = controller.step(now, reading, known, inputs)
        assert promises.check(now, reading, inputs, decision) == []
        state, set_w = decision.loads["heater"], decision.setpoints["heater"].power_w
        on_duty = decision.setpoints["heater"].on and state.rule in DUTIES
        if on_duty:
            since_s = tick_s if since_s is None or number == 1 else since_s
            assert tick_s - since_s < MOST_OF_DUTY_S
            assert state.until_at is not None
            assert state.until_at - now <= timedelta(seconds=MOST_OF_DUTY_S * 3)
            assert not step["unreachable"]
            assert not (away and state.rule in ("guarantee", "hygiene"))
        else:
            since_s = None
