"""One bundled day with what was decided and why, drawn for docs/how-it-decides.md.

``python -m bench.capture.explained > Pics/day_explained.svg``: the summer day of Files/recordings in the home of
Files/config.yaml, with the reasons as the program gives them.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from html import escape
from itertools import pairwise
from textwrap import wrap

from bench.capture.days import Place, Spell, spells_from_folder
from bench.capture.lived import LivedHome, lives
from bench.capture.variants import HEATER, MAIN
from pv_heater import PROJECT_FOLDER
from pv_heater.config.load import load_config
from pv_heater.core.model.values import Decision, Forecast, Phase, Reading
from pv_heater.sim.recording import HomeRecording

WIDTH = 640
"""Units of the drawing. At 360 pixels of width the smallest text, 18 units, is 10 pixels high."""
LEFT, RIGHT = 60, 620
POWER_TOP, POWER_BOTTOM = 150, 430
CHARGE_TOP, CHARGE_BOTTOM = 520, 660
NOTES_TOP, NOTE_COLUMNS, LINE = 760, 54, 24
INK, QUIET, GRID = "#222222", "#666666", "#dddddd"
SUN, HOUSE, HEAT, BATTERY = "#ffe39a", "#555555", "#d84315", "#1565c0"
MOST_W = 5000.0
SOON_S = 60.0
EVERY_S = 120.0
"""A point each: less than a unit of the drawing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """A point of the course."""

    second: float
    sun_w: float
    house_w: float
    heater_w: float
    soc_percent: float
    aim_percent: float | None
    """The strategy's target charge; None where it has none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """Something that was decided."""

    second: float
    text: str


class Watch:
    """Satisfies `loop.Reporter`: the course, and a note of each start, stop and guard."""

    def __init__(self, recording: HomeRecording, home: LivedHome) -> None:
        self._recording, self._home = recording, home
        self._told: tuple[bool, str | None] | None = None
        self.moments: list[Moment] = []
        self.notes: list[Note] = []

    def report(self, now: datetime, decision: Decision, reading: Reading | None, forecast: Forecast | None) -> None:  # noqa: ARG002
        """Note this tick."""
        second = (now - self._recording.start_at).total_seconds()
        load = decision.loads[HEATER]
        told = (load.phase is Phase.HEATING, decision.blocked_by)
        if told != self._told:
            self._told = told
            if self.notes and second - self.notes[-1].second < SOON_S:
                self.notes.pop()  # what ended a guard says less than the start after it
            at = f"{int(second // 3600):02d}:{int(second % 3600 // 60):02d}"
            self.notes.append(Note(second=second, text=f"{at} {_said(decision)}"))
        if not self.moments or second - self.moments[-1].second >= EVERY_S:
            _, _, sun_w, house_w = next(self._recording.stretches(second, second))
            self.moments.append(
                Moment(
                    second=second,
                    sun_w=sun_w,
                    house_w=house_w,
                    heater_w=load.power_w,
                    soc_percent=self._home.soc_percent,
                    aim_percent=decision.trace.strategy.get("target_percent") if decision.trace.daylight else None,
                )
            )


def picture(title: str, moments: Sequence[Moment], notes: Sequence[Note]) -> str:
    """Sun, house and heater above, charge and target below, and what the numbers mean."""
    lines = [wrap(note.text, NOTE_COLUMNS) for note in notes]
    height = NOTES_TOP + LINE * sum(len(one) for one in lines) + 8 * len(lines)
    sun = _points(moments, [m.sun_w for m in moments])
    heater = _points(moments, [m.heater_w for m in moments])
    parts = [_text(20, 36, title, bold=True), *_legend()]
    parts += [part for kw in range(6) for part in _level(_power_y(1000.0 * kw), f"{kw}")]
    parts += [part for percent in (0, 50, 100) for part in _level(_charge_y(percent), f"{percent}")]
    parts += [
        _text(20, POWER_TOP - 16, "kW"),
        _text(20, CHARGE_TOP - 16, "charge, %"),
        f"<polygon points='{LEFT},{POWER_BOTTOM} {sun} {RIGHT},{POWER_BOTTOM}' fill='{SUN}'/>",
        f"<polygon points='{LEFT},{POWER_BOTTOM} {heater} {RIGHT},{POWER_BOTTOM}' fill='{HEAT}' fill-opacity='0.75'/>",
        f"<polyline points='{_points(moments, [m.house_w for m in moments])}' fill='none' stroke='{HOUSE}'/>",
        *_aims(moments),
        "<polyline points='"
        + " ".join(f"{_x(m.second):.1f},{_charge_y(m.soc_percent):.1f}" for m in moments)
        + f"' fill='none' stroke='{BATTERY}' stroke-width='3'/>",
    ]
    for hour in range(0, 25, 3):
        parts.append(_text(round(_x(3600.0 * hour)), CHARGE_BOTTOM + 26, f"{hour}", anchor="middle"))
    parts.append(_text(RIGHT, CHARGE_BOTTOM + 52, "hour of the day", anchor="end"))
    parts += [part for number, note in enumerate(notes, 1) for part in _mark(number, note, notes)]
    y = NOTES_TOP
    for number, one in enumerate(lines, 1):
        parts.append(_text(20, y, f"{number}", bold=True))
        parts += [_text(50, y + LINE * row, text) for row, text in enumerate(one)]
        y += LINE * len(one) + 8
    head = (
        f"<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 {WIDTH} {height}' width='{WIDTH}' height='{height}' "
        "font-family='DejaVu Sans, Verdana, Arial, sans-serif'>"
    )
    white = f"<rect width='{WIDTH}' height='{height}' fill='#ffffff'/>"
    return "\n".join([head, f"<title>{escape(title)}</title>", white, *parts, "</svg>"]) + "\n"


def bundled_day() -> str:
    """The picture of the bundled summer day."""
    place = Place.of_site(load_config(PROJECT_FOLDER / "Files" / "config.yaml").site)
    spells, _ = spells_from_folder(PROJECT_FOLDER / "Files" / "recordings", pattern="summer*", elsewhere=place)
    watch = watched(spells[0])
    return picture(f"One day in May, {watch.moments[0].soc_percent:.0f} % at midnight", watch.moments, watch.notes)


def watched(spell: Spell) -> Watch:
    """The first day of a spell, lived by `plan` with a GX device and no feed-in."""
    _, _, watch = next(lives(spell, MAIN[0], "plan", "1 0", Watch))
    return watch


def _said(decision: Decision) -> str:
    load = decision.loads[HEATER]
    what = f"heats {load.power_w:.0f} W" if load.phase is Phase.HEATING else "off"
    aim = (decision.outlook or "").partition(";")[0] if decision.blocked_by is None else ""
    return f"{what}: {load.because}" + (f" ({aim})" if aim else "")


def _aims(moments: Sequence[Moment]) -> list[str]:
    """The target charge, dashed, piece by piece where there is one."""
    return [
        f"<line x1='{_x(one.second):.1f}' y1='{_charge_y(one.aim_percent):.1f}' x2='{_x(other.second):.1f}' "
        f"y2='{_charge_y(one.aim_percent):.1f}' stroke='{HEAT}' stroke-width='2'/>"
        for one, other in list(pairwise(moments))[::2]
        if one.aim_percent is not None
    ]


def _mark(number: int, note: Note, notes: Sequence[Note]) -> list[str]:
    """A numbered circle between the two panels; neighbours within half an hour stand on two levels."""
    near = number > 1 and note.second - notes[number - 2].second < 3600.0 and number % 2 == 0
    x, y = _x(note.second), POWER_BOTTOM + (48 if near else 22)
    return [
        f"<line x1='{x:.1f}' y1='{POWER_TOP}' x2='{x:.1f}' y2='{CHARGE_BOTTOM}' stroke='{INK}' stroke-opacity='0.25'/>",
        f"<circle cx='{x:.1f}' cy='{y}' r='13' fill='{INK}'/>",
        f"<text x='{x:.1f}' y='{y + 6}' font-size='18' text-anchor='middle' fill='#ffffff'>{number}</text>",
    ]


def _legend() -> list[str]:
    parts = []
    for number, (word, colour) in enumerate(
        (("sun on the panels", SUN), ("heater", HEAT), ("house", HOUSE), ("battery, and its target (red)", BATTERY))
    ):
        x, y = 20 + 230 * (number % 2), 56 + 28 * (number // 2)
        parts += [f"<rect x='{x}' y='{y}' width='22' height='14' fill='{colour}'/>", _text(x + 32, y + 13, word)]
    return parts


def _points(moments: Sequence[Moment], values_w: Sequence[float]) -> str:
    return " ".join(f"{_x(m.second):.1f},{_power_y(w):.1f}" for m, w in zip(moments, values_w, strict=True))


def _x(second: float) -> float:
    return LEFT + (RIGHT - LEFT) * second / 86_400.0


def _power_y(power_w: float) -> float:
    return POWER_BOTTOM - (POWER_BOTTOM - POWER_TOP) * min(1.0, power_w / MOST_W)


def _charge_y(percent: float) -> float:
    return CHARGE_BOTTOM - (CHARGE_BOTTOM - CHARGE_TOP) * percent / 100.0


def _level(y: float, text: str) -> list[str]:
    line = f"<line x1='{LEFT}' y1='{y:.1f}' x2='{RIGHT}' y2='{y:.1f}' stroke='{GRID}'/>"
    return [line, _text(LEFT - 8, round(y) + 6, text, anchor="end", colour=QUIET)]


def _text(x: int, y: int, text: str, *, bold: bool = False, anchor: str = "start", colour: str = INK) -> str:
    weight = " font-weight='bold'" if bold else ""
    return f"<text x='{x}' y='{y}' font-size='18' text-anchor='{anchor}' fill='{colour}'{weight}>{escape(text)}</text>"


if __name__ == "__main__":
    sys.stdout.write(bundled_day())
