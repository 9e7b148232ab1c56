"""What sources are built with in tests: a clock that only moves when told, and a home in Graz."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from pv_heater.core.settings.home import PvPlane, Site
from pv_heater.ports import Tools

NOON = datetime(2026, 6, 21, 11, 0, tzinfo=UTC)
GRAZ = Site(
    latitude=47.05, longitude=15.44, timezone="Europe/Vienna", pv=(PvPlane(kwp=4.4, tilt_deg=37, azimuth_deg=20),)
)


class HandClock:
    """Satisfies `ports.Clock`; time passes by `advance` only."""

    def __init__(self, start_at: datetime = NOON) -> None:
        self._now = start_at
        self._monotonic_s = 1000.0

    def now(self) -> datetime:
        return self._now

    def monotonic_s(self) -> float:
        return self._monotonic_s

    def wait_until(self, monotonic_s: float) -> None:
        self.advance(max(0.0, monotonic_s - self._monotonic_s))

    def wake(self) -> None:
        """Nobody waits."""

    def advance(self, seconds: float) -> None:
        self._monotonic_s += seconds
        self._now += timedelta(seconds=seconds)


def no_pins() -> Any:
    raise AssertionError("a source needs no pins")


def tools_for(state_dir: Path, *, clock: HandClock | None = None, site: Site = GRAZ) -> Tools:
    return Tools(clock=clock or HandClock(), site=site, state_dir=state_dir, pins=no_pins)
