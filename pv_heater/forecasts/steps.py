"""What services give -> even steps without holes. Pure.

Energies of the day so far become mean powers: the energy between two neighbouring instants of a day was made *between*
them, so it belongs to the hour that begins at the first, not to the one that begins at the second. Of values with holes
the stretch without holes that holds a given moment is taken (`run_around`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta, tzinfo

from pv_heater.core.model.lean import dataclass
from pv_heater.core.model.local_time import midnight_at
from pv_heater.core.model.values import Forecast
from pv_heater.errors import BadReply

STEP_S = 900
"""A quarter hour fits the clock of every time zone, also those that are half an hour or 45 min off."""
_STEP = timedelta(seconds=STEP_S)
_LONGEST_DAYS = 10
"""Beyond this an answer is broken; the longest real one holds a week."""
_MOST_W = 1e6
"""A megawatt: beyond it lies no home, but a wrong unit or a broken answer."""
_BRIDGED_S = 3600
"""Holes up to an hour are filled by a straight line; what is longer is not known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """Energy made between two instants."""

    start_at: datetime
    end_at: datetime
    energy_wh: float


def spans_of_days(watt_hours: Mapping[str, float], zone: tzinfo) -> list[Span]:
    """The energy between neighbouring instants, each day for itself.

    `watt_hours` has local times as ISO 8601 texts (an offset, where given, counts) and the Wh of that day so far. A
    day's first entry is its sunrise with 0 Wh; if it already holds energy, that was made in the hour before.
    Raises BadReply for times that are none.
    """
    try:
        # By instant, so that one written in two ways is still one.
        totals_wh = {_instant(text, zone): energy_wh for text, energy_wh in watt_hours.items()}
    except (ValueError, OverflowError) as error:
        raise BadReply(f"The forecast holds something that is not a time: {error}") from None
    spans = []
    before: tuple[datetime, float] | None = None
    for at, total_wh in sorted(totals_wh.items()):
        if before is None or before[0].astimezone(zone).date() != at.astimezone(zone).date():
            before = (at - timedelta(hours=1), 0.0)
        start_at, start_wh = before
        spans.append(Span(start_at=start_at, end_at=at, energy_wh=max(0.0, total_wh - start_wh)))
        before = (at, total_wh)
    return [span for span in spans if span.energy_wh > 0]


def forecast_from_spans(
    planes: Sequence[Sequence[Span]], *, issued_at: datetime, source: str, zone: tzinfo
) -> Forecast:
    """The sum of all planes as whole local days of even steps; a step without energy is night.

    Raises BadReply when the spans reach further than any real forecast does.
    """
    spans = [span for plane in planes for span in plane]
    if not spans:
        # All days dark: polar night, or modules under snow; today and tomorrow are known to give nothing.
        first_at, end_at = _midnight(issued_at, zone), _midnight(issued_at, zone, days=2)
    else:
        first_at = _midnight(min(span.start_at for span in spans), zone)
        end_at = _midnight(max(span.end_at for span in spans), zone, days=1)
    if end_at - first_at > timedelta(days=_LONGEST_DAYS):
        raise BadReply(f"The forecast reaches from {first_at:%Y-%m-%d} to {end_at:%Y-%m-%d}, which cannot be right")
    energies_wh = [0.0] * round((end_at - first_at) / _STEP)
    for span in spans:
        _spread(span, energies_wh, first_at)
    most_w = max(energies_wh) * 3600.0 / STEP_S
    if most_w > _MOST_W:
        raise BadReply(f"The forecast expects {most_w:.3g} W, which no home has")
    steps = tuple((first_at + index * _STEP, wh * 3600.0 / STEP_S) for index, wh in enumerate(energies_wh))
    return Forecast(issued_at=issued_at, source=source, step_s=STEP_S, steps=steps)


@dataclass(frozen=True, slots=True, kw_only=True)
class Steps:
    """Values one behind the other, each for `step_s` seconds; None where nothing is known."""

    start_s: int
    """Unix seconds at which the first begins."""
    step_s: int
    values: tuple[float | None, ...]

    @property
    def end_s(self) -> int:
        """Unix seconds at which the last ends."""
        return self.start_s + self.step_s * len(self.values)


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """Values one behind the other, none missing."""

    start_s: int
    step_s: int
    values: tuple[float, ...]

    @property
    def end_s(self) -> int:
        """Unix seconds at which the last ends."""
        return self.start_s + self.step_s * len(self.values)


def run_around(steps: Steps, at_s: float) -> Run | None:
    """The longest stretch without a hole that holds `at_s`, short holes filled; None when nothing is known there."""
    values = bridged(steps.values, _BRIDGED_S // steps.step_s)
    index = int((at_s - steps.start_s) // steps.step_s)
    if not 0 <= index < len(values) or values[index] is None:
        return None
    first = last = index
    while first > 0 and values[first - 1] is not None:
        first -= 1
    while last + 1 < len(values) and values[last + 1] is not None:
        last += 1
    known = tuple(value for value in values[first : last + 1] if value is not None)
    return Run(start_s=steps.start_s + first * steps.step_s, step_s=steps.step_s, values=known)


def bridged(values: Sequence[float | None], most: int) -> list[float | None]:
    """The values, with holes of at most `most` in a row filled by a straight line between their neighbours."""
    filled = list(values)
    before: int | None = None
    for index, value in enumerate(values):
        if value is None:
            continue
        missing = 0 if before is None else index - before - 1
        start = None if before is None else values[before]
        if before is not None and start is not None and 0 < missing <= most:
            slope = (value - start) / (missing + 1)
            for number in range(1, missing + 1):
                filled[before + number] = start + slope * number
        before = index
    return filled


def _spread(span: Span, energies_wh: list[float], first_at: datetime) -> None:
    """Add the span's energy to the steps it lies in, by the share of time in each."""
    power_wh_s = span.energy_wh / (span.end_at - span.start_at).total_seconds()
    at = span.start_at
    while at < span.end_at:
        index = (at - first_at) // _STEP
        until = min(span.end_at, first_at + (index + 1) * _STEP)
        energies_wh[index] += power_wh_s * (until - at).total_seconds()
        at = until


def _instant(text: str, zone: tzinfo) -> datetime:
    at = datetime.fromisoformat(text)
    return (at if at.tzinfo is not None else at.replace(tzinfo=zone)).astimezone(UTC)


def _midnight(at: datetime, zone: tzinfo, *, days: int = 0) -> datetime:
    """Start of the local day of `at`, or of a later one, in UTC; days of 23 and 25 h come out right."""
    return midnight_at(at.astimezone(zone).date() + timedelta(days=days), zone)
