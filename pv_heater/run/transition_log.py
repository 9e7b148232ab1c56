"""What happened, in words: one log line for each transition."""

from __future__ import annotations

import logging
from collections.abc import Collection, Mapping
from datetime import datetime, timedelta

from pv_heater.core.model.day_plan import DayPlan
from pv_heater.core.model.rule_id import SAFETY_RULES, Rule
from pv_heater.core.model.values import Decision, Forecast, LoadState, Phase, Reading
from pv_heater.core.model.words import kilowatts
from pv_heater.run.day_summary import DaySummary
from pv_heater.run.log_lines import blocked_line, first_line, for_good_line, line_of, mode_line, phase_line, power_line

log = logging.getLogger("pv_heater.transitions")

FOLDED = timedelta(minutes=15)
"""Small steps of a load's power are one line in this time."""
LARGE_SHARE = 1 / 3
"""A step of this share of a load's full power is never folded."""
REMINDED = timedelta(days=1)
"""So often it is said that a load is forced for good."""
_TROUBLES = SAFETY_RULES | {Rule.UNREACHABLE}
"""What ends the heating of a load and is a warning."""
PLAN_FOLDED = timedelta(hours=1)
LARGE_PERCENT = 10
"""The plan is one line in an hour, unless its target charge moves so far."""
EXPECTED_FOLDED = timedelta(hours=3)
"""What is expected is one line in this time, unless the charge at sunset moves as far."""


