"""Two settings over the same days: what is different, and whether that is more than chance between days."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from statistics import NormalDist, fmean, stdev

from pv_heater.commands.whatif.one_day import DayFigures
from pv_heater.core.model.lean import dataclass

FEWEST_DAYS = 5
"""With fewer nobody can tell a difference from weather."""
DOUBT = 0.05
"""So often chance alone may look like a difference, in all that is compared at once."""

Draws = Sequence[Sequence[DayFigures]]
"""For each draw of the forecast the figures of every day."""
FIGURES: dict[str, Callable[[DayFigures], float]] = {
    "caught_wh": lambda day: day.caught_wh,
    "heat_wh": lambda day: day.heat_wh,
    "bought_wh": lambda day: day.extra_wh,
    "unused_wh": lambda day: day.spilled_wh,
    "starts": lambda day: day.starts,
    "moves": lambda day: day.moves,
}
"""What is compared of a day."""


def by_day(draws: Draws, figure: Callable[[DayFigures], float]) -> list[float]:
    """A figure of every day, as a mean over the draws."""
    return [fmean(figure(day) for day in days) for days in zip(*draws, strict=True)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """How much more of something the changed settings have, a day."""

    mean: float
    spread: float | None
    """Half the width of what chance between days leaves open; None: too few days to tell."""
    low: float
    high: float
    """The days with the least and the most of it."""

    @property
    def is_real(self) -> bool:
        """Whether it is larger than its spread."""
        return self.spread is not None and abs(self.mean) > self.spread

    @classmethod
    def between(
        cls, base: Draws, other: Draws, figure: Callable[[DayFigures], float], *, compared: int = 1
    ) -> Difference:
        """Day by day, so that weather cancels. Of many that are `compared` the best is lucky: each is doubted more."""
        days = [new - old for old, new in zip(by_day(base, figure), by_day(other, figure), strict=True)]
        count = len(days)
        spread = None
        if count >= FEWEST_DAYS:
            # A normal law made wider for few days, as Student's is.
            wider = (1.0 + 2.5 / (count - 2)) if count < 60 else 1.0
            certain = NormalDist().inv_cdf(1.0 - DOUBT / 2.0 / compared)
            spread = certain * wider * stdev(days) / count**0.5
        return cls(mean=fmean(days), spread=spread, low=min(days), high=max(days))
