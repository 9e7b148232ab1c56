"""Energies of the day so far -> mean power in even steps. Pure.

The energy between two neighbouring instants of a day was made *between* them, so it belongs to the hour that begins
at the first, not to the one that begins at the second.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta, tzinfo

from pv_heater.core.types import Forecast
from pv_heater.errors import BadReply

STEP_S = 900
"""A quarter hour fits the clock of every time zone, also those that are half an hour or 45 min off."""
_STEP = timedelta(seconds=STEP_S)
_LONGEST_DAYS = 10
"""Beyond this an answer is broken; the longest real one holds a week."""

_MOST_W = 1e6
"""A megawatt: beyond it lies no home, but a wrong unit or a broken answer."""


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
        raise BadReply(f"The forecast holds a time that is none: {error}") from None
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
    day = at.astimezone(zone).date() + timedelta(days=days)
    return datetime.combine(day, time(0), zone).astimezone(UTC)
