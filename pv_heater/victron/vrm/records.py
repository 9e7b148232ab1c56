"""VRM answers -> Reading. Pure: a live poll and a recording of raw answers go through the same code.

Codes as in the Victron VRM API v2; which device says what is noted at each value.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from pv_heater.core.model.steering import Steering
from pv_heater.core.model.values import Reading
from pv_heater.errors import BadReply
from pv_heater.io.system.log import Complain
from pv_heater.meters.charger_states import charger_word, hardest
from pv_heater.meters.plausible import MOST_W, plausible_percent, plausible_v, plausible_w, total
from pv_heater.victron.ac_source import NO_INPUT, ac_source
from pv_heater.victron.steering import Told, steering_of
from pv_heater.victron.vrm.bodies import Record, logging_interval_s, records_of

_STALE_S = 600.0
"""A value that is this much older than the newest belongs to a device that no longer reports."""
_BATTERY_WORDS = {0: "idle", 1: "charging", 2: "discharging"}


def _ignore(_text: str) -> None:
    """For callers that do not want to hear of values left out."""


def reading_from_bodies(
    bodies: Mapping[str, Any], *, poll_interval_s: float = 60.0, complain: Complain = _ignore
) -> Reading:
    """The reading that one poll's raw answers hold.

    `bodies` has ``diagnostics`` (the pages, in order) or ``extended`` (one answer), and perhaps ``system_overview``.
    `complain` gets a sentence for each value that is left out because it cannot be true. Raises BadReply when nothing
    in the answers is a dated measurement.
    """
    records = records_of(bodies)
    house = _House(records, complain)
    if house.newest_s is None:
        raise BadReply(
            f"VRM sent {len(records)} values, but none of grid, consumption, battery or PV with a time; "
            "is this the right installation_id, and does its GX device log to VRM?"
        )
    battery_v = house.voltage_v()
    return Reading(
        taken_at=datetime.fromtimestamp(house.newest_s, UTC),
        source="vrm",
        pv_w=house.pv_w(),
        consumption_w=house.consumption_w(),
        grid_w=house.grid_w(),
        grid_phase_w=house.grid_phase_w(),
        battery_w=house.battery_w(battery_v),
        battery_v=battery_v,
        battery_soc_percent=house.soc_percent(),
        charger_state=house.charger_state(),
        pv_throttled=house.pv_throttled(),
        grid_connected=house.grid_connected(),
        ac_source=house.ac_source(),
        dc_load_w=house.dc_load_w(),
        steering=house.steering(),
        interval_s=max(poll_interval_s, logging_interval_s(bodies.get("system_overview")) or 60.0),
    )


class _House:
    """Finds the house's values among the records."""

    def __init__(self, records: Iterable[Record], complain: Complain) -> None:
        self._records = tuple(records)
        self._complain = complain
        times = [record.timestamp_s for record in self._records if record.timestamp_s and _is_fast(record)]
        self.newest_s = max(times, default=None)
        """When the newest measurement was logged. Settings keep dates of weeks ago and do not count."""

    def pv_w(self) -> float | None:
        """DC and AC coupled PV. Trackers are asked one by one only where the system gives no DC total."""
        dc_w = self._system("Pdc")
        if dc_w is None:
            dc_w = total(self._each("solarcharger", "PVP") or self._each("solarcharger", "ScW"))
        ac_codes = (f"{kind}{phase}" for kind in ("P", "Pi", "Pj") for phase in ("", "2", "3"))
        found = [value for value in (dc_w, *map(self._system, ac_codes)) if value is not None]
        return self._plausible_w("PV power", total(found) if found else self._system("solar_yield"))

    def consumption_w(self) -> float | None:
        phases = self._phases("a{}") or self._phases("o{}", "vebus")
        return self._plausible_w("consumption", total(phases) if phases else self._system("consumption"))

    def grid_phase_w(self) -> tuple[float, ...]:
        phases = self._phases("g{}") or self._phases("g{}p")
        return tuple(phases) if all(abs(power_w) <= MOST_W for power_w in phases) else ()

    def grid_w(self) -> float | None:
        phases = self._phases("g{}") or self._phases("g{}p")
        return self._plausible_w("grid power", total(phases) if phases else self._system("from_to_grid"))

    def voltage_v(self) -> float | None:
        voltage_v = _first(self._system("bv"), *self._each("battery", "V"))
        return plausible_v("VRM: the battery's voltage", voltage_v, self._complain)

    def battery_w(self, battery_v: float | None) -> float | None:
        power_w = self._system("bp")
        if power_w is None:
            current_a = _first(self._system("bc"), *self._each("battery", "I"))
            power_w = None if current_a is None or battery_v is None else battery_v * current_a
        return self._plausible_w("battery power", power_w)

    def soc_percent(self) -> float | None:
        percent = _first(self._system("bs"), *self._each("battery", "SOC"))
        return plausible_percent("VRM: the state of charge", percent, self._complain)

    def charger_state(self) -> str | None:
        battery = self._system("bst")
        if battery == 2:
            return "discharging"
        charger = hardest(charger_word(state) for state in self._each("solarcharger", "ScS"))
        return charger or (None if battery is None else _BATTERY_WORDS.get(int(battery)))

    def pv_throttled(self) -> bool | None:
        """Any tracker limited by voltage or current (MppOperationMode 1; 2 is tracking, 0 is off)."""
        modes = {
            record.number
            for record in self._records
            if record.path.endswith("/MppOperationMode") and self._is_current(record)
        }
        if 1.0 in modes:
            return True
        return False if 2.0 in modes else None

    def grid_connected(self) -> bool | None:
        """From the grid-lost alarm, whatever its age: an alarm is logged when it changes."""
        alarms = [record.number for record in self._records if record.code == "Agl" and record.number is not None]
        return not any(alarms) if alarms else None

    def ac_source(self) -> str | None:
        """As the system tells it; else the inverter's active input and what its owner connected there; else a
        generator's own power."""
        told = [record.number for record in self._records if record.path == "/Ac/ActiveIn/Source"
                and record.service == "system" and self._is_current(record)]  # fmt: skip
        number = _first(*told)
        if number is None:
            active = _first(*self._each("vebus", "AI"))
            kinds = {0.0: "si1", 1.0: "si2"}
            number = NO_INPUT if active == NO_INPUT else self._setting(kinds.get(-1.0 if active is None else active))
        return ac_source(number, self._phases("gs{}"))

    def dc_load_w(self) -> float | None:
        """Loads on the battery's side, where the GX device is told that there are any."""
        return self._plausible_w("the DC load", self._system("dc"))

    def steering(self) -> Steering | None:
        """Who else steers the battery, by the system's state alone."""
        return steering_of(Told(system_state=self._system("ss")))

    def _setting(self, code: str | None) -> float | None:
        """The newest value of a setting, whatever its age: it is logged when it changes."""
        found = [record for record in self._records if record.code == code and record.number is not None]
        return max(found, key=lambda record: record.timestamp_s or 0.0).number if found else None

    def _system(self, code: str) -> float | None:
        return _first(*self._each("system", code))

    def _each(self, service: str, code: str) -> list[float]:
        """The current values of `code` from every device of that service; else those that name no device at all."""
        current = [
            (record.service, record.number)
            for record in self._records
            if record.code == code and record.number is not None and self._is_current(record)
        ]
        named = [number for said, number in current if said == service]
        return named or [number for said, number in current if not said]

    def _phases(self, pattern: str, service: str | None = None) -> list[float]:
        """The phases that exist; a missing one is not an error, a single-phase house has only L1."""
        found = []
        for phase in (1, 2, 3):
            code = pattern.format(phase)
            value = self._system(code) if service is None else total(self._each(service, code))
            if value is not None:
                found.append(value)
        return found

    def _is_current(self, record: Record) -> bool:
        return (
            record.timestamp_s is not None
            and self.newest_s is not None
            and self.newest_s - record.timestamp_s <= _STALE_S
        )

    def _plausible_w(self, what: str, power_w: float | None) -> float | None:
        return plausible_w(f"VRM: {what}", power_w, self._complain)


_FAST = re.compile(
    r"[ago][123]p?|b[svcp]|bst|P(dc|[ij]?[23]?)|SOC|[VI]|PVP|Sc[WS]|from_to_grid|solar_yield|consumption"
)


def _is_fast(record: Record) -> bool:
    """Whether this is measured and logged at the GX device's own pace; only such values tell the reading's age."""
    return record.number is not None and _FAST.fullmatch(record.code) is not None


def _first(*values: float | None) -> float | None:
    return next((value for value in values if value is not None), None)
