"""A home of 500 W with a heater that is switched by us, seen by meters of right and wrong sign."""

from datetime import timedelta

import pytest

from pv_heater.core.house.meter_doubts import WrongSign
from tests.builders import NOON, reading


class Home:
    def __init__(self, grid_sign: float = 1.0, *, interval_s: float = 1.0, with_pv: bool = True) -> None:
        self.check = WrongSign()
        self.tick_s = 0.0
        self.own_w = 0.0
        self.pv_w = 1500.0
        self.battery_takes_it = False
        self.wrapped_w: float | None = None
        """What the meter shows in place of the grid's power; None: that."""
        self._sign = grid_sign
        self._interval_s = interval_s
        self._with_pv = with_pv

    def live(self, seconds: int, own_w: float) -> None:
        for _ in range(seconds):
            self.tick_s += 1.0
            self.own_w = own_w
            self.check.note_own(own_w, self.tick_s)
            missing_w = 500.0 + own_w - self.pv_w
            grid_w, battery_w = (0.0, -missing_w) if self.battery_takes_it else (missing_w, 0.0)
            shown_w = self._sign * grid_w if self.wrapped_w is None else self.wrapped_w
            self.check.observe(
                reading(
                    NOON + timedelta(seconds=self.tick_s), pv_w=self.pv_w if self._with_pv else None,
                    grid_w=shown_w, battery_w=battery_w, interval_s=self._interval_s,
                ),
                self.tick_s,
            )  # fmt: skip


@pytest.mark.parametrize("with_pv", [True, False])
def test_an_import_shown_as_export_is_found_at_the_second_step(with_pv: bool) -> None:
    home = Home(-1.0, with_pv=with_pv)
    home.live(10, 0.0)
    home.live(10, 2000.0)
    assert home.check.why() is None
    home.live(10, 0.0)
    assert "is the sign of grid or battery wrong" in str(home.check.why())
    home.live(100, 0.0)
    assert home.check.why() is not None, "only other settings mend it"


def test_a_right_meter_is_never_doubted() -> None:
    home = Home()
    for step in range(20):
        home.battery_takes_it = step > 10
        home.live(10, 2000.0 * (step % 2))
    assert home.check.why() is None


def test_clouds_at_the_very_moment_are_told_apart_where_pv_is_measured() -> None:
    home = Home()
    for step in range(10):
        home.pv_w = 500.0 if step % 2 else 4500.0
        home.live(10, 2000.0 * ((step + 1) % 2))
    assert home.check.why() is None


@pytest.mark.parametrize("shown_w", [-32768.0, 32767.0, -9000.0])
def test_numbers_that_wrap_when_our_loads_step_prove_nothing(shown_w: float) -> None:
    """Our loads go off because of such a number, and on again when it has passed: each looks like a huge answer."""
    home = Home()
    for _ in range(4):
        home.live(10, 2000.0)
        home.wrapped_w = shown_w
        home.live(10, 0.0)
        home.wrapped_w = None
    assert home.check.why() is None


def test_small_steps_restless_loads_and_slow_meters_prove_nothing() -> None:
    small, slow, restless = Home(-1.0), Home(-1.0, interval_s=60.0), Home(-1.0)
    for step in range(10):
        small.live(10, 300.0 * (step % 2))
        slow.live(10, 2000.0 * (step % 2))
        restless.live(2, 2000.0 * (step % 2))
    assert small.check.why() is slow.check.why() is restless.check.why() is None
