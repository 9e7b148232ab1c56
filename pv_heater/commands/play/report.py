"""What `main.py report` does: the account of past days, of the history or of a recording that is played for it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from zoneinfo import ZoneInfo

from pv_heater.commands.play.days import open_recording, play_recording
from pv_heater.config.load import Config, TypedSettings
from pv_heater.errors import RecordingError
from pv_heater.history.kept import FILE_NAME
from pv_heater.history.reader import HistoryReader
from pv_heater.report.account import DayReport, NoReport, report_of
from pv_heater.report.recorded import per_kwh_of
from pv_heater.run.home.day_report import kept_day, report_of_day, reported_home
from pv_heater.run.home.history import history_path
from pv_heater.run.state_dir import state_dir
from pv_heater.sim.recording import HomeRecording
from pv_heater.sim.recording_meter import RecordingMeter

MINUTE_S = 60.0


def of_history(config: Config, days: int, now: datetime) -> list[DayReport | NoReport]:
    """The last `days` days of which anything was kept, today until now. Raises HistoryTrouble."""
    zone = ZoneInfo(config.site.timezone)
    today = now.astimezone(zone).date()
    history = HistoryReader(history_path(config, state_dir(config)), zone)
    kept = [date.fromisoformat(row["date"]) for row in history.days(today - timedelta(days=days - 1), today)]
    return [report_of_day(config, history, day, now if day == today else None) for day in kept]


def of_recording(config: Config, recording: Path, days: int | None) -> list[DayReport | NoReport]:
    """The first `days` days of a recording, None: all; it is played dry with these settings, into a history of its own.

    Of a recorded home the sun is known also while chargers throttled, so nothing is estimated. Raises RecordingError.
    """
    first = config.meter[0].settings if config.meter and config.meter[0].type == "recording" else None
    settings = replace(first or RecordingMeter.Settings(path=""), path=str(recording.absolute()), speed=None)
    config = replace(config, meter=(TypedSettings(type="recording", cls=RecordingMeter, settings=settings),))
    held, zone = open_recording(recording), ZoneInfo(config.site.timezone)
    with TemporaryDirectory() as folder:
        path = Path(folder) / FILE_NAME
        play_recording(config, dry_run=True, history_file=path)
        history = HistoryReader(path, zone)
        begin = held.start_at.astimezone(zone).date()
        rows = history.days(begin, begin + timedelta(days=int(held.days) + 1))
        reports: list[DayReport | NoReport] = []
        for row in rows[:days]:
            kept = kept_day(config, history, date.fromisoformat(row["date"]))
            if isinstance(held, HomeRecording):
                kept = replace(kept, sun_w=_known(kept.sun_w, _sun_w(held, zone, kept.day, kept.step_s)), pv_w=())
            reports.append(report_of(kept, reported_home(config), per_kwh=per_kwh_of(row)))
    if not reports:
        raise RecordingError(f"{recording}: nothing was kept of it; with history: off there is nothing to report.")
    return reports


def as_json(reports: Sequence[DayReport | NoReport]) -> dict[str, Any]:
    """For programs."""
    return {"days": [report.as_json() for report in reports]}


def _known(seen_w: Sequence[float | None], sun_w: Sequence[float]) -> list[float | None]:
    """The true sun, where there was a reading."""
    return [None if seen is None else sun for seen, sun in zip(seen_w, sun_w, strict=True)]


def _sun_w(recording: HomeRecording, zone: ZoneInfo, day: date, step_s: float) -> list[float]:
    """What the panels could give, a mean for each step of that day; 0 before the recording begins and after its end."""
    midnight = datetime.combine(day, datetime.min.time(), zone)
    offset_s, steps_w = (midnight - recording.start_at).total_seconds(), []
    end = datetime.combine(day + timedelta(days=1), datetime.min.time(), zone).timestamp()
    for step in range(round((end - midnight.timestamp()) / step_s)):
        from_s = offset_s + step * step_s
        if from_s < 0 or from_s >= recording.end_s:
            steps_w.append(0.0)
            continue
        pieces = recording.stretches(from_s, from_s + step_s)
        steps_w.append(sum(pv_w * (end_s - begin_s) for begin_s, end_s, pv_w, _ in pieces) / step_s)
    return steps_w
