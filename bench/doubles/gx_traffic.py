"""Recordings of devices on a GX device's bus, played as its MQTT traffic: at the cadence they had, or faster.

The format is that of Victron's dbus-recorder as text: the service, one line a path with its first value, an empty line,
then one line a change with its second. The system's own values are added up once a second from what the devices say,
as systemcalc does, so that they follow a device by up to a second and come in one burst.
"""

from __future__ import annotations

import gzip
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.doubles.gx_mqtt import GxPeer

PHASES = ("L1", "L2", "L3")
_IDLE_W = 30.0
"""Within this the battery counts as idle."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceRecording:
    """One device: its first values and its changes, by path below its service."""

    service: str
    """``solarcharger/288``"""
    first: Mapping[str, object]
    changes: Sequence[tuple[int, str, object]]
    """(second, path, value), in order of time."""


def read_recording(path: Path, instance: int) -> DeviceRecording:
    """The recording in a ``.csv.gz``; the device shows itself under `instance`. Raises ValueError for anything else."""
    head, *lines = gzip.decompress(path.read_bytes()).decode().splitlines()
    first: dict[str, object] = {}
    changes: list[tuple[int, str, object]] = []
    for line in lines:
        parts = line.split("\t")
        if parts[0].startswith("/"):
            first[parts[0][1:]] = _value(parts[1], parts[2])
        elif len(parts) >= 4:
            changes.append((int(parts[0]), parts[1][1:], _value(parts[2], parts[3])))
    return DeviceRecording(service=f"{head.split('.')[2]}/{instance}", first=first, changes=changes)


def _value(kind: str, text: str) -> object:
    if text == "[]":
        return None
    if kind == "DOUBLE":
        return float(text)
    return int(text) if kind != "STRING" and text.lstrip("-").isdigit() else text


class Traffic:
    """Several recordings side by side, from their first second on."""

    def __init__(self, recordings: Sequence[DeviceRecording]) -> None:
        self._recordings = recordings
        self.devices = {f"{each.service}/{path}": value for each in recordings for path, value in each.first.items()}
        """The newest value of each topic."""
        self.seconds = max((second for each in recordings for second, _, _ in each.changes), default=0)

    def first_values(self) -> dict[str, object]:
        """Everything as it is now, the system's values included."""
        return self.devices | system_values(self.devices)

    def bursts(self) -> Iterator[list[dict[str, object]]]:
        """For each second the bursts of it: one a device that changed, then the system's."""
        changes: dict[int, dict[str, dict[str, object]]] = {}
        for each in self._recordings:
            for second, path, value in each.changes:
                changes.setdefault(second, {}).setdefault(each.service, {})[f"{each.service}/{path}"] = value
        for second in range(1, self.seconds + 1):
            bursts = list(changes.get(second, {}).values())
            for burst in bursts:
                self.devices.update(burst)
            yield [*bursts, system_values(self.devices)]

    def play(self, peer: GxPeer, *, speed: float = 1.0, seconds: int | None = None) -> None:
        """Let `peer` say it, `speed` times as fast as it happened; returns when it is over."""
        began_s = time.monotonic()
        for second, bursts in enumerate(self.bursts(), 1):
            if seconds is not None and second > seconds:
                return
            for number, burst in enumerate(bursts):
                # Devices speak at moments of their own within the second.
                at_s = began_s + (second - 1 + (number + 1) / len(bursts)) / speed
                time.sleep(max(0.0, at_s - time.monotonic()))
                peer.set(burst)


