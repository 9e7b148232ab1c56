"""What a day came to, said when its hours of automatic heating end."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from datetime import datetime

from pv_heater.core.model.requests import Mode
from pv_heater.core.model.trace import DecisionTrace
from pv_heater.core.model.values import Decision, Phase
from pv_heater.core.model.words import kilowatt_hours
from pv_heater.run.log_lines import line_of

LONGEST_STEP_S = 300.0
"""A longer pause between two ticks is a gap of which nothing is known."""
_FULL_CHARGE_PERCENT = 99.0
_FULL_POWER_SHARE = 0.97
_LEAST_WH = 50.0
"""Less is not worth a line."""


class DaySummary:
    """Counts, tick by tick, the sun that nobody used, and what the loads did meanwhile."""

    def __init__(self, max_power_w: Mapping[str, float]) -> None:
        self._max_power_w = max_power_w
        self._before: datetime | None = None
        self._by_day = False
        self._sold_wh: defaultdict[str, float] = defaultdict(float)
        """By what the loads did meanwhile."""
        self._hidden_wh: defaultdict[str, float] = defaultdict(float)

    def note(self, now: datetime, decision: Decision) -> list[str]:
        """Count this tick; the lines of the summary at the one that ends the day, else none."""
        elapsed_s = 0.0 if self._before is None else (now - self._before).total_seconds()
        self._before = now
        trace = decision.trace
        if 0 < elapsed_s <= LONGEST_STEP_S:
            self._count(trace, decision, elapsed_s / 3600.0)
        ended, self._by_day = self._by_day and not trace.daylight, trace.daylight
        if not ended:
            return []
        lines = [*self._load_lines(decision), *self._sun_lines(trace)]
        self._sold_wh.clear()
        self._hidden_wh.clear()
        return lines

    def _count(self, trace: DecisionTrace, decision: Decision, elapsed_h: float) -> None:
        sold_w = max(0.0, -(trace.grid_w or 0.0))
        hidden_w = _hidden_w(trace)
        if sold_w + hidden_w > 0:
            reason = self._reason(decision)
            self._sold_wh[reason] += sold_w * elapsed_h
            self._hidden_wh[reason] += hidden_w * elapsed_h

    def _reason(self, decision: Decision) -> str:
        """Why the loads did not take what was there."""
        if decision.blocked_by is not None:
            return f"while blocked by {decision.blocked_by}"
        states = decision.loads.items()
        phases = [state.phase for _, state in states]
        if Phase.FAULT in phases:
            return "while a load was in fault"
        if any(state.mode is Mode.OFF for _, state in states):
            return "while a load was forced off"
        if Phase.COOLDOWN in phases:
            return "while a load rested"
        heats = [
            state.power_w >= _FULL_POWER_SHARE * self._max_power_w[name]
            for name, state in states
            if state.phase is Phase.HEATING
        ]
        if not all(heats):
            return "not visible yet"
        if all(phase in (Phase.HEATING, Phase.FULL) for phase in phases):
            return "with loads at full power" if heats else "with loads full"
        return "too little to start a load"

    def _load_lines(self, decision: Decision) -> list[str]:
        lines = []
        for name, state in decision.loads.items():
            starts = f"{state.starts} start{'' if state.starts == 1 else 's'}"
            lines.append(f"today: {name} used {kilowatt_hours(state.energy_wh)} in {starts}")
        return lines

    def _sun_lines(self, trace: DecisionTrace) -> list[str]:
        source = trace.forecast_source or "the forecast"
        lines = []
        for by_reason, what in (
            (self._sold_wh, "{} went to the grid"),
            (self._hidden_wh, f"up to {{}} of sun unused (by {source})"),
        ):
            most = sorted(by_reason.items(), key=lambda item: -item[1])[:3]
            why = ", ".join(f"{kilowatt_hours(part_wh)} {text}" for text, part_wh in most if part_wh >= _LEAST_WH)
            if why:
                lines.append(line_of(f"today: {what.format(kilowatt_hours(sum(by_reason.values())))}", why))
        return lines


def _hidden_w(trace: DecisionTrace) -> float:
    """Sun that throttled chargers leave, as the forecast has it; 0 where nothing throttles or nobody knows."""
    if trace.forecast_pv_w is None or trace.pv_w is None or trace.feed_in:
        return 0.0
    throttled = trace.pv_throttled
    if throttled is None:
        throttled = (trace.battery_soc_percent or 0.0) >= _FULL_CHARGE_PERCENT
    return max(0.0, trace.forecast_pv_w - trace.pv_w) if throttled else 0.0
