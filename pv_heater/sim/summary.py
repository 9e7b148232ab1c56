"""What a simulated time came to, for people and programs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field

from pv_heater.core.model.lean import dataclass
from pv_heater.sim.home import Ledger

LEAST_TOLD_WH = 10.0
"""Less is noise of the arithmetic, or of no interest to anyone."""

OPEN_LOOP = "open loop: the recorded house did not answer to these decisions"


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """Totals of a whole run; energies in Wh. `core.model.lean.to_jsonable` gives it as JSON."""

    name: str
    days: float
    open_loop: bool
    heat_wh: Mapping[str, float]
    """Taken by each load; in an open loop what the load was set to."""
    closings: Mapping[str, int]
    """Starts, by load."""
    pv_wh: float
    house_wh: float
    bought_wh: float
    sold_wh: float
    unused_wh: float | None
    """Sun left unused; None in an open loop, where nobody knows."""
    unserved_wh: float | None
    battery_start_wh: float | None
    battery_end_wh: float | None
    without: Ledger | None = None
    """The same time without any heating; None in an open loop, where nobody knows."""
    unused_because_wh: Mapping[str, float] = field(default_factory=dict)
    """Sun left unused, by the reason."""

    def as_lines(self) -> list[str]:
        """One fact a line, in kWh."""
        lines = [f"{self.name}: {self.days:.1f} day{'' if self.days == 1 else 's'}"]
        if self.open_loop:
            lines.append(OPEN_LOOP)
        for load, heat_wh in self.heat_wh.items():
            starts = self.closings.get(load, 0)
            lines.append(f"{load}: {heat_wh / 1000:.2f} kWh used, {starts} start{'' if starts == 1 else 's'}")
        lines.append(f"sun: {self.pv_wh / 1000:.2f} kWh produced, house: {self.house_wh / 1000:.2f} kWh used")
        lines.append(f"grid: {self.bought_wh / 1000:.2f} kWh bought, {self.sold_wh / 1000:.2f} kWh sold")
        if self.unused_wh is not None:
            lines.append(f"sun left unused: {self.unused_wh / 1000:.2f} kWh{self._reasons()}")
        if self.unserved_wh:
            lines.append(f"missing off grid: {self.unserved_wh / 1000:.2f} kWh")
        if self.battery_start_wh is not None and self.battery_end_wh is not None:
            lines.append(f"battery: {self.battery_start_wh / 1000:.2f} -> {self.battery_end_wh / 1000:.2f} kWh")
        return lines + self._compared()

    def _reasons(self) -> str:
        found = sorted(self.unused_because_wh.items(), key=lambda item: -item[1])
        told = [f"{wh / 1000:.2f} {why}" for why, wh in found if wh >= LEAST_TOLD_WH]
        return f" ({', '.join(told)})" if told else ""

    def _compared(self) -> list[str]:
        """What heating changed, beside the same time without it."""
        without = self.without
        if without is None or self.unused_wh is None:
            return []
        caught_wh, bought_wh = without.unused_wh - self.unused_wh, self.bought_wh - without.grid_import_wh
        stored_wh = (self.battery_end_wh or 0.0) - without.battery_end_wh
        lines = [
            f"the same without heating: {without.unused_wh / 1000:.2f} kWh of sun unused, "
            f"{without.grid_import_wh / 1000:.2f} kWh bought"
        ]
        if without.unused_wh >= LEAST_TOLD_WH:
            share = 100.0 * caught_wh / without.unused_wh
            lines.append(
                f"so heating caught {caught_wh / 1000:.2f} kWh of it ({share:.0f} %) and bought {_more(bought_wh)}"
            )
        elif abs(bought_wh) >= LEAST_TOLD_WH:
            lines.append(f"so heating bought {_more(bought_wh)}")
        if abs(stored_wh) >= LEAST_TOLD_WH:
            lines.append(f"and left the battery with {_more(stored_wh)}")
        return lines


def _more(energy_wh: float) -> str:
    return f"{abs(energy_wh) / 1000:.2f} kWh {'more' if energy_wh >= 0 else 'less'}"


def summarise(
    ledger: Ledger,
    closings: Mapping[str, int],
    *,
    name: str,
    days: float,
    open_loop: bool,
    without: Ledger | None = None,
    unused_because_wh: Mapping[str, float] | None = None,
) -> Summary:
    """The ledger and the starts of each load as a summary; an open loop hides what it cannot know."""
    return Summary(
        name=name,
        days=days,
        open_loop=open_loop,
        heat_wh={load: ledger.heat_wh.get(load, 0.0) for load in closings},
        closings=dict(closings),
        pv_wh=ledger.pv_wh,
        house_wh=ledger.house_wh,
        bought_wh=ledger.grid_import_wh,
        sold_wh=ledger.grid_export_wh,
        unused_wh=None if open_loop else ledger.unused_wh,
        unserved_wh=None if open_loop else ledger.unserved_wh,
        battery_start_wh=None if open_loop else ledger.battery_start_wh,
        battery_end_wh=None if open_loop else ledger.battery_end_wh,
        without=None if open_loop else without,
        unused_because_wh={} if open_loop else dict(unused_because_wh or {}),
    )
