"""Commissioning: one output moved on purpose, for seconds, while its load is off.

The loop's own thread does it, in place of what it would tell the load at that tick, and ends it by its own clock: who
asked for it may be gone by then. The load's machine knows nothing of it. A fault, a safety guard, a start of the load,
`off`, the end of the program: each ends it at once, since all of them go before it.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from datetime import datetime

from pv_heater.core.model.lean import dataclass
from pv_heater.core.model.plain_text import plain_message
from pv_heater.core.model.rule_id import SAFETY_RULES, Rule
from pv_heater.core.model.values import Decision, LoadState, Phase, Setpoint, Stop
from pv_heater.core.settings.load import LoadSettings
from pv_heater.ports import Load, WithKnob

log = logging.getLogger(__name__)

CLICK, POSITION, BLINK = "click", "position", "blink"
USUAL_S: Mapping[str, float] = {CLICK: 3.0, POSITION: 20.0, BLINK: 6.0}
LONGEST_S: Mapping[str, float] = {CLICK: 10.0, POSITION: 60.0, BLINK: 10.0}
"""No more than it takes to look at it; a contact is not closed for longer than a loop that hangs would keep it."""
SHORTEST_S = 1.0
BLINKS = 3.0
"""On, off, on: so many parts of equal length."""
BEGINS_WITHIN_S = 5.0
"""A loop that was held up for longer does not do then what nobody waits for any more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """What is to be tried, for how many seconds, and who asked for it. `percent` is the place of a knob."""

    load: str
    what: str
    for_s: float
    who: str
    percent: float | None = None

    def __str__(self) -> str:
        place = "" if self.percent is None else f" {self.percent:g} %"
        return f"{self.what}{place} for {self.for_s:g} s"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Running:
    trial: Trial
    since_s: float

    @property
    def until_s(self) -> float:
        return self.since_s + self.trial.for_s


class Trials:
    """At most one at a time."""

    def __init__(self, loads: Mapping[str, Load], policies: Callable[[], Mapping[str, LoadSettings]]) -> None:
        self._loads = loads
        self._policies = policies
        self._running: _Running | None = None

    def expected(self, trial: Trial, decision: Decision | None, now: datetime | None) -> str:
        """What will happen, as a sentence. Raises ValueError where it may not. From any thread."""
        load = self._loads.get(trial.load)
        if load is None:
            raise ValueError(f"there is no load {trial.load!r}; there is {', '.join(self._loads)}")
        if decision is None or now is None:
            raise ValueError("the controller has not completed its first tick yet; try again in a few seconds")
        ways = getattr(load, "tries", ())
        if trial.what not in ways:
            raise ValueError(f"{trial.load} can be tried by {' or '.join(ways) or 'nothing'}, not by {trial.what}")
        if not SHORTEST_S <= trial.for_s <= LONGEST_S[trial.what]:
            raise ValueError(f"{trial.what} lasts {SHORTEST_S:g} to {LONGEST_S[trial.what]:g} s, not {trial.for_s:g} s")
        if (trial.what == POSITION) is not (trial.percent is not None):
            raise ValueError("a position needs a percent, 0 to 100, and nothing else does")
        if trial.percent is not None and not 0 <= trial.percent <= 100:
            raise ValueError(f"the position must be 0 to 100 %, not {trial.percent:g}")
        running = self._running
        if running is not None:
            raise ValueError(f"{running.trial.load} is being tried ({running.trial}); one at a time")
        state = decision.loads[trial.load]
        if (why := _against(decision, state)) is not None:
            raise ValueError(f"{trial.load} cannot be tried now: {why}")
        rests_until_at = state.rests_until_at
        if trial.what != POSITION and rests_until_at is not None and rests_until_at > now:
            raise ValueError(f"{trial.load} rests for {(rests_until_at - now).total_seconds():.0f} s more")
        return f"{trial.load}: {self._sentence(trial, load)}"

    def begin(self, trial: Trial, asked_s: float, tick_s: float) -> None:
        """From this tick on; on the loop's thread."""
        late = tick_s - asked_s > BEGINS_WITHIN_S
        if self._running is not None or late:
            log.warning("%s: no trial: %s", trial.load, "it was asked for too long ago" if late else "another one runs")
            return
        self._running = _Running(trial=trial, since_s=tick_s)
        log.info("%s: trial, %s, by %s", trial.load, trial, plain_message(trial.who)[:80])

    def end(self, why: str) -> None:
        """No trial any more; on the loop's thread."""
        if self._running is not None:
            log.info("%s: trial over: %s", self._running.trial.load, why)
        self._running = None

    def holds(self, name: str, decision: Decision, tick_s: float) -> bool:
        """Whether this load is being tried in this tick; ends what is over, or may not go on."""
        running = self._running
        if running is None or running.trial.load != name:
            return False
        why = "its time is up" if tick_s >= running.until_s else _against(decision, decision.loads[name])
        if why is not None:
            self.end(why)
        return why is None

    def step(self, load: Load, tick_s: float) -> float | None:
        """What is tried, at this tick; the tick at which the next is needed at the latest. Raises HardwareError."""
        running = self._running
        assert running is not None
        trial, until_s = running.trial, running.until_s
        if trial.what == POSITION and isinstance(load, WithKnob):
            early_s = load.turn_while_open(trial.percent or 0.0, tick_s)
        elif trial.what == CLICK and isinstance(load, WithKnob):
            early_s = load.close_at_zero(tick_s)
        else:
            part_s = trial.for_s / BLINKS if trial.what == BLINK else trial.for_s
            number = int((tick_s - running.since_s) / part_s)
            until_s = min(until_s, running.since_s + (number + 1) * part_s)
            power_w = self._policies()[load.name].least_power_w if number % 2 == 0 else 0.0
            early_s = load.apply(Setpoint(on=power_w > 0, power_w=power_w), tick_s)
        return until_s if early_s is None else min(until_s, early_s)

    def _sentence(self, trial: Trial, load: Load) -> str:
        least_w = self._policies()[trial.load].least_power_w
        knob = isinstance(load, WithKnob)
        part_s = f"{trial.for_s / BLINKS:.2g} s"
        texts = {
            CLICK: f"its contact closes for {trial.for_s:g} s{', the knob at zero' if knob else ''}, then opens",
            POSITION: f"contact open, the knob goes to {trial.percent or 0:g} %, and home after {trial.for_s:g} s",
            BLINK: f"on for {part_s} with {least_w:g} W, off for {part_s}, on for {part_s}, then off",
        }
        dry = " (dry run, nothing is switched)" if getattr(load, "is_pretended", False) else ""
        return texts[trial.what] + dry


def _against(decision: Decision, state: LoadState) -> str | None:
    """Why nothing may be tried; None: it may."""
    if state.phase is Phase.FAULT:
        return f"it has a fault: {state.because}"
    if decision.blocked_by in SAFETY_RULES:
        return f"blocked for safety: {decision.because}"
    if state.rule in SAFETY_RULES or state.rule == Rule.UNREACHABLE or state.stop is Stop.SAFETY:
        return f"blocked for safety: {state.because}"
    if state.phase is Phase.HEATING or state.power_w > 0:
        return "it is on; force it off first"
    return None
