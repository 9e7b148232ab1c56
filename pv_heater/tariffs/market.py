"""What services say of prices -> prices between instants, without what cannot be true. Pure.

Nobody's prices are believed as they come: those that are no number, that no market has, that overlap others with
another price or last as long as no price does are left out, and what is left out is not known.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from pv_heater.core.model.lean import dataclass
from pv_heater.core.model.local_time import midnight_at
from pv_heater.core.model.numbers import number_of
from pv_heater.core.model.prices import MarketAnswer, MarketPrice
from pv_heater.errors import BadReply
from pv_heater.io.system.log import Complain

MARKET_ZONE = ZoneInfo("Europe/Brussels")
"""The day that is traded: all coupled markets of Europe go by it, also those whose clocks show another hour."""
HOUR_S = 3600
STEPS_S = (300, 600, 900, 1800, HOUR_S)
"""How long a price may hold where only its beginning is told."""
LONGEST_S = 86_400
"""No price holds for longer."""
MOST = 5000
"""Two days of five minutes are 576; a longer list is broken."""
LEAST_PER_KWH, MOST_PER_KWH = -1.0, 10.0
"""Bounds of the European day-ahead auctions, -0.5 and 4 to 5 EUR a kWh, twice."""
TINY = 2.0
"""A whole answer below this, either way, is per kWh where nobody says per what: few days cost less than that a MWh."""
_UNIX_S = (1.5e9, 4e9)
"""2017 to 2096."""
_PARTS = {"mwh": 0.001, "kwh": 1.0}
_CENTS = ("ct", "cent", "cents", "c", "snt", "öre", "øre", "ore", "sek-öre")
_NO_UNIT = ("", "no unit", "none", "null")


@dataclass(frozen=True, slots=True)
class Span:
    """A price as it was said, between two unix seconds."""

    start_s: float
    end_s: float
    price: float | None
    """In the source's own unit; None: it tells none."""


def spans_of_starts(starts: Sequence[Any], prices: Sequence[Any]) -> list[Span]:
    """The spans of two lists side by side, the first with the unix seconds at which each price begins.

    A price holds until the next begins, or as long as the one before it, whichever is shorter: behind a gap nothing is
    known. Raises BadReply for lists that do not belong together.
    """
    if len(starts) != len(prices) or len(starts) > MOST:
        raise BadReply(f"{len(starts)} times and {len(prices)} prices do not belong together")
    rows = sorted(
        [(at_s, price) for at, price in zip(starts, prices, strict=True) if (at_s := number_of(at)) is not None],
        key=lambda row: row[0],
    )
    instants = sorted({at_s for at_s, _ in rows})
    lasts_s: dict[float, float] = {}
    for number, at_s in enumerate(instants):
        before_s = at_s - instants[number - 1] if number else float("inf")
        after_s = instants[number + 1] - at_s if number + 1 < len(instants) else float("inf")
        lasts_s[at_s] = min(before_s, after_s)
    return [Span(at_s, at_s + lasts_s[at_s], number_of(price)) for at_s, price in rows if lasts_s[at_s] in STEPS_S]


def priced(spans: Iterable[Span], unit: object, who: str, complain: Complain, *, usual: float) -> MarketAnswer:
    """What can be believed of `spans`; `usual` is what a number is a kWh worth where `unit` tells nothing.

    Raises BadReply for a unit that is none, and for prices that seem to be in another one.
    """
    rows = list(spans)
    if len(rows) > MOST:
        raise BadReply(f"{who} answered {len(rows)} prices, which no two days have")
    factor = _factor(unit, who, usual)
    told = [abs(row.price) for row in rows if row.price is not None]
    if factor is None:
        factor = usual
        if usual < 1.0 and told and max(told) < TINY:
            raise BadReply(
                f"{who} answered no price beyond {TINY:g} and no unit: these are prices of a kWh, not of a MWh"
            )
    found = []
    for row in rows:
        price = _believed(row, factor, who, complain)
        if price is not None:
            found.append(price)
    return MarketAnswer(prices=_without_contradictions(found, who, complain))


def with_licence(answer: MarketAnswer, licence: object) -> MarketAnswer:
    """The answer with the terms that came with it, on one line."""
    text = " ".join(str(licence).split())[:200] if isinstance(licence, str) else ""
    return replace(answer, licence=text or None)


