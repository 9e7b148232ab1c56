"""Words of the command line: durations as people write them, lines that fit a terminal, and why things are as they are.

A decision and its trace become lines for people, from the JSON that a running controller answers.
"""

from __future__ import annotations

import contextlib
import os
import re
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta, tzinfo
from datetime import time as day_time
from typing import Any

import typer

from pv_heater.cli.rule_words import next_change_text, rule_text
from pv_heater.core.model.local_time import WEEK, instant_of, local_instant
from pv_heater.core.model.plain_text import folded as folded_to
from pv_heater.core.model.plain_text import plain
from pv_heater.core.model.words import duration_text, flip_text

Json = Mapping[str, Any]
_FIGURES: Mapping[str, str] = {
    "target_percent": "target charge {:.0f} %",
    "gap_w": "the forecast is {:.0f} W above the sun",
    "bucket_percent": "bucket {:.0f} % full",
    "second_channel_percent": "second channel {:.0f} %",
}
FOLLOW_S = 2.0
LONGEST_SHOWN = 40
"""So much of a wrong word is repeated."""


def entry_lines(entry: Json, zone: tzinfo) -> list[str]:
    """One entry of the journal: what and because, what it rests on, what would have changed it."""
    at = datetime.fromisoformat(entry["at"]).astimezone(zone)
    lines = [f"{at:%Y-%m-%d %H:%M:%S} {_headline(entry)}: {entry['because']}"]
    if entry["load"] is not None:
        before = ""
        if entry["from_rule"] and entry["from_rule"] != entry["rule"]:
            before = f", before by {rule_text(entry['from_rule'])}"
        lines.append(
            f"  decided by {rule_text(entry['rule'])}{before}{_limits_text(entry['thresholds'], entry['load'])}"
        )
    lines += [f"  {line}" for line in trace_lines(entry["trace"])]
    if entry["rule"] is not None:
        lines.append(f"  {_flip_line(entry['flip'], entry, at, zone, phase=entry['to_phase'])}")
    return lines


def state_lines(name: str, state: Json, thresholds: Json, zone: tzinfo) -> list[str]:
    """What the present decision for one load goes by, and what would change it."""
    since = datetime.fromisoformat(state["since_at"]).astimezone(zone)
    flip = flip_text(state["rule"], state["margins"])
    return [
        f"  {state['phase']} since {since:%Y-%m-%d %H:%M:%S}, decided by {rule_text(state['rule'])}"
        f"{_limits_text(thresholds, name)}",
        f"  {_flip_line(flip, state, since, zone, phase=state['phase'])}",
    ]


def trace_lines(trace: Json) -> list[str]:
    """The values a decision was made from, with their ages, a line for each kind; what was not known is left out."""
    parts = (
        _reading_text(trace),
        _spare_sum(trace),
        trace.get("steering_because") or "",
        _temperature_text(trace),
        _values_text(trace),
        _forecast_text(trace),
        _price_text(trace),
        _strategy_text(trace),
        _learned_text(trace),
    )
    return [part for part in parts if part]


def say(text: str, *, err: bool = False) -> None:
    """Print for people; control characters are written out, whoever brought them."""
    typer.echo(plain(text), err=err)


def folded(lines: Sequence[str], width: int | None = None, *, err: bool = False) -> list[str]:
    """Lines for a terminal, broken between words, their rest indented; as they are where nobody looks at them.

    `width` in characters; None: that of the terminal where standard output ends, or standard error.
    """
    if width is None:
        try:
            width = os.get_terminal_size((sys.stderr if err else sys.stdout).fileno()).columns
        except (OSError, ValueError):
            width = 0
    return folded_to(lines, width)


def say_lines(lines: Sequence[str], *, err: bool = False) -> None:
    """Print sentences for people, as wide as their terminal."""
    say("\n".join(folded([part for line in lines for part in line.split("\n")], err=err)), err=err)


def repeat(show: Callable[[], None], *, clear: bool) -> None:
    """Show again and again until Ctrl-C; `clear`: on a terminal each time from the top of an empty screen."""
    with contextlib.suppress(KeyboardInterrupt):
        while True:
            if clear and sys.stdout.isatty():
                sys.stdout.write("\x1b[H\x1b[2J")
            show()
            sys.stdout.flush()
            time.sleep(FOLLOW_S)


