"""What settings weigh against each other, drawn: for each value the sun caught, the energy bought, and the starts."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from math import ceil, floor, log10
from textwrap import wrap

from pv_heater.core.model.lean import dataclass

WIDTH = 640
"""Units of the drawing. At 360 pixels of width the smallest text, 20 units, is 11 pixels high."""
LEFT, RIGHT = 100, 600
INK, GRID, CAUGHT, BOUGHT, STARTS = "#222222", "#dddddd", "#d84315", "#1e88e5", "#8d6e00"
HEAD, PANEL_HEAD, LINE = 90, 44, 28
STRIPS = ((130, "sun caught, kWh a day", 0.1), (70, "bought for it, kWh a day", 0.1), (70, "starts a day", 1.0))
"""Heights, titles, and the closest that two marks of the axis may be, from above."""
STRIP_HEAD, LABELS = 52, 66
COLUMNS = 52
"""Letters of 20 units side by side."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """A value of a setting."""

    label: str
    caught_kwh: float
    spread_kwh: float
    """What chance leaves open of the difference to the settings as they are; 0 for these, or where nobody can tell."""
    bought_kwh: float
    starts: float
    is_set: bool
    """Whether it is what the settings say."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Panel:
    """One setting."""

    path: str
    unit: str
    points: Sequence[Point]
    advice: str


def tradeoff_svg(title: str, about: str, panels: Sequence[Panel]) -> str:
    """A panel for each setting, below each other."""
    parts = [_text(20, 38, title, bold=True), _text(20, 68, about)]
    y = HEAD
    for panel in panels:
        drawn, y = _panel(panel, y)
        parts += drawn
    head = (
        f"<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 {WIDTH} {y}' width='{WIDTH}' height='{y}' "
        f"font-family='DejaVu Sans, Verdana, Arial, sans-serif' fill='{INK}'>"
    )
    white = f"<rect width='{WIDTH}' height='{y}' fill='#ffffff'/>"
    return "\n".join([head, f"<title>{escape(title)}</title>", white, *parts, "</svg>"]) + "\n"


def _panel(panel: Panel, y: int) -> tuple[list[str], int]:
    """Its parts, and where the next one begins."""
    parts = [f"<line x1='20' y1='{y}' x2='{WIDTH - 20}' y2='{y}' stroke='{INK}'/>"]
    parts.append(_text(20, y + 30, panel.path, bold=True))
    y += PANEL_HEAD
    xs = [LEFT + (RIGHT - LEFT) * (number + 0.5) / len(panel.points) for number in range(len(panel.points))]
    series = (
        (CAUGHT, [(one.caught_kwh, one.spread_kwh) for one in panel.points]),
        (BOUGHT, [(one.bought_kwh, 0.0) for one in panel.points]),
        (STARTS, [(one.starts, 0.0) for one in panel.points]),
    )
    for (height, words, least), (colour, values) in zip(STRIPS, series, strict=True):
        parts.append(_text(20, y + 30, words))
        parts += _strip(xs, values, panel.points, colour, least, y + STRIP_HEAD, y + STRIP_HEAD + height)
        y += STRIP_HEAD + height
    for x, one in zip(xs, panel.points, strict=True):
        parts.append(_text(round(x), y + 26, one.label, anchor="middle", bold=one.is_set))
    unit = f"{panel.unit}; " if panel.unit else ""
    parts.append(_text(RIGHT, y + 54, f"{unit}bold and filled: as it is set", anchor="end"))
    y += LABELS
    for line in wrap(panel.advice, COLUMNS):
        y += LINE
        parts.append(_text(20, y, line))
    return parts, y + 30


def _strip(
    xs: Sequence[float],
    values: Sequence[tuple[float, float]],
    points: Sequence[Point],
    colour: str,
    least: float,
    top: float,
    bottom: float,
) -> list[str]:
    """A figure over the values, on an axis that begins where the figures do."""
    ticks = _ticks(
        min(value - spread for value, spread in values), max(value + spread for value, spread in values), least
    )
    low, high = ticks[0], ticks[-1]

    def y_of(value: float) -> float:
        return bottom - (bottom - top) * (value - low) / (high - low)

    parts = []
    for tick in ticks:
        y = y_of(tick)
        parts.append(f"<line x1='{LEFT}' y1='{y:.1f}' x2='{RIGHT}' y2='{y:.1f}' stroke='{GRID}'/>")
        parts.append(_text(LEFT - 10, round(y) + 7, f"{tick:g}", anchor="end"))
    line = " ".join(f"{x:.1f},{y_of(value):.1f}" for x, (value, _) in zip(xs, values, strict=True))
    parts.append(f"<polyline points='{line}' fill='none' stroke='{colour}' stroke-width='3'/>")
    for x, (value, spread), one in zip(xs, values, points, strict=True):
        if spread:
            above, below = y_of(value + spread), y_of(value - spread)
            parts.append(f"<path d='M{x:.1f} {above:.1f}V{below:.1f}' stroke='{colour}' stroke-width='2'/>")
        fill = colour if one.is_set else "#ffffff"
        parts.append(
            f"<circle cx='{x:.1f}' cy='{y_of(value):.1f}' r='7' fill='{fill}' stroke='{colour}' stroke-width='3'/>"
        )
    return parts


def _ticks(low: float, high: float, least: float) -> list[float]:
    """Two to four round numbers around the figures, `least` apart or more."""
    span = max(high - low, least)
    step = 10.0 ** floor(log10(span))
    for finer in (0.2, 0.5, 1.0, 2.0, 5.0):
        if step * finer < least - 1e-9:
            continue
        first, last = floor(low / (step * finer) + 1e-9), ceil(high / (step * finer) - 1e-9)
        if last - first <= 3:
            return [round(number * step * finer, 6) for number in range(first, max(last, first + 1) + 1)]
    return [low, high]


def _text(x: int, y: int, text: str, *, bold: bool = False, anchor: str = "start") -> str:
    weight = " font-weight='bold'" if bold else ""
    return f"<text x='{x}' y='{y}' font-size='20' text-anchor='{anchor}'{weight}>{escape(text)}</text>"
