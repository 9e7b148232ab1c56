"""The prices of one source with charges and taxes, fetched rarely and kept on disk.

Day-ahead prices are published once a day: what is known is not asked for again, tomorrow is asked for some time after
it should be there, another moment in each home, and however often that fails, no day sees more than `MOST_A_DAY`
questions. Sources in the house (`interval_s` is a number) are asked at their own pace and not kept.
"""

from __future__ import annotations

import logging
import random
from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from pv_heater.core.model.local_time import instant_of
from pv_heater.core.model.prices import KnownPrices, MarketAnswer
from pv_heater.core.settings.tariff import MarketTariff
from pv_heater.errors import BadReply, SourceError
from pv_heater.ports import PriceSource, Tools
from pv_heater.tariffs.market import MARKET_ZONE, day_bounds_s, known_s, merged
from pv_heater.tariffs.owners_prices import owners_prices
from pv_heater.tariffs.price_cache import KeptAnswer, PriceCache

log = logging.getLogger(__name__)

LOOK_S = 60.0
"""So often it is looked whether there is something to ask; mostly there is not."""
PUBLISHED = time(13, 10)
SPREAD = timedelta(minutes=80)
"""Tomorrow is asked for between 13:10 and 14:30 by the market's clock, so that not all homes come at once."""
MOST_A_DAY, MOST_BEFORE_NOON = 12, 6
"""Days asked for between two midnights, whatever fails; the rest is for tomorrow's prices."""
RETRY_S, LONGEST_RETRY_S = 300.0, 7200.0
"""After a failure; twice as long after each further one."""
NOT_YET_S = 1200.0
"""The same where the day was only not complete."""
LONGEST_BAN_S = 4 * 3600.0
"""No source is believed that it wants longer peace, nor is a kept wait, since the clock may have been wrong."""
LATE = time(15, 30)
"""After this hour it is told that tomorrow is still missing."""
FIRST_YEAR = 2025
"""A Pi whose clock was not set yet shows an earlier one."""


