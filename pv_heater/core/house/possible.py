"""What this home can have. A reading beyond it is a fault of the meter, and counts as no reading.

What would start or raise heating is doubted: too much sun, charge or export, a house that gives power. A false value in
the other direction costs some sun and heats nothing, except that a load which is on ends its minimum time by it; so sun
below zero is doubted too: the meter has its sign wrong, and nothing else that it says can be counted on.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

from pv_heater.core.model.values import Reading
from pv_heater.core.settings.home import Site

SUN_FACTOR = 1.5
"""Modules give up to a third more than their peak power for minutes, at the edge of a cloud and in the cold."""
SUN_MARGIN_W = 500.0
STANDBY_W = 200.0
"""By night the inverters of a roof draw some ten watts each, and a clamp around them shows it as sun below zero."""
BATTERY_FACTOR = 3.0
"""Batteries take and give more than their owners write down, for a while; C/2 is only the default."""
INVERTER_FACTOR = 2.0
"""Peak power of an inverter over its rating, from data sheets."""
GREW_BY = 1.25
"""A power that grew to beyond its bound step by step is real, and the setting behind the bound is too small."""
EMPTY_REGISTERS_W = frozenset({65_535.0, 65_534.0, 32_767.0, 32_768.0})
"""What a register of 16 bits holds when nothing is in it."""
MOST_PERCENT = 110.0
"""Battery monitors count a little beyond full; more than that cannot be a charge."""


_NOTHING_YET = Reading(taken_at=datetime.min.replace(tzinfo=UTC), source="")
_TOO_MUCH = "more than sun and battery can give together"


class Possible:
    """Sieves readings by what the settings say of the site."""

    def __init__(self, site: Site) -> None:
        peak_w = 1000.0 * sum(plane.kwp for plane in site.pv)
        battery_w = BATTERY_FACTOR * site.battery.charge_limit_w if site.battery is not None else None
        self._sun_w = SUN_FACTOR * peak_w + SUN_MARGIN_W if peak_w > 0 else None
        self._charge_w = battery_w + SUN_MARGIN_W if battery_w is not None else None
        self._kwp, self._battery_limit_w = peak_w / 1000.0, site.battery.charge_limit_w if site.battery else None
        discharge_w = INVERTER_FACTOR * site.inverter.max_w if site.inverter is not None else battery_w
        has_all = self._sun_w is not None and discharge_w is not None
        self._export_w = (self._sun_w or 0.0) + (discharge_w or 0.0) if has_all else None
        self._believed: Reading | None = None
        self._newest: Reading | None = None
        self._answer: Reading | None = None
        """To the newest; a meter is asked in every step and mostly says the same again."""
        self.refused_because: str | None = None
        """Why the newest reading was not believed; None: it was."""

    def believed(self, reading: Reading | None) -> Reading | None:
        """The reading, or None where this home cannot have it. A charge a little above full is full."""
        if reading is not None and reading is not self._newest:
            self._newest, self._answer = reading, self._sieved(reading)
        return None if reading is None else self._answer

    def _sieved(self, reading: Reading) -> Reading | None:
        self.refused_because = self._impossible(reading, self._believed if self._believed is not None else _NOTHING_YET)
        if self.refused_because is not None:
            return None
        self._believed = reading
        soc = reading.battery_soc_percent
        if soc is None or 0.0 <= soc <= 100.0:
            return reading
        return replace(reading, battery_soc_percent=100.0 if 100.0 < soc <= MOST_PERCENT else None)

    def _impossible(self, reading: Reading, before: Reading) -> str | None:
        """What of it cannot be; None: all can. `before` is the one that was believed before."""
        if reading.pv_w is not None and reading.pv_w < -STANDBY_W:
            return f"{reading.pv_w:.0f} W of sun, which is below zero; is its sign wrong?"
        if _is_beyond(reading.pv_w, self._sun_w, before.pv_w):
            return f"{reading.pv_w:.0f} W of sun from {_modules(self._kwp)}"
        if _is_beyond(reading.battery_w, self._charge_w, before.battery_w):
            return f"{reading.battery_w:.0f} W into a battery that takes {self._battery_limit_w or 0:.0f} W"
        # PV that no meter sees makes a house look as if it gave power: no more than could go to the grid.
        grid_w, use_w = reading.grid_w, reading.consumption_w
        if grid_w is not None and grid_w < 0 and _is_beyond(-grid_w, self._export_w, _reversed(before.grid_w)):
            return f"{-grid_w:.0f} W to the grid, {_TOO_MUCH}"
        if use_w is not None and use_w < 0 and _is_beyond(-use_w, self._export_w, _reversed(before.consumption_w)):
            return f"{-use_w:.0f} W out of the house, {_TOO_MUCH}"
        return None


def _is_beyond(power_w: float | None, most_w: float | None, before_w: float | None) -> bool:
    if power_w is None:
        return False
    if most_w is None:
        return power_w in EMPTY_REGISTERS_W
    return power_w > most_w and (before_w is None or power_w > GREW_BY * before_w)


def _modules(kwp: float) -> str:
    return f"{kwp:g} kWp of modules (`site.pv`)" if kwp > 0 else "a home; it is what an empty register holds"


def _reversed(power_w: float | None) -> float | None:
    return None if power_w is None else -power_w
