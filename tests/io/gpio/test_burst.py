"""The thread that switches a solid-state relay: exact, off at once, off by itself, noticed when it hangs."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from pv_heater.core.settings.pins import RelayPin
from pv_heater.errors import HardwareError
from pv_heater.io.gpio.burst import DEAD_MAN_S, HANG_S, BurstDriver, BurstLine
from pv_heater.io.gpio.pins import Pins, RelayLine
from tests.waiting import WITHIN_S, Stopwatch, until

UNIT_S = 0.02


class Wire:
    """A pin that adds up how long it was high, on a clock in the hand; it may be slow, or hang until freed."""

    def __init__(self) -> None:
        self.now_s = 0.0
        self.high_s = 0.0
        self.free = threading.Event()
        self.free.set()
        self.hangs_at_high = False
        self._level = 0.0
        self._since_s = 0.0
        self.info = type("Info", (), {"pull": ""})()

    def output_with_state(self, level: float) -> None:
        self.state = level

    def input_with_pull(self, pull: str) -> None:
        self.state = 0.0

    @property
    def state(self) -> float:
        return self._level

    @state.setter
    def state(self, level: float) -> None:
        if level and self.hangs_at_high:
            self.free.wait(10)
        self.high_s += self._level * (self.now_s - self._since_s)
        self._level, self._since_s = level, self.now_s

    def clock(self) -> float:
        return self.now_s


def line_on(wire: Wire) -> RelayLine:
    return RelayLine(wire, RelayPin(pin="GPIO17", active_high=True))


def drive(wire: Wire, burst: BurstLine, seconds: float, share: float, late_s: float = 0.0) -> None:
    """As the thread does it, each wake-up `late_s` late, spoken to every second."""
    end_s, told_s = wire.now_s + seconds, -1.0
    while wire.now_s < end_s - 1e-9:
        if wire.now_s - told_s >= 1:
            burst.want(share, wire.now_s)
            told_s = wire.now_s
        due_s = burst.turn(wire.now_s)
        assert due_s is not None
        wire.now_s = min(end_s, due_s + late_s)


@pytest.mark.parametrize("late_s", [0.0, 0.0003, 0.007, 0.05])
@pytest.mark.parametrize("share", [0.01, 0.02, 0.333, 0.5, 0.987, 1.0])
def test_ten_seconds_give_the_energy_within_half_a_percent_however_late_it_wakes(share: float, late_s: float) -> None:
    wire = Wire()
    burst = BurstLine(line_on(wire), unit_s=UNIT_S)
    drive(wire, burst, 10.0, share, late_s)
    burst.stop()
    # Half a unit, and half of what each unit lasts too long, is the most that can be open at the end.
    assert abs(wire.high_s - 10.0 * share) <= max(0.05, (UNIT_S + late_s) / 2 + 1e-6)


def test_a_new_share_counts_from_the_next_unit_on() -> None:
    wire = Wire()
    burst = BurstLine(line_on(wire), unit_s=UNIT_S)
    drive(wire, burst, 5.0, 0.2)
    drive(wire, burst, 5.0, 0.8)
    burst.stop()
    assert wire.high_s == pytest.approx(5.0, abs=2 * UNIT_S)


def test_nobody_speaking_to_it_for_ten_seconds_switches_it_off() -> None:
    wire = Wire()
    burst = BurstLine(line_on(wire), unit_s=UNIT_S)
    burst.want(1.0, 0.0)
    while (due_s := burst.turn(wire.now_s)) is not None:
        wire.now_s = due_s
    assert DEAD_MAN_S < wire.now_s <= DEAD_MAN_S + 2 * UNIT_S
    assert (wire.state, burst.share) == (0.0, 0.0)


def test_after_stop_no_turn_closes_it() -> None:
    wire = Wire()
    burst = BurstLine(line_on(wire), unit_s=UNIT_S)
    burst.want(1.0, 0.0)
    burst.turn(0.0)
    assert wire.state == 1.0
    burst.stop()
    assert wire.state == 0.0
    assert burst.turn(0.02) is None
    assert wire.state == 0.0


def test_a_trip_ends_it_until_reset() -> None:
    wire = Wire()
    line = line_on(wire)
    burst = BurstLine(line, unit_s=UNIT_S)
    burst.want(1.0, 0.0)
    burst.turn(0.0)
    line.trip()
    assert burst.turn(0.02) is None
    assert (wire.state, burst.share) == (0.0, 0.0)
    burst.want(1.0, 0.04)
    assert burst.turn(0.04) is None
    line.reset()
    burst.want(1.0, 0.06)
    assert burst.turn(0.06) is not None
    assert wire.state == 1.0


@pytest.fixture
def hung() -> Iterator[tuple[Wire, BurstDriver]]:
    """A driver whose thread hangs in the write that closes the relay."""
    wire = Wire()
    wire.hangs_at_high = True
    wire.free.clear()
    driver = BurstDriver("rod", line_on(wire), unit_s=UNIT_S, monotonic_s=wire.clock)
    driver.run(1.0)
    yield wire, driver
    wire.free.set()


def test_a_thread_that_hangs_is_noticed_and_its_pin_switched_off(hung: tuple[Wire, BurstDriver]) -> None:
    wire, driver = hung
    wire.hangs_at_high = False
    driver.run(1.0)
    wire.now_s += HANG_S
    driver.run(1.0)
    wire.now_s += HANG_S
    with pytest.raises(HardwareError, match="rod: the thread that switches the solid-state relay has hung for 4 s"):
        driver.run(1.0)
    assert driver.held_open
    assert wire.state == 0.0


def test_stopping_a_thread_that_hangs_waits_a_tenth_of_a_second_and_switches_off(
    hung: tuple[Wire, BurstDriver],
) -> None:
    _, driver = hung
    watch = Stopwatch()
    with pytest.raises(HardwareError, match="hangs in a write to its pin"):
        driver.stop()
    assert watch.took_s() < 1.0
    assert driver.held_open


def test_whoever_sleeps_with_the_whole_process_is_not_called_hung() -> None:
    """The first look after a long sleep comes before the thread's own turn."""
    wire = Wire()
    driver = BurstDriver("rod", line_on(wire), unit_s=3600.0, monotonic_s=wire.clock)
    for _ in range(5):
        driver.run(0.5)  # early ticks, one after the other
    wire.now_s += 60.0
    driver.run(0.5)
    assert not driver.held_open
    driver.release()


