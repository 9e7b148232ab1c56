"""Whatever the house and the hour: what must never happen does not happen."""

import json
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bench.invariants.promises import Promises
from bench.invariants.strange_days import live_strange_day
from pv_heater import Controller, Inputs, load_config
from pv_heater.core.model.requests import ClearFault, Command, Force, Mode, Vacation
from pv_heater.core.model.values import Decision, Forecast, Reading
from tests.builders import NOON, House, config, forecast, heater

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
        "pv_throttled": st.sampled_from([None, True, False]),
        "feed_in_allowed": st.sampled_from([None, True, False]),
        "grid_connected": st.sampled_from([None, True, True, False]),
        "clock_trusted": st.sampled_from([None, True, True, True, False]),
        "health": st.sampled_from(["ok"] * 20 + ["relay: stuck"]),
        "wish": st.sampled_from([None] * 20 + [Mode.ON, Mode.OFF]),
        "force": st.sampled_from([None] * 10 + [Mode.ON, Mode.OFF, Mode.AUTO]),
        "clear": st.sampled_from([False] * 9 + [True]),
        "restart": st.sampled_from([False] * 20 + [True]),
    }
)
SEEN = (
    "pv_w", "consumption_w", "grid_w", "battery_w", "battery_soc_percent", "pv_throttled", "feed_in_allowed",
    "grid_connected",
)  # fmt: skip
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
STRATEGY = st.sampled_from(
    [
        {"type": "plan"},
        {"type": "balance"},
        {"type": "balance", "filter_s": 0},
        {"type": "bucket"},
        {"type": "forecast_gap"},
    ]
)
SKY = st.sampled_from([None, 0.0, 800.0, 4000.0, 1e7])
"""What the forecast says all day, W; None: there is none."""


def house(rows: dict[str, Any], law: dict[str, Any]) -> dict[str, Any]:
    site = {"pv": [{"kwp": 5}], **config()["site"], "feed_in": "auto"}
    return config(site=site, strategy=law, loads=[heater("a", **rows), heater("b", max_power_w=800)])


def seen_at(now: datetime, step: dict[str, Any]) -> Reading | None:
    if step["silent"]:
        return None
    fields = {name: step[name] for name in SEEN}
    return Reading(taken_at=now - timedelta(seconds=step["age_s"]), source="test", interval_s=10.0, **fields)


def expected(now: datetime, sky_w: float | None) -> Forecast | None:
    return None if sky_w is None else forecast(now, pv_w=sky_w)


def asked(step: dict[str, Any], tick_s: float) -> Inputs:
    commands: tuple[Command, ...] = (ClearFault(load="a"),) if step["clear"] else ()
    if step["force"]:
        commands += (Force(load="a", mode=step["force"], for_s=600),)
    return Inputs(
        tick_s=tick_s,
        commands=commands,
        health={"a": step["health"]},
        wishes={"a": step["wish"]},
        clock_trusted=step["clock_trusted"],
    )


def play(settings_of_house: dict[str, Any], sky_w: float | None, steps: list[dict[str, Any]]) -> list[Decision]:
    """Step through it all; every promise is checked on the way."""
    built = load_config(settings_of_house)
    controller, promises = Controller(built), Promises(built)
    tick_s, now, decisions = 0.0, NOON, []
    for step in steps:
        tick_s += step["elapsed_s"]
        restarts = step["restart"] and tick_s > step["elapsed_s"]
        now += timedelta(seconds=step["elapsed_s"] + (0.0 if restarts else step["wall_jump_s"]))
        if restarts:
            controller = Controller(built, json.loads(json.dumps(controller.state(), allow_nan=False)))
            promises.note_restart(tick_s)
        reading, inputs = seen_at(now, step), asked(step, tick_s)
        decision = controller.step(now, reading, expected(now, sky_w), inputs)
        assert promises.check(now, reading, inputs, decision) == []
        decisions.append(decision)
    return decisions


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(LOAD, STRATEGY, SKY, st.lists(STEP, min_size=5, max_size=60))
def test_what_must_never_happen(
    rows: dict[str, Any], law: dict[str, Any], sky_w: float | None, steps: list[dict[str, Any]]
) -> None:
    play(house(rows, law), sky_w, steps)


