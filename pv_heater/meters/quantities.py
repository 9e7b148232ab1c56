"""One measured value in what a device sends: its settings, and the number that they find. Pure.

Several devices that each see a part of one house are put together as `HousePart`s.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import field
from datetime import datetime
from typing import Any

from pv_heater.core.model.lean import dataclass
from pv_heater.core.model.numbers import number_of
from pv_heater.core.model.setting import SettingProblem, setting
from pv_heater.core.model.values import Reading
from pv_heater.io.net.json_path import JsonPath, NotFound, kind_of
from pv_heater.io.system.log import Complain
from pv_heater.meters.charger_states import hardest
from pv_heater.meters.plausible import MOST_V, MOST_W, total

_UNITS = {
    "W": ("W", 1.0),
    "kW": ("W", 1000.0),
    "mW": ("W", 0.001),
    "V": ("V", 1.0),
    "mV": ("V", 0.001),
    "%": ("%", 1.0),
}
"""What a device may send: the unit it becomes, and the factor."""
_POSSIBLE = {"W": (-MOST_W, MOST_W), "V": (0.0, MOST_V), "%": (0.0, 100.0)}
"""What a home can have; anything else is a wrapped register, a wrong unit or a broken line."""
QUANTITIES = {
    "pv_w": "W",
    "consumption_w": "W",
    "grid_w": "W",
    "grid_phase_w": "W",
    "battery_w": "W",
    "battery_v": "V",
    "battery_soc_percent": "%",
}
"""What of a `Reading` can be measured, and its unit."""
_SLOW = frozenset({"battery_v", "battery_soc_percent"})
"""These move little: where powers are measured, they neither date a reading nor make one."""
_HELP = {
    "pv_w": "power of the PV",
    "consumption_w": "power of the whole house, controlled loads included",
    "grid_w": "power at the grid, import positive; not set: the sum of the phases",
    "grid_phase_w": "power at the grid by phase, import positive; one entry a phase",
    "battery_w": "power of the battery, charging positive",
    "battery_v": "voltage of the battery",
    "battery_soc_percent": "state of charge of the battery",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class MeasuredValue:
    """Where a number stands in what a device sends, and what it means."""

    path: str = setting(
        "where the number stands: power, emeters[0].power, em:0.total_act_power, ;1 (second field of a text); $ is all",
        default="$",
        check=JsonPath.parse,
    )
    scale: float = setting("what the number is multiplied by; -1 turns its sign", default=1.0)
    offset: float = setting("what is added to it after that, in the reading's own unit", default=0.0)
    unit: str | None = setting(
        "unit that the device sends; auto is W, V or % as the value needs", default=None, choices=tuple(_UNITS)
    )


def quantity(name: str) -> Any:
    """Declare the setting for one of `QUANTITIES`; several entries are summed, but for the phases."""
    return setting(_HELP[name], default=())


def check_values(values: object) -> None:
    """Raise SettingProblem when nothing is measured, or a unit is not one of the quantity.

    `values` has a tuple of `MeasuredValue` for each of `QUANTITIES`.
    """
    if not any(getattr(values, name) for name in QUANTITIES):
        raise SettingProblem(f"must name at least one of {', '.join(QUANTITIES)}")
    for name, unit in QUANTITIES.items():
        for value in getattr(values, name):
            if value.unit is not None and _UNITS[value.unit][0] != unit:
                fitting = ", ".join(word for word, (base, _) in _UNITS.items() if base == unit)
                raise SettingProblem(f"must be one of {fitting} here, not {value.unit}", f"{name}.unit")


class Unusable(ValueError):
    """A number that cannot be used: which, and why. Two of one `kind` at one `name` are said once."""

    def __init__(self, *, name: str, kind: str, text: str) -> None:
        super().__init__(f"{name}: {text}")
        self.name = name
        self.kind = kind
        self.text = text


@dataclass(frozen=True, slots=True, kw_only=True)
class Probe:
    """One `MeasuredValue`, ready to be used again and again."""

    quantity: str
    name: str
    """The quantity, and which of its entries where there are several: ``grid_phase_w[1]``."""
    path: JsonPath
    factor: float
    offset: float

    def number_in(self, document: Any) -> float:
        """The number in its reading's unit and sign; raises Unusable."""
        try:
            found = self.path.find(document)
        except NotFound as error:
            raise Unusable(name=self.name, kind="missing", text=str(error)) from None
        number = number_of(found)
        if number is None:
            said = f"{self.path.text or '$'} is {kind_of(found)}, where a number belongs"
            raise Unusable(name=self.name, kind="no number", text=said)
        value = number * self.factor + self.offset
        unit = QUANTITIES[self.quantity]
        least, most = _POSSIBLE[unit]
        if not least <= value <= most:  # true for an overflow to infinity as well
            raise Unusable(name=self.name, kind="impossible", text=f"{value:g} {unit} is what no home has")
        return value


