"""The real program with a clock or a bug that the bench steers from outside, by files. Run in place of main.py.

`FAULTS_DOOR` is JSON. `speed` and `began` hurry the program's own clock, `paced` also what reads meters, `wall` names a
file whose number is added to its wall time, `synchronised` is what the kernel says of network time. `bugs` names
methods ("module:Class.name"), and for each a file that says what happens in them once it is there: raise, hang, spin,
memory, or exit of that thread. `threads` names a file with the name of a thread to end, `planted` a bug of
`bench.torture.planted`.
"""

from __future__ import annotations

import ctypes
import json
import os
import sys
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from importlib import import_module
from pathlib import Path
from typing import Any


def main() -> None:
    """Start it."""
    asked = json.loads(os.environ.pop("FAULTS_DOOR", "{}"))
    _hurry(float(asked.get("speed", 1.0)), asked.get("began"), asked.get("wall"), asked.get("synchronised"))
    for place, file in asked.get("bugs", {}).items():
        _plant(place, Path(file))
    if asked.get("paced"):
        _pace_workers(float(asked["speed"]))
    if "planted" in asked:
        from bench.torture.planted import PLANTED

        PLANTED[asked["planted"]].plant()
    if "threads" in asked:
        threading.Thread(target=_end_threads, args=(Path(asked["threads"]),), name="bench", daemon=True).start()
    sys.argv[0] = "main.py"
    if sys.argv[1:2] == ["off"]:
        from pv_heater.commands.off import main as off

        sys.exit(off(sys.argv[2:]))
    from pv_heater.cli.door import main as program

    program()


def _hurry(speed: float, began: list[float] | None, wall: str | None, synchronised: bool | None) -> None:
    """The program's clock: `speed` times the real one from `began` (monotonic, Unix) on, wall time moved by a file."""
    from pv_heater.io.system import clock

    if synchronised is not None:
        clock.network_time_synchronised = lambda: synchronised
    if wall is None and speed == 1.0:
        return
    real, wait = clock.SystemClock, clock.SystemClock.wait_until
    mono_s, unix_s = began or (time.monotonic(), time.time())
    moved = Path(wall or "/nonexistent")

    class Hurried(real):  # type: ignore[misc, valid-type]
        def monotonic_s(self) -> float:
            return mono_s + speed * (time.monotonic() - mono_s)

        def now(self) -> datetime:
            return datetime.fromtimestamp(unix_s, UTC) + timedelta(seconds=self.monotonic_s() - mono_s + _number(moved))

        def wait_until(self, monotonic_s: float) -> None:
            wait(self, time.monotonic() + max(0.0, (monotonic_s - self.monotonic_s()) / speed))

    clock.SystemClock = Hurried  # type: ignore[misc]
    from pv_heater.io.system import watchdog

    made = watchdog.Watchdog.__init__
    if speed != 1.0:  # its thread looks in real seconds

        def in_real_time(self: Any, loads: Any, monotonic_s: Any, *more: Any, **named: Any) -> None:
            del monotonic_s
            made(self, loads, time.monotonic, *more, **named)

        watchdog.Watchdog.__init__ = in_real_time  # type: ignore[method-assign]


def _pace_workers(speed: float) -> None:
    """What reads meters and probes waits by the hurried clock too."""
    from pv_heater.io.system.worker import Worker

    real = Worker.poll_once
    Worker.poll_once = lambda self: real(self) / speed  # type: ignore[method-assign]


def _number(file: Path) -> float:
    try:
        return float(file.read_text())
    except (OSError, ValueError):
        return 0.0


def _plant(place: str, file: Path) -> None:
    module, _, path = place.partition(":")
    owner: Any = import_module(module)
    *classes, name = path.split(".")
    for each in classes:
        owner = getattr(owner, each)
    sound = getattr(owner, name)

    def bugged(*given: Any, **named: Any) -> Any:
        if file.exists():
            _break(file.read_text().strip())
        return sound(*given, **named)

    setattr(owner, name, bugged)


def _break(how: str) -> None:
    if how == "hang":
        time.sleep(1e6)
    elif how == "spin":
        while True:
            pass
    elif how == "memory":
        raise MemoryError
    elif how == "exit":
        raise SystemExit
    elif how:
        raise RuntimeError("a bug of the bench")


def _end_threads(file: Path) -> None:
    """Ends the thread that the file names, wherever it is: it never comes back from there."""
    raise_in: Callable[..., int] = ctypes.pythonapi.PyThreadState_SetAsyncExc
    while True:
        time.sleep(0.05)
        if file.exists():
            wanted = file.read_text().strip()
            for thread in threading.enumerate():
                if wanted and thread.name.startswith(wanted) and thread.ident is not None:
                    raise_in(ctypes.c_ulong(thread.ident), ctypes.py_object(SystemExit))


if __name__ == "__main__":
    main()
