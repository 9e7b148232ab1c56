"""What a command will come to, said before it is obeyed: a sentence, or a ValueError for what cannot be.

Pure: from the settings of the load and the latest decision. Guards go on deciding afterwards: a sentence says what is
true now, and what stands in the way.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta, tzinfo
from math import inf

from pv_heater.core.duties.boost import LONGEST_S as BOOST_LONGEST_S
from pv_heater.core.duties.first_warm_day import is_made_ready
from pv_heater.core.model.requests import (
    BOOST_AHEAD_S,
    FORCE_DEFAULT_S,
    FORCE_LONGEST_S,
    Boost,
    ClearFault,
    Command,
    Force,
    Mode,
    Vacation,
)
from pv_heater.core.model.rule_id import SAFETY_RULES, Rule
from pv_heater.core.model.values import Decision, LoadState, Phase
from pv_heater.core.model.words import FOR_GOOD, duration_text, kilowatts
from pv_heater.core.settings.home import LONGEST_VACATION, READY_WITHIN
from pv_heater.core.settings.load import LoadSettings

WATER_BOILS_C = 100.0
NOT_YET = "the controller has not completed its first tick yet; try again in a few seconds"


def expected(
    command: Command, policies: Mapping[str, LoadSettings], decision: Decision | None, now: datetime | None
) -> str:
    """What `command` will do at the next step; `decision` is the latest one, made at `now` (None: there is none yet).

    Raises ValueError where it cannot be done: no such load, no such power, a fault in the way, nothing to clear.
    """
    if isinstance(command, Vacation):
        return _vacation(command, policies, decision, now)
    name = command.load
    if name not in policies:
        raise ValueError(f"there is no load {name!r}; there is {', '.join(policies)}")
    if decision is None or now is None or name not in decision.loads:
        raise ValueError(NOT_YET)
    policy, state = policies[name], decision.loads[name]
    if isinstance(command, ClearFault):
        return f"{name}: {_cleared(policy, state, now)}"
    if isinstance(command, Boost):
        return f"{name}: {_boosted(command, policy, state, decision, now)}"
    return f"{name}: {_forced(command, policy, state, decision, now)}"


def ends_at(command: Command, decision: Decision | None, now: datetime | None) -> datetime | None:
    """When it ends at the latest, in the owner's zone; None for what has no end of its own, such as mode auto."""
    if decision is None or now is None:
        return None
    if isinstance(command, Vacation):
        return None if command.until_at is None else command.until_at.astimezone(_zone(decision))
    if isinstance(command, ClearFault):
        return None
    if isinstance(command, Force) and (command.mode is Mode.AUTO or command.for_good):
        return None
    for_s = FORCE_DEFAULT_S if command.for_s is None else command.for_s
    begin_at = command.at if isinstance(command, Boost) and command.at is not None else now
    return (begin_at + timedelta(seconds=for_s)).astimezone(_zone(decision))


def _vacation(
    command: Vacation, policies: Mapping[str, LoadSettings], decision: Decision | None, now: datetime | None
) -> str:
    if decision is None or now is None:
        raise ValueError(NOT_YET)
    before_at = decision.trace.vacation_until_at
    if command.until_at is None:
        is_on = before_at is not None and before_at > now
        return "the vacation is over, the sun decides again" if is_on else "there is no vacation, nothing changes"
    if command.until_at <= now:
        raise ValueError("the end of a vacation must lie ahead")
    if command.until_at - now > LONGEST_VACATION:
        raise ValueError(f"a vacation lasts at most {LONGEST_VACATION.days} days")
    until_at = command.until_at.astimezone(_zone(decision))
    text = f"vacation until {until_at:%Y-%m-%d %H:%M}: nothing heats by itself before"
    ready = [name for name, policy in policies.items() if is_made_ready(policy)]
    from_at = max(now, command.until_at - READY_WITHIN).astimezone(_zone(decision))
    return f"{text}, but {', '.join(ready)} is made ready from {from_at:%Y-%m-%d %H:%M} on" if ready else text


def _forced(command: Force, policy: LoadSettings, state: LoadState, decision: Decision, now: datetime) -> str:
    if command.power_w is not None and command.mode is not Mode.ON:
        raise ValueError(f"a power goes with mode on only, not with {command.mode}")
    if command.mode is Mode.AUTO:
        return _automatic(state, decision)
    if command.for_good and not policy.forced_without_end:
        raise ValueError(
            f"{policy.name} cannot be forced for good: its settings have no `forced_without_end: true`; "
            f"say for how long, at most {duration_text(FORCE_LONGEST_S)}"
        )
    for_s = inf if command.for_good else _span_s(command.for_s, FORCE_LONGEST_S, "a forced mode")
    until = (
        f"{FOR_GOOD}, until somebody says auto"
        if command.for_good
        else f"until {_clock(now + timedelta(seconds=for_s), state, now)}"
    )
    if command.mode is Mode.OFF:
        return f"off {until}{', stops now' if state.phase is Phase.HEATING else ''}"
    power_w = policy.max_power_w if command.power_w is None else _possible_w(policy, command.power_w)
    return f"on with {kilowatts(power_w)} {until}, {_start(policy, state, decision, now, for_s)}"