def why_lines(answer: Any, zone: tzinfo) -> list[str]:
    """The last decisions of a running controller, oldest first."""
    entries = answer["entries"]
    if not entries:
        return ["nothing is decided yet; the controller has not completed its first tick"]
    return [line for entry in entries for line in entry_lines(entry, zone)]


def seconds(text: str) -> float:
    """Seconds in ``90s``, ``30m``, ``2h``, ``1h30m`` or ``1d``. Raises typer.BadParameter for anything else."""
    parts = re.findall(r"([0-9]{1,9}(?:[.][0-9]{1,9})?)([smhd])", text.lower())
    if not parts or "".join(amount + unit for amount, unit in parts) != text.lower():
        shown = text if len(text) <= LONGEST_SHOWN else f"{text[:LONGEST_SHOWN]}..."
        raise typer.BadParameter(f"a duration is written 90s, 30m, 1h30m or 1d, not {shown!r}")
    value = sum(float(amount) * {"s": 1, "m": 60, "h": 3600, "d": 86_400}[unit] for amount, unit in parts)
    if not 0 < value <= 366 * 86_400:
        raise typer.BadParameter(f"a duration lies above 0 and within a year, not {text!r}")
    return value


def instant(text: str, zone: tzinfo) -> datetime:
    """As `local_instant` reads it. Raises typer.BadParameter for anything else."""
    try:
        return local_instant(text, zone)
    except ValueError:
        shown = text if len(text) <= LONGEST_SHOWN else f"{text[:LONGEST_SHOWN]}..."
        raise typer.BadParameter(f"a time is 2026-12-24 or 2026-12-24T18:00, not {shown!r}") from None


def next_moment(text: str, now: datetime) -> datetime:
    """The next moment after `now` that ``16:00`` or ``sat 16:00`` means in its zone; else as `instant` reads it."""
    zone = now.tzinfo or UTC
    match = re.fullmatch(r"(?:([a-z]{3}) +)?([0-9]{1,2}):([0-9]{2})", text.strip().lower())
    if match is None:
        return instant(text, zone)
    word, hour, minute = match[1], int(match[2]), int(match[3])
    if hour > 23 or minute > 59 or (word is not None and word not in WEEK):
        raise typer.BadParameter(f"a time of day is 16:00 or sat 16:00, not {text[:LONGEST_SHOWN]!r}")
    for ahead in range(8):
        day = now.date() + timedelta(days=ahead)
        at = instant_of(day, day_time(hour, minute), zone)
        if at > now and word in (None, WEEK[day.weekday()]):
            break
    return at.astimezone(zone)


def _headline(entry: Json) -> str:
    if entry["load"] is None:
        if entry["rule"] is None:
            return f"no longer blocked by {entry['from_rule']}"
        return f"blocked by {entry['rule']}"
    before, after = entry["from_phase"], entry["to_phase"]
    stand = f"{entry['load']} {after}"
    if before is not None and before != after:
        stand = f"{entry['load']} {before} -> {after}"
    from_w, to_w = entry["from_power_w"] or 0.0, entry["to_power_w"]
    if before == after and round(from_w) != round(to_w):
        return f"{stand} {from_w:.0f} -> {to_w:.0f} W"
    return f"{stand} {to_w:.0f} W" if to_w > 0 else stand


def _limits_text(thresholds: Json, load: str) -> str:
    own = thresholds["loads"][load]
    return (
        f"; starts at {own['start_w']:.0f} W, stops below {own['stop_w']:.0f} W, "
        f"ignores steps below {own['dead_band_w']:.0f} W"
    )


def _flip_line(flip: str, entry: Json, at: datetime, zone: tzinfo, *, phase: str | None) -> str:
    text = f"would change it: {flip}"
    if entry["next_change_at"] is None:
        return text
    change_at = datetime.fromisoformat(entry["next_change_at"]).astimezone(zone)
    shown = f"{change_at:%H:%M:%S}" if change_at.date() == at.date() else f"{change_at:%Y-%m-%d %H:%M:%S}"
    return f"{text}; at {shown} {next_change_text(entry['rule'] or '', phase, entry.get('mode'))}"


