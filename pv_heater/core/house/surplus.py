"""What is spare: the view a strategy decides from, and the budget it answers with."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import field
from math import inf
from typing import Any, Protocol, runtime_checkable

from pv_heater.core.house.ahead.house_ahead import HouseAhead
from pv_heater.core.house.ahead.quarters import Stretch
from pv_heater.core.house.facts import HouseFacts
from pv_heater.core.house.sun import SunCourse
from pv_heater.core.model.lean import dataclass, passing
from pv_heater.core.model.prices import PricePeriod
from pv_heater.core.model.steering import Steering
from pv_heater.core.model.usual_battery import CAPACITY_WH, CHARGE_LIMIT_W
from pv_heater.core.model.values import Forecast, Reading
from pv_heater.core.settings.home import Limits, Site
from pv_heater.core.settings.load import LoadSettings

FULL_FROM_PERCENT = 99.0
"""From here chargers may throttle: whole-percent meters and tapering hide where exactly."""


@passing(frozen=True, slots=True, kw_only=True)
class AutomaticLoads:
    """The loads that a strategy has to do with, all together: none that is forced, faulty or on duty."""

    capacity_w: float
    """What all of them together could take."""
    least_w: float = 0.0
    """The least power at which any of them can run; 0 when there is none."""
    next_to_start: LoadSettings | None = None
    """Of those that could start now the one that needs least; None when there is none."""
    is_on: bool = True
    """Whether one of them is on."""
    wanted_wh: float = inf
    """What they may still take today; without end where one has no `daily_max_wh`."""
    only_held: bool = False
    """True while loads are on, and all of them only until their minimum on time ends: a guard or a rule said no."""


@passing(frozen=True, slots=True, kw_only=True)
class View:
    """One immutable picture for a strategy. Guards have been asked before: `reading` is fresh.

    While `house.knows_time` is false there is no forecast, no price and no sun to reckon with, and `house.now` says
    nothing; ticks do.
    """

    house: HouseFacts
    loads: AutomaticLoads
    reading: Reading
    forecast: Forecast | None
    ahead: HouseAhead
    """What is expected of sun and house; of no use while `house.knows_time` is false."""
    sun: SunCourse | None
    """How high the sun stands, for who asks; None when the site has no coordinates."""
    balance_spare_w: float | None = None
    """The surplus by the battery and the grid; None when the meter does not tell enough, or it is not believed."""
    course: int = 0
    """Another number each time that readings begin a new course, after a silence of the meter for example: what was
    seen before it says nothing of now."""
    feed_in: bool
    """Whether surplus may go to the grid, so that PV is not throttled."""
    charge_percent: float | None
    """The charge to go by: 100 where the battery is full or takes nothing more, and never more; None: not known."""
    sun_hides: bool
    """Whether the reading may show less than the sun would give: the chargers throttle, or might."""
    capacity_wh: float = CAPACITY_WH
    """What the battery holds when full: as configured, else as is usual."""
    charge_limit_w: float = CHARGE_LIMIT_W
    """The most it takes while it is far from full."""
    site: Site
    limits: Limits
    battery_target_percent: float | None
    """The owner's charge up to which the battery comes first, of a full one as `charge_percent`; None leaves it to the
    strategy."""
    grid_passes: bool = False
    """What the grid delivers, or takes, is a step of a load that the inverter is taking over: no lack of sun, and no
    surplus."""
    prices: tuple[PricePeriod, ...] = ()
    """Of today and tomorrow, in order of time; empty where nothing is known of them."""
    steering: Steering | None = None
    """Who else steers the battery; None: nobody, or nobody tells. See `core.house.company`."""
    is_steered: bool = False
    """Somebody moves the battery against sun and use: its power proves nothing, and it gives nothing to loads."""
    entitled_percent: float | None = None
    """The charge up to which it comes first by the plan of who steers it; None leaves it to the strategy."""
    grid_target_w: float = 0.0
    """The grid power aimed at; above 0 only where no battery would pay for it."""


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
    """What the strategy aims at and how firmly, as a sentence; None where it aims at nothing."""


class Foresight(Protocol):
    """How a strategy will share the sun of the quarters ahead between battery and loads."""

    @property
    def margin_w(self) -> float:
        """Surplus that it will leave unspent."""
        ...

    @property
    def give_w(self) -> float:
        """What the battery may give to the loads at most."""
        ...

    def battery_w(self, number: int, soc_percent: float, wanted_wh: float) -> float:
        """What the battery should get in that quarter before the loads, at that charge; below 0 it may give as much.

        `wanted_wh`: what the loads may still take that day.
        """
        ...


class Strategy(Protocol):
    """One law. It may remember between calls, but only what `state` tells, and reads no clock."""

    def budget(self, view: View) -> Budget:
        """The power that would be good now."""
        ...

    def foresee(self, view: View, today: Sequence[Stretch], tomorrow: Sequence[Stretch]) -> Foresight:
        """How it will decide in these quarters, of today and then of tomorrow, if all comes as expected.

        Its budgets are the same whether it was asked or not.
        """
        ...

    def state(self) -> dict[str, Any]:
        """What it has learned, as plain JSON types."""
        ...

    def restore(self, state: Mapping[str, Any]) -> None:
        """Take back what an earlier `state` gave; unknown keys are ignored."""
        ...


@runtime_checkable
class Tunable(Strategy, Protocol):
    """A strategy whose settings may change while it runs; of another one a new one is made, with what it learned."""

    def adopt(self, settings: Any) -> None:
        """Go on with these settings; what is remembered stays."""
        ...


def with_settings(strategy: Strategy, settings: Any, build: Callable[[], Strategy]) -> Strategy:
    """The strategy as it goes on with other settings; `build` makes a new one of them."""
    if isinstance(strategy, Tunable):
        strategy.adopt(settings)
        return strategy
    successor = build()
    successor.restore(strategy.state())
    return successor


def drained_w_of(reading: Reading, *, off_grid: bool, has_battery: bool) -> float | None:
    """What grid and battery give together, below 0 what they take.

    None where one of them is not reported, though the home has it, or a generator feeds the house.
    """
    battery_w, grid_w = reading.battery_w, reading.grid_w
    if battery_w is None and (has_battery or reading.battery_soc_percent is not None):
        return None
    if grid_w is None and (off_grid or reading.ac_source == "none"):
        grid_w = 0.0
    if grid_w is None or reading.ac_source in ("generator", "shore"):
        return None
    return grid_w - (battery_w or 0.0)


def balance_house_w(reading: Reading, drained_w: float | None) -> float | None:
    """The whole house by sun, DC loads, and what grid and battery give; None where one of them is not known."""
    return None if drained_w is None or reading.pv_w is None else reading.pv_w + drained_w - (reading.dc_load_w or 0.0)
