"""A tick as eight short lines; pure."""

from __future__ import annotations

from collections.abc import Sequence
from zoneinfo import ZoneInfo

from pv_heater.core.model.status import Status
from pv_heater.core.model.values import LoadState, Phase

WIDTH, HEIGHT = 21, 8
"""Characters in a line, and lines."""
_LOAD_LINES = 3
_NAME_WIDTH = 12
PAGE_S = 4.0
"""Where there are more loads than lines they are shown by turns, each group for this long."""


def status_lines(status: Status | None, address: str | None, zone: ZoneInfo, at_s: float) -> tuple[str, ...]:
    """Address and clock, the flows, the loads, and what holds all of them back. None: nothing new is known.

    What the meter does not tell, or told too long ago, is ``--``. Below zero the grid takes and the battery gives.
    `at_s` is monotonic; it turns the pages.
    """
    where = address or "no network"
    if status is None:
        return _fitted([where, "", "no news from the", "controller"])
    known = status.decision.trace
    charge = "--" if known.battery_soc_percent is None else f"{known.battery_soc_percent:.0f}%"
    held = status.decision.blocked_by
    last = [] if held is None else [f"held: {held}"]
    loads, at_once = list(status.decision.loads.items()), _LOAD_LINES - len(last)
    pages = max(1, -(-len(loads) // at_once))
    first = int(at_s / PAGE_S) % pages * at_once
    page = [_load_line(name, state) for name, state in loads[first : first + at_once]]
    return _fitted(
        [
            _apart(where, f"{status.now.astimezone(zone):%H:%M}"),
            _apart("sun", _watts(known.pv_w)),
            _apart("house", _watts(known.house_w)),
            _apart("grid", _watts(known.grid_w)),
            _apart(f"battery {charge}", _watts(known.battery_w)),
            *page,
            *[""] * (at_once - len(page)),
            *last,
        ]
    )


def _load_line(name: str, state: LoadState) -> str:
    does = _watts(state.power_w) if state.phase is Phase.HEATING else str(state.phase)
    return _apart(name[:_NAME_WIDTH], does)


def _watts(power_w: float | None) -> str:
    return "-- W" if power_w is None else f"{round(power_w)} W"


def _apart(left: str, right: str) -> str:
    """One at either end of the line."""
    return f"{left:<{WIDTH - len(right) - 1}} {right}"


def _fitted(lines: Sequence[str]) -> tuple[str, ...]:
    return tuple(line[:WIDTH] for line in [*lines, *[""] * (HEIGHT - len(lines))])