def _reading_text(trace: Json) -> str:
    age_s = trace["reading_age_s"]
    if trace["reading_source"] is None:
        return "no reading yet" if age_s is None else f"no usable reading, the last is {duration_text(age_s)} old"
    throttled = " (throttled)" if trace["pv_throttled"] else ""
    values = [
        _watts("sun", trace["pv_w"]) + throttled if trace["pv_w"] is not None else "",
        _watts("house", trace["house_w"]),
        _twice_text(trace.get("house_twice_w") or {}),
        _watts("own loads", trace["own_w"]),
        _watts("grid", trace["grid_w"]),
        _watts("battery", trace["battery_w"]),
    ]
    if trace["battery_soc_percent"] is not None:
        values.append(f"charge {trace['battery_soc_percent']:g} %")
    values += [f"{name} measured {watts:.0f} W" for name, watts in trace["load_w"].items()]
    return f"{trace['reading_source']}, {duration_text(age_s)} old: {_joined(values)}"


def _twice_text(house_w: Json) -> str:
    """What two measurements of the house say while they contradict each other."""
    if not house_w:
        return ""
    return f"(by consumption {house_w['consumption']:.0f} W, by sun, grid and battery {house_w['balance']:.0f} W)"


def _spare_sum(trace: Json) -> str:
    """How the spare power follows from what is shown; the log's number may be a mean of it."""
    spare_w, base_w, pv_w = trace["spare_w"], trace["base_w"], trace["pv_w"]
    if spare_w is None:
        return ""
    if base_w is None or pv_w is None:
        return f"spare now: {spare_w:.0f} W"
    dc_w = trace.get("dc_load_w") or 0.0
    dc = f" - DC loads {dc_w:.0f} W" if dc_w else ""
    return f"spare now: sun {pv_w:.0f} W - house without own loads {base_w:.0f} W{dc} = {pv_w - base_w - dc_w:.0f} W"


def _temperature_text(trace: Json) -> str:
    return _joined([f"{name} {celsius:.1f} degC" for name, celsius in trace["load_c"].items()])


def _values_text(trace: Json) -> str:
    """The owner's own values."""
    return _joined([_value_text(name, own) for name, own in (trace.get("values") or {}).items()])


def _value_text(name: str, own: Json) -> str:
    value = "not known" if own["value"] is None else f"{own['value']:g} {own['unit']}".rstrip()
    return f"{name} {value}" if own["because"] is None else f"{name} {value}, lost: {own['because']}"


def _learned_text(trace: Json) -> str:
    return _joined([f"{name}: {text}" for name, text in trace.get("learned", {}).items()])


def _price_text(trace: Json) -> str:
    bought, sold = trace.get("import_per_kwh"), trace.get("export_per_kwh")
    return "" if bought is None or sold is None else f"price of a bought kWh {bought:.3f}, of a sold one {sold:.3f}"


def _forecast_text(trace: Json) -> str:
    if trace["forecast_source"] is None:
        return "no forecast"
    age = duration_text(trace["forecast_age_s"])
    expected_w = trace["forecast_pv_w"]
    now = "says nothing of now" if expected_w is None else f"expects {expected_w:.0f} W of sun"
    return f"{trace['forecast_source']}, {age} old, {now}"


def _strategy_text(trace: Json) -> str:
    """What the strategy offers the loads, with those of its figures that have a meaning for people."""
    if not trace["budget_rule"] or trace["reading_source"] is None:
        return ""
    figures = [text.format(trace["strategy"][name]) for name, text in _FIGURES.items() if name in trace["strategy"]]
    return _joined([f"for the loads: {max(0.0, trace['budget_w']):.0f} W", *figures])


def _watts(what: str, value_w: float | None) -> str:
    return "" if value_w is None else f"{what} {value_w:.0f} W"


def _joined(values: Sequence[str]) -> str:
    return ", ".join(value for value in values if value)
