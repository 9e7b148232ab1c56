"""What the state folder holds at a start."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from pathlib import Path

from bench.faults.fault import Act, Back, Expect, Fault
from bench.faults.groups.acts import STOP_S, STOP_SUM
from bench.faults.rig import Rig

_STATE, _HISTORY, _PINS = "state.json", "history.db", "pins.json"
_NOBODY = 65534


def _lived(then: Callable[[Path], None]) -> Act:
    """It has lived and stopped; then that is done to its folder."""

    def does(rig: Rig) -> None:
        rig.start()
        rig.heat()
        rig.until(lambda: (rig.state / _STATE).exists(), 60, "its state is saved")
        rig.signal(signal.SIGTERM)
        rig.ended()
        then(rig.state)

    return does


def _lived_and_restarted(then: Callable[[Path], None]) -> Act:
    """The same, and it has started again and heats."""

    def does(rig: Rig) -> None:
        rig.signal(signal.SIGTERM)
        rig.ended()
        then(rig.state)
        rig.start()
        rig.heat()

    return does


def _holds(name: str, content: bytes) -> Callable[[Path], None]:
    def then(state: Path) -> None:
        (state / name).write_bytes(content)

    return then


def _half(name: str) -> Callable[[Path], None]:
    def then(state: Path) -> None:
        content = (state / name).read_bytes()
        (state / name).write_bytes(content[: len(content) // 2])

    return then


def _gone(name: str) -> Callable[[Path], None]:
    return lambda state: (state / name).unlink(missing_ok=True)


def _of_another(name: str) -> Callable[[Path], None]:
    def then(state: Path) -> None:
        os.chown(state / name, _NOBODY, _NOBODY)
        (state / name).chmod(0o600)

    return then


def _folder(name: str) -> Callable[[Path], None]:
    def then(state: Path) -> None:
        (state / name).unlink(missing_ok=True)
        (state / name).mkdir()

    return then


def _fault(what: str, then: Callable[[Path], None]) -> Fault:
    """A state that cannot be used: nobody knows whether it held a fault."""
    return Fault(name=f"the saved state {what}", home="vrm", does=_lived(then), expects=Expect.NEVER, back=Back.CLEAR,
                 bound_s=0, sum="no contact closes", says="starts in fault")  # fmt: skip


def _harmless(what: str, then: Callable[[Path], None], **more: bool) -> Fault:
    return Fault(name=what, home="vrm", does=_lived_and_restarted(then), expects=Expect.STAYS, back=Back.NEVER_LEFT,
                 bound_s=STOP_S, sum=STOP_SUM, hold_s=4, **more)  # type: ignore[arg-type]  # fmt: skip


_DEEP = b"[" * 200_000
_HOSTILE = b'{"schema": 1, "loads": {"water_heater": {"phase": "heating", "closings": -5, "fault": 7}}, "faults": []}'

FAULTS: tuple[Fault, ...] = (
    _fault("is empty", _holds(_STATE, b"")),
    _fault("is cut in half", _half(_STATE)),
    _fault("is all zeros", _holds(_STATE, b"\0" * 4096)),
    _fault("is rubbish", _holds(_STATE, bytes(range(256)) * 16)),
    _fault("is nested without end", _holds(_STATE, _DEEP)),
    _fault("has no schema that exists", _holds(_STATE, b'{"schema": -1, "loads": {}}')),
    _fault("is a list", _holds(_STATE, b"[1, 2, 3]")),
    _fault("is a folder", _folder(_STATE)),
    _harmless("the saved state is missing, as at the first start", _gone(_STATE)),
    _harmless("the saved state has another owner", _of_another(_STATE), root=True),
    _harmless("the history is missing", _gone(_HISTORY)),
    _harmless("the history is empty", _holds(_HISTORY, b"")),
    _harmless("the history is cut in half", _half(_HISTORY)),
    _harmless("the history is all zeros", _holds(_HISTORY, b"\0" * 65536)),
    _harmless("the history is rubbish", _holds(_HISTORY, bytes(range(256)) * 256)),
    _harmless("the history's log is rubbish", _holds(f"{_HISTORY}-wal", bytes(range(256)) * 256)),
    _harmless("the history is a folder", _folder(_HISTORY)),
    _harmless("the list of pins is rubbish", _holds(_PINS, b"\xff{")),
    _harmless("the list of pins is missing", _gone(_PINS)),
)
