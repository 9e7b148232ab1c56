"""The days that are lived again: out of the home's own history, day by day, or out of recordings."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime, time, timedelta
from glob import escape
from pathlib import Path
from typing import Protocol
from zoneinfo import ZoneInfo

from pv_heater.config.load import Config
from pv_heater.config.places import SHIPPED_CONFIG
from pv_heater.core.model.lean import dataclass
from pv_heater.core.model.numbers import number_in
from pv_heater.errors import RecordingError
from pv_heater.history.reader import HistoryReader
from pv_heater.history.rows import MINUTE_S
from pv_heater.run.home.history import history_path
from pv_heater.run.state_dir import state_dir
from pv_heater.sim.recording import HomeRecording, whole_days
from pv_heater.sim.recording_file import days_from_folder, plain_name

BUNDLED = SHIPPED_CONFIG.parent / "recordings"
SEEN_SHARE = 0.95
"""A day of the history counts where the home was seen for so much of it; less than that would be invention."""
LONGEST_HISTORY = timedelta(days=1200)
SERIES = ("pv_w", "pv_possible_w", "house_w", "battery_soc_percent")


class Chain(Protocol):
    """Days one after the other: what was learned on one, and what is left in the battery, is there on the next."""

    @property
    def name(self) -> str:
        """Where they are from."""
        ...

    @property
    def start_percent(self) -> float | None:
        """Charge of the battery before the first; None: nobody knows."""
        ...

    def __len__(self) -> int: ...

    def day(self, number: int) -> HomeRecording:
        """One of them, read when it is asked for. Raises RecordingError, HistoryTrouble."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Days:
    """All days of a comparison."""

    chains: Sequence[Chain]
    title: str
    """What they are, as a part of a sentence."""
    notes: tuple[str, ...] = ()
    """What was left out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordedChain:
    """The whole days of one recording."""

    name: str
    days: Sequence[HomeRecording]
    start_percent: float | None = None

    def __len__(self) -> int:
        return len(self.days)

    def day(self, number: int) -> HomeRecording:
        """It is in memory: a file is read as a whole."""
        return self.days[number]


class HistoryChain:
    """Days of a history. Only the one that is asked for is in memory."""

    name = "history"

    def __init__(self, reader: HistoryReader, zone: ZoneInfo, dates: Sequence[date]) -> None:
        self._reader, self._zone, self._dates = reader, zone, dates

    def __len__(self) -> int:
        return len(self._dates)

    @property
    def start_percent(self) -> float | None:
        """As the history knows it."""
        columns = self._columns(self._dates[0])["battery_soc_percent"]
        return next((percent for percent in columns[:60] if percent is not None), None)

    def day(self, number: int) -> HomeRecording:
        """Minutes, or quarter hours where minutes are no longer kept; what is missing is as it was before."""
        on = self._dates[number]
        columns, start_at = self._columns(on), _midnight(on, self._zone)
        end_s = _midnight(on + timedelta(days=1), self._zone).timestamp() - start_at.timestamp()
        count = len(columns["house_w"])
        step_s = end_s / count
        possible_w = [
            None if seen is None else max(seen, possible or 0.0)
            for seen, possible in zip(columns["pv_w"], columns["pv_possible_w"], strict=True)
        ]
        return HomeRecording(
            name=f"{on}",
            start_at=start_at,
            offsets_s=tuple(number * step_s for number in range(count)),
            end_s=end_s,
            pv_w=_filled(possible_w),
            load_w=_filled(columns["house_w"]),
        )

    def _columns(self, on: date) -> dict[str, list[float | None]]:
        span = _midnight(on, self._zone), _midnight(on + timedelta(days=1), self._zone)
        series: dict[str, list[float | None]] = self._reader.columns(*span, MINUTE_S, SERIES)["series"]
        return series


def days_of(config: Config, recordings: Path | None, most: int | None, today: date) -> Days:
    """The days of `recordings`, else of the home's history, else the bundled ones; the newest `most` before `today`.

    Raises RecordingError and HistoryTrouble.
    """
    zone = ZoneInfo(config.site.timezone)
    if recordings is not None and recordings.suffix == ".db":
        return _history_days(recordings, zone, most, today)
    if recordings is not None:
        return _recorded_days(recordings, zone, most)
    path = history_path(config, state_dir(config))
    if config.history.keep and path.exists():
        try:
            return _history_days(path, zone, most, today)
        except RecordingError as error:
            note = f"{error} So the bundled days are taken."
    else:
        note = f"There is no history in {path}: the bundled days are taken, which are of another home."
    bundled = _recorded_days(BUNDLED, zone, most)
    return replace(bundled, notes=(note, *bundled.notes))


def _history_days(path: Path, zone: ZoneInfo, most: int | None, today: date) -> Days:
    if not path.exists():
        raise RecordingError(f"{path}: there is no such history.")
    reader = HistoryReader(path, zone)
    found = reader.days(today - LONGEST_HISTORY, today - timedelta(days=1))
    seen = [date.fromisoformat(row["date"]) for row in found if (number_in(row, "seen_s") or 0.0) >= SEEN_SHARE * 86400]
    if not seen:
        raise RecordingError(f"{path}: the history has no day of which at least {100 * SEEN_SHARE:.0f} % were seen.")
    kept = seen[-most:] if most is not None else seen
    left_out = len(found) - len(seen)
    are = f"{days_text(left_out)} of the history {'is' if left_out == 1 else 'are'} left out"
    notes = (f"{are}: the home was seen for less than {100 * SEEN_SHARE:.0f} % of the time.",)
    title = f"{days_text(len(kept))} of the history, {kept[0]} to {kept[-1]}"
    return Days(chains=(HistoryChain(reader, zone, kept),), title=title, notes=notes if left_out else ())


def _recorded_days(path: Path, zone: ZoneInfo, most: int | None) -> Days:
    """Of a folder or of one file."""
    is_folder = path.is_dir()
    if not is_folder and not path.exists():
        raise RecordingError(f"{path}: there is no such recording.")
    folder = days_from_folder(path if is_folder else path.parent, zone, "*" if is_folder else escape(plain_name(path)))
    found = [(recording.name, tuple(whole_days(recording))) for recording in folder.recordings]
    notes = [
        *folder.skipped,
        *(f"skipped: {name} holds no whole day, midnight to midnight" for name, d in found if not d),
    ]
    in_order = sorted(((name, days) for name, days in found if days), key=lambda item: item[1][0].start_at)
    left = sum(len(days) for _, days in in_order) if most is None else most
    chains: list[RecordedChain] = []
    for name, days in reversed(in_order):
        kept = days[-left:] if left > 0 else ()
        left -= len(kept)
        if kept:
            chains.insert(0, RecordedChain(name=name, days=kept))
    if not chains:
        raise RecordingError(f"{path}: holds no whole day from midnight to midnight.")
    title = f"{days_text(sum(map(len, chains)))} of {path.name}"
    return Days(chains=tuple(chains), title=title, notes=tuple(notes))


def days_text(count: int) -> str:
    """How many days."""
    return f"{count} day{'' if count == 1 else 's'}"


def _midnight(on: date, zone: ZoneInfo) -> datetime:
    return datetime.combine(on, time(0), zone)


def _filled(values: Sequence[float | None]) -> tuple[float, ...]:
    filled, last = [], 0.0
    for value in values:
        last = last if value is None else max(0.0, value)
        filled.append(last)
    return tuple(filled)