@pytest.mark.parametrize("no_news", [{"age_s": 400.0}, {"pv_w": 60_000.0}], ids=["old", "refused"])
def test_what_says_nothing_new_ends_no_silence(no_news: dict[str, Any]) -> None:
    """A minute of silence, a reading that counts for nothing, and a new one: it may be what was slept through."""
    said: dict[str, Any] = dict.fromkeys((*SEEN, "wish", "force", "clock_trusted"))
    said |= {"elapsed_s": 0.2, "wall_jump_s": 0.0, "silent": False, "age_s": 0.0, "health": "ok"}
    said |= {"clear": False, "restart": False}
    older, newest = said | {"elapsed_s": 60.0} | no_news, said | {"grid_w": 0.0}
    decisions = play(house({}, {"type": "plan"}), None, [said, older, newest, {**newest, "elapsed_s": 10.0}])
    assert [decision.trace.grid_w for decision in decisions] == [None, None, None, 0.0]


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(LOAD, STRATEGY, SKY, st.lists(STEP, min_size=5, max_size=30))
def test_the_same_calls_give_the_same_decisions(
    rows: dict[str, Any], law: dict[str, Any], sky_w: float | None, steps: list[dict[str, Any]]
) -> None:
    assert play(house(rows, law), sky_w, steps) == play(house(rows, law), sky_w, steps)


@pytest.mark.parametrize(
    ("seed", "pace_s", "hours"),
    [("test 1", 0.2, 0.01), ("test 1", 1.0, 0.05), ("test 1", 10.0, 0.5), ("test 1", 300.0, 26.0),
     ("test 2120", 0.2, 0.01), ("test 2120", 10.0, 0.5), ("test 2120", 60.0, 8.0)],
)  # fmt: skip
def test_strange_hours_in_strange_houses_break_nothing(seed: str, pace_s: float, hours: float) -> None:
    """Lives as in `bench invariants`, shorter, and from five calls a second to one in five minutes.

    In the last house the meter's clock was ahead of ours, and a load that obeyed was called welded.
    """
    assert live_strange_day(seed, pace_s=pace_s, hours=hours).broken == ()


@pytest.mark.parametrize("law", ["plan", "balance", "bucket", "forecast_gap"])
def test_a_state_read_back_twice_gives_two_controllers_that_answer_alike(law: str) -> None:
    home = House(house({}, {"type": law}))
    for minute in range(30):
        home.at(60.0 * minute, battery_soc_percent=60.0 + minute, with_forecast=forecast())
    saved = json.loads(json.dumps(home.controller.state(), allow_nan=False))
    one, other = House(house({}, {"type": law}), saved), House(house({}, {"type": law}), saved)
    for minute in range(30, 60):
        answers = [
            home.at(60.0 * minute, battery_soc_percent=60.0 + minute / 2, with_forecast=forecast())
            for home in (one, other)
        ]
        assert answers[0] == answers[1]


@settings(max_examples=12, deadline=None)
@given(
    st.sampled_from(["plan", "balance", "bucket", "forecast_gap"]),
    st.sampled_from([Mode.AUTO, Mode.ON, Mode.OFF]),
    st.integers(1, 40),
    st.booleans(),
)
def test_a_restart_forgets_no_mode_count_energy_or_fault(law: str, mode: Mode, minutes: int, stuck: bool) -> None:
    home = House(house({"min_off_s": 120}, {"type": law}))
    for minute in range(minutes):
        inputs: dict[str, Any] = {"commands": (Force(load="a", mode=mode, for_s=7200),)} if minute == 0 else {}
        if stuck and minute == minutes - 1:
            inputs["health"] = {"b": "relay: stuck"}
        home.at(60.0 * minute, with_forecast=forecast(), inputs=inputs)
    before = home.controller.state()
    later = House(house({"min_off_s": 120}, {"type": law}), json.loads(json.dumps(before)))
    first = later.at(60.0 * minutes, with_forecast=forecast())
    after = later.controller.state()
    for name in ("a", "b"):
        kept = ("mode", "fault", "energy_wh")
        assert {key: after["loads"][name][key] for key in kept} == {key: before["loads"][name][key] for key in kept}
        assert after["loads"][name]["closings"] - before["loads"][name]["closings"] in (0, 1)
    if before["loads"]["a"]["phase"] == "heating":
        assert not first.setpoints["a"].on, "it may just have been switched off by the power cut: it rests"


@pytest.mark.parametrize("reason", ["night", "vacation"])
def test_what_ends_heating_at_once_is_not_hidden_by_what_can_wait(reason: str) -> None:
    """Its hours are over, or its owner leaves, and it waits out its minimum hour: then the grid delivers 2 kW."""
    limits = {"daylight": {"from": "00:00", "to": "13:30"}} if reason == "night" else {}
    home = House(config(limits=limits, loads=[heater(min_on_s=3600)]))
    leaves = {"commands": (Vacation(until_at=NOON + timedelta(days=1)),)} if reason == "vacation" else {}
    assert home.at(1500).setpoints["heater"].on
    held = home.at(2000, inputs=leaves)  # 13:33 in Vienna
    assert (held.blocked_by, held.setpoints["heater"].on, held.loads["heater"].rule) == (reason, True, "min_on")
    alarm = home.at(2010, grid_w=2000.0, pv_w=0.0, consumption_w=2000.0)
    assert (alarm.blocked_by, alarm.setpoints["heater"].on) == (reason, False)
