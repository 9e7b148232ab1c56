"""The prices of a market beside the loop: fetched on a thread of their own, handed to each tick, told when they end."""

from __future__ import annotations

import logging
from datetime import datetime
from zoneinfo import ZoneInfo

from pv_heater.core.model.prices import KnownPrices, PricePeriod
from pv_heater.io.system.worker import Worker, WorkerStatus, worker_for
from pv_heater.ports import Clock
from pv_heater.tariffs.price_feed import PriceFeed

log = logging.getLogger(__name__)

PATIENCE_S = 60.0
"""So long after the start nobody says that no price is known: the first answer may be on its way."""


class MarketPrices:
    """What is known of them now. `latest` returns at once, whatever the source does."""

    def __init__(self, feed: PriceFeed, clock: Clock, *, timezone: str, has_fixed: bool) -> None:
        """`has_fixed`: there is a tariff of the owner's for the hours whose price is not known."""
        self._feed, self._clock = feed, clock
        self._zone, self._has_fixed = ZoneInfo(timezone), has_fixed
        self._worker: Worker[KnownPrices] = worker_for(
            feed, "prices", lambda: feed.fetch(clock.now()), clock.monotonic_s, log
        )
        self._began_s = clock.monotonic_s()
        self._is_lost = False
        self._holds: tuple[KnownPrices, datetime, datetime] | None = None
        """Of these prices one holds from the first to the second instant."""

    def start(self) -> None:
        """Begin to ask."""
        self._began_s = self._clock.monotonic_s()
        self._worker.start()

    def stop(self) -> None:
        """Ask no more; never waits for an answer that is under way."""
        self._worker.stop()

    def close(self) -> None:
        """End its connections."""
        self._feed.close()

    def poll_once(self) -> None:
        """Ask here and now, on a simulated clock."""
        self._worker.poll_once()

    def status(self) -> WorkerStatus:
        """How the source fares."""
        return self._worker.status()

    def known(self) -> KnownPrices | None:
        """The newest; None before the first. From any thread."""
        return self._worker.latest()

    def latest(self) -> tuple[PricePeriod, ...]:
        """For `Inputs.prices`; says once when none is known for now, and once when one is again. For one thread."""
        known, now = self._worker.latest(), self._clock.now()
        if not self._is_known(known, now):
            self._note_lost()
        elif self._is_lost and known is not None and self._holds is not None:
            self._is_lost = False
            until = f"{self._holds[2].astimezone(self._zone):%Y-%m-%d %H:%M}"
            log.info("The price is known again, by %s until %s.", known.source, until)
        return () if known is None else known.periods

    def _is_known(self, known: KnownPrices | None, now: datetime) -> bool:
        if known is None:
            return False
        holds = self._holds
        if holds is not None and holds[0] is known and holds[1] <= now < holds[2]:
            return True  # as in nearly every tick
        until_at = known.until_at(now)
        self._holds = None if until_at is None else (known, now, until_at)
        return until_at is not None

    def _note_lost(self) -> None:
        if self._is_lost or self._clock.monotonic_s() - self._began_s < PATIENCE_S:
            return
        self._is_lost = True
        trouble = self._worker.status().trouble
        log.warning(
            "No market price is known for now%s; %s.",
            "" if trouble is None else f" ({trouble.rstrip('.')})",
            "the fixed tariff counts (tariff.otherwise)"
            if self._has_fixed
            else "what must be bought is bought late, and nothing else goes by prices",
        )
