"""What a crowd at the page costs the control thread: its ticks while the page is asked as fast as it can answer, is
sent whatever its description allows and forbids, and while a thousand connections say half a request and wait.

The real process on mock pins. Each tick tells the notify socket that it is alive; the kernel's stamps on these messages
are its times. Time that the control thread had to queue for a processor is the machine's, and is told beside it.
"""

from __future__ import annotations

import contextlib
import http.client
import json
import multiprocessing
import os
import resource
import signal
import socket
import struct
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Thread
from typing import Any

from bench.cost.footprint import FIRST_DECISION_TIMEOUT_S, MAIN, page_address, peak_mib
from bench.cost.footprint_homes import vrm_home
from bench.cost.strange_requests import ask_on
from pv_heater.errors import NotRunning
from pv_heater.io.system.control_client import ask
from pv_heater.io.system.control_socket import SOCKET_NAME
from pv_heater.web.access.credentials import CredentialStore
from pv_heater.web.access.passwords import StoredPassword, cost_for

TICK_S = 0.2
CLIENTS = 4
HALF_OPEN = 1000
LOGINS = 50
_SO_TIMESTAMP = 29
_HALF = b"GET /api/v1/sta"


@dataclass(frozen=True, slots=True, kw_only=True)
class Crowd:
    """One kind of crowd, and what became of the ticks meanwhile."""

    name: str
    ticks: int
    latest_ms: float
    """By how much the latest tick was late."""
    own_ms: float = 0.0
    """The same without the time in which the control thread queued for a processor."""
    p99_ms: float = 0.0
    """By how much all but the latest hundredth were late at most."""
    queued_ms: float
    """For how long in all the control thread waited for a processor."""
    peak_mib: float = 0.0
    """The most memory that the process had until then."""
    requests: int = 0
    mistakes: int = 0
    """Requests that were answered by a mistake of the program."""
    first_answer_s: float | None = None
    """Until the page answered somebody else again; None: nobody asked."""
    off_ms: float | None = None
    """Until `off` at the local socket was answered."""

    def as_line(self) -> str:
        """For people."""
        parts = [f"{self.ticks} ticks, the latest {self.latest_ms:.1f} ms late ({self.own_ms:.1f} without queuing)"]
        parts.append(f"p99 {self.p99_ms:.1f} ms")
        parts.append(f"control thread queued {self.queued_ms:.0f} ms in all")
        parts += [f"at most {self.peak_mib:.1f} MiB"] if self.peak_mib else []
        if self.requests:
            parts.append(f"{self.requests} requests answered")
        if self.mistakes:
            parts.append(f"{self.mistakes} of them by a mistake of the program")
        if self.first_answer_s is not None:
            parts.append(f"page back after {self.first_answer_s:.1f} s")
        if self.off_ms is not None:
            parts.append(f"`off` answered in {self.off_ms:.0f} ms")
        return f"{self.name}: {', '.join(parts)}"


@dataclass(frozen=True, slots=True, kw_only=True)
class PageCost:
    """All crowds."""

    crowds: tuple[Crowd, ...]

    def as_lines(self) -> list[str]:
        """For people."""
        return [crowd.as_line() for crowd in self.crowds]


def measure(watch_s: float) -> PageCost:
    """Each crowd for `watch_s` seconds. Raises NotRunning where the program does not start."""
    with _running() as run:
        crowds = [
            run.watched("nobody", lambda: time.sleep(watch_s)),
            run.watched(f"{CLIENTS} at full speed", lambda: run.full_speed(watch_s)),
            *run.strange(watch_s),
            run.half_open(watch_s),
            run.watched(f"{LOGINS} logins at once", lambda: run.log_in(watch_s)),
        ]
        return PageCost(crowds=tuple(crowds))


