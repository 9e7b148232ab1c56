"""The log's sentences: what changed and why, each under 100 characters, so that a line fits a phone held sideways.

A reason is cut at the end of a clause where it is too long; `why` has all of it. Faults are never cut.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from pv_heater.core.model.requests import Mode
from pv_heater.core.model.values import Decision, LoadState, Phase
from pv_heater.core.model.words import FOR_GOOD, kilowatts

LONGEST = 99
"""Characters of a line, without its time and level."""
LEAST = 12
"""Less of a reason, mark and space included, is none."""
_SAME_END = timedelta(seconds=5)
"""An end that moves by less was not set anew: the clock was set."""


def line_of(what: str, because: str) -> str:
    """``what: because`` in at most `LONGEST` characters: as many clauses of the reason as fit."""
    whole = f"{what}: {because}"
    if len(whole) <= LONGEST:
        return whole
    ends = [(mark != ";", -at) for mark, at in _clause_ends(whole) if len(what) + LEAST <= at <= LONGEST]
    # Commas and colons stand between numbers that add up, so a semicolon is the better place.
    return whole[: -min(ends)[1]] if ends else whole[: LONGEST - 3] + "..."


def _clause_ends(text: str) -> list[tuple[str, int]]:
    """Where a clause ends, outside of brackets and quotes, and the mark that ends it."""
    ends, depth, quoted = [], 0, False
    for at, character in enumerate(text):
        if character in "([":
            depth += 1
        elif character in ")]":
            depth -= 1
        elif character in '`"':
            quoted = not quoted
        elif character in ";,:" and depth <= 0 and not quoted and text[at + 1 : at + 2] == " ":
            ends.append((character, at))
    return ends


def phase_line(name: str, before: LoadState, state: LoadState, *, dry_run: bool) -> str:
    """A load went from one phase to another."""
    heats = Phase.HEATING in (before.phase, state.phase)
    mark = " (dry run)" if dry_run and not heats else ""
    what = f"{name}{mark} {stand(before, dry_run=dry_run)} -> {stand(state, dry_run=dry_run)}"
    return f"{what}: {state.because}" if state.phase is Phase.FAULT else line_of(what, state.because)


def first_line(name: str, state: LoadState, *, dry_run: bool) -> str | None:
    """Where a load stands when the program begins; None for one that is just off."""
    if state.phase is Phase.OFF:
        return None
    what = f"{name} starts in {stand(state, dry_run=dry_run)}"
    return f"{what}: {state.because}" if state.phase is Phase.FAULT else line_of(what, state.because)


def power_line(name: str, before_w: float, state: LoadState, *, dry_run: bool) -> str:
    """A load that is on takes another power than was said last."""
    from_text, to_text = kilowatts(before_w), kilowatts(state.power_w)
    if from_text.rpartition(" ")[2] == to_text.rpartition(" ")[2]:
        from_text = from_text.rpartition(" ")[0]  # 1.2 -> 1.6 kW
    return line_of(f"{name} {'would heat ' if dry_run else ''}{from_text} -> {to_text}", state.because)


def mode_line(name: str, before: LoadState | None, state: LoadState, now: datetime, *, dry_run: bool) -> str | None:
    """The owner's word about a load is another, or its end is; None where nothing changed."""
    mode_before = before.mode if before is not None else Mode.AUTO
    end, end_before = _end_of_order(state), _end_of_order(before) if before is not None else None
    until = f" {FOR_GOOD}" if state.for_good else "" if end is None else f" until {local_time(end, now)}"
    name = f"{name} (dry run)" if dry_run else name
    if state.mode is not mode_before:
        mode = "boost" if state.mode is Mode.AUTO and end is not None else state.mode
        over = before is not None and before.until_at is not None and now >= before.until_at - timedelta(seconds=1)
        why = "kept from before the start" if before is None else "its time is over" if over else "as asked"
        return line_of(f"{name} mode {mode_before} -> {mode}{until}", why)
    if state.mode is not Mode.AUTO and before is not None and state.for_good is not before.for_good:
        was = FOR_GOOD if end_before is None else f"until {local_time(end_before, now)}"
        return line_of(f"{name} mode {state.mode}{until}", f"before {was}")
    if end is not None and end_before is not None and abs(end - end_before) > _SAME_END:
        what = "boost" if state.mode is Mode.AUTO else f"mode {state.mode}"
        return line_of(f"{name} {what}{until}", f"as asked, before until {local_time(end_before, now)}")
    if end is not None and end_before is None and before is not None:
        return line_of(f"{name} boost{until}", "as asked")
    return None


def for_good_line(name: str, state: LoadState, now: datetime) -> str:
    """The daily reminder that a load is forced without an end."""
    since = "" if state.mode_since_at is None else f" since {local_time(state.mode_since_at, now)}"
    return line_of(f"{name} is forced {state.mode} {FOR_GOOD}{since}", f"`main.py force {name} auto` ends it")


def _end_of_order(state: LoadState) -> datetime | None:
    """When what the owner asked of this load ends: a forced mode or a boost."""
    return state.until_at if state.mode is not Mode.AUTO or state.rule == "boost" else None


def blocked_line(decision: Decision, before: Decision | None, now: datetime) -> str | None:
    """A guard of the whole home began or ceased to block; None while none does."""
    if decision.blocked_by is not None:
        wait_s = decision.margins.get("wait_s")
        until = "" if wait_s is None else f", until {local_time(now + timedelta(seconds=wait_s), now, decision)}"
        return line_of(f"blocked by {decision.blocked_by}", f"{decision.because}{until}")
    if before is not None and before.blocked_by is not None:
        return line_of(f"no longer blocked by {before.blocked_by}", decision.because)
    return None


def stand(state: LoadState, *, dry_run: bool) -> str:
    """A phase, with its power while it heats."""
    if state.phase is not Phase.HEATING:
        return str(state.phase)
    return f"{'would heat' if dry_run else 'heating'} {kilowatts(state.power_w)}"


def local_time(at: datetime, now: datetime, decision: Decision | None = None) -> str:
    """``08:20`` of the owner's clock; with its date where it is not on the day of `now`.

    `at` carries the owner's zone, or `decision` has instants that do.
    """
    if decision is not None:
        zone = next((state.since_at.tzinfo for state in decision.loads.values()), None)
        at = at.astimezone(zone)
    at = at.replace(microsecond=0) + timedelta(seconds=round(at.microsecond / 1e6))
    same_day = at.date() == now.astimezone(at.tzinfo).date()
    return f"{at:%H:%M}" if same_day else f"{at:%Y-%m-%d %H:%M}"
