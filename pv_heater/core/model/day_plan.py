"""What is expected of today and tomorrow, as data: for the page, `status`, the log and the owner's rules."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from pv_heater.core.model.lean import dataclass
from pv_heater.core.model.rule_id import Rule


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedRun:
    """Heating that is planned, from the beginning of one quarter to the end of another, without a pause."""

    load: str
    from_at: datetime
    until_at: datetime
    energy_wh: float
    rule: Rule | None
    """What asks for it whatever the sun gives; None: nothing does, it is sun to spare."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Purchase:
    """What a guarantee will have to buy, since the planned sun brings less by its hour."""

    load: str
    energy_wh: float
    from_at: datetime
    """When buying begins."""
    until_at: datetime
    """The hour by which the guarantee wants it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ForecastError:
    """How far what was expected in the morning has been off on the last days, on average."""

    share: float
    """Of what was expected, 0.2: by a fifth."""
    days: int
    """So many days have been seen."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DayPlan:
    """Quarter by quarter from now until tomorrow's sunset, or for as long as anything is known of the sun.

    Powers are means of a quarter. In each of them sun + bought = house + loads + battery + unused. A series that
    nothing is known of is None; all others are of the same length.
    """

    made_at: datetime
    """When it was made. The first quarter is what was left of it then."""
    start_at: datetime
    """When the first quarter begins, before `made_at`."""
    step_s: int
    sun_w: tuple[float, ...]
    """What the panels could give, whether something takes it or not."""
    house_w: tuple[float, ...]
    """The house without controlled loads; DC loads are in it."""
    loads_w: Mapping[str, tuple[float, ...]]
    """By load; empty where nothing is known of the battery, which comes first."""
    battery_w: tuple[float, ...] | None
    """Above 0 it charges; None without a battery, or where its charge or its capacity is not known."""
    battery_percent: tuple[float, ...] | None
    """Its charge when each quarter begins; the first is that of `made_at`."""
    unused_w: tuple[float, ...] | None
    """Sun that nothing takes: sold where that is allowed, else the chargers hold it back. None as `loads_w`."""
    bought_w: tuple[float, ...] | None
    """What the grid, or whatever stands in for it, has to give."""
    import_per_kwh: tuple[float | None, ...] | None = None
    """What a bought kWh costs when each quarter begins, in the owner's currency; None where no price is known."""
    export_per_kwh: tuple[float | None, ...] | None = None
    """What a sold kWh earns, likewise."""
    soc_tonight_percent: float | None
    """Charge expected at `tonight_at`."""
    tonight_at: datetime | None
    """Today's sunset; None once it is over, where the sun does not set, and where nobody knows when."""
    soc_tomorrow_percent: float | None
    """Charge expected at `tomorrow_at`; None also where the plan ends before."""
    tomorrow_at: datetime | None
    """Tomorrow's sunset."""
    runs: tuple[PlannedRun, ...]
    """When each load heats and what asks for it, in order of time; the sums of `loads_w`."""
    purchases: tuple[Purchase, ...]
    """What will be bought, for which load, when, and why; `notes` says the same."""
    sun_error: ForecastError | None
    """None: fewer than three days have been seen."""
    text: str
    """All of it in a sentence; may be empty."""
    notes: tuple[str, ...] = ()
    """`purchases`, a sentence each."""
