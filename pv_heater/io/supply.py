"""The supply of this machine: a Raspberry Pi says when its voltage is too low.

Read from the kernel's hwmon, which asks the firmware itself every two seconds and remembers what it heard: the file
answers at once. The older `get_throttled` beside the firmware is not read: the kernel calls it out of date and writes a
warning of its own for whoever does.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from pv_heater.core.model.values import Decision, Forecast, Reading

log = logging.getLogger(__name__)

HWMON = Path("/sys/class/hwmon")
CHIP = "rpi_volt"
"""The kernel's name for what watches the voltage (raspberrypi-hwmon)."""
KEPT_S = 3600.0
"""A dip lasts seconds: it is trouble for so long."""
LOOK_EVERY_S = 2.0
TROUBLE = "the supply of this machine gave less than 4.63 V within the last hour"
TO_DO = "Use a stronger supply and a shorter cable: this machine may hang or spoil its card."


class Supply:
    """Looks at each tick, and when it is asked; says in the log when it begins and when it is over. From any thread."""

    def __init__(self, monotonic_s: Callable[[], float], folder: Path = HWMON) -> None:
        self._monotonic_s = monotonic_s
        self._alarm = _alarm_file(folder)
        self._seen_s: float | None = None
        self._looked_s = -LOOK_EVERY_S
        self._said = False

    def report(self, now: datetime, decision: Decision, reading: Reading | None, forecast: Forecast | None) -> None:
        """A tick has passed."""
        del now, decision, reading, forecast
        if self._alarm is None or self._monotonic_s() - self._looked_s < LOOK_EVERY_S:
            return
        self._looked_s = self._monotonic_s()
        is_low = self.trouble() is not None
        if is_low and not self._said:
            log.warning("%s. %s", TROUBLE, TO_DO)
        elif self._said and not is_low:
            log.info("the supply of this machine has kept its voltage for an hour")
        self._said = is_low

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
        return None if self._seen_s is None or now_s - self._seen_s >= KEPT_S else TROUBLE


def _alarm_file(folder: Path) -> Path | None:
    for name in sorted(folder.glob("hwmon*/name")):
        try:
            if name.read_text(encoding="ascii").strip() == CHIP:
                return name.with_name("in0_lcrit_alarm")
        except (OSError, ValueError):
            continue
    return None
