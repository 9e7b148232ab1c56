"""A report in words, for log and terminal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from pv_heater.core.model.words import duration_text, kilowatt_hours
from pv_heater.report.account import DayReport, NoReport
from pv_heater.report.causes import Cause

COUNTED = (
    "Counted in heat, beyond the same day replayed without the heater: what it leaves less in the battery or buys more "
    "is taken off. Possible is what one who knew the day would have made of it with the same battery and heater."
)
WORDS: Mapping[Cause, str] = {
    Cause.UNKNOWN: "nobody knows what decided",
    Cause.TANK_FULL: "tank full",
    Cause.OWNER: "your rules and forced modes",
    Cause.LIMITS: "limits of house and inverter",
    Cause.TROUBLE: "trouble",
    Cause.GUARD: "caution of the guards",
    Cause.DWELL: "minimum times and dead band",
    Cause.FORECAST: "not knowing the hours to come",
    Cause.DELAY: "delay of the meter",
    Cause.BEYOND: "heat beyond the sun",
}
_LEAST_WH = 10
"""A cause of less is not worth a word in the log; the table has all of them."""


def line_of_day(report: DayReport | NoReport) -> str:
    """One short line and the causes: what the log says in the evening."""
    if isinstance(report, NoReport):
        return f"report: {report.because}"
    lost_wh = report.possible_wh - report.caught_wh
    possible, caught = kilowatt_hours(report.possible_wh), kilowatt_hours(report.caught_wh)
    line = (
        f"report: caught {caught} of {possible} that foresight could have had, against the same day without the heater"
    )
    if report.per_kwh is not None:
        worth = [energy_wh * report.per_kwh / 1000 for energy_wh in (report.caught_wh, report.possible_wh)]
        line += f", worth {worth[0]:.2f} of {worth[1]:.2f}"
    causes = _causes(report.lost_wh)
    if causes:
        line += f"; lost {kilowatt_hours(lost_wh)}: {causes}"
    if report.unknown_s:
        line += f"; of {duration_text(report.unknown_s)} nothing is known"
    return line


def table_of(reports: Sequence[DayReport | NoReport]) -> list[str]:
    """Days below each other, in Wh, with their sum: each row adds up, and so does each column."""
    known = [report for report in reports if isinstance(report, DayReport)]
    causes = [cause for cause in Cause if any(cause in report.lost_wh for report in known)]
    heads = ["day", "possible", "caught", "lost", *map(str, causes), "unseen"]
    rows = [
        [
            report.day.isoformat(),
            *_cells(report.possible_wh, report.caught_wh, report.lost_wh, causes),
            _unknown(report),
        ]
        for report in known
    ]
    if len(known) > 1:
        sums = {cause: sum(report.lost_wh.get(cause, 0) for report in known) for cause in causes}
        possible_wh, caught_wh = sum(row.possible_wh for row in known), sum(row.caught_wh for row in known)
        rows.append(["together", *_cells(possible_wh, caught_wh, sums, causes), ""])
    widths = [max(map(len, column)) for column in zip(heads, *rows, strict=True)]
    lines = ["  ".join(cell.rjust(width) for cell, width in zip(row, widths, strict=True)) for row in (heads, *rows)]
    lines += ["", f"Wh. {COUNTED}"]
    lines += [f"{cause}: {WORDS[cause]}" for cause in causes]
    if any(report.lost_wh.get(Cause.BEYOND, 0) < 0 for report in known):
        lines.append("What the heater took beyond the sun while a cloud passed can be a gain: it then stands below 0.")
    lines += _money(known)
    return lines + [f"{report.day.isoformat()}: {report.because}" for report in reports if isinstance(report, NoReport)]


def _money(known: Sequence[DayReport]) -> list[str]:
    priced = [report for report in known if report.per_kwh is not None]
    if not priced:
        return []
    caught = sum(report.caught_wh * (report.per_kwh or 0.0) for report in priced) / 1000
    possible = sum(report.possible_wh * (report.per_kwh or 0.0) for report in priced) / 1000
    days = "" if len(priced) == len(known) else f", {len(priced)} days of which prices are known"
    return [f"In money{days}: caught {caught:.2f} of {possible:.2f}, lost {possible - caught:.2f}."]


def _cells(possible_wh: int, caught_wh: int, lost_wh: Mapping[Cause, int], causes: Sequence[Cause]) -> list[str]:
    lost = [lost_wh.get(cause, 0) for cause in causes]
    return [str(energy_wh) for energy_wh in (possible_wh, caught_wh, sum(lost), *lost)]


def _unknown(report: DayReport) -> str:
    return duration_text(report.unknown_s) if report.unknown_s else "-"


def _causes(lost_wh: Mapping[Cause, int]) -> str:
    most = sorted(lost_wh.items(), key=lambda item: -abs(item[1]))
    return ", ".join(
        f"{kilowatt_hours(energy_wh)} {WORDS[cause]}" for cause, energy_wh in most if abs(energy_wh) >= _LEAST_WH
    )
