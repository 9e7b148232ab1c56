"""The real program in a process of its own, on mock pins whose every change is in a log."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import yaml

from tests.waiting import WITHIN_S, Stopwatch, until
from tests.warm_start import PROJECT, WarmProgram, run_warm

CHIP = f"gpiochip{os.getpid()}"
"""Pins nobody else on this machine locks, so that test runs do not meet."""

RELAY, SERVO = f"{CHIP}/17", f"{CHIP}/21"


def settings(folder: Path, url: str, **changes: Any) -> dict[str, Any]:
    """VRM at `url` every second, a servo regulator on mock pins, all day long, no delays."""
    values: dict[str, Any] = {
        "site": {"timezone": "UTC", "battery": {"capacity_wh": 4800, "max_charge_w": 2400}},
        "meter": {"type": "vrm", "base_url": url, "token": "a1" * 32, "installation_id": 123456, "interval_s": 1,
                  "max_requests_per_hour": 10000},
        "limits": {"daylight": {"from": "00:00", "to": "23:59:59"}},
        "strategy": {"type": "balance", "filter_s": 0},
        "loads": [regulator()],
        "gpio": {"factory": "mock", "pin_log": str(folder / "pins.jsonl")},
        "log": {"file": str(folder / "heater.log")},
        "state_dir": str(folder / "state"),
        "guard": False,  # most programs here are killed at the end, and a guard would start `off` behind each
    }  # fmt: skip
    return values | changes


def regulator(**changes: Any) -> dict[str, Any]:
    values: dict[str, Any] = {
        "name": "water_heater",
        "type": "servo_regulator",
        "max_power_w": 2000,
        "start_delay_s": 0,
        "min_off_s": 0,
        "relay": {"pin": RELAY, "active_high": True},
        "servo": {"pin": SERVO, "settle_s": 0.2},
    }
    return values | changes


class Program:
    """Start with `with`; killed at the end if it still runs.

    `cold`: a start as on a Pi, with Python and all imports; else only what comes after them, see `tests.warm_start`.
    """

    def __init__(
        self,
        folder: Path,
        config: Mapping[str, Any],
        *arguments: str,
        environ: Mapping[str, str] | None = None,
        door: str = "main.py",
        cold: bool = False,
    ) -> None:
        self.folder = folder
        self.pin_log = folder / "pins.jsonl"
        path = folder / "config.yaml"
        path.write_text(yaml.safe_dump(dict(config), sort_keys=False))
        self._door, self._arguments, self._cold = door, ["--config", str(path), *arguments], cold
        self._environ = {**os.environ, "PYTHONPATH": str(PROJECT), **(environ or {})}
        self.process: subprocess.Popen[str] | WarmProgram

    def __enter__(self) -> Self:
        if self._cold:
            self.process = subprocess.Popen(
                [sys.executable, self._door, *self._arguments], cwd=PROJECT, env=self._environ, text=True,
                stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            )  # fmt: skip
        else:
            self.process = WarmProgram(
                self._door, self._arguments, folder=PROJECT, environ=self._environ, together=True
            )
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.process.poll() is None:
            self.process.kill()
        output = self.process.communicate()[0]
        if error is not None and output:
            print(output)  # shown by pytest beside the failure

    def pins(self) -> list[dict[str, Any]]:
        """Every change so far."""
        text = self.pin_log.read_text() if self.pin_log.exists() else ""
        return [json.loads(line) for line in text.splitlines() if line.endswith("}")]

    def states(self, pin: str) -> list[float | None]:
        return [change["state"] for change in self.pins() if change["pin"] == pin]

    def contact_closed(self) -> bool:
        return self.states(RELAY)[-1:] == [1.0]

    def wait_for(self, condition: Callable[[], bool], seconds: float, what: str) -> float:
        """Seconds until `condition` holds, `seconds` at most on a quiet machine; see `tests.waiting.until`."""

        def holds() -> bool:
            if condition():
                return True
            assert self.process.poll() is None or condition(), f"{what}: the program has ended\n{self.log()}"
            return False

        return until(holds, what, seconds, more=self.log)

    def wait_until_heating(self, seconds: float = 15.0) -> None:
        """Relay closed, and after that the servo turned up and at rest."""
        self.wait_for(self.contact_closed, seconds, "relay closed")
        self.wait_for(self._is_turned_up, seconds, "servo turned up and at rest")

    def _is_turned_up(self) -> bool:
        changes = [(change["pin"], change["state"]) for change in self.pins()]
        closed = len(changes) - 1 - changes[::-1].index((RELAY, 1.0)) if (RELAY, 1.0) in changes else len(changes)
        moves = [state for pin, state in changes[closed:] if pin == SERVO]
        return self.contact_closed() and len(moves) >= 2 and moves[-1] is None

    def watch(self) -> Stopwatch:
        """Started now: how long the program takes for something, see `tests.waiting.Stopwatch`."""
        return Stopwatch(self.process.pid)

    def opens_after_s(self, watch: Stopwatch, pin: str = RELAY) -> float:
        """How long after the start of `watch` the contact opened, by the stamps that the pins themselves write."""

        def openings() -> list[float]:
            changes = [change for change in self.pins() if change["mono_s"] >= watch.began_s - 0.001]  # milliseconds
            return [change["mono_s"] for change in changes if (change["pin"], change["state"]) == (pin, 0.0)]

        until(openings, f"{pin} open", more=self.log, watch=watch)
        return watch.took_s(openings()[0])

    def ends_after_s(self, watch: Stopwatch) -> float:
        """How long after the start of `watch` the program has come to its end."""
        until(lambda: self.process.poll() is not None, "the program has ended", more=self.log, watch=watch)
        return watch.took_s()

    def stop(self, number: signal.Signals = signal.SIGTERM) -> int:
        self.process.send_signal(number)
        return self.process.wait(WITHIN_S)

    def log(self) -> str:
        path = self.folder / "heater.log"
        return path.read_text() if path.exists() else ""


def run_once(
    folder: Path, config: Mapping[str, Any], *arguments: str, cold: bool = False
) -> subprocess.CompletedProcess[str]:
    """Run a command to its end; `cold` as in `Program`."""
    path = folder / "config.yaml"
    path.write_text(yaml.safe_dump(dict(config), sort_keys=False))
    words = [*arguments, "--config", str(path)]
    if not cold:
        return run_warm(words)
    return subprocess.run(
        [sys.executable, "main.py", *words], cwd=PROJECT, capture_output=True, text=True, timeout=2 * WITHIN_S
    )
