"""What the state machine of a load remembers, is faced with, and answers; and the times between a start and a stop.

Times are monotonic seconds. A load that once started runs to its end, such as a washing machine, has a `Run`: how far
it is, and when it has ended.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from pv_heater.core.actuators.idle import Idle
from pv_heater.core.actuators.load_meters import Measured
from pv_heater.core.house.facts import HouseFacts
from pv_heater.core.house.guards import Block
from pv_heater.core.loads.duty import Duty
from pv_heater.core.loads.step_context import StepContext
from pv_heater.core.model.lean import dataclass, passing
from pv_heater.core.model.requests import Mode
from pv_heater.core.model.values import Phase, Stop
from pv_heater.core.settings.load import LoadSettings

RESTS_BELOW_W = 5.0
RESTS_FOR_S = 300.0
"""A machine that draws less than 5 W for 5 min has ended: it soaks and waits for shorter, and its lamp draws less."""
LONGEST_RUN_S = 6 * 3600.0
"""The longest run of a load whose own meter should tell its end: the slowest programmes take five hours."""
POOR_RUN_S = 90.0
"""A run that ends for want of sun with less heat than so long at full power was not worth a closing: 50 Wh of 2 kW."""
PATIENCE_S = 30.0
"""After one of these the surplus must last so long before the next start; twice as long after each further one."""
MOST_POOR_RUNS = 5
FORGIVEN_S = 1800.0
"""Each half hour off makes up for one of them; a run with more heat makes up for all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """A run that is under way. Ticks are those of the measurements, so that one that is repeated proves nothing."""

    since_s: float
    drew: bool = False
    """Whether it was measured to draw anything since it began."""
    resting_since_s: float | None = None
    """When the first measurement of an unbroken row was taken that shows it resting."""
    seen_s: float | None = None
    """When the latest measurement was taken; None before the first."""

    def after(self, measured: Measured | None) -> Run:
        """With what its own meter says now; None: nothing that can be believed."""
        if measured is None or measured.taken_s < self.since_s or measured.taken_s == self.seen_s:
            return self
        if abs(measured.power_w) >= RESTS_BELOW_W:
            return replace(self, drew=True, resting_since_s=None, seen_s=measured.taken_s)
        since_s = measured.taken_s if self.resting_since_s is None else self.resting_since_s
        return replace(self, resting_since_s=since_s, seen_s=measured.taken_s)

    @property
    def rests(self) -> bool:
        """Whether it has drawn nothing for long enough to have ended, or never to have begun."""
        if self.resting_since_s is None or self.seen_s is None:
            return False
        return self.seen_s - self.resting_since_s >= RESTS_FOR_S

    def ended(self, run_s: float | None, tick_s: float) -> str | None:
        """Why the run is over; None while it goes on. `run_s` is its longest time, None the longest of any."""
        if self.rests:
            return f"it drew less than {RESTS_BELOW_W:.0f} W for {RESTS_FOR_S / 60:.0f} min"
        longest_s = LONGEST_RUN_S if run_s is None else run_s
        if tick_s - self.since_s < longest_s:
            return None
        return f"it has run for {longest_s / 60:.0f} min, its longest time"


@passing(frozen=True, slots=True, kw_only=True)
class Memory:
    """What a load's machine remembers between steps."""

    phase: Phase = Phase.OFF
    since_s: float = 0.0
    power_w: float = 0.0
    """What it is set to draw; 0 unless heating."""
    power_since_s: float = 0.0
    """When that last changed."""
    opened_s: float | None = None
    """When it last went off; None: never seen on."""
    mode: Mode = Mode.AUTO
    mode_until_s: float | None = None
    """When the forced mode ends; None: ``auto``, or for good."""
    mode_since_s: float | None = None
    """When the forced mode began; a longer time for the same mode is no new beginning. None: ``auto``."""
    forced_w: float | None = None
    closings: int = 0
    """Starts since midnight."""
    run_from_wh: float = 0.0
    """`energy_wh` when it went on."""
    poor_runs: int = 0
    """So many runs in a row were hardly worth a closing; see `core.loads.load_step`. Forgotten over a restart."""
    energy_wh: float = 0.0
    """Energy since midnight."""
    fault: str | None = None
    hot: bool = False
    """Whether the temperature guard blocked at the previous step."""
    idle: Idle | None = None
    """Set while it is known to draw nothing, whatever it is set to."""
    enough_since_s: float | None = None
    """Since when it has had enough today; None: not yet, or no longer. See `core.loads.dependency`."""

    run: Run | None = None
    """The run under way of a load that is not interruptible; None while it is off."""
    ran_because: str | None = None
    """How its run of today ended; None: it has had none."""

    @property
    def for_good(self) -> bool:
        """Whether it is forced without an end."""
        return self.mode is not Mode.AUTO and self.mode_until_s is None

    @property
    def credited_w(self) -> float:
        """What it may be taken to draw: as set, but nothing while it is known to draw nothing."""
        return 0.0 if self.idle is not None else self.power_w


