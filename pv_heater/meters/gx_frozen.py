"""Chargers, inverters, grid meters and battery monitors whose driver on the GX device hangs. Pure, but it remembers.

Nothing tells: no topic is taken back and no value becomes null, and the system's sums go on to hold the driver's last
word. Only that not one of its values moves while the rest of the house does gives it away: voltages and currents of a
device that works change every few seconds (recordings of real ones: after 4 s at most for a charger, 7 s for an idle
Multi).

What it really gives or takes is not known then. A charger's share could be sun that went hours ago; counted as 0, the
house would seem to live without it. So PV power as a whole is left out. With an inverter that hangs consumption is left
out, and what it says of its input. The balance rests on what others measure. With a grid meter or a battery monitor
that hangs there is nothing to rest on.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from dataclasses import dataclass

from pv_heater.meters.gx_topics import BATTERIES, CHARGERS, GRID_METERS, INVERTERS, GxValues

FROZEN_S = 30.0
_LEAST_W = 100.0
"""Below it a charger may rest for minutes, and what it gives hardly matters."""
_LEAST_GRID_W = 10.0
"""ESS holds the grid near 50 W. Exactly 0 for ever is a meter that only stands for one."""
_LEAST_BATTERY_W, _BATTERY_PATIENCE = 500.0, 2.0
"""A battery tells tenths of amperes, some only every few seconds, and at night a house may draw the same for long."""
_OWN_VALUES = (
    *("/Yield/Power", "/V", "/I", "/P", "/Dc/0/Voltage", "/Dc/0/Current", "/Dc/0/Power"),
    *(f"/L{phase}/{name}" for phase in (1, 2, 3) for name in ("Power", "Voltage", "Current")),
)
_HOUSE = tuple(
    f"system/0/{name}"
    for name in ("Dc/Battery/Power", "Dc/Battery/Voltage", "Ac/Consumption/L1/Power", "Ac/Grid/L1/Power")
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Driver:
    """What one device says at this moment."""

    name: str
    values: Hashable
    """All that it measures itself."""
    claimed_w: float
    """The power that would be believed of it."""
    least_w: float = _LEAST_W
    """Below it nothing is held against it."""
    patience: float = 1.0
    """So many times as long as others it may stand still."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Seen:
    values: Hashable
    since_s: float
    has_moved: bool
    """Whether it became what it is before our eyes. What is new has not moved."""


class FrozenDrivers:
    """To be shown every sample; one instance for one GX device."""

    def __init__(self, after_s: float = FROZEN_S) -> None:
        self._after_s = after_s
        self._seen: dict[str, _Seen] = {}

    def hung(self, drivers: Iterable[Driver], house: Hashable, tick_s: float) -> frozenset[str]:
        """The names of those that claim power but have not moved for `after_s`.

        `house` are values of the rest, `tick_s` is monotonic. When nothing else moved in that time either, the house
        may just be still.
        """
        devices = tuple(drivers)
        now = {driver.name: driver.values for driver in devices} | {"house": house}
        self._seen = {name: self._now(name, held, tick_s) for name, held in now.items()}
        still_s = {name: tick_s - seen.since_s for name, seen in self._seen.items()}
        moving = {name for name, seen in self._seen.items() if seen.has_moved and still_s[name] < self._after_s}
        return frozenset(
            driver.name
            for driver in devices
            if still_s[driver.name] >= driver.patience * self._after_s and driver.claimed_w >= driver.least_w and moving
        )

    def _now(self, name: str, values: Hashable, tick_s: float) -> _Seen:
        known = self._seen.get(name)
        if known is not None and known.values == values:
            return known
        return _Seen(values=values, since_s=tick_s, has_moved=known is not None)


def drivers_of(values: GxValues) -> tuple[Driver, ...]:
    """The chargers, inverters, grid meters and the battery monitor in one picture, such as ``solarcharger/280``."""
    found: dict[str, list[tuple[str, float | None]]] = {}
    for device, topic in values.ending((*CHARGERS, *INVERTERS, *GRID_METERS, *BATTERIES), _OWN_VALUES):
        if is_battery(device) and device != values.battery_monitor:
            continue
        found.setdefault(device, []).append((topic, values.number(topic)))
    return tuple(
        Driver(
            name=device,
            values=tuple(sorted(held, key=lambda item: item[0])),
            claimed_w=_claimed_w(values, device),
            least_w=_least_w(device),
            patience=_BATTERY_PATIENCE if is_battery(device) else 1.0,
        )
        for device, held in found.items()
    )


def house_of(values: GxValues) -> Hashable:
    """What moves in a house that lives."""
    return tuple(values.number(topic) for topic in _HOUSE)


def is_inverter(name: str) -> bool:
    """Whether that driver is an inverter's, whose word is behind consumption."""
    return name.startswith(tuple(f"{service}/" for service in INVERTERS))


def is_grid_meter(name: str) -> bool:
    """Whether that driver is a grid meter's."""
    return name.startswith(tuple(f"{service}/" for service in GRID_METERS))


def is_battery(name: str) -> bool:
    """Whether that driver is a battery monitor's."""
    return name.startswith(tuple(f"{service}/" for service in BATTERIES))


def _least_w(device: str) -> float:
    if is_grid_meter(device):
        return _LEAST_GRID_W
    return _LEAST_BATTERY_W if is_battery(device) else _LEAST_W


def _claimed_w(values: GxValues, device: str) -> float:
    if is_inverter(device) or is_grid_meter(device):
        topics = [topic for _, topic in values.ending((device,), ("/P", "/Power"))]
        return max((abs(power_w) for topic in topics if (power_w := values.number(topic)) is not None), default=0.0)
    if is_battery(device):
        return abs(values.number(f"{device}/Dc/0/Power") or 0.0)
    power_w = values.number(f"{device}/Yield/Power")
    if power_w is None:
        power_w = (values.number(f"{device}/Pv/V") or 0.0) * (values.number(f"{device}/Pv/I") or 0.0)
    return power_w
