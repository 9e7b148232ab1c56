"""What all who tell of a home share: its newest document, what its loads are called elsewhere, and their totals."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from pv_heater.core.model.lean import dataclass
from pv_heater.status.home import Home
from pv_heater.status.newest import NewestDocument
from pv_heater.telemetry.identities import identities_of, vanished
from pv_heater.telemetry.totals import EnergyTotals


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """One for a program: two that count would both save their totals."""

    home: Home
    document: NewestDocument
    identities: Mapping[str, str]
    """By what identity other systems know each load; by its name."""
    vanished: Sequence[str]
    """Identities of loads that there are no more."""
    totals: EnergyTotals
    monotonic_s: Callable[[], float]


def told_of(
    home: Home,
    document: NewestDocument,
    folder: Path,
    kept: Callable[[], Mapping[str, Any] | None],
    monotonic_s: Callable[[], float],
) -> Told:
    """`document` is that of `home`, `folder` the state folder, `kept` the day's counts that are on the disk.

    `monotonic_s` are real seconds.
    """
    identities = identities_of(home, folder)
    return Told(
        home=home,
        document=document,
        identities=identities,
        vanished=vanished(folder, identities),
        totals=EnergyTotals(folder, identities, kept, monotonic_s),
        monotonic_s=monotonic_s,
    )
