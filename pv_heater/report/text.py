"""A report in words, for log and terminal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

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


def account_text(figures: Mapping[str, Any]) -> str:
    """A report, as JSON, in one sentence: caught, possible, and what took the rest."""
    if figures.get("because") is not None:
        return f"no report, {figures['because']}"
    caught_wh, possible_wh, per_kwh = figures["caught_wh"], figures["possible_wh"], figures["per_kwh"]
    text = f"caught {kilowatt_hours(caught_wh)} of {kilowatt_hours(possible_wh)} that foresight could have had"
    if per_kwh is not None:
        text += f", worth {figures['caught_money']:.2f} of {figures['possible_money']:.2f}"
    text += " (against the same day without the heater)"
    causes = _causes(figures["lost_wh"])
    if causes:
        text += f"; lost {kilowatt_hours(possible_wh - caught_wh)}: {causes}"
    if figures["unknown_s"]:
        text += f"; of {duration_text(figures['unknown_s'])} nothing is known"
    return text


def table_of(reports: Sequence[DayReport | NoReport]) -> list[str]:
    """Days below each other, in Wh, with their sum: each row adds up, and so does each column."""
    known = [report for report in reports if isinstance(report, DayReport)]
    untold = [f"{report.day.isoformat()}: {report.because}" for report in reports if isinstance(report, NoReport)]
    if not known:
        return [*untold, "No day can be accounted for yet: that needs some hours of daylight in the history."]
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
    return [*lines, *_money(known), *untold]


def _money(known: Sequence[DayReport]) -> list[str]:
    priced = [money for report in known if (money := report.money) is not None]
    if not priced:
        return []
    lost: dict[Cause, float] = {}
    for money in priced:
        for cause, amount in money.lost.items():
            lost[cause] = lost.get(cause, 0.0) + amount
    caught, possible = sum(money.caught for money in priced), sum(money.possible for money in priced)
    parts = ", ".join(f"{cause} {amount + 0.0:.2f}" for cause in Cause if (amount := round(lost.get(cause, 0.0), 2)))
    days = "" if len(priced) == len(known) else f", {len(priced)} days of which prices are known"
    return [
        f"In money{days}: caught {caught:.2f} of {possible:.2f}, lost {possible - caught:.2f}: {parts or 'nothing'}."
    ]


def _cells(possible_wh: int, caught_wh: int, lost_wh: Mapping[Cause, int], causes: Sequence[Cause]) -> list[str]:
    lost = [lost_wh.get(cause, 0) for cause in causes]
    return [str(energy_wh) for energy_wh in (possible_wh, caught_wh, sum(lost), *lost)]


def _unknown(report: DayReport) -> str:
    return duration_text(report.unknown_s) if report.unknown_s else "-"


def _causes(lost_wh: Mapping[str, int]) -> str:
    most = sorted(lost_wh.items(), key=lambda item: -abs(item[1]))
    told = [(energy_wh, WORDS[Cause(cause)]) for cause, energy_wh in most if abs(energy_wh) >= _LEAST_WH]
    return ", ".join(f"{kilowatt_hours(energy_wh)} {word}" for energy_wh, word in told)
