"""`main.py history`: what was kept, out into a file, whether or not the controller runs."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from pv_heater.config.load import Config
from pv_heater.errors import HistoryTrouble
from pv_heater.history.kept import backup
from pv_heater.history.reader import HistoryReader
from pv_heater.run.home.history import history_path
from pv_heater.run.state_dir import state_dir

DAY_S = 86_400
_SUMS = (
    "caught_wh", "possible_wh", "bought_wh", "battery_drain_wh", "feed_in_wh", "pv_wh", "house_wh", "seen_s",
)  # fmt: skip


def export(
    config: Config, *, from_text: str | None, to_text: str | None, step_s: int | None, series: Sequence[str]
) -> Iterator[str]:
    """CSV of the settings' history, piece by piece.

    Dates and times without an offset are those of the site; without a beginning it is the last midnight, without an
    end it is now. Raises ValueError with what would be right, HistoryTrouble.
    """
    zone = ZoneInfo(config.site.timezone)
    now = datetime.now(zone)
    reader = HistoryReader(history_path(config, state_dir(config)), zone)
    from_at = datetime.combine(now.date(), time(0), zone) if from_text is None else instant_of(from_text, zone)
    to_at = now if to_text is None else instant_of(to_text, zone)
    if step_s == DAY_S:
        last = (to_at - timedelta(microseconds=1)).astimezone(zone).date()
        return day_lines(reader.days(from_at.astimezone(zone).date(), last), zone)
    return reader.csv(from_at, to_at, step_s, series or None)


def instant_of(text: str, zone: ZoneInfo) -> datetime:
    """A date (its midnight) or a time; without an offset by the clocks of `zone`. Raises ValueError."""
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        raise ValueError(f"{text!r} is neither a date nor a time; 2026-05-28 or 2026-05-28T14:30 would be") from None
    return at if at.tzinfo is not None else at.replace(tzinfo=zone)


def day_lines(days: Iterable[Mapping[str, Any]], zone: ZoneInfo) -> Iterator[str]:
    """The energies of days: first those of the home, then what was lost by cause, then the loads."""
    rows = list(days)
    causes = sorted({cause for row in rows for cause in row.get("lost_wh", {})})
    loads = list(dict.fromkeys(name for row in rows for name in row.get("loads", {})))
    of_load = [(name, key) for name in loads for key in ("energy_wh", "sun_wh", "starts")]
    yield f"# pv-heater history, one line each day of {zone.key}, energies in Wh\n"
    names = [
        "date",
        *_SUMS,
        *(f"lost:{cause}_wh" for cause in causes),
        *(f"load:{name}:{key}" for name, key in of_load),
    ]
    yield _line(names)
    for row in rows:
        lost, kept = row.get("lost_wh", {}), row.get("loads", {})
        values = [row.get("date"), *(row.get(key) for key in _SUMS), *(lost.get(cause) for cause in causes)]
        yield _line([*values, *(kept.get(name, {}).get(key) for name, key in of_load)])


def copy(config: Config, day: date | None = None) -> Path:
    """A consistent copy of the settings' history, in the folder `backups` beside it. Raises HistoryTrouble."""
    zone = ZoneInfo(config.site.timezone)
    path = history_path(config, state_dir(config))
    if not path.exists():
        raise HistoryTrouble(f"there is no history in {path}")
    today = datetime.now(zone).date() if day is None else day
    return backup(HistoryReader(path, zone), path, today, keep=max(1, config.history.backups))


def _line(values: Sequence[Any]) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerow(["" if value is None else value for value in values])
    return text.getvalue()