class PriceFeed:
    """What the program asks; for one thread. `fetch` returns at once while there is nothing to ask."""

    def __init__(
        self, source: PriceSource, tariff: MarketTariff, tools: Tools, chance: Callable[[], float] = random.random
    ) -> None:
        """`chance` gives numbers from 0 to 1, for the moment of the day at which tomorrow is asked for."""
        self._source, self._tariff = source, tariff
        self._zone = ZoneInfo(tools.site.timezone)
        self._cache = PriceCache(tools.state_dir, source.cache_key)
        self._chance = chance
        self._kept: KeptAnswer | None = None
        self._published: tuple[date, datetime] | None = None
        """The latest day that tomorrow was waited for, and from when on it is asked for."""
        self._known: KnownPrices | None = None
        self._made_of: KeptAnswer | None = None
        self._trouble: str | None = None
        """Why what is wanted is not known; None while nothing is missing."""
        self._told = False

    @property
    def interval_s(self) -> float:
        """Seconds until `fetch` should be called again."""
        return LOOK_S if self._source.interval_s is None else self._source.interval_s

    def fetch(self, now: datetime) -> KnownPrices:
        """All that is known; raises SourceError where that says nothing of `now` or later."""
        if now.year < FIRST_YEAR:
            raise SourceError(
                f"The clock of this machine shows {now.year}: until it is set no day's prices are asked for"
            )
        if self._source.interval_s is not None:
            answer = self._source.fetch(market_day(now))
            if self._kept is None or answer.prices != self._kept.prices:
                self._kept = KeptAnswer(prices=answer.prices, licence=answer.licence)
            return self._made(now)
        self._kept = self._kept or self._cache.load()
        missing = self._missing(now)
        if missing and self._may_ask(now):
            # One day at a time, since some answer nothing at all for two of which one is not there yet.
            self._ask(missing[self._answer.failures % len(missing)], now)
        return self._made(now)

    def close(self) -> None:
        """End its source's connections."""
        self._source.close()

    def _missing(self, now: datetime) -> list[date]:
        """The days to ask for: today, and from the hour at which it may be known tomorrow."""
        today = market_day(now)
        days = [today, *([today + timedelta(days=1)] if now >= self._tomorrow_from(today) else [])]
        return [day for day in days if not self._is_complete(day)]

    def _tomorrow_from(self, today: date) -> datetime:
        if self._published is None or self._published[0] != today:
            self._published = today, instant_of(today, PUBLISHED, MARKET_ZONE) + self._chance() * SPREAD
        return self._published[1]

    def _is_complete(self, day: date) -> bool:
        begin_s, end_s = day_bounds_s(day)
        return known_s(self._answer.prices, begin_s, end_s) >= end_s - begin_s

    @property
    def _answer(self) -> KeptAnswer:
        return self._kept or KeptAnswer()

    def _may_ask(self, now: datetime) -> bool:
        kept, today = self._answer, market_day(now)
        wait_s = 0.0 if kept.not_before_at is None else (kept.not_before_at - now).total_seconds()
        asked = kept.asked if kept.asked_on == today else 0
        most = MOST_A_DAY if now >= self._tomorrow_from(today) else MOST_BEFORE_NOON
        return not 0 < wait_s <= LONGEST_BAN_S and asked < most

    def _ask(self, day: date, now: datetime) -> None:
        today, kept = market_day(now), self._answer
        asked = 1 + (kept.asked if kept.asked_on == today else 0)
        failures = kept.failures + 1
        wait_s = min(LONGEST_RETRY_S, RETRY_S * 2.0 ** min(failures - 1, 8))
        # Noted before asking: a program that dies meanwhile, again and again, must not go on knocking.
        kept = replace(kept, asked_on=today, asked=asked, failures=failures, not_before_at=_after(now, wait_s))
        self._keep(kept)
        try:
            self._take(self._source.fetch(day), day, now)
        except SourceError as error:
            self._note_trouble(str(error), now)
            if (error.retry_after_s or 0.0) > wait_s:
                self._keep(
                    replace(self._answer, not_before_at=_after(now, min(LONGEST_BAN_S, error.retry_after_s or 0.0)))
                )

    def _take(self, answer: MarketAnswer, day: date, now: datetime) -> None:
        """Keep what it says; raises BadReply where that is not the day that was asked for, or today is not whole."""
        kept = self._answer
        oldest_s = day_bounds_s(market_day(now) - timedelta(days=1))[0]
        prices = merged(kept.prices, answer.prices, oldest_s)
        self._keep(replace(kept, prices=prices, licence=answer.licence or kept.licence))
        if self._is_complete(day):
            self._keep(replace(self._answer, failures=0, not_before_at=None))
            self._note_all_well(now)
            return
        name = self._source.name
        if answer.prices and not known_s(answer.prices, *day_bounds_s(day)):
            raise BadReply(f"{name} answered prices until {_when(answer.prices[-1].end_s)}, none of {day}")
        if day == market_day(now):
            raise BadReply(f"{name} does not know all prices of {day}")
        wait_s = min(LONGEST_RETRY_S, NOT_YET_S * 2.0 ** min(kept.failures - 1, 8))
        self._keep(replace(self._answer, not_before_at=_after(now, wait_s)))
        if now >= instant_of(market_day(now), LATE, MARKET_ZONE):
            self._note_trouble(f"{name} has not all prices of {day} yet", now)

    def _note_trouble(self, text: str, now: datetime) -> None:
        """Said once; where nothing is known for now the worker says it instead."""
        self._trouble = text
        if not self._told and self._says_something(now):
            self._told = True
            log.warning("Prices: %s. It is asked again, at most %d times a day.", text.rstrip("."), MOST_A_DAY)

    def _note_all_well(self, now: datetime) -> None:
        self._trouble, self._told = None, False
        until_at = self._made(now).until_at(now)
        if until_at is not None:
            local = until_at.astimezone(self._zone)
            log.info("Prices of %s are known until %s.", self._source.name, f"{local:%Y-%m-%d %H:%M}")

    def _says_something(self, now: datetime) -> bool:
        return any(price.end_s > now.timestamp() for price in self._answer.prices)

    def _made(self, now: datetime) -> KnownPrices:
        kept = self._answer
        if not self._says_something(now):
            raise SourceError(self._trouble or f"{self._source.name} tells no price for now")
        if self._known is None or self._made_of is None or kept.prices != self._made_of.prices:
            self._made_of = kept
            periods = owners_prices(kept.prices, self._tariff, self._zone)
            self._known = KnownPrices(periods=periods, source=self._source.name, licence=kept.licence)
        return self._known

    def _keep(self, kept: KeptAnswer) -> None:
        self._kept = kept
        self._cache.save(kept)


def market_day(now: datetime) -> date:
    """The traded day that holds `now`."""
    return now.astimezone(MARKET_ZONE).date()


def _after(now: datetime, seconds: float) -> datetime:
    return now + timedelta(seconds=seconds)


def _when(at_s: int) -> str:
    return f"{datetime.fromtimestamp(at_s, MARKET_ZONE):%Y-%m-%d %H:%M}"
