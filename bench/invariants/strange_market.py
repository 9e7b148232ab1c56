"""A market as no tester would think of it: quarter hours below zero, days that nobody published, gaps; and absences."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from random import Random
from typing import Any

from pv_heater.core.model.local_time import midnight_at
from pv_heater.core.model.prices import PricePeriod
from pv_heater.core.model.requests import Vacation
from pv_heater.tariffs.market import MARKET_ZONE

SHARE = 0.4
"""Of all homes, those that have a market's tariff."""
AWAY_SHARE = 0.125
QUARTER = timedelta(minutes=15)
PUBLISHED = time(13, 30)
OTHERWISE = {"from": "00:00", "to": "00:00", "import_per_kwh": 0.30, "export_per_kwh": 0.05}
Prices = tuple[PricePeriod, ...]


class StrangeMarket:
    """Belongs to one strange day; drawn apart from it, so that the other days are what they would be without it."""

    def __init__(self, seed: str) -> None:
        self._chance = Random(f"market {seed}")
        self.is_there = self._chance.random() < SHARE
        self._days: dict[date, Prices] = {}
        away = Random(f"away {seed}")
        self._away = away.uniform(2.0, 60.0) if away.random() < AWAY_SHARE else None

    def add_to(self, settings: dict[str, Any]) -> dict[str, Any]:
        """The settings of a house in this market."""
        if not self.is_there:
            return settings
        chance = self._chance
        tariff = {
            "type": "energy_charts",
            "zone": "AT",
            **({"otherwise": [OTHERWISE]} if chance.random() < 0.7 else {}),
        }
        for row in settings["loads"]:
            if row["type"] != "battery" and chance.random() < 0.5:
                row["negative_price_max_wh"] = chance.choice([1, 2000, 20_000])
        return {**settings, "tariff": tariff}

    def vacation(self, now: datetime) -> tuple[Vacation, ...]:
        """For the first step: the owner may be away for hours or days."""
        return () if self._away is None else (Vacation(until_at=now + timedelta(hours=self._away)),)

    def prices(self, now: datetime) -> Prices:
        """What is known at that instant: today, and from the afternoon on tomorrow."""
        local = now.astimezone(MARKET_ZONE)
        days: Sequence[date] = [local.date()]
        if local.time() >= PUBLISHED:
            days = [local.date(), local.date() + timedelta(days=1)]
        return tuple(price for day in days for price in self._of(day))

    def _of(self, day: date) -> Prices:
        if day not in self._days:
            self._days[day] = self._drawn(day)
        return self._days[day]

    def _drawn(self, day: date) -> Prices:
        """The quarters of one day; one day in six is not published, and some lack hours."""
        chance = self._chance
        if chance.random() < 1 / 6:
            return ()
        base, low = chance.choice([-0.05, 0.0, 0.08, 0.25]), chance.choice([-0.6, -0.02, 0.0, 0.03])
        first, lasts = chance.randrange(0, 24), chance.choice([0, 1, 4, 24])
        gap = range(chance.randrange(96), chance.randrange(96)) if chance.random() < 0.3 else range(0)
        begin_at, end_at = (midnight_at(of, MARKET_ZONE).astimezone(UTC) for of in (day, day + timedelta(days=1)))
        found = []
        for number in range(round((end_at - begin_at) / QUARTER)):
            price = low if first <= number / 4 < first + lasts else base + chance.uniform(-0.05, 0.05)
            if number not in gap:
                from_at = begin_at + number * QUARTER
                found.append(
                    PricePeriod(
                        from_at=from_at, to_at=from_at + QUARTER, import_per_kwh=price, export_per_kwh=price - 0.02
                    )
                )
        return tuple(found)
