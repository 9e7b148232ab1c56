"""The comparison as a picture for README: a bar for each law and home, in percent of what could be caught.

It can be read on a phone, and does without a background of the reader's choosing: it brings a white one.
"""

from __future__ import annotations

from html import escape
from pathlib import Path

from bench.capture.score import Row as Score
from bench.compare.measure import Compared
from bench.compare.table import HOMES, LAWS

WIDTH = 640
"""Units of the drawing. At 360 pixels of width the smallest text, 18 units, is 10 pixels high."""
LEFT, RIGHT = 20, 560
"""0 and 100 % of the bars; what they come to stands to the right."""
TOP, BAR, BLOCK = 168, 21, 80
INK, QUIET, GRID = "#222222", "#666666", "#dddddd"
OURS, OURS_FEEDING_IN, OTHERS, OTHERS_FEEDING_IN = "#c62828", "#ef9a9a", "#455a64", "#b0bec5"


def draw(folder: Path, result: Compared) -> None:
    """Write compare.svg into `folder`, which is made if need be."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "compare.svg").write_text(picture(result), encoding="utf-8")


def picture(result: Compared) -> str:
    """The laws below each other, the best without feed-in first; below each name what it costs without feed-in."""
    plain, feeding_in = HOMES[0].name, HOMES[1].name
    pairs = [(result.of(row.name, plain), result.of(row.name, feeding_in)) for row in LAWS]
    drawn = [(one, other) for one, other in pairs if one is not None and other is not None]
    drawn.sort(key=lambda pair: -pair[0].capture_mean)
    bottom = TOP + BLOCK * len(drawn)
    parts = [
        _text(20, 36, "Sun caught as heat, in % of what perfect", bold=True),
        _text(20, 60, "foresight would have caught", bold=True),
        _text(20, 86, f"recorded days: {result.days}, drawn forecasts of each: {result.draws}", colour=QUIET),
        *_legend(110),
    ]
    for percent in (0, 25, 50, 75, 100):
        x = LEFT + (RIGHT - LEFT) * percent // 100
        parts.append(f"<line x1='{x}' y1='{TOP - 8}' x2='{x}' y2='{bottom}' stroke='{GRID}'/>")
        parts.append(_text(x, bottom + 22, f"{percent} %" if percent else "0", anchor="middle" if percent else "start"))
    for number, (one, other) in enumerate(drawn):
        parts += _block(TOP + BLOCK * number, one, other, ours=one.strategy == LAWS[0].name)
    return _document(bottom + 40, parts)


def _block(y: int, one: Score, other: Score, *, ours: bool) -> list[str]:
    dark, light = (OURS, OURS_FEEDING_IN) if ours else (OTHERS, OTHERS_FEEDING_IN)
    cost = f"{one.closings_mean:.0f} starts a day, {max(0.0, one.bought_for_heat_percent):.1f} % bought"
    return [
        _text(LEFT, y + 14, one.strategy, bold=ours),
        _text(WIDTH - 20, y + 14, cost, anchor="end", colour=QUIET),
        *_bar(y + 21, one.capture_mean, dark),
        *_bar(y + 21 + BAR, other.capture_mean, light),
    ]


def _bar(y: int, share: float, colour: str) -> list[str]:
    """A loss has no length: only its number."""
    length = (RIGHT - LEFT) * min(1.0, max(0.0, share))
    number = f"{100.0 * share:.1f}".replace("-0.0", "0.0")
    return [
        f"<rect x='{LEFT}' y='{y}' width='{length:.1f}' height='{BAR - 1}' fill='{colour}'/>",
        _text(WIDTH - 20, y + 16, number, anchor="end"),
    ]


def _legend(y: int) -> list[str]:
    parts = []
    for number, (variant, dark, light) in enumerate(
        ((HOMES[0], OTHERS, OURS), (HOMES[1], OTHERS_FEEDING_IN, OURS_FEEDING_IN))
    ):
        x = 20 + 230 * number
        parts += [
            f"<rect x='{x}' y='{y}' width='13' height='16' fill='{light}'/>",
            f"<rect x='{x + 13}' y='{y}' width='13' height='16' fill='{dark}'/>",
            _text(x + 36, y + 15, variant.name),
        ]
    return parts


def _text(x: int, y: int, text: str, *, bold: bool = False, anchor: str = "start", colour: str = INK) -> str:
    weight = " font-weight='bold'" if bold else ""
    return f"<text x='{x}' y='{y}' font-size='18' text-anchor='{anchor}' fill='{colour}'{weight}>{escape(text)}</text>"


def _document(height: int, parts: list[str]) -> str:
    head = (
        f"<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 {WIDTH} {height}' width='{WIDTH}' height='{height}' "
        "font-family='DejaVu Sans, Verdana, Arial, sans-serif'>"
    )
    white = f"<rect width='{WIDTH}' height='{height}' fill='#ffffff'/>"
    return "\n".join([head, "<title>What each law catches of the sun</title>", white, *parts, "</svg>"]) + "\n"
