"""Threads that break, of whatever kind the error is: heard of, and begun anew where they are to last."""

import logging
import threading
from collections.abc import Iterator
from itertools import pairwise

import pytest

from pv_heater.io.alive import starting, threads
from pv_heater.io.alive.threads import FIRST_WAIT_S, LONGEST_WAIT_S, Lasting, Supervisor


class Clock:
    now_s = 100.0

    def __call__(self) -> float:
        return self.now_s


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def supervisor(clock: Clock) -> Iterator[Supervisor]:
    before = threading.excepthook
    threads._lasting.clear()  # of other tests
    made = Supervisor(clock)
    made.install()
    yield made
    threading.excepthook = before


class Breaking:
    """Breaks with each of these errors in turn, then waits for its end."""

    def __init__(self, *errors: BaseException) -> None:
        self._errors = list(errors)
        self.end = threading.Event()

    def run(self) -> None:
        if self._errors:
            raise self._errors.pop(0)
        self.end.wait(30)


@pytest.mark.parametrize("error", [SystemExit(), MemoryError(), RuntimeError("a bug"), KeyboardInterrupt()])
def test_whatever_ends_it_it_is_begun_anew_after_a_wait(
    error: BaseException, supervisor: Supervisor, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    breaking = Breaking(error)
    thread = Lasting(breaking.run, "history")
    thread.start()
    thread.join(30)
    assert f"the thread 'history' broke: {type(error).__name__}" in caplog.text
    supervisor.look()
    assert not thread.is_alive(), "not at once: it may break again"
    clock.now_s += FIRST_WAIT_S
    supervisor.look()
    assert thread.is_alive()
    breaking.end.set()
    thread.join(30)
    clock.now_s += LONGEST_WAIT_S
    supervisor.look()
    assert not thread.is_alive(), "it has come to its end, as it should"


def test_one_that_ends_without_a_word_is_missed_and_begun_anew(
    supervisor: Supervisor, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    """What comes while a thread ends is dropped by Python: here the words themselves fail as it does."""
    breaking = Breaking(RuntimeError("a bug"))
    thread = Lasting(breaking.run, "control")
    before = threading.excepthook
    threading.excepthook = lambda _what: None
    thread.start()
    thread.join(30)
    threading.excepthook = before
    supervisor.look()
    assert "the thread 'control' broke: it ended without a word" in caplog.text
    assert not thread.is_alive()
    clock.now_s += FIRST_WAIT_S
    supervisor.look()
    assert thread.is_alive()
    breaking.end.set()
    thread.join(30)
    clock.now_s += LONGEST_WAIT_S
    supervisor.look()
    assert caplog.text.count("broke") == 1


def test_one_that_is_still_saying_why_it_ends_is_begun_anew_after_that(
    supervisor: Supervisor, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    is_said, said = threading.Event(), threading.Event()

    def slowly(*_words: object) -> None:
        said.set()
        is_said.wait(30)

    monkeypatch.setattr(threads.log, "error", slowly)
    breaking = Breaking(RuntimeError("a bug"))
    thread = Lasting(breaking.run, "state")
    thread.start()
    assert said.wait(30)
    clock.now_s += LONGEST_WAIT_S
    supervisor.look()
    is_said.set()
    thread.join(30)
    supervisor.look()
    assert thread.is_alive()
    breaking.end.set()


def test_one_for_which_there_is_no_memory_holds_nobody_up_and_is_tried_again(
    supervisor: Supervisor, clock: Clock, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    breaking = Breaking(RuntimeError("a bug"))
    thread = Lasting(breaking.run, "control")
    thread.start()
    thread.join(30)
    clock.now_s += FIRST_WAIT_S
    with monkeypatch.context() as starved:
        starved.setattr(starting, "LONGEST_START_S", 0.1)
        starved.setattr(starting.Thread, "_bootstrap", lambda _thread: None, raising=False)
        supervisor.look()
    assert "the thread 'control' cannot be begun anew: it has not begun within 0.1 s" in caplog.text
    clock.now_s += LONGEST_WAIT_S
    supervisor.look()
    assert thread.is_alive()
    breaking.end.set()


def test_one_that_breaks_again_and_again_is_begun_anew_ever_later(supervisor: Supervisor, clock: Clock) -> None:
    begun: list[float] = []

    def run() -> None:
        begun.append(clock.now_s)
        raise RuntimeError

    thread = Lasting(run, "web")
    thread.start()
    for _ in range(12):
        thread.join(30)
        known = len(begun)
        while len(begun) == known:
            clock.now_s += 1.0
            supervisor.look()
            thread.join(30)
    waits = [later - earlier for earlier, later in pairwise(begun)]
    assert waits[:4] == [1.0, 2.0, 4.0, 8.0]
    assert waits[-1] == LONGEST_WAIT_S


def test_one_that_was_not_to_last_is_said_and_left(supervisor: Supervisor, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.ERROR)
    thread = threading.Thread(target=Breaking(OSError("no such host")).run, name="look-up here")
    thread.start()
    thread.join(30)
    assert "the thread 'look-up here' ended by an error: OSError" in caplog.text
