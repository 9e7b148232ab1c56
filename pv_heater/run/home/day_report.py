"""What a report is made from in this home: its settings, and what the history kept of a day."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Protocol
from zoneinfo import ZoneInfo

from pv_heater.config.load import Config
from pv_heater.report.account import DayReport, NoReport, report_of
from pv_heater.report.day import LoadLimits, RecordedDay, ReportedHome
from pv_heater.report.foresight import Breath, no_breath
from pv_heater.report.recorded import per_kwh_of, recorded_day

STEP_S = 60
BEFORE = timedelta(days=2)
"""So much of what was decided before midnight is asked for, and where a load has no word in it ..."""
LONG_BEFORE = timedelta(days=60)
"""... so much of that load's."""
PORTAL_PACE_S = 60.0
"""The portal keeps a value a minute, and tells it a minute later."""


class KeptDays(Protocol):
    """What is asked of a history; see `ports.HistoryReader`."""

    def columns(
        self, from_at: datetime, to_at: datetime, step_s: int | None = None, series: Sequence[str] | None = None
    ) -> Mapping[str, Any]:
        """The series of a time."""
        ...

    def days(self, from_day: date, to_day: date) -> Sequence[Mapping[str, Any]]:
        """The figures of days."""
        ...

    def transitions(self, from_at: datetime, to_at: datetime, load: str | None = None) -> Sequence[Mapping[str, Any]]:
        """What changed and why."""
        ...


def reported_home(config: Config) -> ReportedHome:
    """The home as far as a report asks."""
    battery = config.site.battery
    return ReportedHome(
        loads={
            policy.name: LoadLimits(max_power_w=policy.max_power_w, dead_band_w=policy.dead_band_w)
            for policy in config.policies
        },
        capacity_wh=0.0 if battery is None else battery.capacity_wh,
        max_charge_w=0.0 if battery is None else battery.charge_limit_w,
        reserve_percent=0.0 if battery is None else battery.reserve_percent,
        slack_w=config.limits.max_battery_discharge_w,
        delay_s=_delay_s(config),
    )


def report_of_day(
    config: Config, history: KeptDays, day: date, until_at: datetime | None = None, breathe: Breath = no_breath
) -> DayReport | NoReport:
    """The account of that day, or of its beginning until `until_at`. Raises HistoryTrouble."""
    kept = kept_day(config, history, day, until_at)
    figures = history.days(day, day)
    return report_of(kept, reported_home(config), per_kwh=per_kwh_of(figures[0]) if figures else None, breathe=breathe)


def kept_day(config: Config, history: KeptDays, day: date, until_at: datetime | None = None) -> RecordedDay:
    """That day, or its beginning, as the history kept it. Raises HistoryTrouble."""
    zone = ZoneInfo(config.site.timezone)
    # Through UTC, so that a day on which the clocks change is as long as it is.
    begin_at, end_at = (datetime.combine(at, time(0), zone).astimezone(UTC) for at in (day, day + timedelta(days=1)))
    end_at = end_at if until_at is None else max(begin_at + timedelta(seconds=STEP_S), min(end_at, until_at))
    names = [policy.name for policy in config.policies]
    series = ["pv_w", "pv_possible_w", "house_w", "grid_w", "battery_soc_percent"]
    columns = history.columns(begin_at, end_at, STEP_S, [*series, *(f"load:{name}:power_w" for name in names)])
    transitions = list(history.transitions(begin_at - BEFORE, end_at))
    told = {row["load"] for row in transitions if datetime.fromisoformat(row["at"]) <= begin_at}
    for name in names:
        if name not in told:
            transitions = [*history.transitions(begin_at - LONG_BEFORE, begin_at - BEFORE, name)[-1:], *transitions]
    return recorded_day(day, columns, transitions, names)


def _delay_s(config: Config) -> float:
    """How late the meter may tell of a change: as old as a value is when it comes, and until the next one."""
    first = config.meter[0] if config.meter else None
    if first is None or first.type == "vrm":
        live = getattr(first.settings, "wants_live", False) if first is not None else False
        return 0.0 if live else 2 * PORTAL_PACE_S
    if first.type == "recording" and getattr(first.settings, "feed", "live") == "vrm":
        return 2 * PORTAL_PACE_S
    return 0.0