@passing(frozen=True, slots=True, kw_only=True)
class LoadStep:
    """What one load is faced with in this step."""

    context: StepContext
    """What all loads are faced with alike."""
    house: HouseFacts
    """The same as that of `context`."""
    safety: Block | None
    energy: Block | None
    allotted_w: float
    """Power the allocator has for it in mode auto."""
    offered_w: float = 0.0
    """What the budget leaves for it before that is cut to what it can use; below 0 it lacks that much."""
    rule: str
    because: str
    is_worded: bool = False
    """Whether `because` itself says what the load needs and what is left for it."""
    health: str = "ok"
    cleared: bool = False
    switch_free_s: float | None = None
    """It may not go on or off before this tick, since others just did; None: it may. See `core.loads.switching`."""
    duty: Duty | None = None
    """Why it must run now whatever the sun gives; None: it need not."""
    raised_c: float | None = None
    """Sun may heat it to this temperature today, beyond its target; None: to its target."""
    temperature_c: float | None = None
    measured: Measured | None = None
    """What its own meter says; None without one, and where nothing depends on it: it may be interrupted, and drew."""


@passing(frozen=True, slots=True, kw_only=True)
class Outcome:
    """The machine's answer: the memory to keep, and why it stands where it stands."""

    memory: Memory
    rule: str
    because: str
    margins: Mapping[str, float]
    next_change_s: float | None
    """The tick at which a running timer ends, if any."""
    duty: Duty | None = None
    """The duty that decided, if one did."""
    rests_until_s: float | None = None
    """The tick before which it may not start again, whoever asks for it; None: it may now, or it is on."""
    temperature_c: float | None = None
    stop: Stop = Stop.NORMAL
    """How its contact opens where it is off."""


def dwell_left_s(policy: LoadSettings, memory: Memory, tick_s: float) -> float:
    """What is left of the minimum on time of a load that is on; 0 or less when it is over."""
    return memory.since_s + policy.min_on_s - tick_s


def rest_left_s(policy: LoadSettings, memory: Memory, tick_s: float) -> float:
    """What is left of the minimum off time of a load that is off; 0 or less when it is over or there was none."""
    return 0.0 if memory.opened_s is None else memory.opened_s + policy.min_off_s - tick_s


def delay_left_s(policy: LoadSettings, memory: Memory, tick_s: float) -> float:
    """What is left of the start delay of an armed load; 0 or less when it is over."""
    return start_delay_s(policy, memory, tick_s) - (tick_s - memory.since_s)


def start_delay_s(policy: LoadSettings, memory: Memory, tick_s: float) -> float:
    """How long the surplus must last before a start: as set, and longer after poor runs.

    A start needs the prospect of some minutes; a kettle or a car with a rhythm of its own is not one. Not for
    loads without a minimum on time, whose switching costs nothing.
    """
    if memory.poor_runs < 1:
        return policy.start_delay_s
    poor_runs = poor_runs_now(policy, memory, tick_s)
    return policy.start_delay_s if poor_runs < 1 else max(policy.start_delay_s, PATIENCE_S * 2.0 ** (poor_runs - 1))


def poor_runs_now(policy: LoadSettings, memory: Memory, tick_s: float) -> int:
    """How many poor runs in a row still count."""
    if memory.opened_s is None or policy.min_on_s <= 0:
        return 0
    return max(0, memory.poor_runs - int((tick_s - memory.opened_s) / FORGIVEN_S))


def with_run_ended(policy: LoadSettings, memory: Memory, tick_s: float, *, for_want_of_sun: bool) -> Memory:
    """The memory of a load whose run ends now, before its phase changes."""
    if (memory.energy_wh - memory.run_from_wh) * 3600.0 >= POOR_RUN_S * policy.max_power_w:
        return replace(memory, poor_runs=0)
    if not for_want_of_sun:
        return memory
    return replace(memory, poor_runs=min(MOST_POOR_RUNS, poor_runs_now(policy, memory, tick_s) + 1))
