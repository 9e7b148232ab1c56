"""Words of the command line: durations as people write them, and a status as people read it."""

from __future__ import annotations

import re
from datetime import datetime, tzinfo
from typing import Any

import typer

from pv_heater.core.plain_text import plain
from pv_heater.why_text import entry_lines, grounds_text, state_lines

LONGEST_SHOWN = 40
"""So much of a wrong word is repeated."""


def say(text: str, *, err: bool = False) -> None:
    """Print for people; control characters are written out, whoever brought them."""
    typer.echo(plain(text), err=err)


def status_lines(answer: Any, why: bool, zone: tzinfo) -> list[str]:
    """The answer of a running controller, a line for each load and source; `why` adds what it rests on."""
    now = answer.get("status")
    if now is None:
        return ["the controller has not completed its first tick yet"]
    lines, decision = [], now["decision"]
    for name, state in decision["loads"].items():
        lines.append(f"{name}: {state['phase']}, {state['power_w']:.0f} W, mode {state['mode']}: {state['because']}")
        if state.get("tank") is not None:
            lines.append(_tank_line(state["tank"], zone))
        if why:
            lines += state_lines(name, state, decision["thresholds"], zone)
    if why:
        lines.append(f"from {grounds_text(decision['inputs'])}")
    return [*lines, *map(_source_line, answer.get("sources", [])), *answer.get("troubles", [])]


def _tank_line(tank: Any, zone: tzinfo) -> str:
    """How full of heat the tank is; an estimate says that it is one."""
    if tank["percent"] is None:
        parts = ["not known until its thermostat has opened once"]
    else:
        guess = "about " if tank["estimated"] else ""
        parts = [f"{guess}{tank['percent']:.0f} %, {guess}{tank['kwh_to_go']:.1f} kWh to go"]
    if tank["ready_at"] is not None:
        parts.append(
            f"full at {datetime.fromisoformat(tank['ready_at']).astimezone(zone):%Y-%m-%d %H:%M} at this power"
        )
    if tank["hygiene"] is not None:
        parts.append(tank["hygiene"])
    return f"  tank: {'; '.join(parts)}"


def _source_line(source: Any) -> str:
    """A meter, sensor or forecast: whether it counts, how old its newest value is, and what is wrong with it."""
    age_s = source["last_success_age_s"]
    parts = ["never answered" if age_s is None else f"answered {age_s:.0f} s ago"]
    if source.get("reading_age_s") is not None:
        parts.append(f"reading {source['reading_age_s']:.0f} s old")
    if source.get("distrusted_because"):
        parts.append(f"not believed: {source['distrusted_because']}")
    if source["trouble"]:
        parts.append(source["trouble"])
    mark = " (in use)" if source.get("in_use") else ""
    return f"{source['name']}{mark}: {'; '.join(parts)}"


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
        raise typer.BadParameter(f"a duration is numbers with units, such as 90s, 30m, 1h30m or 1d, not {shown!r}")
    value = sum(float(amount) * {"s": 1, "m": 60, "h": 3600, "d": 86_400}[unit] for amount, unit in parts)
    if not 0 < value <= 366 * 86_400:
        raise typer.BadParameter(f"a duration lies above 0 and within a year, not {text!r}")
    return value
