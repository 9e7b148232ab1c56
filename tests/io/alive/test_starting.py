"""Threads whose start ends: also where the new one dies before its first step, or begins when nobody waits any more."""

import threading
from collections.abc import Callable
from typing import Any

import pytest

from pv_heater.io.alive import starting
from pv_heater.io.alive.starting import Thread, Timer
from tests.waiting import WITHIN_S, until

Step = Callable[[threading.Thread], None]


@pytest.fixture
def first_step(monkeypatch: pytest.MonkeyPatch) -> Callable[[Step], None]:
    """Puts something in the place of what Python calls first in a new thread of ours."""

    def put(step: Step) -> None:
        monkeypatch.setattr(starting, "LONGEST_START_S", 0.1)
        monkeypatch.setattr(Thread, "_bootstrap", step, raising=False)

    return put


def dies(_thread: threading.Thread) -> None:
    raise SystemExit  # as want of memory does: Python tells nobody who waits


@pytest.mark.parametrize("kind", [lambda target: Thread(target=target), lambda target: Timer(0.0, target)])
def test_one_that_dies_before_its_first_step_is_an_error_for_who_begins_it(
    kind: Callable[[Any], Thread], first_step: Callable[[Step], None]
) -> None:
    first_step(dies)
    ran: list[int] = []
    with pytest.raises(RuntimeError, match=r"it has not begun within 0\.1 s"):
        kind(lambda: ran.append(1)).start()
    assert ran == []


def test_one_that_was_given_up_does_nothing_when_it_begins_after_all(first_step: Callable[[Step], None]) -> None:
    goes_on, has_ended, ran = threading.Event(), threading.Event(), list[int]()

    def late(thread: threading.Thread) -> None:
        goes_on.wait(WITHIN_S)
        threading.Thread._bootstrap(thread)  # type: ignore[attr-defined]
        has_ended.set()

    first_step(late)
    with pytest.raises(RuntimeError):
        Thread(target=lambda: ran.append(1)).start()
    goes_on.set()
    assert has_ended.wait(WITHIN_S)
    assert ran == [], "there may be another in its place by now"


def test_all_others_do_what_they_are_for() -> None:
    ran: list[str] = []
    thread, timer = Thread(target=ran.append, args=("thread",), name="one"), Timer(0.0, ran.append, ("timer",))
    for each in (thread, timer):
        each.start()
        until(lambda each=each: not each.is_alive(), "it has ended")  # type: ignore[misc]
        assert each.daemon
    assert ran == ["thread", "timer"]
    cancelled = Timer(60.0, ran.append, ("late",))
    cancelled.start()
    cancelled.cancel()
    cancelled.join(WITHIN_S)
    assert not cancelled.is_alive()


def test_where_the_system_gives_no_thread_that_is_an_error_as_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuses(*_arguments: object, **_named: object) -> None:
        raise RuntimeError("can't start new thread")

    for name in ("_start_new_thread", "_start_joinable_thread"):  # of Python 3.11 and 3.12, and later
        monkeypatch.setattr(threading, name, refuses, raising=False)
    with pytest.raises(RuntimeError, match="can't start new thread"):
        Thread(target=print).start()
