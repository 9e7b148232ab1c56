"""Which devices of Domoticz are told what: settings, and the values as it wants them. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import fields
from typing import Any

from pv_heater.core.model.lean import dataclass
from pv_heater.core.model.requests import FORCE_LONGEST_S, Mode
from pv_heater.core.model.setting import SettingProblem, setting
from pv_heater.status.document import BELIEVED

Document = Mapping[str, Any]

_LONGEST_TEXT = 200
_ON = 1
"""As ``nvalue`` of a switch."""


def _idx(what: str) -> Any:
    return setting(f"idx of the device that gets {what}", default=None, minimum=1, maximum=2_000_000_000)


def _check_levels(levels: tuple[int, ...]) -> None:
    if any(not 0 <= level <= 100 for level in levels):
        raise SettingProblem(f"must be levels of a selector, 0 to 100, not {', '.join(map(str, levels))}")


@dataclass(frozen=True, slots=True, kw_only=True)
class HomeDevices:
    """Devices of the home. Watts are for the type Usage (Electric)."""

    grid: int | None = _idx("what is bought, W; 0 while nothing is")
    injection: int | None = _idx("what is fed in, W, below 0 as the MQTT load balancer sent it; 0 while nothing is")
    pv: int | None = _idx("what the panels give, W")
    house: int | None = _idx("what the house uses without our loads, W")
    loads: int | None = _idx("what our loads draw together, W")
    battery: int | None = _idx("the battery's power, W, above 0 charging")
    battery_percent: int | None = _idx("its charge, %; type Percentage")
    state: int | None = _idx("what the home does, in words; type Text")
    keep_alive: int | None = _idx("a sign of life, On each time; type Switch with an Off Delay")


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadDevices:
    """Devices of one load, and the selector that sets its mode."""

    load: str = setting("name of the load")
    power: int | None = _idx("its power, W")
    energy: int | None = _idx("its power, W, and all it ever took, Wh; type kWh")
    temperature: int | None = _idx("its temperature; type Temperature")
    selector: int | None = setting(
        "idx of the selector that sets its mode, and shows it", default=None, minimum=1, maximum=2_000_000_000
    )
    off_levels: tuple[int, ...] = setting("levels that mean off; the first is shown", default=(0,), check=_check_levels)
    auto_levels: tuple[int, ...] = setting("levels that mean auto", default=(20, 10), check=_check_levels)
    on_levels: tuple[int, ...] = setting("levels that mean on, sun or not", default=(), check=_check_levels)
    for_s: float = setting(
        "how long off or on lasts; then it is auto again, and the selector shows it",
        default=7200.0,
        unit="s",
        minimum=60,
        maximum=FORCE_LONGEST_S,
    )

    def __post_init__(self) -> None:
        if self.selector is not None and not self.auto_levels:
            raise SettingProblem("must hold a level: what is forced ends, and the selector shows it", "auto_levels")
        levels = [*self.off_levels, *self.auto_levels, *self.on_levels]
        if twice := sorted({level for level in levels if levels.count(level) > 1}):
            raise SettingProblem(f"level {twice[0]} stands twice; each means one mode", "auto_levels")

    @property
    def modes(self) -> dict[int, Mode]:
        """What each level means; the first of a mode is the one that is shown."""
        rows = ((Mode.OFF, self.off_levels), (Mode.AUTO, self.auto_levels), (Mode.ON, self.on_levels))
        return {level: mode for mode, levels in rows for level in levels}


@dataclass(frozen=True, slots=True, kw_only=True)
class Update:
    """What one device is told. `what` names it in messages."""

    what: str
    idx: int
    svalue: str
    nvalue: int = 0


def named_idx(home: HomeDevices, loads: tuple[LoadDevices, ...]) -> dict[str, int]:
    """Each idx that is set, by what it is for."""
    found = {field.name: getattr(home, field.name) for field in fields(home)}
    for each in loads:
        found |= {f"{key} of {each.load}": getattr(each, key) for key in ("power", "energy", "temperature", "selector")}
    return {what: idx for what, idx in found.items() if idx is not None}


def updates_of(document: Document, home: HomeDevices, loads: tuple[LoadDevices, ...]) -> Iterator[Update]:
    """Every known figure; an unknown one is left out, so Domoticz goes on showing when it last had one."""
    if home.keep_alive is not None:
        yield Update(what="keep_alive", idx=home.keep_alive, svalue="", nvalue=_ON)
    if home.state is not None:
        yield Update(what="state", idx=home.state, svalue=state_text(document))
    for what, watts in _of_the_home(document).items():
        idx = getattr(home, what)
        if idx is not None and watts is not None:
            yield Update(what=what, idx=idx, svalue=watts)
    rows = {row["name"]: row for row in document["loads"]}
    for each in loads:
        if each.load in rows:
            yield from _of_a_load(rows[each.load], each)


def state_text(document: Document) -> str:
    """What holds the home back, or what each load does; without numbers that change each minute."""
    why = document["why"]
    if why is not None:
        return str(why["rule"]).replace("_", " ")
    if document["state"]["word"] not in BELIEVED:
        return "no reading"
    loads = (f"{load['name']} {load['phase']}" + _forced(load["mode"]) for load in document["loads"])
    return ", ".join(loads)[:_LONGEST_TEXT]


def _forced(mode: str) -> str:
    return "" if mode == Mode.AUTO else f" (forced {mode})"


def _of_the_home(document: Document) -> dict[str, str | None]:
    flows = document["flows"] if document["state"]["word"] in BELIEVED else {}
    grid_w, percent = flows.get("grid_w"), flows.get("battery_soc_percent")
    return {
        "grid": None if grid_w is None else _whole(max(0.0, grid_w)),
        "injection": None if grid_w is None else _whole(min(0.0, grid_w)),
        "pv": _whole(flows.get("pv_w")),
        "house": _whole(flows.get("house_w")),
        "loads": _whole(flows.get("loads_w")),
        "battery": _whole(flows.get("battery_w")),
        "battery_percent": None if percent is None else f"{percent:.1f}",
    }


def _of_a_load(row: Mapping[str, Any], devices: LoadDevices) -> Iterator[Update]:
    name, power = devices.load, _whole(row["power_w"])
    total_wh, temperature_c = row.get("energy_total_wh"), row["temperature_c"]
    if devices.power is not None and power is not None:
        yield Update(what=f"power of {name}", idx=devices.power, svalue=power)
    if devices.energy is not None and power is not None and total_wh is not None:
        yield Update(what=f"energy of {name}", idx=devices.energy, svalue=f"{power};{total_wh:.0f}")
    if devices.temperature is not None and temperature_c is not None:
        yield Update(what=f"temperature of {name}", idx=devices.temperature, svalue=f"{temperature_c:.1f}")


def _whole(watts: float | None) -> str | None:
    return None if watts is None else str(round(watts))
