"""Whatever rules say and whatever happens: what they must never do."""

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from pv_heater.core.model.requests import Force, Mode
from pv_heater.core.model.rule_id import SAFETY_RULES
from tests.builders import House, config, heater

STEP_S = 60

STEPS = st.lists(
    st.fixed_dictionaries(
        {},
        optional={
            "battery_soc_percent": st.one_of(st.none(), st.floats(0, 100)),
            "charger_state": st.sampled_from([None, "bulk", "float", "discharging"]),
            "grid_w": st.one_of(st.none(), st.floats(-3000, 3000)),
            "grid_connected": st.sampled_from([None, True, False]),
            "load_c": st.sampled_from([{}, {"a": 20.0}, {"a": 90.0}]),
            "pv_w": st.floats(0, 6000),
            "silent": st.booleans(),
            "wish": st.sampled_from([None, Mode.ON, Mode.OFF]),
            "health": st.sampled_from(["ok", "ok", "ok", "the pin is lost"]),
            "clock_trusted": st.sampled_from([None, True, False]),
            "forced": st.sampled_from([None, None, None, Mode.OFF, Mode.AUTO]),
        },
    ),
    max_size=40,
)
CONDITIONS = st.sampled_from(
    [None, "hour >= 0", "soc > 50", "held(charger == float, 120)", "not grid_w > 0", "this.on_today_s < 600", "a.is_on"]
)


@settings(max_examples=20, deadline=None)
@given(steps=STEPS, when=CONDITIONS, on_when=CONDITIONS)
def test_no_rule_passes_a_safety_guard_or_its_owners_word_or_its_longest_time(
    steps: list[dict[str, Any]], when: str | None, on_when: str | None
) -> None:
    home = House(config(loads=[heater("a", max_c=60.0, when=when, on_when=on_when, rule_on_max_s=300), heater("b")]))
    mode, ruled_s = Mode.AUTO, 0
    for number, step in enumerate(steps):
        fields = dict(step)
        forced = fields.pop("forced", None)
        mode = forced or mode
        inputs = {
            "wishes": {"a": fields.pop("wish", None)},
            "health": {"a": fields.pop("health", "ok")},
            "clock_trusted": fields.pop("clock_trusted", None),
            "commands": () if forced is None else (Force(load="a", mode=forced, for_s=86_400.0),),
        }
        if "silent" in fields and not fields["silent"]:
            del fields["silent"]
        decision = home.at(number * STEP_S, inputs=inputs, **fields)
        state, is_on = decision.loads["a"], decision.setpoints["a"].on
        blocked = inputs["health"]["a"] != "ok" or mode is Mode.OFF
        if blocked or state.rule in SAFETY_RULES:
            assert not is_on
        if not step.get("silent") and step.get("load_c", {}).get("a", 90.0) >= 60.0:
            assert not is_on  # too hot, or the probe is lost
        ruled_s = ruled_s + STEP_S if is_on and state.rule == "rule" else 0
        assert ruled_s <= 300 + STEP_S