def test_an_error_of_the_pin_reaches_who_speaks_next() -> None:
    wire = Wire()
    line = line_on(wire)
    driver = BurstDriver("rod", line, unit_s=UNIT_S, monotonic_s=wire.clock)
    line._pin = None  # a pin that is gone
    driver.run(1.0)
    thread = driver._thread
    assert thread is not None
    thread.join(WITHIN_S)
    with pytest.raises(HardwareError, match="relay at GPIO17"):
        driver.run(1.0)


@pytest.mark.process
def test_in_real_time_two_percent_and_a_third_are_what_they_say_and_the_thread_ends(tmp_path: Path) -> None:
    log = tmp_path / "pins.jsonl"
    pins = Pins(factory="mock", pin_log=log, monotonic_s=time.monotonic)
    driver = BurstDriver(
        "rod", pins.relay(RelayPin(pin="GPIO17", active_high=True)), unit_s=UNIT_S, monotonic_s=time.monotonic
    )
    for share in (0.02, 1 / 3):
        # Three seconds in which the machine does not let the thread wait: a wrong share is wrong in each of them.
        until(lambda share=share: share_of_3_s(driver, log, share) == pytest.approx(share, abs=0.01), f"{share} of 3 s")
        thread: Any = driver._thread
        thread.join(timeout=WITHIN_S)
        assert not thread.is_alive()
    pins.close()


def share_of_3_s(driver: BurstDriver, log: Path, share: float) -> float:
    """What the pin shows of three seconds of `share`."""
    began_s = time.monotonic()
    while time.monotonic() < began_s + 3.0:
        driver.run(share)
        time.sleep(0.25)
    driver.stop()
    ended_s = time.monotonic()
    return high_s(log, began_s, ended_s) / (ended_s - began_s)


def high_s(log: Path, from_s: float, to_s: float) -> float:
    """How long the pin was high in that time."""
    total_s, level, since_s = 0.0, 0.0, from_s
    for line in log.read_text().splitlines():
        row = json.loads(line)
        if row["mono_s"] > from_s:
            total_s += level * (row["mono_s"] - since_s)
            since_s = row["mono_s"]
        level = row["state"] or 0.0
    return total_s + level * max(0.0, to_s - since_s)
