"""What is expected of a display."""

from __future__ import annotations

from typing import Protocol

from pv_heater.core.types import Force
from pv_heater.report import Status


class Display(Protocol):
    """A small display, perhaps with buttons. One thread of its own talks to it, and may wait for it."""

    @property
    def interval_s(self) -> float:
        """Seconds from one turn to the next."""
        ...

    def turn(self, status: Status | None, at_s: float) -> tuple[Force, ...]:
        """Show the newest tick, and tell what was pressed; `at_s` is monotonic.

        `status` is None before the first tick and while no new one comes: what was true then may not be true now, so
        it is not shown, and nothing is pressed. Raises SourceError, HardwareError.
        """
        ...

    def close(self) -> None:
        """Go dark and let go of the wires. May be repeated. Raises SourceError, HardwareError."""
        ...
