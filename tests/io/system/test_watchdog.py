"""The watchdog thread's look, on a clock that a test moves."""

import logging
import os
import socket
import sys
import threading
import time
from pathlib import Path

import pytest

from pv_heater.io.system.watchdog import SystemdNotifier, Watchdog
from tests.waiting import until


class Contact:
    """The part of a load that a watchdog touches."""

    def __init__(self, name: str, error: Exception | None = None) -> None:
        self.name = name
        self.error = error
        self.trips = 0

    def trip(self) -> None:
        self.trips += 1
        if self.error is not None:
            raise self.error


class Silence:
    def __init__(self, *contacts: Contact) -> None:
        self.now_s = 0.0
        self.watchdog = Watchdog(contacts, lambda: self.now_s)  # type: ignore[arg-type]

    def last(self, seconds: float) -> None:
        self.now_s += seconds
        self.watchdog.look()


def test_contacts_open_after_ten_seconds_without_a_tick() -> None:
    contact = Contact("boiler")
    silence = Silence(contact)
    silence.last(10.0)
    assert (contact.trips, silence.watchdog.tripped()) == (0, None)
    silence.last(0.1)
    assert contact.trips == 1
    assert silence.watchdog.tripped() == "watchdog: the loop completed no tick for 10 s"


def test_contacts_are_told_again_at_every_look() -> None:
    contact = Contact("boiler")
    silence = Silence(contact)
    for _ in range(4):
        silence.last(11.0)
    assert contact.trips == 4


def test_a_bug_in_one_load_keeps_neither_the_next_one_on_nor_the_watchdog_from_looking() -> None:
    broken, other = Contact("boiler", ValueError("a bug")), Contact("pool")
    silence = Silence(broken, other)
    silence.last(11.0)
    silence.last(2.5)
    assert (broken.trips, other.trips) == (2, 2)


def test_a_tick_that_comes_back_does_not_end_what_was_latched() -> None:
    silence = Silence(Contact("boiler"))
    silence.last(11.0)
    silence.watchdog.pet(0.0)
    silence.last(1.0)
    assert silence.watchdog.tripped() is not None
    silence.watchdog.reset()
    silence.last(1.0)
    assert silence.watchdog.tripped() is None


def test_a_trip_that_the_loop_was_not_given_yet_outlasts_a_clear_of_an_earlier_one() -> None:
    silence = Silence(Contact("boiler"))
    assert silence.watchdog.tripped() is None
    silence.last(11.0)
    silence.watchdog.reset()
    assert silence.watchdog.tripped() is not None


def test_what_could_not_be_opened_is_said_and_what_could_is_not(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.CRITICAL)
    Silence(Contact("boiler", ValueError("a bug")), Contact("pool")).last(11.0)
    assert len(caplog.messages) == 2
    assert caplog.messages[0].endswith("all contacts are open")
    assert "boiler: ValueError" in caplog.messages[1]
    assert caplog.messages[1].endswith("Switch it off by hand.")


def test_its_thread_looks_until_it_is_stopped() -> None:
    contact, looks = Contact("boiler"), []
    watchdog = Watchdog([contact], time.monotonic, 0.02, after_look=[lambda: looks.append(contact.trips)])  # type: ignore[list-item]
    watchdog.start()
    until(lambda: contact.trips > 2 and len(looks) > 2, "three looks", 10)
    watchdog.stop()
    until(lambda: _stands_still(looks), "no further look", 10)


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_tick_begins_its_thread_anew_and_not_after_the_end() -> None:
    """It begins all other threads anew; the loop begins it."""
    breaks, looks = [True], []

    def then() -> None:
        looks.append(threading.current_thread())
        if breaks:
            breaks.clear()
            sys.exit()

    watchdog = Watchdog([], time.monotonic, 0.02, after_look=[then])
    watchdog.pet(0.0)
    assert not watchdog._thread.is_alive(), "a tick before the start begins nothing"
    watchdog.start()
    until(lambda: looks and not looks[0].is_alive(), "its thread broke", 10)
    watchdog.pet(0.0)
    until(lambda: len(looks) > 1, "another one looks", 10)
    alive = watchdog._thread
    watchdog.pet(0.0)
    assert watchdog._thread is alive
    watchdog.stop()
    until(lambda: not alive.is_alive(), "it has ended", 10)
    count = len(looks)
    watchdog.pet(0.0)
    time.sleep(0.1)
    assert len(looks) == count, "a tick of the end begins nothing"


def test_the_silence_before_the_start_does_not_count() -> None:
    """Reading the settings and opening the pins may take longer than a loop may hang."""
    now_s, contact = 0.0, Contact("boiler")
    watchdog = Watchdog([contact], lambda: now_s)  # type: ignore[list-item]
    now_s = 60.0
    watchdog.start()
    watchdog.stop()
    watchdog.look()
    assert contact.trips == 0


def _stands_still(looks: list[int]) -> bool:
    before = len(looks)
    time.sleep(0.2)
    return len(looks) == before


@pytest.mark.parametrize("abstract", [False, True])
def test_systemd_is_told_once_that_it_is_ready_then_that_it_lives_and_that_it_ends(
    tmp_path: Path, abstract: bool
) -> None:
    name = f"pv-heater-test-{os.getpid()}"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd:
        systemd.bind(f"\0{name}" if abstract else str(tmp_path / "notify"))
        systemd.settimeout(5)
        notifier = SystemdNotifier({"NOTIFY_SOCKET": f"@{name}" if abstract else str(tmp_path / "notify")})
        for _ in range(2):
            notifier.pet(0.0)
        notifier.stopping()
        told = [systemd.recv(1000).decode() for _ in range(3)]
    assert told == [f"READY=1\nMAINPID={os.getpid()}\nWATCHDOG=1", "WATCHDOG=1", "STOPPING=1"]


def test_a_systemd_that_takes_nothing_delays_no_tick_and_none_is_no_trouble(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd:
        systemd.bind(str(tmp_path / "notify"))
        notifier = SystemdNotifier({"NOTIFY_SOCKET": str(tmp_path / "notify")})
        for _ in range(5000):
            notifier.pet(0.0)
    SystemdNotifier({}).pet(0.0)
    SystemdNotifier({}).stopping()
