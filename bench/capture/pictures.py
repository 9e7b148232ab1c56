"""The two pictures of a capture run: what was caught day by day, and the day that cost the best strategy most.

Both can be read on a phone.
"""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from pathlib import Path

from bench.capture.days import Spell
from bench.capture.lived import Moment, course_of
from bench.capture.measure import Capture
from bench.capture.score import Row
from bench.capture.variants import Variant

WIDTH = 640
"""Units of the drawing. At 360 pixels of width the smallest text, 18 units, is 10 pixels high."""
LEFT, RIGHT = 170, 620
"""Where the bars of days begin and end."""
BAR, GAP = 9, 12
INK, QUIET, SUN, HEAT, USE, BATTERY = "#222222", "#8a8a8a", "#ffe39a", "#c62828", "#555555", "#1565c0"
COLOURS = ("#1565c0", "#c62828", "#2e7d32", "#7b1fa2", "#ef6c00", "#00838f")
"""Of strategies, in their order."""
DAY_LEFT, DAY_TOP, DAY_BOTTOM = 60, 110, 470
BATTERY_TOP, BATTERY_BOTTOM, DAY_HEIGHT = 520, 640, 690
POINTS_APART = 12
"""Every so many ticks of 10 s a point is drawn: two minutes are less than a unit of the drawing."""


def draw(folder: Path, result: Capture, spells: Sequence[Spell], variants: Sequence[Variant]) -> None:
    """Write capture_by_day.svg and capture_day.svg into `folder`, which is made if need be.

    `spells` and `variants` are those that were measured.
    """
    variant = next(variant for variant in variants if variant.name == result.rows[0].variant)
    rows = [row for row in result.rows if row.variant == variant.name]
    best = max(rows, key=lambda row: row.capture_mean)
    lost = [day.possible_wh - day.gained_wh for day in best.by_day]
    number = lost.index(max(lost))
    spell, day = [(spell, day) for spell in spells for day in range(len(spell.days))][number]
    moments = course_of(spell, day, variant, best.strategy, f"{result.seed} 0")
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "capture_by_day.svg").write_text(by_day(rows), encoding="utf-8")
    title = f"{best.by_day[number].day}, {best.strategy}: {lost[number] / 1000:.1f} kWh missed"
    (folder / "capture_day.svg").write_text(one_day(title, moments), encoding="utf-8")