def instant_s(value: object) -> float | None:
    """The unix second of an instant written in ISO 8601 with its offset; None for anything else."""
    if not isinstance(value, str):
        return None
    try:
        at = datetime.fromisoformat(value)
    except ValueError:
        return None
    return None if at.tzinfo is None or not 2000 < at.year < 2100 else at.timestamp()


def day_bounds_s(day: date) -> tuple[int, int]:
    """The unix seconds at which a day of the market begins and ends: 23, 24 or 25 hours apart."""
    ends = midnight_at(day + timedelta(days=1), MARKET_ZONE)
    return int(midnight_at(day, MARKET_ZONE).timestamp()), int(ends.timestamp())


def known_s(prices: Iterable[MarketPrice], begin_s: int, end_s: int) -> int:
    """For so many seconds between two instants a price is known."""
    return sum(max(0, min(price.end_s, end_s) - max(price.start_s, begin_s)) for price in prices)


def merged(older: Iterable[MarketPrice], newer: Sequence[MarketPrice], from_s: int) -> tuple[MarketPrice, ...]:
    """Both together, without what ends before `from_s`; where they overlap the newer counts."""
    kept = [price for price in older if price.end_s > from_s and not _overlaps(price, newer)]
    return tuple(sorted([*kept, *newer], key=lambda price: price.start_s))


def text_of_day(start_s: int) -> str:
    """The market's day and hour, for messages."""
    return f"{datetime.fromtimestamp(start_s, UTC).astimezone(MARKET_ZONE):%Y-%m-%d %H:%M}"


def list_in(body: object, key: str, who: str) -> list[Any]:
    """A list in an answer; raises BadReply where it is none."""
    found = body.get(key) if isinstance(body, Mapping) else None
    if not isinstance(found, list):
        raise BadReply(f"{who} answered without a list of {key}, so no price is known from it")
    return found


def _factor(unit: object, who: str, usual: float) -> float | None:
    """What one of `unit` is, in currency a kWh; None where nothing is said."""
    text = str(unit if unit is not None else "").strip().lower()
    if text in _NO_UNIT:
        return None
    money, _, energy = text.replace(" ", "").replace("per", "/").rpartition("/")
    if energy not in _PARTS or not money:
        raise BadReply(
            f"{who} gives prices in {str(unit)[:40]!r}, which is no price of electricity; usual is {usual:g}"
        )
    return _PARTS[energy] * (0.01 if money in _CENTS else 1.0)


def _believed(row: Span, factor: float, who: str, complain: Complain) -> MarketPrice | None:
    lasts_s = row.end_s - row.start_s
    if not (_UNIX_S[0] <= row.start_s <= _UNIX_S[1] and 0 < lasts_s <= LONGEST_S) or row.start_s % 60 or lasts_s % 60:
        complain(
            f"{who} has a price from {row.start_s:.0f} for {lasts_s:.0f} s, which is no span of time; it is left out"
        )
        return None
    if row.price is None:
        return None
    per_kwh = row.price * factor
    if not LEAST_PER_KWH <= per_kwh <= MOST_PER_KWH:  # false for NaN too
        when = text_of_day(int(row.start_s))
        complain(f"{who} has {per_kwh:.4g} a kWh at {when}, not {LEAST_PER_KWH:g} to {MOST_PER_KWH:g}; it is left out")
        return None
    return MarketPrice(start_s=int(row.start_s), end_s=int(row.end_s), per_kwh=per_kwh)


def _without_contradictions(found: list[MarketPrice], who: str, complain: Complain) -> tuple[MarketPrice, ...]:
    """In order of time; of prices that overlap none is believed, unless they are the same."""
    found.sort(key=lambda price: (price.start_s, price.end_s))
    clean: list[MarketPrice] = []
    wrong: set[int] = set()
    for price in found:
        if clean and price == clean[-1]:
            continue
        number = len(clean) - 1
        while number >= 0 and clean[number].start_s > price.start_s - LONGEST_S:
            if clean[number].end_s > price.start_s:
                wrong |= {number, len(clean)}
            number -= 1
        clean.append(price)
    if wrong:
        complain(f"{who} has {len(wrong)} prices that contradict each other, the first at "
                 f"{text_of_day(clean[min(wrong)].start_s)}; they are left out")  # fmt: skip
    return tuple(price for number, price in enumerate(clean) if number not in wrong)


def _overlaps(price: MarketPrice, others: Sequence[MarketPrice]) -> bool:
    return any(other.start_s < price.end_s and price.start_s < other.end_s for other in others)
