"""The values that cross every boundary of the program.

Signs: ``grid_w > 0`` imports, ``battery_w > 0`` charges. Units are the last word of a name:
``_w`` watts, ``_wh`` watt-hours, ``_v`` volts, ``_s`` seconds, ``_percent``, ``_deg``, ``_c`` degrees
Celsius. Instants are aware datetimes named ``*_at``; ages and delays are monotonic seconds
(``tick_s``), because a Pi has no clock chip and network time can jump by months.
Missing is ``None``, never 0; NaN and infinity are refused at construction.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import field
from datetime import datetime, timedelta
from enum import StrEnum

from pv_heater.core.model.checks import are_finite, in_utc, require_finite
from pv_heater.core.model.day_energies import DayEnergies
from pv_heater.core.model.day_plan import DayPlan
from pv_heater.core.model.lean import dataclass
from pv_heater.core.model.prices import PricePeriod
from pv_heater.core.model.requests import Command, Mode
from pv_heater.core.model.steering import Steering
from pv_heater.core.model.tank import TankStatus
from pv_heater.core.model.trace import DecisionTrace, OwnValue, Thresholds

AC_SOURCES = ("grid", "generator", "shore", "none")


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What a meter saw of the house at one instant. Every field but the first two may be missing (None)."""

    taken_at: datetime
    source: str
    pv_w: float | None = None
    """All PV of the site, DC and AC coupled, as produced (throttled or not)."""
    consumption_w: float | None = None
    """The whole house, controlled loads included."""
    grid_w: float | None = None
    grid_phase_w: tuple[float, ...] = ()
    """Grid power by phase; only phases that exist."""
    battery_w: float | None = None
    battery_v: float | None = None
    battery_soc_percent: float | None = None
    charger_state: str | None = None
    """``bulk``, ``absorption``, ``float`` ... or ``discharging``; lower case English words."""
    pv_throttled: bool | None = None
    feed_in_allowed: bool | None = None
    grid_connected: bool | None = None
    ac_source: str | None = None
    """What feeds the AC input: ``grid``, ``generator``, ``shore`` or ``none``."""
    dc_load_w: float | None = None
    """What DC loads take from the battery's side, W, not part of `consumption_w`; below 0 a DC source gives."""
    steering: Steering | None = None
    """Who else steers the battery or spends the surplus; None: nobody, or nobody tells."""
    load_w: Mapping[str, float] = field(default_factory=dict)
    """Measured power of controlled loads, by load name."""
    load_c: Mapping[str, float] = field(default_factory=dict)
    """Measured temperature of controlled loads, by load name. A stale value is left out, not repeated."""
    interval_s: float | None = None
    """The source's own pace, seconds between samples; None when the source does not tell."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "taken_at", in_utc("taken_at", self.taken_at))
        values = (
            self.pv_w, self.consumption_w, self.grid_w, self.battery_w, self.battery_v, self.battery_soc_percent,
            self.dc_load_w, self.interval_s,
        )  # fmt: skip
        if not are_finite(*values, *self.grid_phase_w, *self.load_w.values(), *self.load_c.values()):
            self._name_what_is_not_finite()
        if self.ac_source not in (None, *AC_SOURCES):
            raise ValueError(f"ac_source must be one of {', '.join(AC_SOURCES)}, not {self.ac_source!r}")

    def _name_what_is_not_finite(self) -> None:
        for name in ("pv_w", "consumption_w", "grid_w", "battery_w", "battery_v", "battery_soc_percent", "dc_load_w"):
            require_finite(name, getattr(self, name))
        require_finite("interval_s", self.interval_s)
        for number, phase_w in enumerate(self.grid_phase_w, 1):
            require_finite(f"grid_phase_w[{number}]", phase_w)
        for name, power_w in self.load_w.items():
            require_finite(f"load_w[{name}]", power_w)
        for name, temperature_c in self.load_c.items():
            require_finite(f"load_c[{name}]", temperature_c)


@dataclass(frozen=True, slots=True, kw_only=True)
class Forecast:
    """Expected PV power: contiguous steps of `step_s` seconds, nights included.

    `steps` holds ``(start_at, mean pv_w)`` pairs; nothing is known beyond the last step's end.
    """

    issued_at: datetime
    source: str
    step_s: int
    steps: tuple[tuple[datetime, float], ...]
    cloud_percent: tuple[float, ...] = ()
    """Mean cloud cover of each step, 0 to 100; empty where the source does not tell. Nothing decides by it yet."""
    use_steps: tuple[tuple[datetime, float], ...] = ()
    """Hours of what the source expects the whole house to use, controlled loads included: ``(start_at, mean W)``, in
    order of time; empty where the source does not tell."""
    is_clear_sky: bool = False
    """Nobody's expectation, but what a sky without clouds would give: an upper bound, for want of anything better."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "issued_at", in_utc("issued_at", self.issued_at))
        steps = tuple((in_utc("steps.start_at", start_at), pv_w) for start_at, pv_w in self.steps)
        object.__setattr__(self, "steps", steps)
        if not 60 <= self.step_s <= 3600:
            raise ValueError(f"step_s must be 60 to 3600 seconds, not {self.step_s}")
        step = timedelta(seconds=self.step_s)
        previous: datetime | None = None
        for start_at, pv_w in self.steps:
            require_finite("steps.pv_w", pv_w)
            if previous is not None and start_at - previous != step:
                raise ValueError(
                    f"steps must be {self.step_s} s apart, but {start_at.isoformat()} follows {previous.isoformat()}"
                )
            previous = start_at
        if self.use_steps:
            use_steps = tuple((in_utc("use_steps.start_at", start_at), use_w) for start_at, use_w in self.use_steps)
            object.__setattr__(self, "use_steps", use_steps)
            for _, use_w in use_steps:
                require_finite("use_steps.use_w", use_w)
        if self.cloud_percent and len(self.cloud_percent) != len(steps):
            raise ValueError(f"cloud_percent must have a value for each of {len(steps)} steps, or none at all")
        for percent in self.cloud_percent:
            if not 0.0 <= percent <= 100.0:
                raise ValueError(f"cloud_percent must be 0 to 100 %, not {percent}")

    @property
    def end_at(self) -> datetime | None:
        """The end of the last step; None for an empty forecast."""
        return self.steps[-1][0] + timedelta(seconds=self.step_s) if self.steps else None

    def power_w_at(self, at: datetime) -> float | None:
        """Mean PV power of the step that holds `at`; None before the first and beyond the last step."""
        if not self.steps:
            return None
        index = int((at - self.steps[0][0]).total_seconds() // self.step_s)
        return self.steps[index][1] if 0 <= index < len(self.steps) else None

    def use_w_at(self, at: datetime) -> float | None:
        """Mean use of the house in the hour that holds `at`; None where the source does not tell."""
        number = bisect_right(self.use_steps, at, key=lambda step: step[0]) - 1
        if number < 0 or at - self.use_steps[number][0] >= timedelta(hours=1):
            return None
        return self.use_steps[number][1]

    def energy_wh_between(self, start_at: datetime, end_at: datetime) -> float:
        """Expected PV energy between two instants; what lies outside the forecast counts as 0."""
        total_ws = 0.0
        for step_start, pv_w in self.steps:
            begin = max(step_start, start_at)
            finish = min(step_start + timedelta(seconds=self.step_s), end_at)
            if finish > begin:
                total_ws += pv_w * (finish - begin).total_seconds()
        return total_ws / 3600.0

    def cloud_percent_between(self, start_at: datetime, end_at: datetime) -> float | None:
        """Mean cloud cover of the time between two instants that the forecast knows; None where it knows nothing."""
        total, known_s = 0.0, 0.0
        for (step_start, _), percent in zip(self.steps, self.cloud_percent, strict=False):
            begin = max(step_start, start_at)
            finish = min(step_start + timedelta(seconds=self.step_s), end_at)
            if finish > begin:
                total += percent * (finish - begin).total_seconds()
                known_s += (finish - begin).total_seconds()
        return total / known_s if known_s > 0 else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Inputs:
    """Everything a step may know beside the reading and the forecast; all optional."""

    tick_s: float | None = None
    """Monotonic seconds; None: the seconds that `now` has advanced since the first call (steps back count 0)."""
    commands: tuple[Command, ...] = ()
    health: Mapping[str, str] = field(default_factory=dict)
    """Load name to ``ok`` or the reason why its hardware cannot be used."""
    unreachable: Mapping[str, str] = field(default_factory=dict)
    """Load name to why its device does not answer now. Its share goes to others; ends by itself, unlike a fault."""
    wishes: Mapping[str, Mode | None] = field(default_factory=dict)
    """Load name to what its rule answered: on, off, or None (no opinion). On passes no guard, and ends after the
    load's ``rule_on_max_s``."""
    wish_because: Mapping[str, str] = field(default_factory=dict)
    """Load name to why its rule answered so; may be empty."""
    wish_power_w: Mapping[str, float] = field(default_factory=dict)
    """Load name to the power that its rule asks for with an ``on``, W; not named: ``rule_power_w``, else all it has."""
    probes: Mapping[str, bool] = field(default_factory=dict)
    """What the world outside answered to questions in conditions, such as ``ping("192.168.1.9")``, by their text."""
    load_w: Mapping[str, float] = field(default_factory=dict)
    """Load name to the power that a meter of its own tells now, W, stale values left out; wins over the reading's."""
    load_w_age_s: Mapping[str, float] = field(default_factory=dict)
    """How long ago each of `load_w` was taken; what is not named is taken to be new."""
    load_c: Mapping[str, float] = field(default_factory=dict)
    """Load name to what a sensor of its own tells now, degC, stale values left out; wins over the reading's."""
    values: Mapping[str, OwnValue] = field(default_factory=dict)
    """The owner's own values by name; one that is not named is not known."""
    prices: tuple[PricePeriod, ...] = ()
    """What is known of a market's prices, with charges and taxes; the settings' own tariff counts wherever it is not.
    In order of time; of several that hold at a time the first counts."""
    clock_trusted: bool | None = None
    """False while neither network time nor the meter's own time vouches for `now`; None: not examined."""
    distrusted_because: str | None = None
    """Why the meter must not be believed though its reading is fresh, such as values that stand still; None: it may."""

    def __post_init__(self) -> None:
        if are_finite(
            self.tick_s,
            *self.load_w.values(),
            *self.load_w_age_s.values(),
            *self.load_c.values(),
            *self.wish_power_w.values(),
        ):
            return
        require_finite("tick_s", self.tick_s)
        for name, power_w in self.load_w.items():
            require_finite(f"load_w[{name}]", power_w)
        for name, power_w in self.wish_power_w.items():
            require_finite(f"wish_power_w[{name}]", power_w)
        for name, age_s in self.load_w_age_s.items():
            require_finite(f"load_w_age_s[{name}]", age_s)
        for name, temperature_c in self.load_c.items():
            require_finite(f"load_c[{name}]", temperature_c)


NO_INPUTS = Inputs()


class Phase(StrEnum):
    """Where a load stands; only the table in ``core/loads/machine.py`` changes it."""

    OFF = "off"
    ARMED = "armed"
    HEATING = "heating"
    FULL = "full"
    COOLDOWN = "cooldown"
    FAULT = "fault"


class Stop(StrEnum):
    """How a contact opens. ``safety``: at once, whatever current it breaks; ``normal``: after its regulator is at
    zero."""

    NORMAL = "normal"
    SAFETY = "safety"


@dataclass(frozen=True, slots=True, kw_only=True)
class Setpoint:
    """What an output has to do. ``on`` means ``power_w > 0``; off means 0."""

    on: bool
    power_w: float

    def __post_init__(self) -> None:
        require_finite("power_w", self.power_w)
        if self.on != (self.power_w > 0):
            raise ValueError(f"a setpoint that is {'on' if self.on else 'off'} cannot ask for {self.power_w:g} W")


OFF = Setpoint(on=False, power_w=0.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadState:
    """What a load does, and why, for people and programs alike."""

    phase: Phase
    mode: Mode
    until_at: datetime | None
    """When a forced mode, or the duty that it runs for (guarantee, hygiene, boost), ends at the latest; else None.

    None with a forced mode: it is for good.
    """
    power_w: float
    rule: str
    """The id of what decided: a guard, a timer of the machine, a mode, or the strategy's own rule."""
    because: str
    margins: Mapping[str, float]
    """What would flip the decision, such as ``{"surplus_w": 140.0}``: 140 W more (`core.loads.explain`)."""
    since_at: datetime
    next_change_at: datetime | None
    """The earliest instant at which time alone can change this; None when no timer runs."""
    energy_wh: float = 0.0
    """What it has taken since midnight, local time."""
    starts: int = 0
    """How often it has started since midnight, local time."""
    temperature_c: float | None = None
    """Its temperature; None where no probe tells it now."""
    rests_until_at: datetime | None = None
    """Before this instant it cannot start again (minimum off time), whoever asks; None: it can, or it is on."""
    tank: TankStatus | None = None
    """The tank behind it; None where the settings name none."""
    notice: str | None = None
    """The last thing worth telling of its duties, such as a cycle that was done; None without any since the start."""
    missed: str | None = None
    """What its last guarantee lacked, as a sentence, until the next one is due; None: nothing."""
    mode_since_at: datetime | None = None
    """When its forced mode began; None in ``auto``."""
    stop: Stop = Stop.NORMAL
    """How its output goes off, or stays off. ``safety`` with a setpoint that is on does not happen."""

    @property
    def for_good(self) -> bool:
        """Whether it is forced without an end."""
        return self.mode is not Mode.AUTO and self.until_at is None


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """The outcome of one step."""

    setpoints: Mapping[str, Setpoint]
    loads: Mapping[str, LoadState]
    blocked_by: str | None
    """The first guard that blocks, or None."""
    because: str
    margins: Mapping[str, float]
    """How far the guard that blocks is from its release, such as ``{"battery_soc_percent": 2.0}``; else empty."""
    trace: DecisionTrace
    """The values it was made from, with their ages."""
    thresholds: Thresholds
    """The limits they were compared with."""
    outlook: str | None = None
    """What the strategy aims at now and how firmly, as a sentence; None where it aims at nothing."""
    plan: DayPlan | None = None
    """What is expected until tomorrow's sunset; None where nothing can be. The same object while it is in force."""
    notices: tuple[str, ...] = ()
    """What is worth telling once of the home, such as meters that contradict each other, for as long as it holds."""
    today: DayEnergies | None = None
    """What the day has come to; None where nobody counts."""
