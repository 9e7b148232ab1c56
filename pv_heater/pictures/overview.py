"""What belongs to a home with this program: sun, battery, Pi and heater, and who speaks with whom.

``python -m pv_heater.pictures.overview`` prints the SVG that Pics/overview.svg holds.
"""

from __future__ import annotations

import sys

WIDTH, HEIGHT = 640, 560
"""Units of the drawing. At 360 pixels of width the smallest text, 20 units, is 11 pixels high."""
INK, QUIET, POWER, WORDS = "#222222", "#555555", "#c62828", "#1565c0"
SUN, STORE, BRAIN, HEAT, HOUSE = "#fff3c4", "#d6e6f7", "#e8f0e8", "#f9d9cf", "#eeeeee"


def draw() -> str:
    """The whole picture as one SVG document, ending with a newline."""
    parts = [
        f"<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 {WIDTH} {HEIGHT}' width='{WIDTH}' height='{HEIGHT}' "
        f"font-family='DejaVu Sans, Verdana, Arial, sans-serif' font-size='20' fill='{INK}'>",
        "<title>Sun, battery, Raspberry Pi and heater</title>",
        *(_marker(name, colour) for name, colour in (("power", POWER), ("words", WORDS))),
        f"<rect width='{WIDTH}' height='{HEIGHT}' fill='#ffffff'/>",
        *_box(20, 20, 200, 110, SUN, "solar panels", "4.4 kWp"),
        *_box(240, 20, 420, 110, STORE, "Victron", "charger, inverter"),
        *_box(460, 20, 620, 110, STORE, "battery", "full by evening"),
        *_box(20, 200, 200, 290, HOUSE, "the house", "comes first"),
        *_box(240, 200, 420, 290, BRAIN, "GX device", "or VRM portal"),
        *_box(240, 380, 420, 490, BRAIN, "Raspberry Pi", "this program", "every second"),
        *_box(460, 195, 620, 305, HEAT, "relay, servo", "on the knob of", "a regulator"),
        *_box(460, 390, 620, 480, HEAT, "heater", "0 to 2 kW"),
        _arrow("power", "M200,65 H236"),
        _arrow("power", "M420,65 H456"),
        _arrow("power", "M290,110 V155 H110 V196"),
        _arrow("power", "M370,110 V155 H540 V191"),
        _arrow("words", "M330,110 V196"),
        _arrow("words", "M330,290 V376"),
        _arrow("words", "M420,435 H440 V250 H456"),
        _arrow("power", "M540,305 V386"),
        _text(316, 340, "sun, use, charge", anchor="end"),
        _text(20, 345, "power", POWER),
        _text(20, 375, "data", WORDS),
        _text(20, 530, "Sun that house and battery cannot use goes into the water."),
        "</svg>",
    ]
    return "\n".join(parts) + "\n"


def _marker(name: str, colour: str) -> str:
    return (
        f"<defs><marker id='{name}' viewBox='0 0 10 10' refX='9' refY='5' markerWidth='14' markerHeight='14' "
        f"markerUnits='userSpaceOnUse' orient='auto'><path d='M0,0 L10,5 L0,10 z' fill='{colour}'/></marker></defs>"
    )


def _box(left: int, top: int, right: int, bottom: int, fill: str, name: str, *lines: str) -> list[str]:
    box = (
        f"<rect x='{left}' y='{top}' width='{right - left}' height='{bottom - top}' rx='10' fill='{fill}' "
        f"stroke='{QUIET}' stroke-width='1.5'/>"
    )
    middle, first = (left + right) // 2, (top + bottom) // 2 + 7 - 14 * len(lines)
    texts = [
        _text(middle, first + 28 * row, line, anchor="middle", bold=row == 0) for row, line in enumerate((name, *lines))
    ]
    return [box, *texts]


def _arrow(kind: str, path: str) -> str:
    colour, dash = (POWER, "") if kind == "power" else (WORDS, " stroke-dasharray='7 5'")
    return f"<path d='{path}' fill='none' stroke='{colour}' stroke-width='3'{dash} marker-end='url(#{kind})'/>"


def _text(x: int, y: int, text: str, colour: str = INK, *, anchor: str = "start", bold: bool = False) -> str:
    weight = " font-weight='bold'" if bold else ""
    return f"<text x='{x}' y='{y}' font-size='20' text-anchor='{anchor}' fill='{colour}'{weight}>{text}</text>"


if __name__ == "__main__":
    sys.stdout.write(draw())
