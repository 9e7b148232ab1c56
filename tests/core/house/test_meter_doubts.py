from datetime import timedelta

import pytest

from pv_heater.core.house.meter_doubts import Frozen
from tests.builders import NOON, reading


def watched(seconds: float, pace_s: float = 1.0, frozen: Frozen | None = None, from_s: float = 0.0, **fields: object):
    """`frozen` after identical samples for so long."""
    frozen = frozen or Frozen()
    tick_s = from_s
    while tick_s <= from_s + seconds:
        frozen.observe(reading(NOON + timedelta(seconds=tick_s), **fields), tick_s)  # type: ignore[arg-type]
        tick_s += pace_s
    return frozen


def test_the_same_values_for_20_s_with_sun_are_not_believed() -> None:
    assert watched(19.0).why() is None
    assert "exactly the same for 20 s, with 3000 W of sun" in str(watched(20.0).why())


def test_one_value_that_moves_is_enough() -> None:
    frozen = watched(60.0)
    frozen.observe(reading(NOON + timedelta(seconds=61), grid_w=1.0), 61.0)
    assert frozen.why() is None


def test_at_night_nothing_needs_to_move() -> None:
    assert watched(3600.0, pace_s=10.0, pv_w=0.0).why() is None
    assert watched(3600.0, pace_s=10.0, pv_w=100.0).why() is None


def test_a_slow_meter_may_repeat_itself_once_or_twice() -> None:
    assert watched(20.0, pace_s=10.0).why() is None
    assert watched(30.0, pace_s=10.0).why() is not None


@pytest.mark.parametrize("step_w", [200.0, -200.0, 2000.0])
def test_a_step_of_our_own_must_show_within_three_samples_also_at_night(step_w: float) -> None:
    frozen = Frozen()
    frozen.note_own(1000.0, 0.0)
    watched(5.0, frozen=frozen, pv_w=0.0)
    frozen.note_own(1000.0 + step_w, 5.5)
    watched(3.0, frozen=frozen, from_s=6.0, pv_w=0.0)  # samples at 6 to 9 s, of which the first two come too early
    assert frozen.why() is None
    watched(0.0, frozen=frozen, from_s=10.0, pv_w=0.0)
    assert f"do not show that our loads changed by {abs(step_w):.0f} W" in str(frozen.why())


def test_a_small_step_or_one_that_was_taken_back_proves_nothing() -> None:
    frozen = Frozen()
    watched(5.0, frozen=frozen, pv_w=0.0)
    frozen.note_own(199.0, 5.5)
    watched(10.0, frozen=frozen, from_s=6.0, pv_w=0.0)
    assert frozen.why() is None
    frozen.note_own(2000.0, 20.0)
    frozen.note_own(0.0, 21.0)
    watched(10.0, frozen=frozen, from_s=22.0, pv_w=0.0)
    assert frozen.why() is None


def test_a_step_that_shows_clears_the_doubt() -> None:
    frozen = Frozen()
    watched(5.0, frozen=frozen, pv_w=0.0)
    frozen.note_own(2000.0, 5.5)
    watched(10.0, frozen=frozen, from_s=6.0, pv_w=0.0)
    assert frozen.why() is not None
    watched(0.0, frozen=frozen, from_s=20.0, pv_w=0.0, grid_w=2000.0)
    assert frozen.why() is None
    watched(30.0, frozen=frozen, from_s=21.0, pv_w=0.0, grid_w=2000.0)
    assert frozen.why() is None


def test_a_meter_that_tells_nothing_cannot_freeze() -> None:
    nothing = {"pv_w": None, "grid_w": None, "battery_w": None, "consumption_w": None}
    frozen = Frozen()
    frozen.note_own(2000.0, 1.0)
    assert watched(60.0, frozen=frozen, **nothing).why() is None
