"""What the running program takes: start-up, memory, processor. The real process against peers on loopback, its page
asked every 2 s as by a browser.

The figures are the kernel's own, out of the process's folder in /proc.
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
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from bench.cost.footprint_homes import HOMES
from pv_heater.errors import NotRunning

MAIN = Path(__file__).resolve().parents[2] / "main.py"
FIRST_DECISION_TIMEOUT_S = 120.0
"""Generous: an ARMv6 Pi needs many seconds to import anything."""
LOG_NAME = "heater.log"
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
    peak_mib: float
    cpu_percent: float
    """Of one core, after the start."""
    watched_s: float
    meters_heard: int
    """That gave a reading within this time."""

    def as_lines(self) -> list[str]:
        """For people."""
        return [
            f"{self.home}: start to first decision {self.first_decision_s:.2f} s, {self.meters_heard} "
            f"{'meter' if self.meters_heard == 1 else 'meters'} heard",
            f"  resident memory after {self.watched_s:.0f} s: {self.resident_mib:.1f} MiB "
            f"(peak {self.peak_mib:.1f} MiB)",
            f"  processor: {self.cpu_percent:.1f} % of a core",
        ]


def measure(watch_s: float, home: str = "VRM every second") -> Footprint:
    """Run the program for `watch_s` seconds in one of ``HOMES``, on mock pins. Raises NotRunning without a broker."""
    with TemporaryDirectory() as folder, socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(f"{folder}/notify")
        manager.settimeout(1.0)
        config = Path(folder) / "config.yaml"
        with HOMES[home](folder) as settings:
            config.write_text(json.dumps(settings))  # JSON is YAML too
            return _watched(config, manager, watch_s, home)


def resident_mib(process: Path) -> float:
    """Memory that it has in RAM."""
    return _mib(process, "VmRSS")


def peak_mib(process: Path) -> float:
    """The most that it ever had."""
    return _mib(process, "VmHWM")


def busy_s(process: Path) -> float:
    """Processor time that it took so far, its children's not counted."""
    fields = (process / "stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def open_files(process: Path) -> int:
    """Files, sockets and pipes."""
    return len(list((process / "fd").iterdir()))


def _watched(config: Path, manager: socket.socket, watch_s: float, home: str) -> Footprint:
    environ = {**os.environ, "NOTIFY_SOCKET": str(manager.getsockname())}
    started_s = time.monotonic()
    command = [sys.executable, str(MAIN), "--config", str(config)]
    with subprocess.Popen(command, env=environ, stdout=subprocess.DEVNULL) as process:
        figures = Path(f"/proc/{process.pid}")
        try:
            _await_decision(manager, process)
            first_s = time.monotonic() - started_s
            time.sleep(_SETTLE_S)
            address = page_address(config.parent / LOG_NAME)
            _look_at_the_page(address, 0.0)  # what it takes to answer is there when the watch begins
            before_s = busy_s(figures)
            _look_at_the_page(address, watch_s)
            _require_alive(process)
            return Footprint(
                home=home,
                first_decision_s=first_s,
                resident_mib=resident_mib(figures),
                peak_mib=peak_mib(figures),
                cpu_percent=100 * (busy_s(figures) - before_s) / watch_s,
                watched_s=watch_s,
                meters_heard=_meters_heard(command),
            )
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
    found = re.search(r"the page is at http://([^/]+)/", log.read_text()) if log.exists() else None
    return None if found is None else found[1]


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


def _mib(process: Path, key: str) -> float:
    match = re.search(rf"{key}:\s+(\d+) kB", (process / "status").read_text())
    return int(match[1]) / 1024 if match else 0.0
