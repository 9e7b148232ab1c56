"""What the running program takes: start-up, memory, processor. The real process against peers on loopback, its page
asked every 2 s as by a browser, its history kept as ever.

The figures are the kernel's own, out of the process's folder in /proc. Each home is started twice and the second start
counts, as everywhere but after an update: Python keeps what it translated. They start one after the other, and are
then watched beside each other.
"""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from bench.cost.footprint_homes import HOMES, MOST_RESIDENT_MIB
from pv_heater.errors import NotRunning

MAIN = Path(__file__).resolve().parents[2] / "main.py"
FIRST_DECISION_TIMEOUT_S = 120.0
"""Generous: an ARMv6 Pi needs many seconds to import anything."""
LOG_NAME = "heater.log"
FIRST_DECISION_S = 0.5
"""What a start may take on a machine of today; the first Pi is some thirty times slower."""
_SETTLE_S = 5.0
"""After the first decision sources are still found, logged in and asked for everything."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Footprint:
    """Figures of one run on this machine."""

    home: str
    """A key of ``HOMES``."""
    first_decision_s: float
    """From the start of the process to its first applied tick."""
    resident_mib: float
    """All that it has in RAM, as `ps` counts."""
    share_mib: float
    """The same, with what other processes use as well divided among them (PSS)."""
    peak_mib: float
    cpu_percent: float
    """Of one core, after the start."""
    watched_s: float
    meters_heard: int
    """That gave a reading within this time."""

    def as_lines(self) -> list[str]:
        """For people."""
        aim_mib = MOST_RESIDENT_MIB[self.home]
        return [
            f"{self.home}: start to first decision {self.first_decision_s:.2f} s (aim {FIRST_DECISION_S:g}), "
            f"{self.meters_heard} {'meter' if self.meters_heard == 1 else 'meters'} heard",
            f"  memory after {self.watched_s:.0f} s: {self.resident_mib:.1f} MiB (aim {aim_mib}), its share of it "
            f"{self.share_mib:.1f} MiB, peak {self.peak_mib:.1f} MiB",
            f"  processor: {self.cpu_percent:.1f} % of a core",
        ]


def measure(watch_s: float, homes: Sequence[str] = tuple(HOMES), *, python: str = sys.executable) -> list[Footprint]:
    """Run the program for `watch_s` seconds in each of these homes, on mock pins. Raises NotRunning.

    `python` runs it: another one than this may have only what a Pi needs, and then the program can find no more.
    """
    with ExitStack() as ends:
        running = [ends.enter_context(_started(home, python)) for home in homes]
        time.sleep(_SETTLE_S)
        with ThreadPoolExecutor(max_workers=len(running)) as pool:
            return list(pool.map(lambda one: one.watched(watch_s), running))


def resident_mib(process: Path) -> float:
    """Memory that it has in RAM."""
    return _mib(process, "VmRSS")


def peak_mib(process: Path) -> float:
    """The most that it ever had."""
    return _mib(process, "VmHWM")


def share_mib(process: Path) -> float:
    """Memory that it has in RAM, what it has in common with others divided by their number."""
    return _mib(process, "Pss", "smaps_rollup")


def busy_s(process: Path) -> float:
    """Processor time that it took so far, its children's not counted."""
    fields = (process / "stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def open_files(process: Path) -> int:
    """Files, sockets and pipes."""
    return len(list((process / "fd").iterdir()))


class _Running:
    """A program that has decided for the first time."""

    def __init__(self, home: str, command: list[str], process: subprocess.Popen[bytes], log: Path) -> None:
        self._home, self._command, self._process, self._log = home, command, process, log
        self.first_s = 0.0

    def watched(self, watch_s: float) -> Footprint:
        """Its figures after `watch_s` seconds. Raises NotRunning."""
        figures, address = Path(f"/proc/{self._process.pid}"), page_address(self._log)
        _look_at_the_page(address, 0.0)  # what it takes to answer is there when the watch begins
        before_s = busy_s(figures)
        _look_at_the_page(address, watch_s)
        _require_alive(self._process)
        return Footprint(
            home=self._home,
            first_decision_s=self.first_s,
            resident_mib=resident_mib(figures),
            share_mib=share_mib(figures),
            peak_mib=peak_mib(figures),
            cpu_percent=100 * (busy_s(figures) - before_s) / watch_s,
            watched_s=watch_s,
            meters_heard=_meters_heard(self._command),
        )


@contextmanager
def _started(home: str, python: str) -> Iterator[_Running]:
    """The program in this home, for the second time."""
    with TemporaryDirectory() as folder, socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(f"{folder}/notify")
        manager.settimeout(1.0)
        config = Path(folder) / "config.yaml"
        with HOMES[home](folder) as settings:
            config.write_text(json.dumps(settings))  # JSON is YAML too
            with _decided(home, python, config, manager):
                pass
            with contextlib.suppress(TimeoutError):
                while manager.recv(1000):  # what the first one said at its end
                    pass
            with _decided(home, python, config, manager) as running:
                yield running


@contextmanager
def _decided(home: str, python: str, config: Path, manager: socket.socket) -> Iterator[_Running]:
    environ = {**os.environ, "PYTHONDONTWRITEBYTECODE": "", "NOTIFY_SOCKET": str(manager.getsockname())}
    command = [python, str(MAIN), "--config", str(config)]
    started_s = time.monotonic()
    with subprocess.Popen(command, env=environ, stdout=subprocess.DEVNULL) as process:
        running = _Running(home, command, process, config.parent / LOG_NAME)
        try:
            _await_decision(manager, process)
            running.first_s = time.monotonic() - started_s
            yield running
        finally:
            process.send_signal(signal.SIGTERM)


def _await_decision(manager: socket.socket, process: subprocess.Popen[bytes]) -> None:
    """Until the process tells that its first tick was applied; raises NotRunning when it dies or takes too long."""
    for _ in range(round(FIRST_DECISION_TIMEOUT_S)):
        with contextlib.suppress(TimeoutError):
            manager.recv(1000)
            return
        _require_alive(process)
    raise NotRunning(f"the program made no decision within {FIRST_DECISION_TIMEOUT_S:.0f} s")


def page_address(log: Path) -> str | None:
    """Where the page is, as ``host:port``, by the log; None while the log does not say."""
    found = re.findall(r"the page is at http://([^/]+)/", log.read_text()) if log.exists() else []
    return found[-1] if found else None


def _look_at_the_page(address: str | None, watch_s: float) -> None:
    """As a browser does, every 2 s. Raises NotRunning where there is none."""
    if address is None:
        raise NotRunning("the program does not show its page")
    ends_s = time.monotonic() + watch_s
    with contextlib.closing(http.client.HTTPConnection(address, timeout=30)) as connection:
        while True:
            connection.request("GET", "/api/v1/status", headers={"Accept-Encoding": "gzip"})
            connection.getresponse().read()
            left_s = ends_s - time.monotonic()
            if left_s <= 0:
                return
            time.sleep(min(2.0, left_s))


def _require_alive(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is not None:
        raise NotRunning(f"the program ended with exit code {process.returncode}; what it said stands above")


def _meters_heard(command: list[str]) -> int:
    """How many meters have given a reading, by the program's own word."""
    asked = subprocess.run(
        [*command[:2], "status", *command[2:], "--json"], capture_output=True, text=True, check=False
    )
    status: dict[str, Any] = json.loads(asked.stdout) if asked.returncode == 0 else {}
    return sum(source.get("reading_age_s") is not None for source in status.get("sources", ()))


def _mib(process: Path, key: str, file: str = "status") -> float:
    match = re.search(rf"{key}:\s+(\d+) kB", (process / file).read_text())
    return int(match[1]) / 1024 if match else 0.0
