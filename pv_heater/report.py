"""What happened, in words: one log line for each transition, and the latest picture for whoever asks."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from pv_heater.core.types import Decision, Forecast, LoadState, Mode, Phase, Reading

log = logging.getLogger("pv_heater.transitions")


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """The latest tick as others may see it."""

    now: datetime
    decision: Decision
    reading: Reading | None
    forecast_source: str | None


class TransitionLog:
    """Compares each decision with the one before and logs what changed."""

    def __init__(self, max_power_w: Mapping[str, float]) -> None:
        self._max_power_w = max_power_w
        self._previous: Decision | None = None
        self._forecast_source: str | None = None
        self.status: Status | None = None
        self.closings: dict[str, int] = dict.fromkeys(max_power_w, 0)
        """Starts since the program began, by load."""

    def report(self, now: datetime, decision: Decision, reading: Reading | None, forecast: Forecast | None) -> None:
        """Log what changed at `now`."""
        source = forecast.source if forecast is not None else None
        if source != self._forecast_source:
            self._say(now, f"forecast: {source or 'none'}")
            self._forecast_source = source
        previous = self._previous
        if previous is None or _held_back_by(previous) != _held_back_by(decision):
            self._say(now, _blocked_line(decision, previous))
        for name, state in decision.loads.items():
            before = previous.loads[name] if previous is not None else None
            for line in transition_lines(name, before, state, self._max_power_w[name]):
                self._say(now, line)
            if state.phase is Phase.HEATING and (before is None or before.phase is not Phase.HEATING):
                self.closings[name] += 1
        self._previous = decision
        self.status = Status(now=now, decision=decision, reading=reading, forecast_source=source)

    def _say(self, now: datetime, line: str | None) -> None:
        if line:
            log.info(line, extra={"at": now})


def _held_back_by(decision: Decision) -> tuple[str, str] | None:
    """The guard and the kind of its reason, numbers apart: "has not answered yet" is other news than "is 6 h old"."""
    if decision.blocked_by is None:
        return None
    return decision.blocked_by, "".join(character for character in decision.because if not character.isdigit())


def _blocked_line(decision: Decision, previous: Decision | None) -> str | None:
    if decision.blocked_by is not None:
        return f"held back by {decision.blocked_by}: {decision.because}"
    if previous is not None and previous.blocked_by is not None:
        return f"no longer held back by {previous.blocked_by}: {decision.because}"
    return None


def transition_lines(name: str, before: LoadState | None, state: LoadState, max_power_w: float) -> list[str]:
    """The log lines for one load: a changed mode, phase or power, and news of its duties; none without a change."""
    lines = []
    if state.notice is not None and (before is None or before.notice != state.notice):
        lines.append(f"{name} {state.notice}")
    if state.mode is not (before.mode if before is not None else Mode.AUTO):
        until = f" until {state.until_at:%Y-%m-%d %H:%M}" if state.until_at is not None else ""
        lines.append(f"{name} mode {before.mode if before is not None else Mode.AUTO} -> {state.mode}{until}")
    if before is None:
        if state.phase is not Phase.OFF:
            lines.append(f"{name} starts in {_stand(state, max_power_w)}: {state.because}")
        return lines
    if before.phase is not state.phase:
        lines.append(f"{name} {_stand(before, max_power_w)} -> {_stand(state, max_power_w)}: {state.because}")
    elif round(before.power_w, 1) != round(state.power_w, 1):
        lines.append(
            f"{name} {state.phase} {_percent(before, max_power_w)} -> {_percent(state, max_power_w)} "
            f"({before.power_w:.0f} -> {state.power_w:.0f} W): {state.because}"
        )
    return lines


def _stand(state: LoadState, max_power_w: float) -> str:
    if state.phase is not Phase.HEATING:
        return str(state.phase)
    return f"{state.phase} {_percent(state, max_power_w)} ({state.power_w:.0f} W)"


def _percent(state: LoadState, max_power_w: float) -> str:
    return f"{100 * state.power_w / max_power_w:.0f}%"
