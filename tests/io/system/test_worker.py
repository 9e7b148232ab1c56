from __future__ import annotations

import logging
import platform
import subprocess
import sys
import threading
from collections.abc import Callable

import pytest

from pv_heater.errors import AuthRejected, RateLimited, Unreachable
from pv_heater.io.system.worker import Worker, retry_delay_s
from tests.source_tools import HandClock
from tests.waiting import WITHIN_S

LOG = logging.getLogger("tests.worker")


class Script:
    """A source that gives or raises what its script says; the last entry goes on for ever."""

    def __init__(self, *script: object) -> None:
        self._script = list(script)

    def __call__(self) -> object:
        item = self._script.pop(0) if len(self._script) > 1 else self._script[0]
        if isinstance(item, BaseException):
            raise item
        return item


def build(
    read: Callable[[], object], clock: HandClock | None = None, on_new: Callable[[], None] = lambda: None
) -> Worker[object]:
    return Worker("VRM", read, lambda: 60.0, (clock or HandClock()).monotonic_s, on_new, LOG)


def warnings(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING]


def test_before_the_first_answer_there_is_no_value() -> None:
    assert build(Script(1)).latest() is None


def test_an_answer_is_kept_with_its_moment_and_announced() -> None:
    clock, news = HandClock(), []
    worker = build(Script("reading"), clock, on_new=lambda: news.append("new"))
    assert worker.poll_once() == 60.0
    newest = worker.newest()
    assert newest is not None
    assert (newest.value, newest.came_s, news) == ("reading", clock.monotonic_s(), ["new"])


def test_a_failure_keeps_the_old_value_and_its_moment() -> None:
    clock = HandClock()
    worker = build(Script("old", Unreachable("no network")), clock)
    worker.poll_once()
    clock.advance(60)
    worker.poll_once()
    assert worker.latest() == "old"
    assert worker.status().last_success_age_s == 60
    assert worker.status().trouble == "no network"


def test_waiting_times_double_up_to_ten_intervals() -> None:
    worker = build(Script(Unreachable("no network")))
    assert [worker.poll_once() for _ in range(7)] == [60, 120, 240, 480, 600, 600, 600]


def test_a_thousand_failures_do_not_overflow() -> None:
    assert retry_delay_s(60.0, 100_000, None) == 600.0


def test_a_longer_wish_of_the_source_is_honoured_up_to_an_hour() -> None:
    assert retry_delay_s(60.0, 1, 300.0) == 300.0
    assert retry_delay_s(60.0, 1, 5.0) == 60.0
    assert retry_delay_s(60.0, 1, 1e9) == 3600.0


def test_an_outage_is_logged_once_at_its_start_and_once_at_its_end(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    clock = HandClock()
    worker = build(Script(*[Unreachable("VRM cannot be reached: no route")] * 12, "reading"), clock)
    for _ in range(12):
        worker.poll_once()
        clock.advance(60)
    assert warnings(caplog) == ["VRM: VRM cannot be reached: no route. Next try in 60 s."]
    worker.poll_once()
    assert "VRM answers again; 12 attempts failed in 12 min, the last one: " in caplog.messages[-1]
    assert worker.status().trouble is None


def test_another_kind_of_trouble_is_logged_too_but_each_kind_once(caplog: pytest.LogCaptureFixture) -> None:
    worker = build(
        Script(
            Unreachable("a"),
            AuthRejected("b"),
            Unreachable("c"),
            RateLimited("d"),
            AuthRejected("e"),
            AuthRejected("f"),
        )
    )
    for _ in range(6):
        worker.poll_once()
    assert [line.split()[1] for line in warnings(caplog)] == ["a.", "b.", "d."]


def test_a_refused_login_is_tried_again_and_heals() -> None:
    worker = build(Script(AuthRejected("no network at boot"), AuthRejected("still"), "reading"))
    assert worker.poll_once() == 60
    assert worker.poll_once() == 120
    assert worker.poll_once() == 60
    assert worker.latest() == "reading"


def test_an_unexpected_error_is_survived_and_names_its_type(caplog: pytest.LogCaptureFixture) -> None:
    worker = build(Script(KeyError("records"), "reading"))
    assert worker.poll_once() == 60
    assert "unexpected KeyError" in warnings(caplog)[0]
    worker.poll_once()
    assert worker.latest() == "reading"


def test_an_interval_of_zero_does_not_spin() -> None:
    worker = Worker("fast", lambda: 1, lambda: 0.0, HandClock().monotonic_s, lambda: None, LOG)
    assert worker.poll_once() > 0


def test_the_thread_reads_until_it_is_stopped() -> None:
    came = threading.Event()
    worker = Worker("fast", lambda: 1, lambda: 0.05, HandClock().monotonic_s, came.set, LOG)
    worker.start()
    assert came.wait(WITHIN_S)
    assert worker.status().next_try_s is not None
    worker.stop()
    assert worker.status().next_try_s is None


def test_stopping_does_not_wait_for_a_hung_read() -> None:
    reading, release = threading.Event(), threading.Event()

    def hang() -> int:
        reading.set()
        release.wait(30)
        return 1

    worker = build(hang)
    worker.start()
    assert reading.wait(WITHIN_S)
    worker.stop()
    assert worker.latest() is None
    release.set()


@pytest.mark.process
def test_a_hung_read_does_not_keep_the_process_alive() -> None:
    program = (
        "import logging, threading, time\n"
        "from pv_heater.io.system.worker import Worker\n"
        "began = threading.Event()\n"
        "def hang():\n"
        "    began.set()\n"
        "    time.sleep(600)\n"
        "worker = Worker('hung', hang, lambda: 1.0, time.monotonic, lambda: None, logging.getLogger())\n"
        "worker.start()\n"
        "began.wait(10)\n"
        "worker.stop()\n"
    )
    assert subprocess.run([sys.executable, "-c", program], timeout=WITHIN_S, check=False).returncode == 0


ALLOCATING = """
import ctypes, sys, threading
from pv_heater.io.memory import share_one_heap
if sys.argv[1] == "together":
    share_one_heap()
all_there = threading.Barrier(4)
def allocate():
    held = bytes(100_000)
    all_there.wait()
threads = [threading.Thread(target=allocate) for _ in range(4)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
ctypes.CDLL(None).malloc_stats()
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="this system's heaps are not glibc's")
@pytest.mark.parametrize(("how", "heaps"), [("together", 1), ("apart", 5)])
def test_threads_share_one_heap_by_the_word_of_glibc(how: str, heaps: int) -> None:
    command = [sys.executable, "-c", ALLOCATING, how]
    ended = subprocess.run(command, capture_output=True, text=True, check=True, timeout=2 * WITHIN_S)
    assert ended.stderr.count("Arena ") == heaps
