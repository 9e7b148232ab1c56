"""The history beside the loop, where the settings ask for one; what it knows that a killed program's state does not."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from pv_heater.config.load import Config
from pv_heater.core.model.numbers import day_in, group_in, number_in
from pv_heater.errors import HistoryTrouble, NoHistory
from pv_heater.history.csv_text import day_lines
from pv_heater.history.kept import FILE_NAME, KeptHistory, backup
from pv_heater.history.reader import HistoryReader
from pv_heater.history.rows import MONEY, not_less
from pv_heater.ports import Clock
from pv_heater.run.state_dir import state_dir

log = logging.getLogger(__name__)

DAY_S = 86_400


def history_path(config: Config, folder: Path) -> Path:
    """Where it is kept: as set, else in the state folder."""
    return folder / FILE_NAME if config.history.file is None else Path(config.history.file).expanduser()


def history_of(
    config: Config,
    path: Path,
    clock: Clock,
    *,
    nightly_copies: bool = True,
    left: Mapping[str, Any] | None = None,
) -> KeptHistory | None:
    """In `path`, not started yet; None where the settings say `history: off`. `left`: see `HistoryWriter`."""
    if not config.history.keep:
        return None
    return KeptHistory(
        path,
        config.history if nightly_copies else replace(config.history, backups=0),
        ZoneInfo(config.site.timezone),
        now=clock.now,
        monotonic_s=clock.monotonic_s,
        left=left,
    )


CountsOfDays = Callable[[date, date], Sequence[Mapping[str, Any]]]
"""Figures of the days from one to another, as `HistoryReader.days` tells them. May raise HistoryTrouble, ValueError."""


def with_newer_counts(state: Mapping[str, Any] | None, days: CountsOfDays) -> Mapping[str, Any] | None:
    """A saved state with the counters of its day at least where somebody else has kept them.

    The state and the history are saved every quarter of an hour, the last minute every minute: after a kill theirs are
    newer, and none may go back.
    """
    day = None if state is None else day_in(state, "day")
    if state is None or day is None:
        return state
    try:
        rows = days(day, day)
    except (HistoryTrouble, ValueError) as error:
        log.debug("no newer counters are known: %s", error)
        return state
    if not rows:
        return state
    figures = rows[0]
    today, loads = group_in(state, "today"), group_in(state, "loads")
    seen_loads = {name: group_in(group_in(figures, "loads"), name) for name in group_in(figures, "loads")}
    sums = {key: number_in(figures, key) or 0.0 for key in today if key in figures and key not in ("lost_wh", *MONEY)}
    money = {key: figures[key] for key in MONEY if figures.get(key) is not None}
    sun_wh = {name: number_in(load, "sun_wh") or 0.0 for name, load in seen_loads.items()}
    raised = not_less(today, {**sums, **money, "lost_wh": dict(group_in(figures, "lost_wh")), "sun_wh": sun_wh})
    return {
        **state,
        "today": raised,
        "loads": {name: _raised(load, seen_loads.get(name)) for name, load in loads.items()},
    }


def counts_alone(fresh: Mapping[str, Any], newer: Sequence[CountsOfDays]) -> Mapping[str, Any]:
    """What others have counted on the day of a `fresh` state, and nothing else of it: its own cannot be read."""
    counts = {"energy_wh": 0.0, "closings": 0}
    state: Mapping[str, Any] = {
        "day": fresh["day"],
        "today": fresh["today"],
        "loads": dict.fromkeys(fresh["loads"], counts),
    }
    for days in newer:
        state = with_newer_counts(state, days) or state
    return state


def _raised(load: Any, seen: Mapping[str, Any] | None) -> Any:
    """One load's part of the state; whatever cannot be read stays as it is."""
    if not isinstance(load, Mapping) or seen is None:
        return load
    counted = {"energy_wh": number_in(seen, "energy_wh") or 0.0, "closings": int(number_in(seen, "starts") or 0)}
    return not_less(load, {key: value for key, value in counted.items() if number_in(load, key) is not None})


def export(
    config: Config, from_at: datetime | None, to_at: datetime | None, step_s: int | None, series: Sequence[str]
) -> Iterator[str]:
    """CSV of what was kept, piece by piece, whether or not the controller runs; a line a day for `DAY_S`.

    Without a beginning it is the last midnight, without an end it is now; a time without a zone is one of the site's
    clocks. Raises ValueError with what would be right, HistoryTrouble.
    """
    zone, reader = ZoneInfo(config.site.timezone), _reader(config)
    now = datetime.now(zone)
    begin = datetime.combine(now.date(), time(0), zone) if from_at is None else _in_zone(from_at, zone)
    end = now if to_at is None else _in_zone(to_at, zone)
    if step_s == DAY_S:
        last = (end - timedelta(microseconds=1)).astimezone(zone).date()
        return day_lines(reader.days(begin.astimezone(zone).date(), last), zone)
    return reader.csv(begin, end, step_s, series or None)


def copy(config: Config) -> Path:
    """A consistent copy, in the folder `backups` beside it. Raises HistoryTrouble."""
    path = history_path(config, state_dir(config))
    if not path.exists():
        raise NoHistory(path)
    today = datetime.now(ZoneInfo(config.site.timezone)).date()
    return backup(_reader(config), path, today, keep=max(1, config.history.backups))


def _reader(config: Config) -> HistoryReader:
    return HistoryReader(history_path(config, state_dir(config)), ZoneInfo(config.site.timezone))


def _in_zone(at: datetime, zone: ZoneInfo) -> datetime:
    return at if at.tzinfo is not None else at.replace(tzinfo=zone)