class _Run:
    """The program, its page and its ticks."""

    def __init__(self, pid: int, netloc: str, state: Path, ticks: list[float], queues_s: list[float]) -> None:
        self.pid = pid
        self._netloc = netloc
        self._state = state
        self._queues_s = queues_s
        """How long the control thread had queued in all, at each tick."""
        self._ticks = ticks
        """Wall seconds, by the kernel."""
        self.requests = 0

    def watched(self, name: str, act: Callable[[], None]) -> Crowd:
        """The ticks while `act` lasts."""
        self.requests, first, queued_ns = 0, len(self._ticks), self._queued_ns()
        act()
        ticks, queues = self._ticks[first:], self._queues_s[max(0, first - 1) :]
        late_s = sorted(lateness_s(ticks, TICK_S))
        own_s = lateness_s(ticks, TICK_S, [after - before for before, after in pairwise(queues)][-len(ticks) :])
        return Crowd(
            name=name,
            ticks=len(ticks),
            latest_ms=1000 * max(late_s, default=0.0),
            own_ms=1000 * max(own_s, default=0.0),
            p99_ms=1000 * late_s[int(0.99 * (len(late_s) - 1))] if late_s else 0.0,
            queued_ms=(self._queued_ns() - queued_ns) / 1e6,
            peak_mib=peak_mib(Path(f"/proc/{self.pid}")),
            requests=self.requests,
        )

    def full_speed(self, watch_s: float) -> None:
        """Ask for the status as fast as it is answered, in a process of its own."""
        self.requests = _beside(_ask_on, self._netloc, watch_s)()

    def strange(self, watch_s: float) -> list[Crowd]:
        """Requests made up from the description; nothing where what makes them up is not installed."""
        counts = _beside(ask_on, self._netloc, watch_s)
        told: list[Any] = []
        crowd = self.watched("made up from its description", lambda: told.append(counts()))
        return [] if told[0] is None else [replace(crowd, requests=told[0][0], mistakes=told[0][1])]

    def log_in(self, watch_s: float) -> None:
        """With passwords that are wrong, all at the same moment, and again when each has its answer."""
        stored = StoredPassword.of("correct horse battery", cost_for(os.uname().machine))
        CredentialStore(self._state).change(lambda credentials: credentials.with_password(stored))
        self.requests = _beside(_guess_on, self._netloc, watch_s)()

    def half_open(self, watch_s: float) -> Crowd:
        """A thousand who say half a request; `off` meanwhile, and somebody else who wants an answer."""
        took: dict[str, Any] = {}

        def crowd() -> None:
            with half_open(self._netloc, HALF_OPEN):
                began_s = time.monotonic()
                ask(self._state / SOCKET_NAME, {"command": "off"}, believe=lambda _: True)
                took["off_ms"] = 1000 * (time.monotonic() - began_s)
                while not _answers(self._netloc):
                    pass
                took["first_answer_s"] = time.monotonic() - began_s
                time.sleep(max(0.0, watch_s - took["first_answer_s"]))

        return replace(self.watched(f"{HALF_OPEN} half-open", crowd), **took)

    def _queued_ns(self) -> int:
        return _queued_ns(self.pid)


def _beside(act: Callable[..., None], netloc: str, watch_s: float) -> Callable[[], Any]:
    """What runs `act` in a process of its own, and gives what that tells."""

    def run() -> Any:
        context = multiprocessing.get_context("spawn")
        told = context.Queue()
        process = context.Process(target=act, args=(netloc, watch_s, told), daemon=True)
        process.start()
        found = told.get(timeout=watch_s + FIRST_DECISION_TIMEOUT_S)
        process.join()
        return found

    return run


def latest_s(ticks: list[float], tick_s: float) -> float:
    """By how much the latest of these ticks was late."""
    return max(lateness_s(ticks, tick_s), default=0.0)


def lateness_s(ticks: Sequence[float], tick_s: float, queued_s: Sequence[float] = ()) -> list[float]:
    """By how much each of these ticks was late, where one is due every `tick_s`; early ones count as none.

    Their pace is that of the most punctual among them. `queued_s` is what is not counted of each.
    """
    if not ticks:
        return []
    queued = dict(zip(ticks, queued_s or [0.0] * len(ticks), strict=True))
    rests = sorted(at_s % tick_s for at_s in ticks)
    gaps = [(after - before, after) for before, after in zip(rests, [*rests[1:], rests[0] + tick_s], strict=True)]
    start = max(gaps)[1] % tick_s  # after the largest gap the punctual ones begin
    due = [round((at_s - start) / tick_s - 0.499) for at_s in ticks]
    by_due = dict(zip(due[::-1], ticks[::-1], strict=True))
    for number in range(due[0], due[-1]):
        if number not in by_due:
            by_due[number] = next(at_s for at_s in ticks if at_s > start + number * tick_s)
    return [max(0.0, at_s - start - number * tick_s - queued[at_s]) for number, at_s in by_due.items()]


