"""The chain's words as topics of a GX device's broker, below ``N/<id>/``, as Victron's services publish them."""

from __future__ import annotations

from collections.abc import Callable

from pv_heater.core.model.steering import By, Does, Steering
from pv_heater.sim.chain_words import Truth, Words

_SOURCES = {"grid": 1, "generator": 2, "shore": 3, "none": 240}
_BATTERY_V = 52.0
_MAINS_V = 230.0
_ADDRESS = {"vebus": 276, "grid": 30, "battery": 512, "charger_1": 279, "charger_2": 280, "dc": 60}
_MOVED_BY = 9
"""A device that comes back has an address this much higher."""
_ESS = "settings/0/Settings/CGwacs"
_STATES = {By.SUSTAIN: 257, By.RECHARGE: 258, By.SCHEDULED_CHARGING: 259, By.DYNAMIC_ESS: 260}
_STRATEGIES = {Does.FOLLOWS: 4, Does.CHARGES: 2, Does.HOLDS: 9, Does.SELLS: 6}
_SLOT_S = 86_400
"""The slot of now has begun long ago."""


def topics_of(words: Words, *, feed_in: bool, dc_is_measured: bool) -> dict[str, object]:
    """Each topic with its value; None is told and not valid. What a lost driver told is not there."""
    values: dict[str, object] = {
        f"{_ESS}/OvervoltageFeedIn": int(feed_in),
        f"{_ESS}/PreventFeedback": int(not feed_in),
        f"{_ESS}/MaxFeedInPower": -1,
        f"{_ESS}/RunWithoutGridMeter": 0,
        f"{_ESS}/Hub4Mode": 1,
        "settings/0/Settings/SystemSetup/HasDcSystem": int(dc_is_measured),
    }
    for device, said in words.by_device.items():
        if said is not None and (device != "dc" or dc_is_measured):
            address = _ADDRESS[device] + (_MOVED_BY if device in words.moved else 0)
            values |= _OF_DEVICE[device](said, address, _wobble(words.said_s[device]))
    return (
        values
        | _of_system(words, dc_is_measured)
        | _of_brains(None if words.inverter is None else words.inverter.steering)
    )


def _of_system(words: Words, dc_is_measured: bool) -> dict[str, object]:
    """What the calculation publishes. Without a grid meter the inverter's input stands for the grid."""
    vebus, grid, battery = words.inverter, words.by_device["grid"], words.by_device["battery"]
    dc = words.by_device["dc"]
    chargers = [
        said.charger_w[number] for number in (0, 1) if (said := words.by_device[f"charger_{number + 1}"]) is not None
    ]
    grid_w = grid.grid_w if grid is not None else None if vebus is None else vebus.through_w
    consumption_w = words.consumption_w
    if consumption_w is None and vebus is not None:
        consumption_w = max(0.0, vebus.output_w)
    monitor = battery or vebus
    battery_w = monitor.battery_w if monitor is not None else sum(chargers)
    on_grid = vebus is not None and vebus.source in ("grid", "shore")
    link = ("grid" if grid is not None else "vebus") if on_grid else None
    wobble = _wobble(max(words.said_s.values()))
    return {
        "system/0/SystemType": "ESS" if vebus is not None else None,
        "system/0/Ac/ActiveIn/Source": None if vebus is None else _SOURCES[vebus.source],
        "system/0/Ac/ActiveIn/ServiceType": link,
        "system/0/Ac/In/0/Source": None if vebus is None else 1,
        "system/0/Ac/In/0/ServiceType": link,
        "system/0/Ac/In/0/Connected": None if vebus is None else int(on_grid),
        "system/0/Ac/Grid/L1/Power": grid_w,
        "system/0/Ac/Consumption/L1/Power": consumption_w,
        "system/0/Dc/Pv/Power": sum(chargers) if chargers else None,
        "system/0/Dc/System/Power": dc.dc_w if dc is not None and dc_is_measured else None,
        "system/0/Dc/Battery/Power": battery_w,
        "system/0/Dc/Battery/Voltage": _BATTERY_V + wobble,
        "system/0/Dc/Battery/Soc": words.soc_percent,
        "system/0/Dc/Battery/State": 1 if battery_w > 0 else 2 if battery_w < 0 else 0,
        "system/0/ActiveBatteryService": "com.victronenergy.battery/512" if battery is not None else None,
    }