class TransitionLog:
    """Compares each decision with the one before and logs what changed."""

    def __init__(
        self, max_power_w: Mapping[str, float], *, pretended: Collection[str] = (), all_steps: bool = False
    ) -> None:
        """`max_power_w`: the full power of each load; `pretended`: those that are not switched, as their lines say.

        `all_steps`: each step of power and plan is a line, however small.
        """
        self._max_power_w = max_power_w
        self._pretended, self._all_steps = frozenset(pretended), all_steps
        self._previous: Decision | None = None
        self._forecast_source: str | None = None
        self._powers: dict[str, tuple[datetime, float]] = {}
        """By load: when its power was said last, and what was said."""
        self._plan: tuple[datetime, str, float] | None = None
        self._expected: tuple[datetime, DayPlan] | None = None
        """What was said last to be expected, and when."""
        self._for_good: dict[str, datetime] = {}
        """By load that is forced for good: when that was said last."""
        self._late_at: datetime | None = None
        self._summary = DaySummary()
        self.closings: dict[str, int] = dict.fromkeys(max_power_w, 0)
        """Starts since the program began, by load."""

    def adopt(self, *, all_steps: bool) -> None:
        """From now on lines for all steps of power and plan, or folded ones."""
        self._all_steps = all_steps

    def report(self, now: datetime, decision: Decision, reading: Reading | None, forecast: Forecast | None) -> None:
        """Log what changed at `now`."""
        del reading
        source = forecast.source if forecast is not None else None
        if source != self._forecast_source:
            self._say(now, f"forecast: {source or 'none'}")
            self._forecast_source = source
        previous = self._previous
        if previous is None or _is_blocked_otherwise(previous, decision):
            level = logging.WARNING if decision.blocked_by in SAFETY_RULES else logging.INFO
            self._say(now, blocked_line(decision, previous, now), level)
        self._report_plan(now, decision)
        self._report_expected(now, decision)
        for notice in decision.notices:
            if previous is None or notice not in previous.notices:
                self._say(now, notice)
        for name, state in decision.loads.items():
            self._report_load(now, name, previous.loads[name] if previous is not None else None, state)
        for line in self._summary.note(decision):
            self._say(now, line)
        self._previous = decision

    def _report_load(self, now: datetime, name: str, before: LoadState | None, state: LoadState) -> None:
        """A changed mode, phase or power, and news of its duties."""
        if state.notice is not None and (before is None or before.notice != state.notice):
            self._say(now, f"{name} {state.notice}")
        self._say(now, mode_line(name, before, state, now, dry_run=name in self._pretended))
        self._remind(now, name, state)
        if state.phase is Phase.HEATING and (before is None or before.phase is not Phase.HEATING):
            self.closings[name] += 1
        level = logging.ERROR if state.phase is Phase.FAULT else logging.INFO
        if state.rule in _TROUBLES and state.phase is not Phase.FAULT and (before and before.phase is Phase.HEATING):
            level = logging.WARNING
        if before is None:
            self._say(now, first_line(name, state, dry_run=name in self._pretended), level)
        elif before.phase is not state.phase:
            self._say(now, phase_line(name, before, state, dry_run=name in self._pretended), level)
        elif state.phase is Phase.HEATING:
            self._report_power(now, name, before, state)
            return
        self._powers[name] = (now, state.power_w)

    def _remind(self, now: datetime, name: str, state: LoadState) -> None:
        """Once a day of a mode that nothing ends by itself; its beginning was a line of its own."""
        if not state.for_good:
            self._for_good.pop(name, None)
        elif _is_over(self._for_good.setdefault(name, now), now, REMINDED):
            self._say(now, for_good_line(name, state, now), logging.WARNING)
            self._for_good[name] = now

    def _report_power(self, now: datetime, name: str, before: LoadState, state: LoadState) -> None:
        """Another power: at once where the step is large, else what the last quarter of an hour came to."""
        if state.rule == Rule.STALE and before.rule != Rule.STALE:
            self._report_late(now, name, state)
        said_at, said_w = self._powers[name]
        if self._all_steps:
            is_due = round(before.power_w, 1) != round(state.power_w, 1)
        else:
            large = abs(state.power_w - said_w) >= LARGE_SHARE * self._max_power_w[name]
            is_other = state.power_w != said_w and kilowatts(said_w) != kilowatts(state.power_w)
            is_due = is_other and (large or _is_over(said_at, now))
        if is_due:
            self._say(now, power_line(name, said_w, state, dry_run=name in self._pretended))
            self._powers[name] = (now, state.power_w)

    def _report_late(self, now: datetime, name: str, state: LoadState) -> None:
        """Power is taken back since no reading comes: one line for all loads and for each silence of a while."""
        if self._late_at is None or self._all_steps or _is_over(self._late_at, now):
            self._say(now, line_of(f"{name} {kilowatts(state.power_w)}", state.because))
        self._late_at = now

    def _report_plan(self, now: datetime, decision: Decision) -> None:
        """What the strategy aims at, when that changes."""
        outlook = decision.outlook if decision.trace.daylight else None
        target_percent = decision.trace.strategy.get("target_percent", 0.0)
        if outlook is None:
            return
        if self._plan is not None:
            said_at, said, said_percent = self._plan
            moved = abs(target_percent - said_percent) >= LARGE_PERCENT
            if outlook == said or not (moved or self._all_steps or _is_over(said_at, now, PLAN_FOLDED)):
                return
        self._plan = (now, outlook, target_percent)
        self._say(now, f"plan: {outlook}")

    def _report_expected(self, now: datetime, decision: Decision) -> None:
        """What today and tomorrow are expected to bring, by daylight."""
        plan = decision.plan if decision.trace.daylight else None
        if plan is None or not plan.text:
            return
        if self._expected is not None:
            said_at, said = self._expected
            if plan is said or plan.text == said.text:
                return
            moved = abs((plan.soc_tonight_percent or 0.0) - (said.soc_tonight_percent or 0.0)) >= LARGE_PERCENT
            if not (moved or self._all_steps or _is_over(said_at, now, EXPECTED_FOLDED)):
                return
        self._expected = (now, plan)
        self._say(now, line_of("expected", plan.text))

    def _say(self, now: datetime, line: str | None, level: int = logging.INFO) -> None:
        if line:
            log.log(level, line, extra={"at": now})


def _is_over(said_at: datetime, now: datetime, folded: timedelta = FOLDED) -> bool:
    """Whether what was said then may be said anew; a clock that went back begins anew as well."""
    return not timedelta(0) <= now - said_at < folded


def _is_blocked_otherwise(before: Decision, decision: Decision) -> bool:
    """By another guard, or for another kind of reason: "has not answered yet" is other news than "is 6 h old"."""
    if before.blocked_by != decision.blocked_by:
        return True
    if decision.blocked_by is None or before.because == decision.because:
        return False
    return _without_numbers(before.because) != _without_numbers(decision.because)


def _without_numbers(text: str) -> str:
    return "".join([character for character in text if not character.isdigit()])
