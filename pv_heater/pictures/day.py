"""A played day as a picture: where the sun went, and the battery. As SVG for a page, as small bars for a terminal."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, tzinfo
from html import escape

from pv_heater.sim.day_record import DaySample

WIDTH, HEIGHT = 640, 760
"""Units of the drawing. At 360 pixels of width the smallest text, 20 units, is 11 pixels high."""
LEFT, RIGHT = 70, 620
POWER_TOP, POWER_BOTTOM = 176, 500
CHARGE_TOP, CHARGE_BOTTOM = 560, 690
INK, GRID = "#222222", "#dddddd"
HOUSE, HEAT, BATTERY, UNUSED, SUN = "#8a8a8a", "#d84315", "#1e88e5", "#ffd54f", "#8d6e00"
LAYERS: tuple[tuple[str, str, Callable[[DaySample], float]], ...] = (
    ("house", HOUSE, lambda sample: sample.house_w),
    ("heater", HEAT, lambda sample: sample.heat_w),
    ("into the battery", BATTERY, lambda sample: charge_w(sample)),
    ("unused sun", UNUSED, lambda sample: sample.unused_w),
)
"""What is stacked, from the bottom up."""

BARS = " ▁▂▃▄▅▆▇█"
PLAIN_BARS = " .:-=+*#@"
COLUMNS = 48
"""Half an hour each."""


def charge_w(sample: DaySample) -> float:
    """What went into the battery, or to the grid: all sun that neither house nor loads took; 0 where they took more."""
    return max(0.0, sample.pv_w - sample.sold_w - sample.house_w - sample.heat_w)


def day_svg(title: str, samples: Sequence[DaySample], *, capacity_wh: float, zone: tzinfo) -> str:
    """House, heater, battery and unused sun stacked over the hours of one day, the sun as a line, the charge below."""
    most_w = max([1000.0, *(_stack(sample)[-1] for sample in samples), *(sample.sun_w for sample in samples)])
    top_kw = int(most_w / 1000.0) + 1
    xs = [_hour_x(sample.start_at, zone) for sample in samples]

    def power_y(power_w: float) -> float:
        return POWER_BOTTOM - (POWER_BOTTOM - POWER_TOP) * power_w / (1000.0 * top_kw)

    def charge_y(percent: float) -> float:
        return CHARGE_BOTTOM - (CHARGE_BOTTOM - CHARGE_TOP) * percent / 100.0

    parts = [_text(20, 38, title, bold=True), *_legend()]
    for kw in range(0, top_kw + 1, 1 if top_kw <= 6 else 2):
        parts += _level(power_y(1000.0 * kw), f"{kw}")
    parts.append(_text(20, POWER_TOP - 14, "kW"))
    lower = [0.0] * len(samples)
    for number, (_, colour, _) in enumerate(LAYERS):
        upper = [_stack(sample)[number] for sample in samples]
        forth = [f"{x:.1f},{power_y(w):.1f}" for x, w in zip(xs, upper, strict=True)]
        back = [f"{x:.1f},{power_y(w):.1f}" for x, w in zip(reversed(xs), reversed(lower), strict=True)]
        parts.append(f"<polygon points='{' '.join([*forth, *back])}' fill='{colour}'/>")
        lower = upper
    parts.append(_line(xs, [power_y(sample.sun_w) for sample in samples], SUN, "2"))
    for percent in (0, 50, 100):
        parts += _level(charge_y(percent), f"{percent}")
    parts.append(_text(20, CHARGE_TOP - 14, "battery, %"))
    charges = [charge_y(100.0 * sample.stored_wh / capacity_wh) for sample in samples]
    parts.append(_line(xs, charges, BATTERY, "3"))
    for hour in range(0, 25, 4):
        x = LEFT + (RIGHT - LEFT) * hour / 24
        parts.append(_text(round(x), CHARGE_BOTTOM + 28, f"{hour}", anchor="middle"))
    parts.append(_text(RIGHT, CHARGE_BOTTOM + 54, "hour of the day", anchor="end"))
    return _document(title, parts)


def day_bars(samples: Sequence[DaySample], *, capacity_wh: float, zone: tzinfo, plain: bool) -> list[str]:
    """The same as five lines of small bars, at most 80 columns; `plain` for terminals that know ASCII only."""
    rows: list[tuple[str, Callable[[DaySample], float], float | None, str]] = [
        ("sun", lambda sample: sample.sun_w, None, "kW"),
        ("house", lambda sample: sample.house_w, None, "kW"),
        ("heater", lambda sample: sample.heat_w, None, "kW"),
        ("unused", lambda sample: sample.unused_w, None, "kW"),
        ("battery", lambda sample: 100.0 * sample.stored_wh / capacity_wh, 100.0, "%"),
    ]
    most_w = max([100.0, *(sample.sun_w for sample in samples)])
    lines = [f"{'hour':8}{''.join(f'{hour:<8}' for hour in range(0, 24, 4))}".rstrip()]
    for word, value, most, unit in rows:
        means = _half_hours(samples, value, zone)
        highest = max((mean for mean in means if mean is not None), default=0.0)
        bars = "".join(_bar(mean, most or most_w, PLAIN_BARS if plain else BARS) for mean in means)
        shown = f"{highest / 1000:.1f} kW" if unit == "kW" else f"{highest:.0f} %"
        lines.append(f"{word:8}{bars}  up to {shown}")
    return lines


def _half_hours(samples: Sequence[DaySample], value: Callable[[DaySample], float], zone: tzinfo) -> list[float | None]:
    found: list[list[float]] = [[] for _ in range(COLUMNS)]
    for sample in samples:
        at = sample.start_at.astimezone(zone)
        found[at.hour * 2 + at.minute // 30].append(value(sample))
    return [sum(values) / len(values) if values else None for values in found]


def _bar(value: float | None, most: float, bars: str) -> str:
    if value is None:
        return " "
    return bars[min(len(bars) - 1, max(0, round((len(bars) - 1) * value / most)))]


def _stack(sample: DaySample) -> list[float]:
    """The upper edge of each layer."""
    edges, total_w = [], 0.0
    for _, _, value in LAYERS:
        total_w += value(sample)
        edges.append(total_w)
    return edges


def _hour_x(at: datetime, zone: tzinfo) -> float:
    local = at.astimezone(zone)
    return LEFT + (RIGHT - LEFT) * (local.hour + local.minute / 60 + local.second / 3600) / 24


def _legend() -> list[str]:
    parts = []
    for number, (word, colour, _) in enumerate(LAYERS):
        x, y = 20 + 300 * (number % 2), 62 + 32 * (number // 2)
        parts += [f"<rect x='{x}' y='{y}' width='26' height='18' fill='{colour}'/>", _text(x + 38, y + 16, word)]
    parts += [f"<rect x='20' y='134' width='26' height='4' fill='{SUN}'/>", _text(58, 142, "sun on the panels")]
    return parts


def _level(y: float, text: str) -> list[str]:
    line = f"<line x1='{LEFT}' y1='{y:.1f}' x2='{RIGHT}' y2='{y:.1f}' stroke='{GRID}'/>"
    return [line, _text(LEFT - 10, round(y) + 7, text, anchor="end")]


def _line(xs: Sequence[float], ys: Sequence[float], colour: str, width: str) -> str:
    points = " ".join(f"{x:.1f},{y:.1f}" for x, y in zip(xs, ys, strict=True))
    return f"<polyline points='{points}' fill='none' stroke='{colour}' stroke-width='{width}'/>"


def _text(x: int, y: int, text: str, *, bold: bool = False, anchor: str = "start") -> str:
    weight = " font-weight='bold'" if bold else ""
    return f"<text x='{x}' y='{y}' font-size='20' text-anchor='{anchor}'{weight}>{escape(text)}</text>"


def _document(title: str, parts: Sequence[str]) -> str:
    head = (
        f"<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 {WIDTH} {HEIGHT}' width='{WIDTH}' height='{HEIGHT}' "
        f"font-family='DejaVu Sans, Verdana, Arial, sans-serif' fill='{INK}'>"
    )
    white = f"<rect width='{WIDTH}' height='{HEIGHT}' fill='#ffffff'/>"
    return "\n".join([head, f"<title>{escape(title)}</title>", white, *parts, "</svg>"]) + "\n"
