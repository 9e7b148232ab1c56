"""What the running program takes: start-up, memory, processor. The real process against a portal on loopback."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from pv_heater.bench.home import home_settings

MAIN = Path(__file__).resolve().parent.parent.parent / "main.py"
FIRST_DECISION_TIMEOUT_S = 120.0
"""Generous: an ARMv6 Pi needs many seconds to import anything."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Footprint:
    """Figures of one run on this machine."""

    first_decision_s: float
    """From the start of the process to its first applied tick."""
    resident_mib: float
    peak_mib: float
    cpu_percent: float
    """Of one core, after the start."""
    watched_s: float

    def as_lines(self) -> list[str]:
        """For people."""
        return [
            f"start to first decision: {self.first_decision_s:.2f} s",
            f"resident memory after {self.watched_s:.0f} s: {self.resident_mib:.1f} MiB (peak {self.peak_mib:.1f} MiB)",
            f"processor: {self.cpu_percent:.1f} % of a core",
        ]


def measure(watch_s: float) -> Footprint:
    """Run the program for `watch_s` seconds with VRM every second and mock pins."""
    with TemporaryDirectory() as folder, socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(f"{folder}/notify")
        manager.settimeout(FIRST_DECISION_TIMEOUT_S)
        server = ThreadingHTTPServer(("127.0.0.1", 0), _Portal)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        config = Path(folder) / "config.yaml"
        config.write_text(json.dumps(_settings(folder, server.server_port)))  # JSON is YAML too
        environ = {**os.environ, "NOTIFY_SOCKET": f"{folder}/notify"}
        started_s = time.monotonic()
        command = [sys.executable, str(MAIN), "--config", str(config)]
        with subprocess.Popen(command, env=environ, stdout=subprocess.DEVNULL) as process:
            try:
                manager.recv(1000)
                first_s = time.monotonic() - started_s
                busy_s = _cpu_s(process.pid)
                time.sleep(watch_s)
                busy_s = _cpu_s(process.pid) - busy_s
                status = Path(f"/proc/{process.pid}/status").read_text()
            finally:
                process.send_signal(signal.SIGTERM)
        server.shutdown()
        server.server_close()
    return Footprint(
        first_decision_s=first_s,
        resident_mib=_mib(status, "VmRSS"),
        peak_mib=_mib(status, "VmHWM"),
        cpu_percent=100 * busy_s / watch_s,
        watched_s=watch_s,
    )


def _settings(folder: str, port: int) -> dict[str, Any]:
    meter = {
        "type": "vrm",
        "base_url": f"http://127.0.0.1:{port}/v2",
        "token": "a" * 64,
        "installation_id": 1,
        "interval_s": 1,
        "max_requests_per_hour": 10_000,
    }
    return {**home_settings(folder), "meter": meter}


class _Portal(BaseHTTPRequestHandler):
    """A page of diagnostics as large as a usual site's."""

    VALUES = (("bs", 97), ("bv", 52.1), ("bc", 1.5), ("bp", 78), ("a1", 500), ("g1", 0), ("Pdc", 3000))
    OTHERS = 300
    """Records of no interest here, as every site has."""

    def do_GET(self) -> None:
        """Answer everything with diagnostics."""
        units = {"bs": "%.1F %%", "bv": "%.2F V", "bc": "%.2F A"}
        records = [
            {"code": code, "rawValue": value, "instance": 0, "Device": "System overview", "timestamp": time.time(),
             "dbusServiceType": "system", "formatWithUnit": units.get(code, "%.0F W"), "formattedValue": "x"}
            for code, value in (*self.VALUES, *((f"x{number}", number) for number in range(self.OTHERS)))
        ]  # fmt: skip
        body = json.dumps({"success": True, "records": records, "num_records": len(records)}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        """No line for each request."""


def _cpu_s(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _mib(status: str, key: str) -> float:
    match = re.search(rf"{key}:\s+(\d+) kB", status)
    return int(match[1]) / 1024 if match else 0.0
