"""Where pins come from: lgpio, RPi.GPIO, or thin air; as the settings say, never by a silent fallback.

gpiozero and what it stands on are imported when a board is opened, by `lgpio`, `rpigpio` and `mock`.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol

from pv_heater.core.settings.pins import PinName
from pv_heater.errors import HardwareError


class Board(Protocol):
    """Where pins come from: lgpio, RPi.GPIO, or thin air."""

    def pin(self, name: PinName, *, pulses_only: bool) -> Any:
        """A gpiozero pin, not yet an output."""
        ...

    def close(self) -> None:
        """Give everything back."""
        ...


def open_board(factory: str, pin_log: Path | None, monotonic_s: Callable[[], float]) -> Board:
    """The board that `factory` names: auto (lgpio, then rpigpio), lgpio, rpigpio or mock. Raises HardwareError."""
    if factory == "mock":
        from pv_heater.io.gpio.mock import MockBoard

        with AsHardwareError("mock pins"):
            return MockBoard(pin_log, monotonic_s)
    openers = {"lgpio": _open_lgpio, "rpigpio": _open_rpigpio}
    if factory not in ("auto", *openers):
        raise HardwareError(f"gpio.factory must be auto, lgpio, rpigpio or mock, not {factory!r}")
    failures = []
    for word in openers if factory == "auto" else [factory]:
        try:
            with AsHardwareError(word):
                return openers[word]()
        except HardwareError as error:
            failures.append(str(error))
    raise HardwareError(
        f"No GPIO on this machine: {'; '.join(failures)}. A Raspberry Pi 5 needs lgpio (docs/install.md); "
        f"to try without hardware set gpio.factory: mock or dry_run: true."
    )


def _open_lgpio() -> Board:
    # lgpio puts a pipe of its own into the working folder when it is imported, which a service may not write.
    os.environ.setdefault("LG_WD", tempfile.gettempdir())
    from pv_heater.io.gpio.lgpio import LgpioBoard

    return LgpioBoard()


def _open_rpigpio() -> Board:
    from pv_heater.io.gpio.rpigpio import RpigpioBoard

    return RpigpioBoard()


class AsHardwareError:
    """A context: whatever the pin libraries raise in it becomes a HardwareError that says which pin.

    Made once for each line, since every pin is written in every tick.
    """

    def __init__(self, where: str) -> None:
        self.where = where

    def __enter__(self) -> None:
        """Nothing has gone wrong yet."""

    def __exit__(self, _kind: object, error: BaseException | None, _trace: object) -> None:
        # gpiozero, lgpio and RPi.GPIO raise errors of no common kind
        if isinstance(error, Exception) and not isinstance(error, HardwareError):
            text = str(error).strip("'\"") or type(error).__name__
            hint = "; another program uses it" if "busy" in text.lower() else ""
            raise HardwareError(f"{self.where}: {text}{hint}") from error
