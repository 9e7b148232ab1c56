"""A solid-state relay with a contactor in front: the order of the two, trips, exits, a dead control thread."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pv_heater.core.model.values import OFF
from pv_heater.core.settings.pins import RelayPin
from pv_heater.errors import HardwareError
from pv_heater.io.alive import starting
from pv_heater.io.gpio import burst
from pv_heater.loads.pins.burst_ssr import CONTACT_S, BurstSsr
from tests.loads.rig import PinRig, on
from tests.waiting import WITHIN_S, until

SSR, RELAY = "GPIO17", "GPIO27"


class Rig(PinRig):
    """The load under test. Its thread sleeps in real time, by a clock in the hand: it wakes, and time stands still."""

    load: BurstSsr

    def __init__(self, folder: Path, *, contactor: bool = True, **changes: Any) -> None:
        super().__init__(folder)
        relay = RelayPin(pin=RELAY, active_high=True) if contactor else None
        self.settings = BurstSsr.Settings(
            name="rod", max_power_w=2000, ssr=RelayPin(pin=SSR, active_high=True), relay=relay, **changes
        )
        self.load = BurstSsr(self.settings, self.tools)

    def level(self, pin: str) -> float | None:
        return next((item.state for item in reversed(self.seen()) if item.pin == pin), None)

    def let_the_thread_see(self) -> None:
        """Its clock was moved: wake it, and wait until it has begun the unit that is due, or ended."""
        driver = self.load._ssr
        thread, turns = driver._thread, driver._turns
        driver._hurry.set()
        if thread is not None:
            until(lambda: driver._turns != turns or not thread.is_alive(), "the thread moves")

    def wait_for(self, pin: str, level: float | None) -> None:
        """Until the thread has done that; it takes a moment, not a unit."""
        until(lambda: self.level(pin) == level, f"{pin} becomes {level}")


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[Rig]:
    made = Rig(tmp_path)
    yield made
    made.load.close()


def test_construction_switches_nothing_on(rig: Rig) -> None:
    assert [(item.pin, item.state) for item in rig.seen()] == [(RELAY, 0.0), (SSR, 0.0)]
    assert rig.load.power_w() == 0


def test_the_contactor_closes_before_and_opens_after_any_current(rig: Rig) -> None:
    assert rig.apply(2000) == rig.clock.now_s + CONTACT_S
    assert (rig.level(RELAY), rig.level(SSR)) == (1.0, 0.0)
    rig.until_quiet(2000)
    rig.wait_for(SSR, 1.0)
    assert rig.load.power_w() == 2000
    assert rig.apply(0) == rig.clock.now_s + CONTACT_S
    assert (rig.level(RELAY), rig.level(SSR), rig.load.power_w()) == (1.0, 0.0, 0)
    rig.until_quiet(0)
    assert rig.level(RELAY) == 0.0


def test_a_safety_stop_opens_both_at_once_the_contactor_first(rig: Rig) -> None:
    rig.until_quiet(2000)
    rig.wait_for(SSR, 1.0)
    before = len(rig.seen())
    assert rig.load.safe(rig.clock.now_s) is None
    assert [(item.pin, item.state) for item in rig.seen(before)] == [(RELAY, 0.0), (SSR, 0.0)]
    assert rig.load.power_w() == 0


def test_a_trip_opens_both_and_holds_them_until_reset(rig: Rig) -> None:
    rig.until_quiet(2000)
    rig.wait_for(SSR, 1.0)
    rig.load.trip()
    assert (rig.level(RELAY), rig.level(SSR), rig.load.power_w()) == (0.0, 0.0, 0)
    rig.clock.now_s += 60
    rig.until_quiet(2000)
    assert (rig.level(RELAY), rig.level(SSR), rig.load.power_w()) == (0.0, 0.0, 0)
    rig.load.reset()
    rig.until_quiet(2000)
    rig.wait_for(SSR, 1.0)
    assert rig.level(RELAY) == 1.0


def test_without_a_thread_to_switch_it_that_is_a_fault_of_the_hardware(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(starting, "LONGEST_START_S", 0.1)
    monkeypatch.setattr(starting.Thread, "_bootstrap", lambda _thread: None, raising=False)
    with pytest.raises(HardwareError, match="there is no thread to switch it: it has not begun"):
        rig.until_quiet(2000)
    rig.load.safe(rig.clock.now_s)
    assert (rig.level(RELAY), rig.level(SSR)) == (0.0, 0.0)


def test_a_control_thread_that_no_longer_speaks_loses_its_power(rig: Rig) -> None:
    rig.until_quiet(2000)
    rig.wait_for(SSR, 1.0)
    rig.clock.now_s += burst.DEAD_MAN_S + 0.1
    rig.wait_for(SSR, 0.0)
    assert rig.load.power_w() == 0
    rig.until_quiet(2000)
    rig.wait_for(SSR, 1.0)


def test_power_is_the_share_of_cycles(rig: Rig) -> None:
    rig.until_quiet(20)
    assert rig.load.power_w() == pytest.approx(20)
    rig.until_quiet(5000)
    assert rig.load.power_w() == 2000


def test_without_a_contactor_the_bursts_begin_and_end_at_once(tmp_path: Path) -> None:
    rig = Rig(tmp_path, contactor=False)
    assert rig.apply(2000) is None
    rig.wait_for(SSR, 1.0)
    assert rig.apply(0) is None
    assert rig.level(SSR) == 0.0
    rig.load.close()


def test_a_solid_state_relay_that_cannot_be_told_leaves_the_contactor_open(rig: Rig) -> None:
    rig.until_quiet(2000)
    rig.wait_for(SSR, 1.0)
    line = rig.load._ssr._line
    pin, line._pin = line._pin, None  # a pin that is gone
    with pytest.raises(HardwareError, match="relay at GPIO17"):
        rig.load.safe(rig.clock.now_s)
    assert rig.level(RELAY) == 0.0
    line._pin = pin


def test_closing_lets_both_pins_go_and_the_thread_never_takes_its_own_back(tmp_path: Path) -> None:
    rig = Rig(tmp_path)
    rig.until_quiet(1000)
    rig.wait_for(SSR, 1.0)
    rig.load.close()
    rig.load.close()
    thread = rig.load._ssr._thread
    assert thread is not None
    thread.join(WITHIN_S)
    assert not thread.is_alive()
    assert (rig.level(RELAY), rig.level(SSR)) == (None, None)


def test_a_pin_that_is_in_use_is_refused(rig: Rig) -> None:
    with pytest.raises(HardwareError, match="already in use"):
        BurstSsr(rig.settings, rig.tools)


ACTIONS = st.one_of(
    st.tuples(st.just("set"), st.sampled_from([0, 20, 1000, 2000])),
    st.tuples(st.sampled_from(["safe", "trip", "reset"]), st.just(0)),
    st.tuples(st.just("wait"), st.sampled_from([0.02, 0.1, 1.0, 20.0])),
)


@settings(max_examples=20, deadline=None)
@given(actions=st.lists(ACTIONS, max_size=25))
def test_whatever_happens_safe_and_tripped_are_off_and_the_end_is_off(
    tmp_path_factory: pytest.TempPathFactory, actions: list[tuple[str, float]]
) -> None:
    rig = Rig(tmp_path_factory.mktemp("burst"))
    tripped = False
    for word, number in actions:
        if word == "set":
            rig.apply(number)
        elif word == "wait":
            rig.clock.now_s += number
            rig.let_the_thread_see()
        elif word == "safe":
            rig.load.safe(rig.clock.now_s)
        else:
            getattr(rig.load, word)()
            tripped = word == "trip"
        if tripped or word == "safe":
            assert rig.load.power_w() == 0
            assert (rig.level(RELAY), rig.level(SSR)) == (0.0, 0.0)
    rig.load.close()
    thread = rig.load._ssr._thread
    if thread is not None:
        thread.join(WITHIN_S)
        assert not thread.is_alive()
    assert (rig.level(RELAY), rig.level(SSR)) == (None, None)
    levels = {RELAY: 0.0, SSR: 0.0}
    for item in rig.seen():
        levels[item.pin] = item.state or 0.0
        assert not (item.pin == RELAY and item.state == 1.0 and levels[SSR] == 1.0), "the contactor closes on a current"


def test_the_contactors_time_begins_when_it_was_written_and_not_with_the_tick(tmp_path: Path) -> None:
    rig = Rig(tmp_path)
    tick_s, rig.clock.now_s = rig.clock.now_s, rig.clock.now_s + 0.4
    assert rig.load.apply(on(1000), tick_s) == pytest.approx(rig.clock.now_s + CONTACT_S)
    rig.until_quiet(1000)
    tick_s, rig.clock.now_s = rig.clock.now_s, rig.clock.now_s + 0.4
    assert rig.load.apply(OFF, tick_s) == pytest.approx(rig.clock.now_s + CONTACT_S)
    rig.load.close()
