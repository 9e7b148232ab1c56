"""What a decision rests on: the values it was made from, with their ages, and the thresholds in force."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from datetime import datetime

from pv_heater.core.model.checks import require_finite
from pv_heater.core.model.lean import dataclass
from pv_heater.core.model.steering import Steering


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnValue:
    """A value of the owner's own, such as a humidity: what is known of it now."""

    value: float | None = None
    """None: not known. A condition that needs it does not hold then."""
    age_s: float | None = None
    """How long ago the last one came; None before the first."""
    because: str | None = None
    """Why it is lost: `value` is then what the settings put in its place, if anything. None: it is fresh."""
    unit: str = ""

    def __post_init__(self) -> None:
        require_finite("value", self.value)
        require_finite("age_s", self.age_s)


@dataclass(frozen=True, slots=True, kw_only=True)
class DecisionTrace:
    """The values of one step. What the meter does not tell, or told too long ago, is None."""

    reading_source: str | None = None
    """None: there is no reading young enough to be used."""
    reading_age_s: float | None = None
    """Age of the newest reading, used or not; None before the first."""
    stale_share: float = 0.0
    """1 while the source is on time, falling to 0 as the reading nears its age limit."""
    pv_w: float | None = None
    house_w: float | None = None
    """The whole house, as measured or from the balance of PV, grid and battery."""
    house_twice_w: Mapping[str, float] = field(default_factory=dict)
    """What ``consumption`` and the ``balance`` of sun, grid and battery say of the house while they contradict each
    other; empty while they do not."""
    dc_load_w: float | None = None
    """What DC loads take, which are no part of `house_w`."""
    base_w: float | None = None
    """The house without controlled loads."""
    grid_w: float | None = None
    grid_phase_w: tuple[float, ...] = ()
    battery_w: float | None = None
    battery_soc_percent: float | None = None
    pv_throttled: bool | None = None
    feed_in: bool | None = None
    grid_connected: bool | None = None
    ac_source: str | None = None
    """What feeds the AC input: ``grid``, ``generator``, ``shore`` or ``none``."""
    load_w: Mapping[str, float] = field(default_factory=dict)
    """Measured power of controlled loads, by name."""
    load_c: Mapping[str, float] = field(default_factory=dict)
    """Measured temperature of controlled loads, by name: from sensors of their own, else from the reading."""
    values: Mapping[str, OwnValue] = field(default_factory=dict)
    """The owner's own values, by name."""
    own_w: float | None = None
    """What the controlled loads drew when the reading was taken."""
    commanded_w: float = 0.0
    """What they were set to before this step."""
    spare_w: float | None = None
    """PV minus `base_w` and DC loads."""
    inverter_load_w: float = 0.0
    forecast_source: str | None = None
    forecast_age_s: float | None = None
    forecast_pv_w: float | None = None
    """What the forecast expects now."""
    import_per_kwh: float | None = None
    """What a bought kWh costs now, in the owner's currency."""
    export_per_kwh: float | None = None
    """What a sold kWh earns now."""
    daylight: bool = False
    """Whether these are hours of automatic heating."""
    clock_trusted: bool | None = None
    vacation_until_at: datetime | None = None
    budget_w: float = 0.0
    """What the strategy would spend on all loads together."""
    budget_rule: str = ""
    strategy: Mapping[str, float] = field(default_factory=dict)
    """The strategy's own figures."""
    allotted_w: Mapping[str, float] = field(default_factory=dict)
    """Each load's share of the budget."""
    wishes: Mapping[str, str] = field(default_factory=dict)
    """What the loads' rules answered, ``on`` or ``off``; a load whose rule has no opinion is left out."""
    rule_remarks: Mapping[str, str] = field(default_factory=dict)
    """What a load's owner should know of its rule, such as a value that is not known."""
    learned: Mapping[str, str] = field(default_factory=dict)
    """What was learned of a load's regulator, and is corrected; see `core.actuators.learned_curve`."""
    steering: Steering | None = None
    """Who else steers the battery or spends the surplus, such as Victron's Dynamic ESS."""
    steering_because: str | None = None
    """What is done with the battery at this moment and what that means, as a sentence; None: nobody steers it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadThresholds:
    """What one load's share, times and temperatures are compared with."""

    start_w: float
    """Its share of the surplus at which it starts."""
    stop_w: float
    """Its share below which it stops."""
    dead_band_w: float
    start_delay_s: float
    min_on_s: float
    min_off_s: float
    max_closings_per_day: int
    daily_max_wh: float | None
    target_c: float | None
    target_release_c: float | None
    max_c: float | None
    max_release_c: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Thresholds:
    """The limits in force. A guard blocks at its limit and releases at the value named after it; None: not limited."""

    max_reading_age_s: float
    min_battery_percent: float
    battery_release_percent: float
    max_grid_w: float
    grid_release_w: float
    max_battery_discharge_w: float
    max_house_w: float | None
    house_release_w: float | None
    max_phase_w: float | None
    phase_release_w: float | None
    inverter_max_w: float | None
    """None also where the loads do not run behind the inverter."""
    inverter_release_w: float | None
    loads: Mapping[str, LoadThresholds]
    grid_target_w: float = 0.0
    """The power at the grid that is aimed at."""