def probes_of(values: object) -> Iterator[tuple[Probe, Any]]:
    """A probe for each entry in `values` (as `check_values` has them), with the entry's own settings."""
    for name in QUANTITIES:
        entries: Sequence[MeasuredValue] = getattr(values, name)
        for index, entry in enumerate(entries):
            yield (
                Probe(
                    quantity=name,
                    name=f"{name}[{index}]" if len(entries) > 1 else name,
                    path=JsonPath.parse(entry.path),
                    factor=entry.scale * (_UNITS[entry.unit][1] if entry.unit is not None else 1.0),
                    offset=entry.offset,
                ),
                entry,
            )


def quantities_of(numbers: Mapping[str, float], probes: Sequence[Probe]) -> dict[str, Any]:
    """What of a `Reading` the `numbers` (by name of the probe) tell.

    Half a sum would be a lie: a quantity of several entries needs all of them.
    """
    found: dict[str, Any] = {}
    for name in QUANTITIES:
        wanted = [probe.name for probe in probes if probe.quantity == name]
        if wanted and all(each in numbers for each in wanted):
            each_number = tuple(numbers[each] for each in wanted)
            found[name] = each_number if name == "grid_phase_w" else sum(each_number)
    if "grid_phase_w" in found and not any(probe.quantity == "grid_w" for probe in probes):
        found["grid_w"] = sum(found["grid_phase_w"])
    return found


def dating_quantities(probes: Sequence[Probe]) -> frozenset[str]:
    """What dates a reading: powers, where any are measured."""
    measured = frozenset(probe.quantity for probe in probes)
    return (measured - _SLOW) or measured


def is_worth_reading(found: Mapping[str, Any], probes: Sequence[Probe]) -> bool:
    """Whether the quantities `found` make a reading: at least one power, and the battery's where it is measured.

    Without it, what the battery gives to a heater would pass for sun, and the heater would stay on.
    """
    battery_is_lost = "battery_w" not in found and any(probe.quantity == "battery_w" for probe in probes)
    return not battery_is_lost and not dating_quantities(probes).isdisjoint(found)


class SaidOnce:
    """Hands on each kind of trouble of each value once, whatever the payload that it quotes."""

    def __init__(self, say: Callable[[str], None]) -> None:
        self._say = say
        self._said: set[tuple[str, str]] = set()

    def __call__(self, problem: Unusable) -> None:
        """Say it, unless its like was said before."""
        if (problem.name, problem.kind) not in self._said:
            self._said.add((problem.name, problem.kind))
            self._say(str(problem))


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

    def as_reading(self, *, taken_at: datetime, source: str, interval_s: float | None = None) -> Reading:
        """The part as a reading of the whole house; `interval_s` as in `Reading`."""
        return Reading(
            taken_at=taken_at,
            source=source,
            pv_w=self.pv_w,
            pv_throttled=self.pv_throttled,
            charger_state=self.charger_state,
            consumption_w=self.consumption_w,
            grid_w=self.grid_w,
            battery_w=self.battery_w,
            battery_v=self.battery_v,
            battery_soc_percent=self.battery_soc_percent,
            load_w=self.load_w,
            interval_s=interval_s,
        )


def house_of(parts: Sequence[HousePart], lost: Sequence[HousePart | None], complain: Complain) -> HousePart:
    """The house that the `parts` show.

    `lost` are the last words of devices that are silent now, None for one that never spoke. A sum that may lack one of
    them is not a sum: half the PV would look like a cloud or like throttling.
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