def _boosted(command: Boost, policy: LoadSettings, state: LoadState, decision: Decision, now: datetime) -> str:
    for_s = _span_s(command.for_s, BOOST_LONGEST_S, "a boost")
    begin_at = now if command.at is None else command.at
    until, goal = _clock(begin_at + timedelta(seconds=for_s), state, now), ""
    to_c = policy.target_c if command.to_c is None else command.to_c
    has_probe = state.temperature_c is not None or policy.temperature_from is not None
    if command.to_c is not None:
        if not has_probe:
            raise ValueError(f"{policy.name} has no temperature probe, so it cannot be heated to {command.to_c:g} degC")
        most_c = WATER_BOILS_C if policy.max_c is None else policy.max_c
        if command.to_c >= most_c:
            limit = "water boils" if policy.max_c is None else "its max_c"
            raise ValueError(f"{policy.name} cannot be heated to {command.to_c:g} degC: {most_c:g} degC is {limit}")
    if to_c is not None and has_probe:
        if command.at is None and state.temperature_c is not None and state.temperature_c >= to_c:
            raise ValueError(f"{policy.name} has {state.temperature_c:.1f} degC already, the goal is {to_c:g}")
        goal = f" or {to_c:g} degC"
    if command.at is not None:
        if command.at <= now:
            raise ValueError("the moment of a later boost must lie ahead")
        if (command.at - now).total_seconds() > BOOST_AHEAD_S:
            raise ValueError(f"a boost is planned at most {duration_text(BOOST_AHEAD_S)} ahead")
        begins = _clock(command.at, state, now)
        return f"from {begins} on with up to {kilowatts(policy.max_power_w)} until {until}{goal}; mode auto cancels it"
    start = _start(policy, state, decision, now, for_s)
    return f"on with up to {kilowatts(policy.max_power_w)} until {until}{goal}, {start}"


def _cleared(policy: LoadSettings, state: LoadState, now: datetime) -> str:
    if state.phase is not Phase.FAULT:
        raise ValueError(f"{policy.name} has no fault")
    rest_s = 0.0 if state.rests_until_at is None else (state.rests_until_at - now).total_seconds()
    rest = f"{rest_s:.0f} s (minimum off time)"
    if state.mode is Mode.AUTO:
        wait = f", in {rest} at the earliest" if rest_s >= 1 else ""
        return f"its fault is cleared; mode auto, it starts when the sun allows{wait}"
    until = FOR_GOOD if state.until_at is None else f"until {_clock(state.until_at, state, now)}"
    stays = "stays off" if state.mode is Mode.OFF else f"starts in {rest}" if rest_s >= 1 else "starts now"
    return f"its fault is cleared; mode {state.mode} {until} goes on: it {stays}"


def _automatic(state: LoadState, decision: Decision) -> str:
    if state.phase is Phase.FAULT:
        return f"mode auto, but blocked by a fault: {state.because}"
    if decision.blocked_by is not None:
        return f"mode auto, no heating now: {decision.because}"
    if state.mode is Mode.AUTO and state.rule != Rule.BOOST:
        return f"mode auto as before: {state.because}"
    return f"mode auto, the sun decides: {decision.because}"


def _start(policy: LoadSettings, state: LoadState, decision: Decision, now: datetime, for_s: float) -> str:
    """When a load that the owner wants on goes on."""
    if state.phase is Phase.FAULT:
        raise ValueError(f"{policy.name} is blocked by a fault: {state.because}")
    if decision.blocked_by in SAFETY_RULES:
        return f"but blocked for safety as long as this lasts: {decision.because}"
    if state.rule in SAFETY_RULES or state.rule == Rule.UNREACHABLE:
        return f"but not as long as this lasts: {state.because}"
    if state.phase is Phase.HEATING:
        return "it is on already"
    rest_s = 0.0 if state.rests_until_at is None else (state.rests_until_at - now).total_seconds()
    if rest_s >= for_s:
        rest = duration_text(rest_s)
        raise ValueError(f"{policy.name} would not start: its minimum off time lasts {rest} more; ask for longer")
    return f"starts in {rest_s:.0f} s (minimum off time)" if rest_s >= 1 else "starts now"


def _possible_w(policy: LoadSettings, power_w: float) -> float:
    """`power_w`, where the load can run at it."""
    if power_w > policy.max_power_w:
        raise ValueError(f"{policy.name} takes at most {policy.max_power_w:g} W, not {power_w:g} W")
    if power_w < policy.least_power_w:
        raise ValueError(f"{policy.name} runs at {policy.least_power_w:g} W or more, not at {power_w:g} W")
    if not policy.adjustable and all(abs(power_w - at_w) > 1 for at_w in policy.levels_w):
        levels = " or ".join(f"{at_w:g} W" for at_w in policy.levels_w)
        raise ValueError(f"{policy.name} runs at {levels} only, not at {power_w:g} W")
    return power_w


def _span_s(for_s: float | None, most_s: float, what: str) -> float:
    span_s = FORCE_DEFAULT_S if for_s is None else for_s
    if span_s > most_s:
        raise ValueError(f"{what} lasts at most {duration_text(most_s)}, not {duration_text(span_s)}")
    return span_s


def _zone(decision: Decision) -> tzinfo | None:
    """The owner's, which the instants of every load carry."""
    return next((state.since_at.tzinfo for state in decision.loads.values()), None)


def _clock(at: datetime, state: LoadState, now: datetime) -> str:
    """``08:20`` in the owner's zone, which the load's own instants carry; with its date on another day."""
    zone = state.since_at.tzinfo
    at, today = at.astimezone(zone), now.astimezone(zone).date()
    return f"{at:%H:%M}" if at.date() == today else f"{at:%Y-%m-%d %H:%M}"
