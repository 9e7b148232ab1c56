"""VRM's answers as plain records: one number with its device, its path and its age. Pure.

Only `rawValue`, `formatWithUnit` and enum numbers are read: `formattedValue` is in the language of the account.
Shapes as in the Victron VRM API v2 (diagnostics, installations?extended=1, system-overview).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from pv_heater.core.model.lean import dataclass
from pv_heater.core.model.numbers import number_of
from pv_heater.errors import BadReply

_SYSTEM_TYPE = 6
"""idDeviceType of "System overview"."""
_LONGEST_INTERVAL_S = 86_400.0
"""VRM offers log intervals of 1 to 1440 minutes."""
_SERVICE_OF_DEVICE = {
    "system overview": "system",
    "solar charger": "solarcharger",
    "battery monitor": "battery",
    "ve.bus system": "vebus",
}
_SCALE = {"kW": 1000.0, "kV": 1000.0, "mV": 0.001, "mA": 0.001}


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """One value of one device, as VRM last logged it."""

    code: str
    service: str
    """D-Bus service type such as ``system`` or ``solarcharger``; the device's name when VRM names none."""
    instance: str
    path: str
    number: float | None
    """In the unit's base (W, V, A, %); an enum's number; None for texts and missing values."""
    timestamp_s: float | None
    """Unix seconds of logging; None when VRM does not tell."""


def page_of_records(body: Any) -> list[Mapping[str, Any]]:
    """The records of one answer, which are a list or an object of them; raises BadReply when there are none."""
    records = body.get("records") if isinstance(body, Mapping) else None
    if isinstance(records, Mapping):
        records = list(records.values())
    if not isinstance(records, list):
        raise BadReply("VRM answered without records")
    return [record for record in records if isinstance(record, Mapping)]


def logging_interval_s(system_overview: Any) -> float | None:
    """How often the site's GX device logs, from a system-overview answer; None when it does not tell."""
    records = system_overview.get("records") if isinstance(system_overview, Mapping) else None
    devices = records.get("devices") if isinstance(records, Mapping) else None
    for device in devices if isinstance(devices, list) else ():
        interval_s = number_of(device.get("loggingInterval")) if isinstance(device, Mapping) else None
        if interval_s is not None and 0 < interval_s <= _LONGEST_INTERVAL_S:
            return interval_s
    return None


def records_of(bodies: Mapping[str, Any]) -> list[Record]:
    """Every value of one poll, each once: two chargers share their codes, but not their instance.

    `bodies` has ``diagnostics`` (the pages, in order) or ``extended`` (one answer). Of a value that came twice the
    newer stays. Raises BadReply when an answer holds no records.
    """
    newest: dict[tuple[str, str, str, str], Record] = {}
    for record in map(_record, _raw_records(bodies)):
        key = (record.service, record.instance, record.code, record.path)
        known = newest.get(key)
        if known is None or (record.timestamp_s or 0.0) >= (known.timestamp_s or 0.0):
            newest[key] = record
    return list(newest.values())


def _raw_records(bodies: Mapping[str, Any]) -> Iterable[Mapping[str, Any]]:
    for page in bodies.get("diagnostics") or ():
        yield from page_of_records(page)
    if bodies.get("extended") is not None:
        for site in page_of_records(bodies["extended"]):
            items = site.get("extended")
            yield from (item for item in items if isinstance(item, Mapping)) if isinstance(items, list) else ()


def _record(raw: Mapping[str, Any]) -> Record:
    return Record(
        code=str(raw.get("code") or ""),
        service=_service(raw),
        instance=str(raw.get("instance") or 0),
        path=str(raw.get("dbusPath") or ""),
        number=_value(raw),
        timestamp_s=_timestamp_s(raw.get("timestamp")),
    )


def _service(raw: Mapping[str, Any]) -> str:
    """The D-Bus service type; where VRM leaves it out, the device's English name or type stands in."""
    if raw.get("dbusServiceType"):
        return str(raw["dbusServiceType"])
    if raw.get("idDeviceType") == _SYSTEM_TYPE:
        return "system"
    device = str(raw.get("Device") or "").lower()
    return _SERVICE_OF_DEVICE.get(device, device)


def _value(raw: Mapping[str, Any]) -> float | None:
    """The raw value as a number; an enum that came as its text is looked up among its names."""
    value = raw.get("rawValue")
    number = number_of(value)
    if number is not None:
        unit = str(raw.get("formatWithUnit") or "").rpartition(" ")[2]
        return number * _SCALE.get(unit, 1.0)
    if raw.get("valueEnum") is not None:
        return number_of(raw["valueEnum"])
    for enum in raw.get("dataAttributeEnumValues") or ():
        if isinstance(enum, Mapping) and isinstance(value, str) and enum.get("nameEnum") == value:
            return number_of(enum.get("valueEnum"))
    return None


def _timestamp_s(value: Any) -> float | None:
    seconds = number_of(value)
    # 4e9 s is the year 2096: beyond it lies no log entry but a broken one.
    return seconds if seconds is not None and 0 < seconds < 4e9 else None
