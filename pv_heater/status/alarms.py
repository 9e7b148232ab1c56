"""What somebody should look at: a code, a sentence, and what to do about it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from pv_heater.core.model.requests import Mode
from pv_heater.core.model.rule_id import SAFETY_RULES, Rule
from pv_heater.core.model.status import Status
from pv_heater.core.model.values import Decision, LoadState, Phase
from pv_heater.core.model.words import FOR_GOOD
from pv_heater.status.home import Home

HYGIENE_OVERDUE = "hygiene_overdue"
GUARANTEE_MISSED = "guarantee_missed"
TEMPERATURE_LOST = "temperature_lost"
FORCED_LONG = "forced_long"
FORCED_LONG_S = 12 * 3600.0
"""A mode that was forced so long ago may be forgotten."""
START_S = 180.0
"""A source that has said nothing for so long since the start is not starting any more."""
HELP: Mapping[str, str] = {
    Rule.HARDWARE: "Find the cause and end it, then clear the fault. Until then the load stays off.",
    Rule.TOO_HOT: "Check that the thermostat works. It may heat again once it is cooler.",
    Rule.PROBE_LOST: "Check the temperature probe and its cable. Without it the load stays off.",
    Rule.UNREACHABLE: "Check the device's supply and network. It is tried again and again.",
    Rule.CLOCK: "Check the network time of this machine. Without the time of day nothing heats by itself.",
    Rule.GRID_LOST: "Wait for the grid's return; the loads stay off to spare the battery.",
    Rule.SOFT_FUSE: "Switch something off in the house; the loads come back when there is room below the limit.",
    Rule.INVERTER: "Switch something off behind the inverter; the loads come back when it carries less.",
    Rule.NO_READING: "Check the meter, its network and its login. Loads in auto stay off without it.",
    Rule.SLOW_SOURCE: "Set the logging interval of the site to 1 minute in VRM.",
    HYGIENE_OVERDUE: "Heat it through by a boost, and find out why it was not: probe, power, hours of its window.",
    TEMPERATURE_LOST: "Check the temperature probe and its cable. Without it target and hygiene wait.",
    GUARANTEE_MISSED: "Heat it by a boost if hot water is short; the load's page says what kept it from heating.",
    FORCED_LONG: "Set it to auto if it is no longer meant.",
    "low_voltage": "Use a stronger supply and a shorter cable: this machine may hang or spoil its card.",
    "state_not_saved": "Check the disk and the log of this machine. What happens now is forgotten at the next start.",
    "history_not_written": "Check the disk and the log of this machine. Heating goes on without a history.",
}
"""By code. Those of the home and of loads are the rules that decided."""

_OF_A_LOAD = (Rule.TOO_HOT, Rule.PROBE_LOST, Rule.UNREACHABLE)
_OF_THE_HOME = (SAFETY_RULES | {Rule.CLOCK, Rule.NO_READING, Rule.SLOW_SOURCE}) & set(HELP)


def alarms_of(home: Home, status: Status) -> list[dict[str, Any]]:
    """The alarms of this tick, the home's first."""
    decision, now = status.decision, status.now.astimezone(ZoneInfo(home.site.timezone))
    up_s = (now - datetime.fromisoformat(home.identity()["since_at"])).total_seconds()
    return [
        *_of_the_home(decision, now, up_s),
        *_of_loads(decision),
        *(_lost_temperatures(home, decision) if up_s >= START_S else ()),
        *_of_duties(decision, now.date()),
        *_forced_long(decision, now),
        *(_row(code, None, text) for code, text in home.troubles().items()),
    ]


def _of_the_home(decision: Decision, now: datetime, up_s: float) -> Iterator[dict[str, Any]]:
    """`up_s`: at a start the meter has not answered yet, and that is no alarm."""
    rule, age_s = decision.blocked_by, decision.trace.reading_age_s
    if rule in _OF_THE_HOME and not (rule == Rule.NO_READING and age_s is None and up_s < START_S):
        since_at = now - timedelta(seconds=age_s) if rule == Rule.NO_READING and age_s is not None else None
        yield _row(str(rule), None, decision.because, since_at, decision.margins)


def _of_loads(decision: Decision) -> Iterator[dict[str, Any]]:
    for name, state in decision.loads.items():
        if state.phase is Phase.FAULT:
            yield _row(Rule.HARDWARE, name, state.because, state.since_at)
        elif state.rule in _OF_A_LOAD:
            yield _row(state.rule, name, state.because, state.since_at, state.margins)


def _lost_temperatures(home: Home, decision: Decision) -> Iterator[dict[str, Any]]:
    """Probes that are silent where no guard needs them: target and hygiene wait for them."""
    for name, policy in home.policies().items():
        state = decision.loads.get(name)
        known = state is None or state.temperature_c is not None
        if policy.temperature_from is not None and policy.max_c is None and not known:
            yield _row(TEMPERATURE_LOST, name, f"no temperature of {name}")


def _of_duties(decision: Decision, today: date) -> Iterator[dict[str, Any]]:
    """Tanks that should have been heated through against legionella before today, and guarantees that were missed."""
    for name, state in decision.loads.items():
        record = None if state.tank is None else state.tank.hygiene_record
        if record is not None and record.due_on is not None and record.due_on < today:
            text = f"{record.at_c:.0f} degC should have been held by {record.due_on}, against legionella"
            yield _row(HYGIENE_OVERDUE, name, text)
        if state.missed is not None:
            yield _row(GUARANTEE_MISSED, name, f"its guarantee was missed: {state.missed}")


def _forced_long(decision: Decision, now: datetime) -> Iterator[dict[str, Any]]:
    """Modes that somebody may have forgotten."""
    for name, state in decision.loads.items():
        if state.mode is not Mode.AUTO and state.mode_since_at is not None:
            age_s = (now - state.mode_since_at).total_seconds()
            if age_s >= FORCED_LONG_S:
                yield _row(FORCED_LONG, name, _forced_text(state, age_s), state.mode_since_at)


def _forced_text(state: LoadState, age_s: float) -> str:
    end = FOR_GOOD if state.until_at is None else f"until {state.until_at:%Y-%m-%d %H:%M}"
    return f"it was forced {state.mode} {age_s / 3600:.0f} h ago, {end}"


def _row(
    code: str,
    load: str | None,
    text: str,
    since_at: datetime | None = None,
    margins: Mapping[str, float] | None = None,
) -> dict[str, Any]:
    return {
        "code": str(code),
        "load": load,
        "text": text,
        "help": HELP[code],
        "margins": {name: round(value, 1) for name, value in (margins or {}).items()},
        "since_at": None if since_at is None else since_at.isoformat(timespec="seconds"),
    }
