"""What somebody should look at: a code, a sentence, and what to do about it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date, datetime, timedelta
from typing import Any

from pv_heater.core.model.rule_id import SAFETY_RULES, Rule
from pv_heater.core.model.values import Decision, Phase

HYGIENE_OVERDUE = "hygiene_overdue"
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
    "state_not_saved": "Check the disk and the log of this machine. What happens now is forgotten at the next start.",
    "history_not_written": "Check the disk and the log of this machine. Heating goes on without a history.",
}
"""By code. Those of the home and of loads are the rules that decided."""

_OF_A_LOAD = (Rule.TOO_HOT, Rule.PROBE_LOST, Rule.UNREACHABLE)
_OF_THE_HOME = (SAFETY_RULES | {Rule.CLOCK, Rule.NO_READING, Rule.SLOW_SOURCE}) & set(HELP)


def alarms_of(decision: Decision, now: datetime, troubles: Mapping[str, str]) -> list[dict[str, Any]]:
    """The alarms of this tick, the home's first; `now` in the owner's zone."""
    return [
        *_of_the_home(decision, now),
        *_of_loads(decision),
        *_overdue(decision, now.date()),
        *(_row(code, None, text) for code, text in troubles.items()),
    ]


def _of_the_home(decision: Decision, now: datetime) -> Iterator[dict[str, Any]]:
    rule, age_s = decision.blocked_by, decision.trace.reading_age_s
    if rule in _OF_THE_HOME and not (rule == Rule.NO_READING and age_s is None):
        since_at = now - timedelta(seconds=age_s) if rule == Rule.NO_READING and age_s is not None else None
        yield _row(str(rule), None, decision.because, since_at, decision.margins)


def _of_loads(decision: Decision) -> Iterator[dict[str, Any]]:
    for name, state in decision.loads.items():
        if state.phase is Phase.FAULT:
            yield _row(Rule.HARDWARE, name, state.because, state.since_at)
        elif state.rule in _OF_A_LOAD:
            yield _row(state.rule, name, state.because, state.since_at, state.margins)


def _overdue(decision: Decision, today: date) -> Iterator[dict[str, Any]]:
    """Tanks that should have been heated through against legionella before today."""
    for name, state in decision.loads.items():
        record = None if state.tank is None else state.tank.hygiene_record
        if record is not None and record.due_on is not None and record.due_on < today:
            text = f"{record.at_c:.0f} degC should have been held by {record.due_on}, against legionella"
            yield _row(HYGIENE_OVERDUE, name, text)


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
