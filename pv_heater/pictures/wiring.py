"""The wiring of one regulated heater, with the pins of the shipped configuration.

``python -m pv_heater.pictures.wiring`` prints the SVG that Pics/wiring.svg holds.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from itertools import pairwise

from pv_heater.core.settings.pins import HEADER_SUPPLY, PinName

RELAY_PIN, SERVO_PIN = "BOARD11", "BOARD40"
"""As in Files/config.yaml."""

WIDTH, HEIGHT = 640, 1060
"""Units of the drawing. At 360 pixels of width the smallest text, 18 units, is 10 pixels high."""

INK, QUIET = "#222222", "#555555"
SUPPLY, GROUND, SIGNAL, LIVE, NEUTRAL = "#c62828", "#222222", "#2e7d32", "#8d4e1c", "#1565c0"
EARTH, EARTH_STRIPE = "#2e7d32", "#fdd835"
LOW_VOLTAGE, RELAY_FILL, KNOB_FILL, MAINS_FILL = "#e8f0e8", "#fff3c4", "#d6e6f7", "#f3e3d6"
FONT = "font-family='DejaVu Sans, Verdana, Arial, sans-serif'"

Point = tuple[int, int]
BRIDGE = 9
"""Radius of the arc with which a line passes over another."""

HEADER_ROWS = ((2, 130), (6, 170), (11, 210), (39, 290), (40, 330))
"""Header position, and how far down it is drawn."""
HEADER_X, MODULE_X = 270, 410


def draw() -> str:
    """The whole picture as one SVG document, ending with a newline."""
    parts = [
        f"<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 {WIDTH} {HEIGHT}' width='{WIDTH}' height='{HEIGHT}' "
        f"{FONT} font-size='20' fill='{INK}'>",
        "<title>Wiring of Pi, relay, servo, power regulator and heater</title>",
        "<defs><marker id='tip' viewBox='0 0 10 10' refX='9' refY='5' markerWidth='16' markerHeight='16' "
        "markerUnits='userSpaceOnUse' orient='auto'>"
        f"<path d='M0,0 L10,5 L0,10 z' fill='{INK}'/></marker></defs>",
        f"<rect width='{WIDTH}' height='{HEIGHT}' fill='#ffffff'/>",
        _text(20, 36, "Header positions, chip numbers, and what goes where", bold=True, size=18),
        *_pi(),
        *_relay_module(),
        *_servo(),
        *_servo_supply(),
        *_mains(),
        *_notes(),
        "</svg>",
    ]
    return "\n".join(parts) + "\n"


def _pi() -> list[str]:
    parts = [_box(20, 60, HEADER_X, 365, LOW_VOLTAGE), _text(36, 92, "Raspberry Pi", bold=True)]
    for position, y in HEADER_ROWS:
        use = HEADER_SUPPLY.get(position) or str(PinName.parse(f"BOARD{position}"))
        parts += [_text(86, y + 7, f"{position}", anchor="end"), _text(106, y + 7, use), _dot(HEADER_X, y)]
    return parts


def _relay_module() -> list[str]:
    return [
        _box(MODULE_X, 60, 605, 240, RELAY_FILL),
        _text(MODULE_X + 20, 92, "relay module", bold=True),
        *(_terminal(y, label) for y, label in ((130, "VCC"), (170, "GND"), (210, "IN"))),
        _wire(SUPPLY, (HEADER_X, 130), (MODULE_X, 130)),
        _wire(GROUND, (HEADER_X, 170), (MODULE_X, 170)),
        _wire(SIGNAL, (HEADER_X, 210), (MODULE_X, 210)),
        # Holds the relay off while the pin floats: at start, and when nothing drives it any more.
        _wire(INK, (345, 170), (345, 210)),
        "<rect x='338' y='178' width='14' height='24' fill='#ffffff' stroke='#222222' stroke-width='2'/>",
        _dot(345, 170),
        _dot(345, 210),
        _text(332, 197, "10 kΩ", anchor="end", size=18),
    ]


def _servo() -> list[str]:
    return [
        _box(MODULE_X, 255, 605, 420, KNOB_FILL),
        _text(MODULE_X + 20, 410, "positional servo", bold=True, size=18),
        *(_terminal(y, label) for y, label in ((290, "ground"), (330, "signal"), (370, "+5 V"))),
        _wire(GROUND, (HEADER_X, 290), (MODULE_X, 290)),
        _wire(SIGNAL, (HEADER_X, 330), (MODULE_X, 330)),
        _rod((605, 335), (627, 335), (627, 725), (612, 725)),
        _text(612, 488, "turns the knob", anchor="end", size=18),
    ]


def _servo_supply() -> list[str]:
    return [
        _box(20, 395, HEADER_X, 475, LOW_VOLTAGE),
        _text(36, 427, "5 V, 2 A supply", bold=True),
        _text(36, 457, "for the servo only", size=18),
        _text(HEADER_X - 10, 427, "+", anchor="end", bold=True),
        _text(HEADER_X - 10, 457, "−", anchor="end", bold=True),
        _wire(SUPPLY, (HEADER_X, 420), (375, 420), (375, 370), (MODULE_X, 370)),
        _wire(GROUND, (HEADER_X, 450), (335, 450), (335, 290), over=(420, 330)),
        _dot(335, 290),
        _text(345, 450, "common ground", size=18),
    ]


def _mains() -> list[str]:
    return [
        _wire(QUIET, (20, 500), (620, 500), dashed=True),
        _text(20, 521, "below: mains voltage", size=18),
        _box(20, 530, 140, 620, MAINS_FILL),
        *_lines(80, 568, ("mains", "L, N, PE")),
        _box(180, 530, 350, 620, MAINS_FILL),
        *_lines(265, 568, ("RCD 30 mA,", "breaker")),
        _box(MODULE_X, 530, 605, 620, RELAY_FILL),
        *_lines(507, 568, ("relay contact", "COM – NO")),
        _box(MODULE_X, 680, 605, 770, KNOB_FILL),
        *_lines(507, 718, ("AC power", "regulator")),
        _box(200, 680, 360, 770, MAINS_FILL),
        *_lines(280, 718, ("cut-out,", "manual reset")),
        _box(20, 680, 160, 770, MAINS_FILL),
        *_lines(90, 732, ("thermostat",)),
        _box(20, 825, 300, 895, MAINS_FILL),
        *_lines(175, 867, ("heater",)),
        _wire(LIVE, (140, 560), (180, 560)),
        _wire(NEUTRAL, (140, 600), (180, 600)),
        _wire(LIVE, (350, 560), (MODULE_X, 560)),
        _wire(LIVE, (507, 620), (507, 680)),
        _wire(LIVE, (MODULE_X, 725), (360, 725)),
        _wire(LIVE, (200, 725), (160, 725)),
        _wire(LIVE, (90, 770), (90, 825)),
        _wire(NEUTRAL, (300, 860), (385, 860), (385, 600), (350, 600), over=(725,)),
        *_earth((30, 620), (30, 650), (10, 650), (10, 860), (20, 860)),
        _text(363, 552, "L", size=18, bold=True),
        _text(394, 800, "N", size=18, bold=True),
        _text(24, 812, "PE", size=18, bold=True),
    ]


def _notes() -> list[str]:
    return [
        _text(20, 935, "Below the dashed line is mains voltage: work for an", size=18),
        _text(20, 960, "electrician. Keep it apart from the Pi. An active-low relay", size=18),
        _text(20, 985, "needs a pin of GPIO 0 to 8, VCC at 3.3 V and its resistor", size=18),
        _text(20, 1010, "to VCC instead of ground: docs/wiring.md. Lines that cross", size=18),
        _text(20, 1035, "with a bridge do not touch.", size=18),
    ]


def _box(left: int, top: int, right: int, bottom: int, fill: str) -> str:
    return (
        f"<rect x='{left}' y='{top}' width='{right - left}' height='{bottom - top}' rx='8' fill='{fill}' "
        f"stroke='{QUIET}' stroke-width='1.5'/>"
    )


def _terminal(y: int, label: str) -> str:
    return _text(MODULE_X + 20, y + 7, label) + _dot(MODULE_X, y)


def _dot(x: int, y: int) -> str:
    return f"<circle cx='{x}' cy='{y}' r='5' fill='{INK}'/>"


def _wire(colour: str, *points: Point, dashed: bool = False, over: Sequence[int] = ()) -> str:
    """A line through `points`; where it runs up it passes `over` the lines at these heights on a bridge."""
    path = f"M{points[0][0]},{points[0][1]}"
    for (_, from_y), (x, y) in pairwise(points):
        for height in over:
            if y < height < from_y:
                path += f" L{x},{height + BRIDGE} a{BRIDGE},{BRIDGE} 0 0 0 0,{-2 * BRIDGE}"
        path += f" L{x},{y}"
    dash, width = (" stroke-dasharray='8 5'", 2) if dashed else ("", 3)
    return f"<path d='{path}' fill='none' stroke='{colour}' stroke-width='{width}'{dash}/>"


def _earth(*points: Point) -> list[str]:
    """Green and yellow."""
    path = " ".join(f"{x},{y}" for x, y in points)
    line = f"<polyline points='{path}' fill='none' stroke-width='4'"
    return [f"{line} stroke='{EARTH}'/>", f"{line} stroke='{EARTH_STRIPE}' stroke-dasharray='10 10'/>"]


def _rod(*points: Point) -> str:
    """What turns, not what carries current: dots, and an arrow at its end."""
    path = " ".join(f"{x},{y}" for x, y in points)
    dots = "stroke-width='4' stroke-linecap='round' stroke-dasharray='0.1 9' marker-end='url(#tip)'"
    return f"<polyline points='{path}' fill='none' stroke='{QUIET}' {dots}/>"


def _lines(x: int, y: int, texts: Sequence[str]) -> list[str]:
    return [_text(x, y + 27 * row, text, anchor="middle") for row, text in enumerate(texts)]


def _text(x: int, y: int, text: str, *, bold: bool = False, size: int = 20, anchor: str = "start") -> str:
    weight = " font-weight='bold'" if bold else ""
    return f"<text x='{x}' y='{y}' font-size='{size}' text-anchor='{anchor}'{weight}>{text}</text>"


if __name__ == "__main__":
    sys.stdout.write(draw())
