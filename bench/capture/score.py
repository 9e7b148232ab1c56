"""From lived days to figures: what was caught of what could have been, and what it cost."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean, pstdev

from bench.capture.lived import LivedDay
from bench.capture.variants import Variant

WORTHWHILE_WH = 3000.0
"""A day with more to gain than this should be caught well; below it a few Wh decide the share."""
POOR_CAPTURE = 0.80


@dataclass(frozen=True, slots=True, kw_only=True)
class Possible:
    """What a day held, whatever a controller does with it."""

    idle: LivedDay
    """Lived without any heating."""
    bound_wh: float
    """Value with perfect foresight."""
    in_winter: bool = False
    """Whether the day lies between November and February."""

    @property
    def gain_wh(self) -> float:
        """What could be gained over not heating."""
        return self.bound_wh - self.idle.value_wh


@dataclass(frozen=True, slots=True, kw_only=True)
class DayScore:
    """A day, as a mean over the draws."""

    day: str
    possible_wh: float
    gained_wh: float
    capture: float | None
    """None where there was nothing to gain."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A strategy in a variant, over all days and draws. Means are over both."""

    strategy: str
    variant: str
    kind: str
    """What the variant is called whatever its feed."""
    feed: str
    feed_in: bool
    draws: int
    capture_mean: float
    capture_sd: float
    """Standard deviation over the draws."""
    capture_min: float
    capture_max: float
    heat_wh: float
    """A day."""
    bought_for_heat_percent: float
    """Grid energy beyond that of days without heating, as a share of the heat."""
    winter_capture: float | None
    """Of the days from November to February; None where there are none."""
    winter_bought_percent: float | None
    closings_mean: float
    """Relay closings a day."""
    closings_max: int
    moves_mean: float
    """Changes of power while heating, a day."""
    poor_days: int
    """Days with more than `WORTHWHILE_WH` to gain, less than `POOR_CAPTURE` of it caught."""
    worst_day: str | None
    """Lowest capture of the days with more than `WORTHWHILE_WH` to gain; None where there is none."""
    worst_capture: float | None
    by_day: tuple[DayScore, ...]


def score(variant: Variant, strategy: str, draws: Sequence[Sequence[LivedDay]], possible: Sequence[Possible]) -> Row:
    """`draws` holds all days once for each draw, in the order of `possible`."""
    gain_wh = sum(day.gain_wh for day in possible)
    captures = [_share(sum(map(_gained_wh, days, possible)), gain_wh) or 0.0 for days in draws]
    lived = [day for days in draws for day in days]
    pairs = [pair for days in draws for pair in zip(days, possible, strict=True)]
    winter = [(day, held) for day, held in pairs if held.in_winter]
    by_day = tuple(_day_score([days[number] for days in draws], held) for number, held in enumerate(possible))
    worthwhile = [day for day in by_day if day.capture is not None and day.possible_wh > WORTHWHILE_WH]
    worst = min(worthwhile, key=lambda day: day.capture or 0.0, default=None)
    return Row(
        strategy=strategy,
        variant=variant.name,
        kind=variant.kind,
        feed=variant.feed,
        feed_in=variant.feed_in,
        draws=len(draws),
        capture_mean=fmean(captures),
        capture_sd=pstdev(captures),
        capture_min=min(captures),
        capture_max=max(captures),
        heat_wh=fmean(day.heat_wh for day in lived),
        bought_for_heat_percent=_bought_percent(pairs),
        winter_capture=_share(sum(_gained_wh(*pair) for pair in winter), sum(held.gain_wh for _, held in winter)),
        winter_bought_percent=_bought_percent(winter) if winter else None,
        closings_mean=fmean(day.closings for day in lived),
        closings_max=max(day.closings for day in lived),
        moves_mean=fmean(day.moves for day in lived),
        poor_days=sum((day.capture or 0.0) < POOR_CAPTURE for day in worthwhile),
        worst_day=worst.day if worst else None,
        worst_capture=worst.capture if worst else None,
        by_day=by_day,
    )


def _day_score(draws: Sequence[LivedDay], held: Possible) -> DayScore:
    gained_wh = fmean(_gained_wh(day, held) for day in draws)
    return DayScore(
        day=held.idle.day, possible_wh=held.gain_wh, gained_wh=gained_wh, capture=_share(gained_wh, held.gain_wh)
    )


def _gained_wh(day: LivedDay, held: Possible) -> float:
    return day.value_wh - held.idle.value_wh


def _bought_percent(pairs: Sequence[tuple[LivedDay, Possible]]) -> float:
    bought_wh = sum(day.import_wh - held.idle.import_wh for day, held in pairs)
    return 100.0 * (_share(bought_wh, sum(day.heat_wh for day, _ in pairs)) or 0.0)


def _share(part: float, whole: float) -> float | None:
    """None for a whole of less than a Wh."""
    return part / whole if whole >= 1.0 else None