def by_day(rows: Sequence[Row]) -> str:
    """For each day what could be gained, in grey, and below it what each strategy did gain. `rows` share a variant."""
    days = rows[0].by_day
    most_wh = max([1.0, *(day.possible_wh for day in days)])
    pitch = BAR * (len(rows) + 1) + GAP
    top = 80 + 26 * len(rows)
    parts = [
        _text(20, 36, f"Gained by heating, day by day: {rows[0].variant}", bold=True),
        *_legend([("could be gained", QUIET), *((_label(row), colour) for row, colour in _coloured(rows))]),
    ]
    for number, day in enumerate(days):
        y = top + pitch * number
        parts.append(_text(LEFT - 10, y + pitch // 2, day.day, anchor="end"))
        parts.append(_bar(y, day.possible_wh / most_wh, QUIET))
        for place, (row, colour) in enumerate(_coloured(rows), 1):
            parts.append(_bar(y + BAR * place, row.by_day[number].gained_wh / most_wh, colour))
    height = top + pitch * len(days) + 40
    parts.append(_text(RIGHT, height - 12, f"the longest bar is {most_wh / 1000:.1f} kWh", anchor="end"))
    return _document(height, "What was caught, day by day", parts)


def one_day(title: str, moments: Sequence[Moment]) -> str:
    """Available sun, use, the heater on top of it, and the battery's charge, from midnight to midnight."""
    drawn = moments[::POINTS_APART]
    most_w = max([1000.0, *(max(moment.sun_w, moment.use_w + moment.heater_w) for moment in drawn)])

    def line(values_w: Sequence[float]) -> str:
        points = zip(drawn, values_w, strict=True)
        return " ".join(f"{_hour_x(m.second):.1f},{_level(w / most_w, DAY_TOP, DAY_BOTTOM):.1f}" for m, w in points)

    total = line([moment.use_w + moment.heater_w for moment in drawn])
    charge = " ".join(
        f"{_hour_x(m.second):.1f},{_level(m.soc_percent / 100.0, BATTERY_TOP, BATTERY_BOTTOM):.1f}" for m in drawn
    )
    sun = f"{_hour_x(0):.1f},{DAY_BOTTOM} {line([m.sun_w for m in drawn])} {_hour_x(86_400):.1f},{DAY_BOTTOM}"
    parts = [
        _text(20, 36, title, bold=True),
        _text(20, 66, "available sun (yellow), use (grey),"),
        _text(20, 90, "use and heater (red); below: charge (blue)"),
        f"<polygon points='{sun}' fill='{SUN}'/>",
        f"<polyline points='{total}' fill='none' stroke='{HEAT}' stroke-width='2'/>",
        f"<polyline points='{line([m.use_w for m in drawn])}' fill='none' stroke='{USE}' stroke-width='1.5'/>",
        f"<polyline points='{charge}' fill='none' stroke='{BATTERY}' stroke-width='2.5'/>",
        *_axis(DAY_TOP, DAY_BOTTOM, f"{most_w / 1000:.1f} kW"),
        *_axis(BATTERY_TOP, BATTERY_BOTTOM, "100 %"),
        *(_text(round(_hour_x(3600 * hour)), DAY_HEIGHT - 20, f"{hour}", anchor="middle") for hour in range(0, 25, 3)),
    ]
    return _document(DAY_HEIGHT, title, parts)


def _coloured(rows: Sequence[Row]) -> list[tuple[Row, str]]:
    return [(row, COLOURS[number % len(COLOURS)]) for number, row in enumerate(rows)]


def _label(row: Row) -> str:
    return f"{row.strategy}: {100 * row.capture_mean:.1f} % of it"


def _legend(entries: Sequence[tuple[str, str]]) -> list[str]:
    parts = []
    for number, (word, colour) in enumerate(entries):
        y = 52 + 26 * number
        parts += [f"<rect x='20' y='{y}' width='22' height='14' fill='{colour}'/>", _text(52, y + 13, word)]
    return parts


def _bar(y: int, share: float, colour: str) -> str:
    """From the left edge; a loss, which has no length here, is a thin line to the left."""
    length = (RIGHT - LEFT) * min(1.0, max(share, -0.015))
    left = LEFT + min(0.0, length)
    return f"<rect x='{left:.1f}' y='{y}' width='{abs(length):.1f}' height='{BAR - 1}' fill='{colour}'/>"


def _hour_x(second: float) -> float:
    return DAY_LEFT + (RIGHT - DAY_LEFT) * second / 86_400.0


def _level(share: float, top: int, bottom: int) -> float:
    return bottom - (bottom - top) * share


def _axis(top: int, bottom: int, most: str) -> list[str]:
    return [
        f"<polyline points='{DAY_LEFT},{top} {DAY_LEFT},{bottom} {RIGHT},{bottom}' fill='none' stroke='{INK}'/>",
        _text(DAY_LEFT + 8, top + 16, most),
    ]


def _document(height: int, title: str, parts: Sequence[str]) -> str:
    head = (
        f"<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 {WIDTH} {height}' width='{WIDTH}' height='{height}' "
        f"font-family='DejaVu Sans, Verdana, Arial, sans-serif' fill='{INK}'>"
    )
    white = f"<rect width='{WIDTH}' height='{height}' fill='#ffffff'/>"
    return "\n".join([head, f"<title>{escape(title)}</title>", white, *parts, "</svg>"]) + "\n"


def _text(x: int, y: int, text: str, *, bold: bool = False, anchor: str = "start") -> str:
    weight = " font-weight='bold'" if bold else ""
    return f"<text x='{x}' y='{y}' font-size='18' text-anchor='{anchor}'{weight}>{escape(text)}</text>"
