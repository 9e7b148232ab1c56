"""Devices that a GX device lost, or whose driver hangs: their last word looks like surplus. Pure, but it remembers.

A device that is lost (`LostDevices`) leaves its last values, or others take their place. Of a driver that hangs
(`HungDrivers`) nothing tells: no topic is taken back and no value becomes null, and the system's sums go on to hold
its last word. Only that not one of its values moves while the rest of the house does gives it away: voltages and
currents of a device that works change every few seconds (recordings of real ones: after 4 s at most for a charger, 7 s
for an idle Multi).

What it really gives or takes is not known then. A charger's share could be sun that went hours ago; counted as 0, the
house would seem to live without it. So PV power as a whole is left out. With an inverter that hangs consumption is left
out, and what it says of its input. The balance rests on what others measure. With a grid meter or a battery monitor
that hangs there is nothing to rest on.
"""

from __future__ import annotations

from collections.abc import Collection, Hashable, Iterable
from enum import StrEnum

from pv_heater.core.model.lean import dataclass
from pv_heater.errors import BadReply
from pv_heater.victron.ac_source import GENERATOR, NO_INPUT
from pv_heater.victron.lost_inverter import SETTLE_S, LostInverter
from pv_heater.victron.mqtt.topics import BATTERIES, CHARGERS, GRID_METERS, INVERTERS, PHASES, GxValues

_INVERTERS = frozenset({"vebus", "multi", "acsystem"})
"""Services whose own input stands in for a grid meter: Multi and Quattro, Multi RS, several Multi RS."""
_SYSTEM_TYPE, _SOURCE = "system/0/SystemType", "system/0/Ac/ActiveIn/Source"
_RUN_WITHOUT = "settings/0/Settings/CGwacs/RunWithoutGridMeter"

HUNG_S = 30.0
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


class Doubt(StrEnum):
    """What of a picture is not the whole truth any more, and is left out."""

    INVERTER = "inverter"
    """What is made up of the inverter's word: consumption, what feeds it, estimated DC loads."""
    CONSUMPTION = "consumption"
    GRID = "grid"


class LostDevices:
    """Remembers what this home has had; to be asked with every picture. `off_grid`: it has no grid."""

    def __init__(self, *, off_grid: bool = False, settle_s: float = SETTLE_S) -> None:
        self._off_grid = off_grid
        self._had_grid_meter = False
        self._had_charge = False
        self._had_system = False
        self._had: set[str] = set()
        """Topics that were published once, and must be published from then on."""
        self._inverter = LostInverter(settle_s)

    def check(self, values: GxValues, gone: Collection[str], tick_s: float) -> frozenset[Doubt]:
        """What is to be left out; `tick_s` is monotonic.

        Raises BadReply when what the GX device shows of the house can no longer be true.
        """
        self._check_grid_meter(values, gone)
        self._check_battery(values)
        doubts = {Doubt.INVERTER} if self._lost_inverter(values, tick_s) else set()
        parts = {Doubt.CONSUMPTION: "Ac/Consumption", Doubt.GRID: "Ac/Grid"}
        return frozenset(doubts | {doubt for doubt, part in parts.items() if self._lost_phase(values, part)})

    def _check_grid_meter(self, values: GxValues, gone: Collection[str]) -> None:
        """Without its grid meter the GX device shows the inverter's input as the grid.

        AC PV on the grid side and loads beside the inverter are then not seen: 100 W of import were shown as 300 W of
        export, with a real systemcalc. On battery or a generator nothing is imported or exported: it is not missed.
        """
        if values.number(_SOURCE) in (NO_INPUT, GENERATOR):
            return
        is_there = values.has_grid_meter
        kinds = {values.text(topic) for _, topic in values.ending(("system",), ("/ServiceType",))}
        if is_there or "grid" in kinds:
            self._had_grid_meter = True
        has_left = not is_there and any(topic.startswith("grid/") for topic in gone)
        is_replaced = bool(kinds & _INVERTERS) and "grid" not in kinds
        if self._had_grid_meter and (has_left or is_replaced):
            raise BadReply(
                "the GX device lost its grid meter: what it shows as grid power is only the inverter's input now, "
                "where PV looks like export. Look after the meter and its cable"
            )
        runs_ess = values.text("system/0/SystemType") == "ESS"
        if runs_ess and is_replaced and "vebus" in kinds and values.number(_RUN_WITHOUT) == 0:
            raise BadReply(
                "ESS is set up with a grid meter, but the GX device sees none: what it shows as grid power is only the "
                "inverter's input. Look after the meter, or set Grid metering to Inverter/Charger in the ESS menu"
            )

    def _check_battery(self, values: GxValues) -> None:
        """Without battery and inverter the GX device goes on to show the chargers' power as the battery's."""
        has_charge, has_system = values.is_told("system/0/Dc/Battery/Soc"), values.is_told("system/0/SystemType")
        if self._had_charge and not has_charge and self._had_system and not has_system:
            raise BadReply(
                "the GX device lost both the battery monitor and the inverter: what it shows as battery power is only "
                "that of the solar chargers now"
            )
        if self._had_charge and not has_charge:
            raise BadReply(
                "the GX device lost its battery monitor: the state of charge is unknown, and what it shows as battery "
                "power is only what chargers and inverter say"
            )
        self._had_charge, self._had_system = self._had_charge or has_charge, self._had_system or has_system

    def _lost_inverter(self, values: GxValues, tick_s: float) -> bool:
        """Raises BadReply where the grid is not measured either: its meter is the inverter."""
        signs = (_SYSTEM_TYPE, _SOURCE)
        told = {topic for topic in signs if values.is_told(topic)}
        missing = self._had.intersection(signs) - told
        self._had |= told
        is_lost = self._inverter.is_lost(
            is_told=bool(told) and not missing, has_battery=values.is_told("system/0/Dc/Battery/Soc"), tick_s=tick_s
        )
        if is_lost and not self._off_grid and not values.is_told("system/0/Ac/Grid/L1/Power"):
            raise BadReply(
                "the GX device lost its inverter, and with it consumption and grid power: nothing measures the house. "
                "Look after the cable to the inverter, or set site.off_grid where there is no grid"
            )
        return is_lost

    def _lost_phase(self, values: GxValues, part: str) -> bool:
        """Whether a phase that was published is not any more while others are: the sum would lack it."""
        topics = [f"system/0/{part}/{phase}/Power" for phase in PHASES]
        told = {topic for topic in topics if values.is_told(topic)}
        lacks = bool(told) and bool(self._had.intersection(topics) - told)
        self._had |= told
        return lacks


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


class HungDrivers:
    """To be shown every sample; one instance for one GX device."""

    def __init__(self, after_s: float = HUNG_S) -> None:
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


@dataclass(frozen=True, slots=True, kw_only=True)
class _Seen:
    values: Hashable
    since_s: float
    has_moved: bool
    """Whether it became what it is before our eyes. What is new has not moved."""


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
