"""What goes wrong between a home and its meter, as values on a time line.

Seconds count from the beginning of the simulation; a fault holds from `from_s` until `to_s`, that second excluded.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import inf
from typing import TypeVar

from pv_heater.core.model.lean import dataclass

DEVICES = ("vebus", "grid", "battery", "charger_1", "charger_2", "dc")
"""The drivers of a GX device: the inverter, the grid meter, the battery's monitor, two solar chargers, a meter of DC
loads."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """Something that holds for a while."""

    from_s: float
    to_s: float = inf

    def holds(self, second: float) -> bool:
        """Whether it holds at that second."""
        return self.from_s <= second < self.to_s


@dataclass(frozen=True, slots=True, kw_only=True)
class OfDevice(Fault):
    """A fault of one of `DEVICES`; raises ValueError for another name."""

    device: str

    def __post_init__(self) -> None:
        if self.device not in DEVICES:
            raise ValueError(f"the device must be one of {', '.join(DEVICES)}, not {self.device!r}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Lost(OfDevice):
    """The driver is gone, and with it all that it told."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Moved(Lost):
    """The same, and afterwards the device is there at another address: a new one, or a GX device that started anew."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Hung(OfDevice):
    """The driver repeats what it told last."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Contradicts(OfDevice):
    """Its powers are `times` the true ones, and `plus_w` more."""

    times: float = 1.0
    plus_w: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class SystemRestart(Fault):
    """The calculation starts anew: it is away until `to_s`, and then knows no inverter for `incomplete_s`."""

    incomplete_s: float = 2.0


@dataclass(frozen=True, slots=True, kw_only=True)
class BrokerSilent(Fault):
    """Nothing comes; afterwards all of it comes within `burst_s`, as if it were new."""

    burst_s: float = 2.0


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownCharge(Fault):
    """The battery's monitor shows this state of charge, whatever it is; None is unknown."""

    percent: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class OneSample(Fault):
    """Each reading in this time has this power in `field`: a counter that overflowed, a bit that tipped."""

    field: str
    power_w: float


F = TypeVar("F", bound=Fault)


def in_force(faults: Sequence[Fault], kind: type[F], second: float) -> F | None:
    """The first of `kind` that holds at that second."""
    return next((fault for fault in faults if isinstance(fault, kind) and fault.holds(second)), None)


def of_device(faults: Sequence[Fault], kind: type[OfDevice], device: str, second: float) -> OfDevice | None:
    """The same, of one device."""
    return next(
        (fault for fault in faults if isinstance(fault, kind) and fault.device == device and fault.holds(second)), None
    )
