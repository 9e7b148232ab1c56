"""The flow chart: guards in their order, and the phases of a load with every arrow of the transition table.

``python -m pv_heater.pictures.flowchart`` prints the SVG that Pics/flowchart.svg holds; README holds `mermaid`.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence

from pv_heater.core.house.guards import SITE_GUARDS
from pv_heater.core.loads.machine import TRANSITIONS
from pv_heater.core.model.rule_id import SAFETY_RULES
from pv_heater.core.model.values import Phase

WIDTH, HEIGHT = 620, 970
"""Units of the drawing. At 360 pixels of width a text of 20 units is still 11.6 pixels high."""

ROW_TOP, ROW_STEP = 430, 120
"""Centre of the first phase, and the distance to the next."""
BOX_LEFT, BOX_RIGHT, BOX_HALF = 286, 410, 32
FAULT_LEFT, FAULT_RIGHT = 524, 602
LANES = (230, 168, 106, 46)
"""Upright lines on the left for arrows that pass a phase by, the innermost first."""

ROWS = (Phase.OFF, Phase.ARMED, Phase.HEATING, Phase.FULL, Phase.COOLDOWN)
"""From top to bottom; `fault` is the bar on the right, beside them all."""

PASSING: Mapping[tuple[Phase, Phase], tuple[int, int, int]] = {
    (Phase.OFF, Phase.HEATING): (0, 20, -20),
    (Phase.OFF, Phase.FULL): (2, 0, 4),
    (Phase.ARMED, Phase.FULL): (1, 0, -18),
    (Phase.HEATING, Phase.COOLDOWN): (0, 20, -18),
    (Phase.COOLDOWN, Phase.OFF): (3, 18, -20),
}
"""For arrows that pass a phase by: the lane, and how far from the middle of its box each end touches."""

FILLS: Mapping[Phase, str] = {
    Phase.OFF: "#eceff1",
    Phase.ARMED: "#fff3c4",
    Phase.HEATING: "#ffd0b0",
    Phase.FULL: "#d3ecd3",
    Phase.COOLDOWN: "#d6e6f7",
    Phase.FAULT: "#f6c6c6",
}
INK, QUIET, ALARM = "#222222", "#555555", "#b00020"
FONT = "font-family='DejaVu Sans, Verdana, Arial, sans-serif'"


def arrows() -> dict[tuple[Phase, Phase], list[str]]:
    """From and to phase with the events between them, in the order of the transition table."""
    found: dict[tuple[Phase, Phase], list[str]] = {}
    for source, ways in TRANSITIONS.items():
        for event, target in ways.items():
            found.setdefault((source, target), []).append(str(event))
    return found


def mermaid() -> str:
    """The transition table as a Mermaid state diagram, ending with a newline."""
    lines = ["stateDiagram-v2", f"    [*] --> {ROWS[0]}"]
    lines += [f"    {source} --> {target}: {', '.join(events)}" for (source, target), events in arrows().items()]
    return "\n".join(lines) + "\n"


def svg() -> str:
    """The whole picture as one SVG document, ending with a newline."""
    parts = [
        f"<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 {WIDTH} {HEIGHT}' width='{WIDTH}' height='{HEIGHT}' "
        f"{FONT} font-size='20' fill='{INK}'>",
        "<title>How pv-heater decides: guards first, then the phases of a load</title>",
        "<defs><marker id='tip' viewBox='0 0 10 10' refX='9' refY='5' markerWidth='6' markerHeight='6' orient='auto'>"
        f"<path d='M0,0 L10,5 L0,10 z' fill='{INK}'/></marker></defs>",
        f"<rect width='{WIDTH}' height='{HEIGHT}' fill='#ffffff'/>",
        *_guards(),
        _text(20, 316, "2. Nothing blocks: the surplus is shared out.", bold=True),
        _text(20, 346, "3. Each load walks through its phases:", bold=True),
        *_start(),
        *(_box(phase) for phase in (*ROWS, Phase.FAULT)),
    ]
    drawn = [_arrow(source, target, events) for (source, target), events in arrows().items()]
    # All lines first, so that no line runs through the label of another.
    parts += [line for line, _ in drawn] + [label for _, label in drawn]
    return "\n".join([*parts, "</svg>"]) + "\n"


def _guards() -> list[str]:
    """Both kinds of guards side by side, numbered in the order in which they are asked."""
    numbered = [(number, guard.__name__) for number, guard in enumerate(SITE_GUARDS, 1)]
    safety = [item for item in numbered if item[1] in SAFETY_RULES]
    energy = [item for item in numbered if item[1] not in SAFETY_RULES]
    of_one_load = sorted(SAFETY_RULES - {name for _, name in numbered})
    return [
        _text(20, 36, "1. Guards: the first that blocks gives the reason", bold=True),
        f"<rect x='20' y='52' width='280' height='226' rx='8' fill='#fdecec' stroke='{ALARM}'/>",
        _text(34, 80, "Safety: off at once", bold=True, fill=ALARM),
        *_listed(34, 108, [f"{number}. {name}" for number, name in safety]),
        _text(34, 108 + 26 * len(safety) + 2, "and of a single load:", fill=QUIET, size=18),
        *_listed(34, 108 + 26 * len(safety) + 26, [", ".join(of_one_load[:2]), *of_one_load[2:]]),
        "<rect x='320' y='52' width='280' height='226' rx='8' fill='#fff8e1' stroke='#a67c00'/>",
        _text(334, 80, "Energy: may be forced", bold=True, fill="#7a5b00"),
        *_listed(334, 108, [f"{number}. {name}" for number, name in energy]),
    ]


def _listed(x: float, y: float, lines: Sequence[str]) -> list[str]:
    return [_text(x, y + 26 * index, line) for index, line in enumerate(lines)]


def _start() -> list[str]:
    x, top = (BOX_LEFT + BOX_RIGHT) / 2, _centre(ROWS[0]) - BOX_HALF
    return [f"<circle cx='{x:g}' cy='{top - 30}' r='7' fill='{INK}'/>", _line([(x, top - 30), (x, top)])]


def _box(phase: Phase) -> str:
    if phase is Phase.FAULT:
        left, right = FAULT_LEFT, FAULT_RIGHT
        top, bottom = _centre(ROWS[0]) - BOX_HALF, _centre(ROWS[-1]) + BOX_HALF
    else:
        left, right = BOX_LEFT, BOX_RIGHT
        top, bottom = _centre(phase) - BOX_HALF, _centre(phase) + BOX_HALF
    return (
        f"<rect x='{left}' y='{top}' width='{right - left}' height='{bottom - top}' rx='10' "
        f"fill='{FILLS[phase]}' stroke='{INK}' stroke-width='2'/>"
        + _text((left + right) / 2, (top + bottom) / 2 + 7, str(phase), bold=True, anchor="middle")
    )


def _arrow(source: Phase, target: Phase, events: Sequence[str]) -> tuple[str, str]:
    """(line, label) of one arrow. Raises KeyError when the table has a way this picture has no place for."""
    if target is Phase.FAULT:
        return _to_fault(source, events)
    if source is Phase.FAULT:
        y = _centre(target) + 18
        line = _line([(FAULT_LEFT, y), (BOX_RIGHT, y)])
        return line, _label((BOX_RIGHT + FAULT_LEFT) / 2, y, events)
    if abs(ROWS.index(target) - ROWS.index(source)) == 1:
        return _to_neighbour(source, target, events)
    lane, from_dy, to_dy = PASSING[source, target]
    from_y, to_y, x = _centre(source) + from_dy, _centre(target) + to_dy, LANES[lane]
    line = _line([(BOX_LEFT, from_y), (x, from_y), (x, to_y), (BOX_LEFT, to_y)])
    # Close to where it begins: further on it may stand on the way of another arrow.
    beside = 1 if to_y > from_y else -1
    return line, _label(x, _centre(source) + beside * ROW_STEP / 2, events)


def _to_fault(source: Phase, events: Sequence[str]) -> tuple[str, str]:
    # Where the way back ends at the same box, there must be room for both.
    y = _centre(source) - (18 if source in TRANSITIONS[Phase.FAULT].values() else 0)
    return _line([(BOX_RIGHT, y), (FAULT_LEFT, y)]), _label((BOX_RIGHT + FAULT_LEFT) / 2, y, events)


def _to_neighbour(source: Phase, target: Phase, events: Sequence[str]) -> tuple[str, str]:
    down = ROWS.index(target) > ROWS.index(source)
    both_ways = source in TRANSITIONS[target].values()
    x = (BOX_LEFT + BOX_RIGHT) / 2 + ((-26 if down else 26) if both_ways else 0)
    sign = 1 if down else -1
    from_y, to_y = _centre(source) + sign * BOX_HALF, _centre(target) - sign * BOX_HALF
    label_x = x + 50 if both_ways and not down else x
    return _line([(x, from_y), (x, to_y)]), _label(label_x, (from_y + to_y) / 2, events)


def _centre(phase: Phase) -> float:
    return ROW_TOP + ROW_STEP * ROWS.index(phase)


def _line(points: Sequence[tuple[float, float]]) -> str:
    path = " ".join(f"{x:g},{y:g}" for x, y in points)
    return f"<polyline points='{path}' fill='none' stroke='{INK}' stroke-width='2' marker-end='url(#tip)'/>"


def _label(x: float, y: float, events: Sequence[str]) -> str:
    """Events one under the other, centred on the line, on a white ground that interrupts it."""
    width = 6 + 10 * max(len(event) for event in events)
    height = 24 * len(events)
    ground = f"<rect x='{x - width / 2:g}' y='{y - height / 2:g}' width='{width}' height='{height}' fill='#ffffff'/>"
    first_y = y - height / 2 + 18
    lines = [_text(x, first_y + 24 * index, event, anchor="middle", size=19) for index, event in enumerate(events)]
    return ground + "".join(lines)


def _text(
    x: float, y: float, text: str, *, bold: bool = False, fill: str = INK, size: int = 20, anchor: str = "start"
) -> str:
    weight = " font-weight='bold'" if bold else ""
    return f"<text x='{x:g}' y='{y:g}' font-size='{size}' fill='{fill}' text-anchor='{anchor}'{weight}>{text}</text>"


if __name__ == "__main__":
    sys.stdout.write(svg())