@contextmanager
def half_open(netloc: str, count: int) -> Iterator[None]:
    """So many connections that have begun a request. Raises OSError without as many descriptors."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(most, max(4096, 2 * count)), most))
    host, _, port = netloc.rpartition(":")
    with ExitStack() as ends:
        for _ in range(count):
            connection = ends.enter_context(socket.socket())
            connection.settimeout(10.0)
            with contextlib.suppress(OSError):  # the queue at the door is full for a moment
                connection.connect((host, int(port)))
                connection.sendall(_HALF)
        yield


def _ask_on(netloc: str, watch_s: float, told: Any) -> None:
    """Threads of one process that ask for the status; how many answers came is put into `told`."""
    told.put(_asked_by(CLIENTS, netloc, watch_s, lambda connection: connection.request("GET", "/api/v1/status")))


def _guess_on(netloc: str, watch_s: float, told: Any) -> None:
    """The same, with passwords."""
    headers = {"Content-Type": "application/json", "Origin": f"http://{netloc}"}
    body = json.dumps({"password": "wrong every time"})
    told.put(
        _asked_by(
            LOGINS, netloc, watch_s, lambda connection: connection.request("POST", "/api/v1/login", body, headers)
        )
    )


def _asked_by(count: int, netloc: str, watch_s: float, ask_once: Callable[[http.client.HTTPConnection], None]) -> int:
    ends_s, done = time.monotonic() + watch_s, [0] * count

    def client(number: int) -> None:
        with closing(http.client.HTTPConnection(netloc, timeout=30)) as connection:
            while time.monotonic() < ends_s:
                ask_once(connection)
                connection.getresponse().read()
                done[number] += 1

    threads = [Thread(target=client, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sum(done)


def _answers(netloc: str) -> bool:
    with closing(http.client.HTTPConnection(netloc, timeout=1.0)) as connection:
        try:
            connection.request("GET", "/health")
            connection.getresponse().read()
        except OSError:
            return False
    return True


@contextmanager
def _running() -> Iterator[_Run]:
    with TemporaryDirectory() as folder, socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(f"{folder}/notify")
        manager.setsockopt(socket.SOL_SOCKET, _SO_TIMESTAMP, 1)
        manager.settimeout(1.0)
        with vrm_home(folder) as settings:
            meter = {**settings["meter"], "interval_s": 60}  # its samples bring ticks of their own
            changes = {"meter": meter, "tick_s": TICK_S, "web": {"listen": "127.0.0.1:0"}}
            config = Path(folder) / "config.yaml"
            config.write_text(json.dumps({**settings, **changes}))
            command = [sys.executable, str(MAIN), "--config", str(config)]
            environ = {**os.environ, "NOTIFY_SOCKET": str(manager.getsockname())}
            with subprocess.Popen(command, env=environ, stdout=subprocess.DEVNULL) as process:
                try:
                    ticks: list[float] = []
                    queues_s: list[float] = []
                    Thread(target=_listen, args=(manager, process.pid, ticks, queues_s), daemon=True).start()
                    netloc = _netloc(Path(settings["log"]["file"]), process)
                    yield _Run(process.pid, netloc, Path(settings["state_dir"]), ticks, queues_s)
                finally:
                    process.send_signal(signal.SIGTERM)


def _queued_ns(pid: int) -> int:
    """How long the main thread of that process was ready and had to wait for a processor."""
    return int(Path(f"/proc/{pid}/task/{pid}/schedstat").read_text().split()[1])


def _listen(manager: socket.socket, pid: int, ticks: list[float], queues_s: list[float]) -> None:
    """Until the socket is closed."""
    while True:
        try:
            _, stamps, _, _ = manager.recvmsg(1000, 100)
        except TimeoutError:
            continue
        except OSError:
            return
        seconds, microseconds = struct.unpack("ll", stamps[0][2])
        with contextlib.suppress(OSError):  # it has ended
            queues_s.append(_queued_ns(pid) / 1e9)
            ticks.append(seconds + microseconds / 1e6)


def _netloc(log: Path, process: subprocess.Popen[bytes]) -> str:
    """Where the page is, by the log."""
    for _ in range(round(FIRST_DECISION_TIMEOUT_S / 0.1)):
        if (found := page_address(log)) is not None:
            return found
        if process.poll() is not None:
            break
        time.sleep(0.1)
    raise NotRunning("the program does not show its page")
