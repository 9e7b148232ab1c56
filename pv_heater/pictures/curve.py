"""The picture of a regulator's curve: what was measured, and the ideal phase cut it is compared with."""

from __future__ import annotations

from html import escape

from pv_heater.core.actuators.curve import RegulatorCurve, phase_cut

WIDTH, HEIGHT = 640, 480
"""Units of the drawing. At 360 pixels of width the smallest text, 18 units, is 10 pixels high."""
LEFT, RIGHT, TOP, BOTTOM = 80, 620, 80, 430
INK, QUIET, LINE = "#222222", "#8a8a8a", "#c62828"


def curve_picture(name: str, curve: RegulatorCurve, max_power_w: float) -> str:
    """An SVG of watts over percent: dots are measured, the red line is used, the grey one is an ideal phase cut."""
    most_w = max(max_power_w, curve.points[-1][1])
    ideal = phase_cut(curve.points[-1][1])

    def place(percent: float, power_w: float) -> str:
        return f"{LEFT + (RIGHT - LEFT) * percent / 100:.1f},{BOTTOM - (BOTTOM - TOP) * power_w / most_w:.1f}"

    def line(shape: RegulatorCurve) -> str:
        return " ".join(place(percent, shape.power_w(percent)) for percent in range(101))

    dots = [place(percent, power_w).split(",") for percent, power_w in curve.points]
    return "\n".join(
        [
            f"<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 {WIDTH} {HEIGHT}' width='{WIDTH}' "
            f"height='{HEIGHT}' font-family='DejaVu Sans, Verdana, Arial, sans-serif' font-size='18' fill='{INK}'>",
            f"<title>{escape(name)}: power by position</title>",
            f"<rect width='{WIDTH}' height='{HEIGHT}' fill='#ffffff'/>",
            f"<text x='20' y='34' font-weight='bold'>{escape(name)}: power by position</text>",
            "<text x='20' y='60'>measured (red), ideal phase cut (grey)</text>",
            f"<polyline points='{LEFT},{TOP} {LEFT},{BOTTOM} {RIGHT},{BOTTOM}' fill='none' stroke='{INK}'/>",
            f"<polyline points='{line(ideal)}' fill='none' stroke='{QUIET}' stroke-width='2'/>",
            f"<polyline points='{line(curve)}' fill='none' stroke='{LINE}' stroke-width='2.5'/>",
            *(f"<circle cx='{x}' cy='{y}' r='4' fill='{LINE}'/>" for x, y in dots),
            f"<text x='{LEFT - 8}' y='{TOP + 6}' text-anchor='end'>{most_w:.0f}</text>",
            f"<text x='{LEFT - 8}' y='{BOTTOM}' text-anchor='end'>0 W</text>",
            *(
                f"<text x='{LEFT + (RIGHT - LEFT) * percent / 100:.0f}' y='{BOTTOM + 26}' text-anchor='middle'>"
                f"{percent} %</text>"
                for percent in (0, 25, 50, 75, 100)
            ),
            "</svg>",
            "",
        ]
    )
