"""When nobody is home: as the owner announced it, or as it stands in the settings. Coming home ends either."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, tzinfo
from typing import Any

from pv_heater.core.model.numbers import instant_in
from pv_heater.core.settings.home import VacationSpan


class Vacations:
    """Knows until when nobody is home."""

    def __init__(self, spans: Iterable[VacationSpan], zone: tzinfo) -> None:
        self._zone = zone
        self._spans = _in_order(spans, zone)
        self._until_at: datetime | None = None
        """The end of the one that was announced; None: none was."""
        self._home_at: datetime | None = None
        """When somebody came home before the end; None: nobody ever did."""

    def adopt(self, spans: Iterable[VacationSpan]) -> None:
        """Go on with these spans of the settings; what was announced stays."""
        self._spans = _in_order(spans, self._zone)

    def announce(self, until_at: datetime | None, now: datetime) -> None:
        """Nobody is home until then; None: somebody is, and what had begun by now is over."""
        self._until_at = until_at
        if until_at is None:
            self._home_at = now

    def until_at(self, now: datetime | None) -> datetime | None:
        """When it ends, the latest where there are several; None while somebody is home.

        `now` None, the time of day is unknown: of an announced one nobody knows whether it is over, so it goes on.
        """
        if now is None:
            return self._until_at
        until_at = self._until_at if self._until_at is not None and now < self._until_at else None
        for begin_at, end_at in self._spans:
            # The next one may begin before this one ends, or as it ends: then nobody comes home between them.
            if begin_at <= (until_at or now) < end_at and not self._ended(begin_at):
                until_at = end_at
        return until_at

    def state(self) -> dict[str, str | None]:
        """What a restart must not forget, as plain JSON types."""
        return {
            "vacation_until_at": None if self._until_at is None else self._until_at.isoformat(),
            "home_at": None if self._home_at is None else self._home_at.isoformat(),
        }

    def restore(self, saved: Mapping[str, Any]) -> None:
        """Take back what `state` gave; anything else is ignored."""
        self._until_at, self._home_at = instant_in(saved, "vacation_until_at"), instant_in(saved, "home_at")

    def _ended(self, begin_at: datetime) -> bool:
        return self._home_at is not None and begin_at <= self._home_at


def _in_order(spans: Iterable[VacationSpan], zone: tzinfo) -> tuple[tuple[datetime, datetime], ...]:
    """Begin and end of each, the earliest first."""
    return tuple(sorted(span.instants(zone) for span in spans))
