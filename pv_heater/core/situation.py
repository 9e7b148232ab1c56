"""What the state machine of a load remembers, is faced with, and answers. Times are monotonic seconds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field

from pv_heater.core.drawing import Idle
from pv_heater.core.duty import Duty
from pv_heater.core.guards import Block
from pv_heater.core.own_meters import Measured
from pv_heater.core.passing import passing
from pv_heater.core.run_to_end import Run
from pv_heater.core.types import Mode, Phase, Stop


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
    forced_w: float | None = None
    closings: int = 0
    """Starts since midnight."""
    run_from_wh: float = 0.0
    """`energy_wh` when it went on."""
    poor_runs: int = 0
    """So many runs in a row were hardly worth a closing; see `core.timers`. Forgotten over a restart."""
    energy_wh: float = 0.0
    """Energy since midnight."""
    fault: str | None = None
    hot: bool = False
    """Whether the temperature guard blocked at the previous step."""
    idle: Idle | None = None
    """Set while it is known to draw nothing, whatever it is set to."""
    enough_since_s: float | None = None
    """Since when it has had enough today; None: not yet, or no longer. See `core.dependency`."""

    run: Run | None = None
    """The run under way of a load that is not interruptible; None while it is off."""
    ran_because: str | None = None
    """How its run of today ended; None: it has had none."""

    @property
    def credited_w(self) -> float:
        """What it may be taken to draw: as set, but nothing while it is known to draw nothing."""
        return 0.0 if self.idle is not None else self.power_w


@passing(frozen=True, slots=True, kw_only=True)
class Situation:
    """What one load is faced with in this step."""

    tick_s: float
    elapsed_s: float
    """Seconds since the previous step."""
    safety: Block | None
    energy: Block | None
    allotted_w: float
    """Power the allocator has for it in mode auto."""
    offered_w: float = 0.0
    """What the budget leaves for it before that is cut to what it can use; below 0 it lacks so much."""
    stale_share: float
    """1 while the reading is young, falling to 0 as it nears its limit: caps the power of an automatic load."""
    rule: str
    because: str
    is_worded: bool = False
    """Whether `because` itself says what the load needs and what is left for it."""
    margins: Mapping[str, float] = field(default_factory=dict)
    """The strategy's own figures."""
    health: str = "ok"
    cleared: bool = False
    switch_free_s: float | None = None
    """It may not go on or off before this tick, since others just did; None: it may. See `core.switching`."""
    duty: Duty | None = None
    """Why it must run now whatever the sun gives; None: it need not."""
    raised_c: float | None = None
    """Sun may heat it to this temperature today, beyond its target; None: to its target."""
    temperature_c: float | None = None
    measured: Measured | None = None
    """What its own meter says; None without one."""
    midnight_s: float | None = None
    """When the counts of the day begin anew."""
    daylight_ends_s: float | None = None
    """When automatic heating is no longer allowed; None: it is not now, or goes on beyond tomorrow."""


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
