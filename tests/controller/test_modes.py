"""Forced modes: they surely end, over restarts, power cuts and clocks that jump."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pv_heater.core.model.requests import FORCE_LONGEST_S, Force, Mode
from pv_heater.core.model.values import Decision
from tests.builders import NOON, House, config, heater

HOUR_S = 3600.0


def forced(mode: Mode, for_s: float | None = None, power_w: float | None = None) -> dict[str, Any]:
    return {"commands": (Force(load="heater", mode=mode, for_s=for_s, power_w=power_w),)}


def restarted(house: House, at: datetime) -> tuple[House, Decision]:
    """Another process, later by the wall clock; its own monotonic clock begins at 5 s."""
    again = House(state=json.loads(json.dumps(house.controller.state())))
    return again, again.at(5, now=at)


def test_a_power_cut_of_an_hour_takes_an_hour_from_the_mode() -> None:
    house = House()
    house.at(0, inputs=forced(Mode.ON, 3 * HOUR_S))
    again, decision = restarted(house, NOON + timedelta(hours=1))
    assert decision.loads["heater"].mode is Mode.ON
    assert decision.loads["heater"].until_at == NOON + timedelta(hours=3)
    late = again.at(5 + 2 * HOUR_S, now=NOON + timedelta(hours=3))
    assert late.loads["heater"].mode is Mode.AUTO


@pytest.mark.parametrize("mode", [Mode.ON, Mode.OFF])
def test_a_power_cut_longer_than_the_mode_ends_it(mode: Mode) -> None:
    house = House()
    house.at(0, inputs=forced(mode, 3 * HOUR_S))
    _, decision = restarted(house, NOON + timedelta(hours=4))
    assert (decision.loads["heater"].mode, decision.loads["heater"].until_at) == (Mode.AUTO, None)


def test_a_board_that_wakes_in_the_past_neither_prolongs_the_mode_nor_forgets_it() -> None:
    """No clock chip: it wakes at the time of the last shutdown, or in 1970; what was left is what is left."""
    house = House()
    house.at(0, inputs=forced(Mode.ON, 2 * HOUR_S))
    house.at(HOUR_S)
    again, decision = restarted(house, NOON - timedelta(days=300))
    assert decision.loads["heater"].until_at == NOON - timedelta(days=300) + timedelta(hours=1)
    # Network time comes: an hour's wait is an hour, whatever the wall clock shows.
    assert again.at(5 + HOUR_S - 1, now=NOON + timedelta(hours=7)).loads["heater"].mode is Mode.ON
    assert again.at(5 + HOUR_S, now=NOON + timedelta(hours=7)).loads["heater"].mode is Mode.AUTO


def test_a_wall_clock_that_jumps_by_months_leaves_the_mode_its_time() -> None:
    house = House()
    house.at(0, inputs=forced(Mode.OFF, HOUR_S))
    assert house.at(HOUR_S - 1, now=NOON + timedelta(days=90)).loads["heater"].mode is Mode.OFF
    assert house.at(HOUR_S, now=NOON - timedelta(days=90)).loads["heater"].mode is Mode.AUTO


@pytest.mark.parametrize("for_s", [None, 0.0, -5.0, 1e12, 1e308])
@pytest.mark.parametrize("power_w", [None, 0.0, -1.0, 1e9, 1e308])
def test_whatever_duration_and_power_are_asked_it_ends_and_is_what_the_load_can_do(
    for_s: float | None, power_w: float | None
) -> None:
    house = House(config(loads=[heater(min_power_w=60)]))
    decision = house.at(0, inputs=forced(Mode.ON, for_s, power_w))
    state = decision.loads["heater"]
    if state.mode is Mode.ON:
        assert 60 <= state.power_w <= 2000
        assert state.until_at is not None
        assert state.until_at - NOON <= timedelta(days=7)
    assert house.at(FORCE_LONGEST_S + 1).loads["heater"].mode is Mode.AUTO
    json.dumps(house.controller.state(), allow_nan=False)


def test_a_force_without_a_duration_ends_after_two_hours_whichever_way_it_came() -> None:
    house = House()
    assert house.at(0, inputs=forced(Mode.ON)).loads["heater"].until_at == NOON + timedelta(hours=2)
    # Repeated every minute, as a switch at another system's end would: it is prolonged while that lives, and no longer.
    for minute in range(60):
        house.at(60.0 * minute, inputs=forced(Mode.ON))
    last = house.at(3600)
    assert last.loads["heater"].until_at == NOON + timedelta(seconds=59 * 60 + 7200)


@given(
    st.sampled_from([Mode.ON, Mode.OFF]), st.one_of(st.none(), st.floats(-10, 1e7)),
    st.lists(st.tuples(st.floats(1, 86_400), st.floats(-1e6, 1e6), st.booleans()), max_size=12),
)  # fmt: skip
def test_no_forced_mode_outlasts_its_time_by_the_running_clock(
    mode: Mode, for_s: float | None, steps: list[tuple[float, float, bool]]
) -> None:
    """Steps of time, jumps of the wall clock beside it, and restarts in between."""
    house, now, tick_s, ran_s = House(), NOON, 0.0, 0.0
    house.at(0, inputs=forced(mode, for_s))
    longest_s = 7200.0 if for_s is None else max(0.0, min(FORCE_LONGEST_S, for_s))
    for elapsed_s, jump_s, restarts in steps:
        now += timedelta(seconds=elapsed_s + jump_s)
        if restarts:
            house, tick_s = House(state=house.controller.state()), 0.0
        else:
            tick_s, ran_s = tick_s + elapsed_s, ran_s + elapsed_s
        state = house.at(tick_s, now=now).loads["heater"]
        assert state.mode in (mode, Mode.AUTO)
        if ran_s >= longest_s:
            assert state.mode is Mode.AUTO
