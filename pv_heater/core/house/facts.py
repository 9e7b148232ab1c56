"""What is known of the house in a step, said once: guards, strategy, duties, rules and loads refer to it."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import field
from datetime import datetime

from pv_heater.core.house.least_charge import LeastCharge
from pv_heater.core.house.limited import Quantities
from pv_heater.core.model.lean import passing
from pv_heater.core.model.values import NO_INPUTS, Forecast, Inputs, Reading


@passing(frozen=True, slots=True, kw_only=True)
class HouseFacts:
    """One step, before anything is decided in it."""

    now: datetime
    tick_s: float = 0.0
    elapsed_s: float = 0.0
    """Seconds since the previous step."""
    inputs: Inputs = NO_INPUTS
    """What the caller says, with the loads that were found not to obey in `Inputs.health`."""
    knows_time: bool = True
    """Whether the time of day may be believed, or nobody has looked; see `Inputs.clock_trusted`."""
    cleared: Collection[str] = ()
    """Loads whose fault the owner has cleared in this step."""
    vacation_until_at: datetime | None
    """Nobody is home until then; None: somebody is."""
    daylight: bool
    """Whether these are hours of automatic heating."""
    daylight_changes_at: datetime | None = None
    """When `daylight` changes next; None: not today or tomorrow."""
    always_allowed: bool = False
    """The hours of automatic heating are the whole day."""
    forecast: Forecast | None = None
    """As the caller gave it, whether the time of day is known or not."""

    reading: Reading | None
    """None: there is none that may be used."""
    reading_is_new: bool = True
    """False when this reading has been seen before: it adds nothing."""
    taken_tick_s: float = 0.0
    """The tick at which the newest reading was taken."""
    reading_age_s: float | None
    """Age of the newest reading, used or not; None before the first."""
    max_reading_age_s: float
    """The age at which it counts no more."""
    least_charge: LeastCharge
    """Below which charge nothing heats by itself."""
    stale_share: float = 1.0
    """1 while the source is on time, falling to 0 as the reading nears its age limit."""
    source_interval_s: float | None
    refused_because: str | None = None
    """What the meter says now that this home cannot have; None: nothing. The reading before it goes on ageing."""

    own_w: float = 0.0
    """What the controlled loads drew when the newest reading was taken."""
    own_by_load_w: Mapping[str, float] = field(default_factory=dict)
    """The same, by load."""
    own_rise_w: float = 0.0
    """So much more they were set to in the seconds before it was taken."""
    own_is_steady: bool = True
    """False right after a step of our own, which the reading may or may not show."""
    commanded_w: float = 0.0
    """What the controlled loads are set to now."""
    house_w: float | None = None
    """The whole house; None: `reading` does not tell enough."""
    base_w: float | None = None
    """The house without controlled loads; None: `reading` does not tell enough."""
    base_told_w: float | None = None
    """The same, else as it was last reported while that still counts; None: unknown."""
    spare_w: float | None = None
    """PV beyond `base_w` and DC loads, before the battery takes its share; None: `reading` does not tell enough."""
    known: Quantities = field(default_factory=Quantities)
    """What the limits are judged by."""
    load_c: Mapping[str, float] = field(default_factory=dict)
    """Temperatures by load: from sensors of their own, else from the reading."""
    import_is_answered: bool = False
    """Less power, or the inverter, may still end what the grid delivers beyond its limit; see `core.house.ceiling`."""
    battery_is_full: bool = False
    """It takes nothing more, whatever charge is shown; see `core.house.full`."""
