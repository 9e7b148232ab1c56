"""Which alarms become messages, and when: a table."""

from __future__ import annotations

from collections.abc import Mapping

from pv_heater.core.model.lean import dataclass

GONE_S = 15 * 60.0
"""An alarm that has been absent for this long is over; one that returns earlier counts as the same."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """How one kind of alarm is told."""

    after_s: float = 0.0
    """It must have lasted so long."""
    gone_s: float = GONE_S
    danger: bool = False
    """Told at any hour, and beyond the most messages of an hour."""
    tells_end: bool = True
    by_day: bool = False
    """Told only in the hours of automatic heating: nobody misses the sun at night."""
    usual: bool = True
    """Told unless the settings say otherwise."""


KINDS: Mapping[str, Kind] = {
    "hardware": Kind(danger=True, gone_s=0.0),
    "too_hot": Kind(after_s=60.0, danger=True),  # a probe may say nonsense once; the guard does not wait
    "probe_lost": Kind(after_s=600.0),
    "temperature_lost": Kind(after_s=600.0),
    "unreachable": Kind(after_s=900.0),
    "no_reading": Kind(after_s=900.0, by_day=True),
    "hygiene_overdue": Kind(gone_s=0.0),
    "guarantee_missed": Kind(tells_end=False),
    "forced_long": Kind(tells_end=False, gone_s=0.0),
    "state_not_saved": Kind(),
    "history_not_written": Kind(after_s=600.0),
    "low_voltage": Kind(tells_end=False),
    "grid_lost": Kind(usual=False),
    "soft_fuse": Kind(after_s=900.0, usual=False),
    "inverter": Kind(after_s=900.0, usual=False),
    "clock": Kind(after_s=900.0, usual=False),
    "slow_source": Kind(after_s=900.0, usual=False),
}
"""By the code of the alarm (`pv_heater.status.alarms`)."""
