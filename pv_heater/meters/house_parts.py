"""Several devices that each see a part of one house, put together. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from pv_heater.io.complaints import Complain
from pv_heater.meters.charger_words import hardest
from pv_heater.meters.plausible import total


@dataclass(frozen=True, slots=True, kw_only=True)
class HousePart:
    """What one device says. `tells` names what it measures, also where the value itself was left out as impossible."""

    tells: frozenset[str] = frozenset()
    serial_number: str | None = None
    pv_w: float | None = None
    pv_throttled: bool | None = None
    charger_state: str | None = None
    consumption_w: float | None = None
    grid_w: float | None = None
    battery_w: float | None = None
    battery_v: float | None = None
    battery_soc_percent: float | None = None
    load_w: Mapping[str, float] = field(default_factory=dict)


def house_of(parts: Sequence[HousePart], lost: Sequence[HousePart | None], complain: Complain) -> HousePart:
    """The house that the `parts` show.

    `lost` are the last words of devices that are silent now, None for one that never spoke. A sum that may lack one of
    them is no sum: half the PV would look like a cloud or like throttling.
    """
    parts = _once_each(parts, complain)
    monitors = [part for part in parts if "battery_w" in part.tells]
    if len(monitors) > 1:
        complain("serial: two devices say they measure the battery; the first in the list is believed")
    monitor = monitors[0] if monitors else HousePart()
    # A tracker sees the battery's voltage too, at the far end of its cables.
    voltages = (part.battery_v for part in (monitor, *parts))
    return HousePart(
        pv_w=_sum("pv_w", parts, lost),
        pv_throttled=_any_throttled(parts, lost),
        charger_state=hardest(part.charger_state for part in parts),
        consumption_w=_sum("consumption_w", parts, lost),
        grid_w=_sum("grid_w", parts, lost),
        battery_w=monitor.battery_w,
        battery_v=next((voltage_v for voltage_v in voltages if voltage_v is not None), None),
        battery_soc_percent=monitor.battery_soc_percent,
        load_w={name: power_w for part in parts for name, power_w in part.load_w.items()},
    )


def _once_each(parts: Sequence[HousePart], complain: Complain) -> list[HousePart]:
    """Without a device that is wired to two ports."""
    kept: list[HousePart] = []
    for part in parts:
        if part.serial_number is not None and part.serial_number in {other.serial_number for other in kept}:
            complain("serial: two ports show the same device (equal SER#); it is counted once")
        else:
            kept.append(part)
    return kept


def _sum(quantity: str, parts: Sequence[HousePart], lost: Sequence[HousePart | None]) -> float | None:
    values = [getattr(part, quantity) for part in parts if quantity in part.tells]
    return None if None in values or _may_lack(quantity, lost) else total(values)


def _any_throttled(parts: Sequence[HousePart], lost: Sequence[HousePart | None]) -> bool | None:
    """One tracker that is held back is enough to know; that none is takes all of them. One that is off says nothing."""
    known = {part.pv_throttled for part in parts}
    if True in known:
        return True
    return False if False in known and not _may_lack("pv_w", lost) else None


def _may_lack(quantity: str, lost: Sequence[HousePart | None]) -> bool:
    return any(part is None or quantity in part.tells for part in lost)
