"""What a day came to, said when its hours of automatic heating end."""

from __future__ import annotations

from collections.abc import Mapping

from pv_heater.core.model.day_energies import DayEnergies, Lost
from pv_heater.core.model.values import Decision
from pv_heater.core.model.words import kilowatt_hours
from pv_heater.run.log_lines import line_of

_LEAST_WH = 50.0
"""Less is not worth a line."""

WHY_LOST: Mapping[Lost, str] = {
    Lost.BATTERY_RESERVE: "while the battery came first",
    Lost.LOAD_FULL: "with loads full",
    Lost.LOAD_OFF_BY_OWNER: "while a load was forced off",
    Lost.RULE: "while a rule, a timer or the hours of heating kept a load off",
    Lost.MIN_OFF: "while a load rested",
    Lost.HEATER_TOO_SMALL: "with loads at full power",
    Lost.TOO_LITTLE: "too little to start a load",
    Lost.NOT_SEEN: "not visible yet",
    Lost.NO_READING: "while the meter was late",
    Lost.LIMIT: "while a limit held",
    Lost.FAULT: "while a load was in fault",
}


class DaySummary:
    """Says what `Decision.today` has come to when the day's hours end."""

    def __init__(self) -> None:
        self._by_day = False

    def note(self, decision: Decision) -> list[str]:
        """The lines of the summary at the step that ends the day, else none."""
        by_day = decision.trace.daylight
        ended, self._by_day = self._by_day and not by_day, by_day
        if not ended:
            return []
        lines = _load_lines(decision)
        if decision.today is not None:
            lines += _sun_lines(decision.today, decision.trace.forecast_source)
            lines += _money_lines(decision.today)
        return lines


def _load_lines(decision: Decision) -> list[str]:
    lines = []
    for name, state in decision.loads.items():
        starts = f"{state.starts} start{'' if state.starts == 1 else 's'}"
        lines.append(f"today: {name} used {kilowatt_hours(state.energy_wh)} in {starts}")
    return lines


def _money_lines(today: DayEnergies) -> list[str]:
    """What sun and grid came to in the owner's currency; nothing where no price was known, or that is nothing."""
    if today.saved_money is None or today.bought_money is None:
        return []
    saved, bought = round(today.saved_money, 2) + 0.0, round(today.bought_money, 2) + 0.0  # no -0.00
    if not saved and not bought:
        return []
    return [f"today: sun worth {saved:.2f} went into loads, {bought:.2f} was paid for them"]


def _sun_lines(today: DayEnergies, forecast_source: str | None) -> list[str]:
    """What nobody used and why; nothing where that is not worth a line."""
    lost_wh, hidden_wh = sum(today.lost_wh.values()), today.hidden_wh
    most = sorted(today.lost_wh.items(), key=lambda item: -item[1])[:3]
    why = ", ".join(f"{kilowatt_hours(part_wh)} {WHY_LOST[cause]}" for cause, part_wh in most if part_wh >= _LEAST_WH)
    parts = []
    if (sold_wh := lost_wh - hidden_wh) >= _LEAST_WH:
        parts.append(f"{kilowatt_hours(sold_wh)} went to the grid")
    if hidden_wh >= _LEAST_WH:
        parts.append(f"up to {kilowatt_hours(hidden_wh)} of sun unused (by {forecast_source or 'the forecast'})")
    return [line_of(f"today: {', '.join(parts)}", why)] if parts and why else []
