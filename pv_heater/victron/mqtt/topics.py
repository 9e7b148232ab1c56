"""Which topics of a GX device tell of the house, and how a value there is read. Pure.

Topics are those below ``N/<id>/``, as in Victron's dbus-systemcalc-py and the services' own D-Bus paths.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from pv_heater.core.model.numbers import json_number_of
from pv_heater.io.system.log import Complain
from pv_heater.meters.plausible import plausible_w

PHASES = ("L1", "L2", "L3")
CHARGERS = ("solarcharger", "multi", "inverter")
"""Services with trackers of their own: solar chargers, Multi RS, Inverter RS."""
INVERTERS = ("vebus",)
"""Multi and Quattro, of which the system makes up consumption and, without a grid meter, grid power."""
GRID_METERS = ("grid",)
BATTERIES = ("battery",)
ACTIVE_BATTERY = "system/0/ActiveBatteryService"
HAS_DC_SYSTEM = "settings/0/Settings/SystemSetup/HasDcSystem"
_ESS = "settings/0/Settings/CGwacs"
_PLAN = "settings/0/Settings/DynamicEss/Schedule"

WAKING = (
    *(
        f"system/0/Ac/{part}/+/Power"
        for part in ("Grid", "Consumption", "PvOnGrid", "PvOnOutput", "PvOnGenset", "Genset")
    ),
    "system/0/Dc/Pv/Power",
    "system/0/Dc/System/Power",
    *(f"system/0/Dc/Battery/{name}" for name in ("Power", "Voltage", "Soc", "State")),
    "system/0/SystemType",
    *(f"system/0/Ac/ActiveIn/{name}" for name in ("Source", "ServiceType")),
    *(f"system/0/Ac/In/+/{name}" for name in ("Source", "ServiceType", "Connected")),
    ACTIVE_BATTERY,
    "grid/+/Connected",
    "hub4/0/PvPowerLimiterActive",
    *(f"{_ESS}/{name}" for name in ("OvervoltageFeedIn", "PreventFeedback", "MaxFeedInPower", "RunWithoutGridMeter")),
    *(f"{_ESS}/{name}" for name in ("Hub4Mode", "BatteryLife/State")),
    HAS_DC_SYSTEM,
    "settings/0/Settings/DynamicEss/Mode",
    *(f"system/0/DynamicEss/{name}" for name in ("Active", "ReactiveStrategy", "TargetSoc")),
    *(f"system/0/{name}" for name in ("SystemState/State", "Control/ScheduledCharge", "Control/ScheduledSoc")),
    "platform/0/Services/OpportunityLoads/Mode",
)  # fmt: skip
"""Topics of which a change makes a reading."""
ALONG = (
    *(
        f"{service}/+/{name}"
        for service in CHARGERS
        for name in ("State", "MppOperationMode", "Yield/Power", "Pv/V", "Pv/I", "Dc/0/Voltage", "Dc/0/Current")
    ),
    *(f"{service}/+/Pv/+/{name}" for service in CHARGERS for name in ("MppOperationMode", "V", "P")),
    *(f"{service}/+/Ac/{side}/+/P" for service in INVERTERS for side in ("ActiveIn", "Out")),
    *(f"{service}/+/Dc/0/{name}" for service in INVERTERS for name in ("Voltage", "Current", "Power")),
    *(f"grid/+/Ac/+/{name}" for name in ("Power", "Voltage", "Current")),
    *(f"battery/+/Dc/0/{name}" for name in ("Voltage", "Current", "Power")),
    "dcsystem/+/Dc/0/Power",
    *(f"pvinverter/+/Ac/{name}" for name in ("Power", "PowerLimit", "MaxPower")),
    *(f"system/0/DynamicEss/{name}" for name in ("Strategy", "ChargeRate")),
    *(f"{_PLAN}/+/{name}" for name in ("Start", "Duration", "TargetSoc", "Soc", "Strategy")),
)
"""Topics of single devices, which the next reading takes along: the system's values follow them within a second. So it
does with the plan of Dynamic ESS, which may be written anew with hundreds of messages."""
_TAKEN_ALONG = (
    *(f"{service}/" for service in (*CHARGERS, *INVERTERS, *BATTERIES, "dcsystem", "pvinverter")),
    *(topic for topic in ALONG if topic.startswith("system/")),
    f"{_PLAN}/",
)


def makes_a_reading(topic: str) -> bool:
    """Whether a change of this topic is worth a reading of its own."""
    if topic.startswith("grid/"):
        return topic.endswith("/Connected")
    return not topic.startswith(_TAKEN_ALONG)


class GxValues:
    """The values of one picture, read with care: what is not a number where one belongs is left out and said once."""

    def __init__(self, values: Mapping[str, object], complain: Complain) -> None:
        self._values = values
        self._complain = complain

    def number(self, topic: str) -> float | None:
        """The number there; None when it is not valid now, not there, or no number."""
        value = self._values.get(topic)
        number = json_number_of(value)
        if value is None or number is not None:
            return number
        self._complain(f"GX: {topic} says {_shown(value)}, which is not a number; it is left out")
        return None

    def text(self, topic: str) -> str | None:
        """The text there; None when there is none."""
        value = self._values.get(topic)
        return value if isinstance(value, str) else None

    def is_told(self, topic: str) -> bool:
        """Whether there is a valid value, of whatever kind."""
        return self._values.get(topic) is not None

    @property
    def has_grid_meter(self) -> bool:
        """Whether a device of its own measures the grid."""
        return any(self.number(topic) for _, topic in self.ending(GRID_METERS, ("/Connected",)))

    @property
    def battery_monitor(self) -> str | None:
        """The device of its own that measures the battery, such as ``battery/512``; None without one."""
        service = (self.text(ACTIVE_BATTERY) or "").removeprefix("com.victronenergy.")
        return service if service.startswith("battery/") else None

    def power_w(self, topic: str) -> float | None:
        """The power there, None when it is missing or no home has that much."""
        return plausible_w(f"GX: {topic}", self.number(topic), self._complain)

    def sum_w(self, topics: Iterable[str]) -> float | None:
        """The sum of what is valid; None when nothing is, or when one of them cannot be used.

        A phase that does not exist is null and no error; a sum that lacks a phase would be a wrong number.
        """
        told = [topic for topic in topics if self.is_told(topic)]
        found = [power_w for power_w in map(self.power_w, told) if power_w is not None]
        return sum(found) if found and len(found) == len(told) else None

    def ending(self, services: Iterable[str], ends: tuple[str, ...]) -> Iterator[tuple[str, str]]:
        """(device, topic) of every topic of these services that ends so; a device is ``solarcharger/280``."""
        starts = tuple(f"{service}/" for service in services)
        for topic in self._values:
            if topic.startswith(starts) and topic.endswith(ends):
                parts = topic.split("/", 2)
                if len(parts) == 3:  # a device always tells its number
                    yield "/".join(parts[:2]), topic


def _shown(value: object) -> str:
    """The beginning of it. Python refuses to write out a number of thousands of digits."""
    return "a number of endless digits" if isinstance(value, int) and abs(value) > 1e300 else f"{value!r:.40}"
