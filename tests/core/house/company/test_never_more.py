"""What is not known or contradicts itself never makes more heat than nobody's word would."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from functools import cache
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from pv_heater.config.load import Config, load_config
from pv_heater.controller import Controller
from pv_heater.core.model.steering import By, Does, Steering
from pv_heater.core.model.values import Inputs, Reading
from tests.builders import NOON, config, reading
from tests.core.house.company.steered_home import FEEDS_IN, STRATEGIES

STEP_S = 5.0
POWERS_W = st.none() | st.integers(-4000, 5000).map(float)
READINGS = st.fixed_dictionaries(
    {
        "pv_w": st.none() | st.integers(0, 5000).map(float),
        "consumption_w": st.none() | st.integers(0, 5000).map(float),
        "grid_w": POWERS_W,
        "battery_w": POWERS_W,
        "battery_soc_percent": st.none() | st.integers(20, 100).map(float),
        "pv_throttled": st.sampled_from([None, True, False]),
    }
)
STRANGE = st.sampled_from(
    [
        Steering(by=By.DYNAMIC_ESS),
        Steering(by=By.DYNAMIC_ESS, target_percent=20.0, charge_w=-3000.0),
        Steering(by=By.SUSTAIN, does=Does.SELLS),
        Steering(by=By.KEEP_CHARGED, does=Does.UNKNOWN),
        Steering(by=By.EXTERNAL_CONTROL),
    ]
)


@cache
def settings_of(strategy: str, *, feed_in: bool) -> Config:
    site = {**FEEDS_IN, "feed_in": feed_in}
    return load_config(config(site=site, strategy={"type": strategy}, limits={"max_grid_w": 3000}))


@settings(max_examples=60, deadline=None)
@given(
    strategy=st.sampled_from(STRATEGIES),
    feed_in=st.booleans(),
    before=st.lists(READINGS, min_size=1, max_size=6),
    last=READINGS,
    steering=STRANGE,
)
def test_an_unknown_hand_on_the_battery_never_makes_more_heat(
    strategy: str, feed_in: bool, before: list[dict[str, Any]], last: dict[str, Any], steering: Steering
) -> None:
    """Two controllers live through the same readings; in the last one somebody steers."""
    powers_w = []
    for who in (None, steering):
        controller = Controller(settings_of(strategy, feed_in=feed_in), foresees=False)
        for number, fields in enumerate([*before, last], 1):
            at = NOON + timedelta(seconds=STEP_S * number)
            seen: Reading = reading(at, interval_s=STEP_S, **fields)
            if number > len(before):
                seen = replace(seen, steering=who)
            decision = controller.step(at, seen, None, Inputs(tick_s=STEP_S * number))
        powers_w.append(decision.setpoints["heater"].power_w)
    assert powers_w[1] <= powers_w[0]