def system_values(devices: Mapping[str, object]) -> dict[str, object]:
    """What the GX device's system service makes of its devices."""
    house: dict[str, object] = {"system/0/Dc/Pv/Power": _charger_w(devices), **_battery(devices), **_inputs(devices)}
    for phase in PHASES:
        on_grid, on_output = (_pv_inverter_w(devices, phase, position) for position in (0, 1))
        through_w = _sum(devices, "vebus/", f"/Ac/ActiveIn/{phase}/P")
        meter_w = _sum(devices, "grid/", f"/Ac/{phase}/Power")
        grid_w = meter_w if meter_w is not None else _less(through_w, on_grid)
        parts = (grid_w, on_grid, _less(0.0, through_w), _sum(devices, "vebus/", f"/Ac/Out/{phase}/P"), on_output)
        known = [part for part in parts if part is not None]
        exists = grid_w is not None or parts[3] is not None
        house |= {
            f"system/0/Ac/Grid/{phase}/Power": grid_w,
            f"system/0/Ac/PvOnGrid/{phase}/Power": on_grid,
            f"system/0/Ac/PvOnOutput/{phase}/Power": on_output,
            f"system/0/Ac/Consumption/{phase}/Power": max(0.0, sum(known)) if exists else None,
        }
    return house


def _battery(devices: Mapping[str, object]) -> dict[str, object]:
    """Of the first battery monitor that tells a state of charge."""
    service = min(
        (name[: -len("/Soc")] for name in devices if name.startswith("battery/") and name.endswith("/Soc")), default=""
    )
    power_w = devices.get(f"{service}/Dc/0/Power")
    state = None
    if isinstance(power_w, int | float):
        state = 1 if power_w > _IDLE_W else 2 if power_w < -_IDLE_W else 0
    return {
        "system/0/Dc/Battery/Power": power_w,
        "system/0/Dc/Battery/Voltage": devices.get(f"{service}/Dc/0/Voltage"),
        "system/0/Dc/Battery/Soc": devices.get(f"{service}/Soc"),
        "system/0/Dc/Battery/State": state,
        "system/0/ActiveBatteryService": f"com.victronenergy.{service}" if service else None,
    }


def _inputs(devices: Mapping[str, object]) -> dict[str, object]:
    """The inverter's active input, and whose word counts for it."""
    active = next((value for name, value in devices.items() if name.endswith("/Ac/ActiveIn/ActiveInput")), None)
    has_meter = any(name.startswith("grid/") for name in devices)
    source = None if active is None else 240 if active == 240 else 1
    kind = None if source == 240 or active is None else "grid" if has_meter else "vebus"
    return {
        "system/0/Ac/ActiveIn/Source": source,
        "system/0/Ac/ActiveIn/ServiceType": kind,
        "system/0/Ac/In/0/Source": None if active is None else 1,
        "system/0/Ac/In/0/ServiceType": kind,
        "system/0/Ac/In/0/Connected": None if active is None else int(active == 0),
        "system/0/SystemType": None if active is None else "ESS" if has_meter else "Off-grid",
    }


def _charger_w(devices: Mapping[str, object]) -> float | None:
    chargers = {name.rsplit("/Dc/0/")[0] for name in devices if name.startswith("solarcharger/") and "/Dc/0/" in name}
    powers = (
        volts * amperes
        for charger in chargers
        if isinstance(volts := devices.get(f"{charger}/Dc/0/Voltage"), int | float)
        and isinstance(amperes := devices.get(f"{charger}/Dc/0/Current"), int | float)
    )
    found = list(powers)
    return round(sum(found), 2) if found else None


def _pv_inverter_w(devices: Mapping[str, object], phase: str, position: int) -> float | None:
    inverters = [
        name[: -len("/Position")] for name in devices if name.startswith("pvinverter/") and name.endswith("/Position")
    ]
    powers = [devices.get(f"{name}/Ac/{phase}/Power") for name in inverters if devices[f"{name}/Position"] == position]
    known = [power_w for power_w in powers if isinstance(power_w, int | float)]
    return sum(known) if known else None


def _sum(devices: Mapping[str, object], start: str, end: str) -> float | None:
    known = [value for name, value in devices.items() if name.startswith(start) and name.endswith(end)]
    powers = [value for value in known if isinstance(value, int | float)]
    return sum(powers) if powers else None


def _less(first_w: float | None, second_w: float | None) -> float | None:
    if second_w is None:
        return first_w or None
    return (first_w or 0.0) - second_w
