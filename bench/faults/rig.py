"""The real program in a folder of its own, on mock pins whose every change has its moment, and what is asked of it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

from bench.faults.warm import WarmProcess, WarmStart
from bench.stopwatch import Stopwatch
from pv_heater.errors import NotRunning, PvHeaterError
from pv_heater.io.system.control_client import ask
from pv_heater.io.system.control_socket import SOCKET_NAME

PROJECT = Path(__file__).resolve().parents[2]
STARTS_WITHIN_S = 120.0
LOOK_S = 0.02
SERVO_ZERO = 0.0005 / 0.02
WARM: list[WarmStart] = []
"""What starts programs quickly, in processes that have one; else each start is a cold one."""


class Missed(Exception):
    """What was waited for did not come."""


@dataclass(kw_only=True)
class Rig:
    """A home with its program. What stands around it is in `peers`."""

    folder: Path
    random: Random
    settings: dict[str, Any] = field(default_factory=dict)
    peers: dict[str, Any] = field(default_factory=dict)
    ends: ExitStack = field(default_factory=ExitStack)
    environ: dict[str, str] = field(default_factory=dict)
    door: dict[str, Any] = field(default_factory=dict)
    before: Sequence[str] = ()
    """Words in front of the program, such as those of `unshare`."""
    stdout: Any = subprocess.DEVNULL
    relays: tuple[str, ...] = ()
    others_on: Callable[[], bool] = lambda: False
    """Whether a device without a pin heats."""
    process: subprocess.Popen[bytes] | WarmProcess | None = None
    speed: float = 1.0
    watch: Stopwatch | None = None
    moment_s: float | None = None
    """When the fault began, on the real monotonic clock, where that is later than the begin of what brings it about."""
    _changes: list[Mapping[str, Any]] = field(default_factory=list)
    _levels: dict[str, float] = field(default_factory=dict)
    _read_bytes: int = 0
    _reading: threading.Lock = field(default_factory=threading.Lock)

    # The program

    @property
    def config(self) -> Path:
        """Its settings file."""
        return self.folder / "config.yaml"

    @property
    def state(self) -> Path:
        """Its state folder."""
        return Path(self.settings["state_dir"])

    @property
    def pid(self) -> int:
        """Its number."""
        assert self.process is not None
        return self.process.pid

    def write(self) -> None:
        """The settings file, as `settings` are now. JSON is YAML too."""
        self.config.write_text(json.dumps(self.settings))

    def start(self) -> None:
        """Returns at once."""
        if not self.config.exists():
            self.write()
        environ = {**os.environ, "PYTHONPATH": str(PROJECT), **self.environ, "FAULTS_DOOR": json.dumps(self.door)}
        words = ["--config", str(self.config)]
        # What a copy has imported is bound to the real clock already.
        own_clock = self.speed != 1.0 or bool({"wall", "synchronised"} & self.door.keys())
        if WARM and not own_clock and not self.before and self.stdout == subprocess.DEVNULL:
            self.process = WARM[0].start(words, environ, str(PROJECT))
            return
        door = ["-m", "bench.faults.door"] if self.door else ["main.py"]
        self.process = subprocess.Popen(
            [*self.before, sys.executable, *door, *words], cwd=PROJECT, env=environ, stdout=self.stdout,
            stderr=subprocess.DEVNULL, start_new_session=True,
        )  # fmt: skip

    def signal(self, number: signal.Signals) -> None:
        """To the program."""
        assert self.process is not None
        self.process.send_signal(number)

    def runs(self) -> bool:
        """Whether it has not ended."""
        return self.process is not None and self.process.poll() is None

    def ended(self, within_s: float = 60.0) -> int:
        """Wait for its end; its exit code."""
        assert self.process is not None
        try:
            return self.process.wait(within_s)
        except subprocess.TimeoutExpired:
            raise Missed(f"it did not end within {within_s:g} s") from None

    def close(self) -> None:
        """Nothing is left running."""
        if self.process is not None:
            with suppress(ProcessLookupError):
                os.killpg(self.process.pid, signal.SIGCONT)
                os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()
        self.ends.close()

    def command(self, *words: str, environ: Mapping[str, str] | None = None) -> subprocess.CompletedProcess[str]:
        """main.py with these words, to its end; a hurried program's commands go by the same clock."""
        door, with_door = ["main.py"], dict(environ or {})
        if self.speed != 1.0:
            door = ["-m", "bench.faults.door"]
            with_door["FAULTS_DOOR"] = json.dumps({key: self.door[key] for key in ("speed", "began")})
        command = [sys.executable, *door, *words, "--config", str(self.config)]
        with subprocess.Popen(
            command, cwd=PROJECT, env={**os.environ, "PYTHONPATH": str(PROJECT), **with_door}, text=True,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        ) as process:  # fmt: skip
            out, err = self._heard_to_the_end(process)
        return subprocess.CompletedProcess(command, process.returncode, out, err)

    def _heard_to_the_end(self, process: subprocess.Popen[str]) -> tuple[str, str]:
        """What it prints. A watch takes off what it queues for the processor, as for the program itself."""
        if self.watch is not None:
            self.watch.also(process.pid)
        began_s = time.monotonic()
        while True:
            try:
                return process.communicate(timeout=LOOK_S)
            except subprocess.TimeoutExpired:
                if time.monotonic() - began_s > STARTS_WITHIN_S:
                    process.kill()
                    raise Missed(f"a command did not end within {STARTS_WITHIN_S:g} s") from None
                if self.watch is not None:
                    self.watch.look()

    def off(self) -> None:
        """What systemd runs after every end: `ExecStopPost`."""
        self.command("off", environ={"STATE_DIRECTORY": str(self.state)})

    def ask(self, **request: Any) -> Mapping[str, Any]:
        """Over the control socket. Raises NotRunning."""
        return ask(self.state / SOCKET_NAME, request, believe=lambda _: True)

    def clear(self) -> None:
        """What an owner says after a fault."""
        for load in self.settings["loads"]:
            self.ask(command="clear", load=load["name"])

    def today(self) -> Mapping[str, Any]:
        """The day's counts; empty where nobody answers."""
        with suppress(NotRunning, KeyError, TypeError, PvHeaterError, OSError):
            found: Mapping[str, Any] = self.ask(command="status")["status"]["decision"]["today"]
            return found
        return {}

    def log(self) -> str:
        """Its log file."""
        try:
            return Path(self.settings["log"]["file"]).read_text(errors="replace")
        except OSError:
            return ""

    # Its outputs

    def changes(self) -> Sequence[Mapping[str, Any]]:
        """Every change of a pin so far. Only what is new is read: a life may be long."""
        with self._reading, suppress(FileNotFoundError), (self.folder / "pins.jsonl").open("rb") as file:
            file.seek(self._read_bytes)
            whole, newline, _ = file.read().rpartition(b"\n")
            self._read_bytes += len(whole) + len(newline)
            for line in whole.splitlines():
                change = json.loads(line)
                self._changes.append(change)
                if change["state"] is not None or change["pin"] in self.relays:
                    self._levels[change["pin"]] = change["state"] or 0.0
        return self._changes

    def levels(self) -> Mapping[str, float]:
        """What each pin was last set to: a relay 0 or 1, a servo its duty."""
        self.changes()
        return self._levels

    def closed(self) -> bool:
        """Whether a contact is closed now."""
        levels = self.levels()
        return any(levels.get(pin) == 1.0 for pin in self.relays)

    def on(self) -> bool:
        """Whether anything heats."""
        return self.closed() or self.others_on()

    def program_s(self, real_s: float) -> float:
        """The program's own second at a real one, both monotonic."""
        if self.speed == 1.0:
            return real_s
        began_s: float = self.door["began"][0]
        return began_s + self.speed * (real_s - began_s)

    # Waiting

    def until(self, holds: Callable[[], Any], within_s: float, what: str, *, alive: bool = False) -> float:
        """Real seconds until that. Raises Missed."""
        began_s = time.monotonic()
        while not holds():
            if self.watch is not None:
                self.watch.look()
            if alive and not self.runs():
                raise Missed(f"{what}: the program has ended")
            if time.monotonic() - began_s > within_s:
                raise Missed(f"not within {within_s:.0f} s: {what}")
            time.sleep(LOOK_S)
        return time.monotonic() - began_s

    def heat(self, within_s: float = STARTS_WITHIN_S) -> float:
        """Wait until it heats, and its knob rests."""
        took_s = self.until(self.on, within_s, "it heats", alive=True)
        time.sleep(1.0)
        return took_s

    def opened_after_s(self, began_s: float, within_s: float) -> float:
        """Until everything is off, by the pins' own stamps where only pins heat; the program's seconds. Raises Missed.

        `began_s` is of the real monotonic clock.
        """
        self.until(lambda: not self.on(), within_s / self.speed, "off")
        took_s = time.monotonic() - began_s
        changes = self.changes()
        began_s = self.program_s(began_s)
        stamps = [
            change["mono_s"]
            for change in changes
            if change["pin"] in self.relays and change["state"] == 0.0 and change["mono_s"] > began_s - 0.002
        ]
        return max(0.0, stamps[-1] - began_s) if stamps else took_s * self.speed
