"""The supply of this machine: a Raspberry Pi says when its voltage is too low."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

HWMON = Path("/sys/class/hwmon")
CHIP = "rpi_volt"
"""The kernel's name for what watches the voltage (raspberrypi-hwmon)."""
KEPT_S = 3600.0
"""A dip lasts seconds: it is trouble for so long."""


class Supply:
    """Looks when it is asked; a file of the kernel's, which answers at once. From any thread."""

    def __init__(self, monotonic_s: Callable[[], float], folder: Path = HWMON) -> None:
        self._monotonic_s = monotonic_s
        self._alarm = _alarm_file(folder)
        self._seen_s: float | None = None

    def trouble(self) -> str | None:
        """A sentence for an hour after the voltage was too low; None else, and where this machine does not tell."""
        if self._alarm is None:
            return None
        now_s = self._monotonic_s()
        try:
            if self._alarm.read_bytes().strip() == b"1":
                self._seen_s = now_s
        except OSError:
            return None
        if self._seen_s is None or now_s - self._seen_s >= KEPT_S:
            return None
        return "the supply of this machine gave less than 4.63 V within the last hour"


def _alarm_file(folder: Path) -> Path | None:
    for name in sorted(folder.glob("hwmon*/name")):
        try:
            if name.read_text(encoding="ascii").strip() == CHIP:
                return name.with_name("in0_lcrit_alarm")
        except (OSError, ValueError):
            continue
    return None
