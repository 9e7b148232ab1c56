from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Iterator
from datetime import timedelta

import pytest

from pv_heater.io.system.clock import SystemClock, network_time_synchronised
from tests.waiting import Stopwatch


@pytest.fixture
def clock() -> Iterator[SystemClock]:
    clock = SystemClock()
    yield clock
    clock.close()


def test_wall_time_is_aware_and_in_utc(clock: SystemClock) -> None:
    assert clock.now().utcoffset() == timedelta(0)


def test_a_moment_that_has_passed_is_not_waited_for(clock: SystemClock) -> None:
    watch = Stopwatch()
    clock.wait_until(clock.monotonic_s() - 100)
    assert watch.took_s() < 1


def test_the_wait_lasts_until_its_moment(clock: SystemClock) -> None:
    until_s = clock.monotonic_s() + 0.02
    clock.wait_until(until_s)
    assert clock.monotonic_s() >= until_s


def test_a_wake_before_the_wait_ends_it_at_once(clock: SystemClock) -> None:
    clock.wake()
    watch = Stopwatch()
    clock.wait_until(clock.monotonic_s() + 30)
    assert watch.took_s() < 5


def test_one_wait_uses_up_all_wakes(clock: SystemClock) -> None:
    for _ in range(10_000):
        clock.wake()
    clock.wait_until(clock.monotonic_s() + 30)
    until_s = clock.monotonic_s() + 0.02
    clock.wait_until(until_s)
    assert clock.monotonic_s() >= until_s


def test_any_number_of_wakes_never_blocks(clock: SystemClock) -> None:
    # More than any pipe holds.
    for _ in range(200_000):
        clock.wake()


def test_another_thread_ends_the_wait(clock: SystemClock) -> None:
    watch = Stopwatch()
    threading.Timer(0.02, clock.wake).start()
    clock.wait_until(clock.monotonic_s() + 30)
    assert watch.took_s() < 5


def test_a_signal_ends_the_wait_though_its_handler_does_nothing(clock: SystemClock) -> None:
    previous = signal.signal(signal.SIGUSR1, lambda _number, _frame: None)
    try:
        clock.wake_on_signals()
        watch = Stopwatch()
        threading.Timer(0.02, os.kill, (os.getpid(), signal.SIGUSR1)).start()
        clock.wait_until(time.monotonic() + 30)
        assert watch.took_s() < 5
    finally:
        signal.signal(signal.SIGUSR1, previous)


def test_whether_network_time_is_right_is_answered_on_any_machine() -> None:
    assert network_time_synchronised() in (True, False)