def _of_brains(steering: Steering | None) -> dict[str, object]:
    """What Victron's own brains publish: the charge they go for, and the slots of Dynamic ESS."""
    if steering is None:
        return {}
    values: dict[str, object] = {"system/0/SystemState/State": _STATES.get(steering.by) if steering.by else None}
    if steering.opportunity_loads:
        values["platform/0/Services/OpportunityLoads/Mode"] = 1
    if steering.by is By.EXTERNAL_CONTROL:
        values[f"{_ESS}/Hub4Mode"] = 3
    if steering.by is By.KEEP_CHARGED:
        values[f"{_ESS}/BatteryLife/State"] = 9
    if steering.by is By.SCHEDULED_CHARGING:
        values["system/0/Control/ScheduledSoc"] = steering.target_percent
    if steering.by is not By.DYNAMIC_ESS:
        return values
    dess = {
        "Active": 1,
        "ReactiveStrategy": _STRATEGIES.get(steering.does),
        "TargetSoc": steering.target_percent or 0.0,
        "ChargeRate": round(steering.charge_w or 0.0),
    }
    values |= {f"system/0/DynamicEss/{name}": value for name, value in dess.items()}
    return values | {"settings/0/Settings/DynamicEss/Mode": 1} | _slots(steering)


def _slots(steering: Steering) -> dict[str, object]:
    """The slot of now, which ends as it does, and one in which the charge is as high as it will be."""
    if steering.until_at is None:
        return {}
    until_s = int(steering.until_at.timestamp())
    values: dict[str, object] = {}
    rows = ((until_s - _SLOT_S, _SLOT_S, steering.target_percent), (until_s, 900, steering.ahead_percent))
    for number, (start_s, span_s, percent) in enumerate(rows):
        own = {"Start": start_s, "Duration": span_s, "TargetSoc": percent or 0.0, "Soc": 0, "Strategy": 0}
        values |= {f"settings/0/Settings/DynamicEss/Schedule/{number}/{name}": value for name, value in own.items()}
    return values


def _wobble(said_s: float) -> float:
    """What moves in the voltages of a device that works: another value each time it is looked at."""
    return round((said_s * 7.0) % 23.0 / 100.0, 2)


def _charger(number: int, said: Truth, address: int, wobble: float) -> dict[str, object]:
    power_w, voltage_v = said.charger_w[number], _BATTERY_V + wobble
    return {
        f"solarcharger/{address}/State": 3,
        f"solarcharger/{address}/MppOperationMode": (1 if said.throttled else 2) if power_w > 0 else 0,
        f"solarcharger/{address}/Yield/Power": power_w,
        f"solarcharger/{address}/Dc/0/Voltage": voltage_v,
        f"solarcharger/{address}/Dc/0/Current": round(power_w / voltage_v, 1),
    }


def _vebus(said: Truth, address: int, wobble: float) -> dict[str, object]:
    return {
        f"vebus/{address}/Ac/ActiveIn/L1/P": said.through_w,
        f"vebus/{address}/Ac/Out/L1/P": said.output_w,
        f"vebus/{address}/Dc/0/Voltage": _BATTERY_V + wobble,
    }


def _grid(said: Truth, address: int, wobble: float) -> dict[str, object]:
    return {
        f"grid/{address}/Connected": 1,
        f"grid/{address}/Ac/L1/Power": said.grid_w,
        f"grid/{address}/Ac/L1/Voltage": _MAINS_V + wobble,
        f"grid/{address}/Ac/L1/Current": round(said.grid_w / _MAINS_V, 1),
    }


_OF_DEVICE: dict[str, Callable[[Truth, int, float], dict[str, object]]] = {
    "vebus": _vebus,
    "grid": _grid,
    "battery": lambda said, address, wobble: {},  # noqa: ARG005 - the system tells its values
    "charger_1": lambda said, address, wobble: _charger(0, said, address, wobble),
    "charger_2": lambda said, address, wobble: _charger(1, said, address, wobble),
    "dc": lambda said, address, wobble: {f"dcsystem/{address}/Dc/0/Power": said.dc_w},  # noqa: ARG005
}
