"""What is spare: the view a strategy decides from, and the budget it answers with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from math import inf
from typing import Any, Protocol

from pv_heater.core.model.passing import passing
from pv_heater.core.model.values import Forecast, PricePeriod, Reading
from pv_heater.core.settings.home import Limits, Site
from pv_heater.core.settings.load import LoadSettings


@passing(frozen=True, slots=True, kw_only=True)
class View:
    """One immutable picture for a strategy. Guards have been asked before: `reading` is fresh."""

    now: datetime
    tick_s: float
    reading: Reading
    reading_is_new: bool
    """False when this reading has been seen before: it is no new evidence."""
    taken_tick_s: float
    """The tick at which `reading` was taken."""
    forecast: Forecast | None
    sun_elevation_deg: float | None
    """None when the site has no coordinates."""
    own_w: float
    """What the controlled loads drew when `reading` was taken."""
    base_w: float | None
    """The house without controlled loads; None when the meter does not tell enough."""
    spare_w: float | None
    """PV minus `base_w`, before the battery takes its share; None when the meter does not tell enough."""
    commanded_w: float
    """What the controlled loads are set to now."""
    balance_spare_w: float | None = None
    """The same surplus by the battery and the grid; None when the meter does not tell enough, or it is not believed."""
    own_is_steady: bool = True
    """False right after a step of our own, which the reading may or may not show."""
    course: int = 0
    """Another number each time that readings begin a new course, after a silence of the meter for example: what was
    seen before it says nothing of now."""
    capacity_w: float
    """What all automatic loads together could take."""
    feed_in: bool
    """Whether surplus may go to the grid, so that PV is not throttled."""
    site: Site
    limits: Limits
    battery_target_percent: float | None
    """The owner's charge up to which the battery comes first; None leaves it to the strategy."""
    grid_passes: bool = False
    """What the grid delivers, or takes, is a step of a load that the inverter is taking over: no lack of sun, and no
    surplus."""
    battery_is_full: bool = False
    """It takes nothing more, whatever charge the meter shows; see `core.house.full`."""
    least_w: float = 0.0
    """The least power at which any automatic load can run; 0 when there is none."""
    next_load: LoadSettings | None = None
    """Of the automatic loads that could start now the one that needs least; None when there is none."""
    automatic_is_on: bool = True
    """Whether a load is on that goes by the strategy: none that is forced or on duty."""
    wanted_wh: float = inf
    """What all automatic loads may still take today; without end where one has no `daily_max_wh`."""
    knows_time: bool = True
    """False: the time of day is unknown. Then there is no forecast, no price and no sun to reckon with, and `now` says
    nothing; ticks do."""
    prices: tuple[PricePeriod, ...] = ()
    """Of today, in order of time; empty where nothing is known of them."""
    only_held: bool = False
    """True while loads are on, and all of them only until their minimum on time ends: a guard or a rule said no."""

    @property
    def charge_percent(self) -> float | None:
        """The charge to go by: 100 where the battery takes nothing more, and never more; None: not known."""
        shown_percent = self.reading.battery_soc_percent
        if self.battery_is_full:
            return 100.0
        return None if shown_percent is None else min(100.0, shown_percent)


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """How much all controlled loads together should draw, and why."""

    power_w: float
    rule: str
    because: str
    battery_w: float = 0.0
    """What was held back for the battery: loads placed above it in the list may take it."""
    margins: Mapping[str, float] = field(default_factory=dict)
    notice: str | None = None
    """What the log should tell once, while it holds; None: nothing."""
    outlook: str | None = None
    """What the strategy expects of the rest of the day and aims at, as a sentence; None where it plans nothing."""


class Strategy(Protocol):
    """One law. It may remember between calls, but only what `state` tells, and reads no clock."""

    def budget(self, view: View) -> Budget:
        """The power that would be good now."""
        ...

    def state(self) -> dict[str, Any]:
        """What it has learned, as plain JSON types."""
        ...

    def restore(self, state: Mapping[str, Any]) -> None:
        """Take back what an earlier `state` told; unknown keys are ignored."""
        ...


def _drained_w(reading: Reading, *, off_grid: bool, has_battery: bool) -> float | None:
    """What grid and battery give together, below 0 what they take.

    None where one of them is not told, though the home has it, or a generator feeds the house.
    """
    battery_w, grid_w = reading.battery_w, reading.grid_w
    if battery_w is None and (has_battery or reading.battery_soc_percent is not None):
        return None
    if grid_w is None and (off_grid or reading.ac_source == "none"):
        grid_w = 0.0
    if grid_w is None or reading.ac_source in ("generator", "shore"):
        return None
    return grid_w - (battery_w or 0.0)


def balance_house_w(reading: Reading, *, off_grid: bool, has_battery: bool) -> float | None:
    """The whole house by sun, grid, battery and DC loads alone; None where one of them is not known."""
    drained_w = _drained_w(reading, off_grid=off_grid, has_battery=has_battery)
    return None if drained_w is None or reading.pv_w is None else reading.pv_w + drained_w - (reading.dc_load_w or 0.0)


def balance_spare_w(reading: Reading, own_w: float, *, off_grid: bool, has_battery: bool) -> float | None:
    """The surplus by battery and grid: what own loads draw, the battery takes and the grid is given; None: not told."""
    drained_w = _drained_w(reading, off_grid=off_grid, has_battery=has_battery)
    return None if drained_w is None else own_w - drained_w
