"""Recordings as values: what a file held, ready to be lived through."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, time, timedelta
from statistics import median

from pv_heater.core.model.lean import dataclass
from pv_heater.core.model.values import Forecast, Reading

FORECAST_STEP_S = 900


@dataclass(frozen=True, slots=True, kw_only=True)
class HomeRecording:
    """Sun and use of a home without its controlled loads: the software home answers to decisions (closed loop).

    Row i holds from `offsets_s[i]` (seconds since `start_at`, the first is 0) until the next row: a minute's mean
    holds for that minute.
    """

    name: str
    start_at: datetime
    """Aware, in the recording's own zone."""
    offsets_s: Sequence[float]
    end_s: float
    pv_w: tuple[float, ...]
    """What the panels could have given."""
    load_w: tuple[float, ...]
    """What the house used, without the loads that are controlled here."""
    pv_forecast_w: tuple[float | None, ...] | None = None
    """The forecast then in force; None when the file has none."""
    notes: tuple[str, ...] = ()
    """The file's comment lines: licence, attribution."""

    @property
    def days(self) -> float:
        """Length, in days of 24 h."""
        return self.end_s / 86_400.0

    @property
    def local_start_s(self) -> float:
        """Seconds from local midnight to the beginning."""
        at = self.start_at
        return at.hour * 3600.0 + at.minute * 60.0 + at.second

    def stretches(self, from_s: float, to_s: float) -> Iterator[tuple[float, float, float, float]]:
        """(from_s, to_s, pv_w, load_w) of constant power; the last row holds beyond the end."""
        index = max(0, bisect_right(self.offsets_s, from_s) - 1)
        last = len(self.offsets_s) - 1
        while True:
            until_s = self.offsets_s[index + 1] if index < last else to_s
            yield from_s, min(until_s, to_s), self.pv_w[index], self.load_w[index]
            if until_s >= to_s:
                return
            from_s = until_s
            index += 1

    def mean_pv_w(self, step_s: int = FORECAST_STEP_S) -> list[float]:
        """Mean of the possible PV power over each whole or begun `step_s` from the start."""
        means = []
        for number in range(int(-(-self.end_s // step_s))):
            from_s = float(number * step_s)
            to_s = min(from_s + step_s, self.end_s)
            energy_ws = sum(pv_w * (end_s - begin_s) for begin_s, end_s, pv_w, _ in self.stretches(from_s, to_s))
            means.append(energy_ws / (to_s - from_s))
        return means

    def own_forecast(self) -> Forecast | None:
        """The forecast that was recorded beside the sun; None when the file has none. Gaps count as 0."""
        if self.pv_forecast_w is None:
            return None
        powers_w = [
            self.pv_forecast_w[max(0, bisect_right(self.offsets_s, from_s) - 1)] or 0.0
            for from_s in range(0, int(self.end_s), FORECAST_STEP_S)
        ]
        return forecast_from(self.start_at, powers_w, "recording")


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadingsRecording:
    """What a meter said, moment by moment. Open loop: the recorded house does not answer to decisions."""

    name: str
    start_at: datetime
    offsets_s: tuple[float, ...]
    """When each reading became known, in seconds since `start_at`."""
    readings: tuple[Reading, ...]
    notes: tuple[str, ...] = ()

    @property
    def spacing_s(self) -> float:
        """The usual time between two readings; a minute when there is only one."""
        gaps = [after - before for before, after in zip(self.offsets_s, self.offsets_s[1:], strict=False)]
        return median(gaps) if gaps else 60.0

    @property
    def end_s(self) -> float:
        """The last reading holds for one more spacing."""
        return self.offsets_s[-1] + self.spacing_s

    @property
    def days(self) -> float:
        """Length, in days of 24 h."""
        return self.end_s / 86_400.0

    def reading_at(self, second: float) -> Reading | None:
        """The newest reading known at that second; None before the first."""
        index = bisect_right(self.offsets_s, second) - 1
        return self.readings[index] if index >= 0 else None


Recording = HomeRecording | ReadingsRecording


def forecast_from(start_at: datetime, powers_w: list[float], source: str) -> Forecast:
    """A forecast in quarters of an hour from `start_at` on."""
    # In UTC, so that the steps stay contiguous over a change of summer time.
    first_at = start_at.astimezone(UTC)
    return Forecast(
        issued_at=first_at,
        source=source,
        step_s=FORECAST_STEP_S,
        steps=tuple(
            (first_at + timedelta(seconds=FORECAST_STEP_S * number), power_w) for number, power_w in enumerate(powers_w)
        ),
    )


def whole_days(recording: HomeRecording) -> Iterator[HomeRecording]:
    """One after the other, each by the recording's name; 23 or 25 hours long where its zone changes the clock."""
    from_s = _midnight_s(recording, 0.0)
    while (to_s := _midnight_s(recording, from_s + 1.0)) <= recording.end_s:
        yield cut(recording, from_s, to_s)
        from_s = to_s


def cut(recording: HomeRecording, from_s: float, to_s: float) -> HomeRecording:
    """What lies between two seconds of it. Its forecast is left out."""
    pieces = list(recording.stretches(from_s, to_s))
    return HomeRecording(
        name=recording.name,
        start_at=_at(recording, from_s),
        offsets_s=tuple(begin_s - from_s for begin_s, _, _, _ in pieces),
        end_s=to_s - from_s,
        pv_w=tuple(pv_w for _, _, pv_w, _ in pieces),
        load_w=tuple(load_w for _, _, _, load_w in pieces),
        notes=recording.notes,
    )


def _midnight_s(recording: HomeRecording, second: float) -> float:
    """The second of the first midnight at or after this one."""
    at = _at(recording, second)
    midnight_at = datetime.combine(at.date(), time(0), at.tzinfo)
    if midnight_at != at:
        midnight_at = datetime.combine(at.date() + timedelta(days=1), time(0), at.tzinfo)
    return (midnight_at.astimezone(UTC) - recording.start_at.astimezone(UTC)).total_seconds()


def _at(recording: HomeRecording, second: float) -> datetime:
    """Through UTC, so that a change of summer time on the way does not count as passed time."""
    at = recording.start_at.astimezone(UTC) + timedelta(seconds=second)
    return at.astimezone(recording.start_at.tzinfo)
