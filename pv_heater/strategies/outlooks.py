"""How full the battery should be now: the charge at which two regrets balance, over several outlooks of the day.

In each outlook (more or less sun, less or more use) two levels follow from one walk back from sunset:

- `waste_above_wh`: with more than that stored, sun will be thrown away though the heaters run at full power until
  evening. A Wh stored beyond it is lost, where it could have been heat.
- `fills_above_wh`: with less than that stored, the battery will not be full tonight even if nothing is heated. A Wh
  heated below it is missing at night.

Between the two it does not matter when the heat is made. The charge to aim at is the highest one at which the
outlooks that regret storing more do not outweigh those that would regret heating more. What a Wh in the wrong place
costs (`Regrets`) follows from the owner's prices.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Mapping, Sequence
from datetime import datetime
from math import exp, inf

from pv_heater.core.house.ahead.quarters import Stretch, lit_until
from pv_heater.core.house.ahead.sun_correction import SCALE_SPREAD, WEATHER_SPREAD
from pv_heater.core.model.lean import dataclass
from pv_heater.core.model.prices import PricePeriod, price_at
from pv_heater.core.model.usual_battery import CHARGE_EFFICIENCY, DISCHARGE_EFFICIENCY

HEAT_WORTH = 0.5
"""Worth of a Wh of heat, as a share of a bought Wh; it mostly replaces a cheaper fuel (DESIGN section 7)."""
LEANINGS = (-1.6, -1.2, -0.8, -0.4, 0.0, 0.4, 0.8, 1.2, 1.6)
"""The outlooks, from dark and busy to bright and quiet, in standard deviations. Evenly spread, so wider on purpose
than a normal error: what is rare costs most."""
OUTLOOKS = len(LEANINGS)
USE_SPREAD = 0.5
"""Standard deviation of the logarithm of the use that is left today."""
LEAST_SHARE = 0.02
"""Even the darkest day gives this share of a clear one."""


def target_wh(outlooks: Sequence[Levels], capacity_wh: float, regrets: Regrets) -> float:
    """The highest charge whose last Wh is not regretted more if stored than if heated; below 0: heat all."""
    wasting = sorted(outlook.waste_above_wh for outlook in outlooks)
    filling = sorted(outlook.fills_above_wh for outlook in outlooks)
    return target_between(wasting, filling, capacity_wh, regrets)


def target_between(wasting: Sequence[float], filling: Sequence[float], capacity_wh: float, regrets: Regrets) -> float:
    """The same for the levels by themselves, each in order: above which sun is wasted, and the battery fills."""

    def is_too_full(charge_wh: float) -> bool:
        stored = regrets.stored * bisect_left(wasting, charge_wh)
        heated = regrets.heated * (len(filling) - bisect_left(filling, charge_wh))
        return stored > heated

    # With more charge the one regret only grows and the other only shrinks.
    charges_wh = sorted({capacity_wh, *wasting, *filling})
    right = bisect_left(charges_wh, True, key=is_too_full)
    return charges_wh[right - 1] if right else -inf


def levels_of(
    rest_of_day: Sequence[Stretch],
    home: Home,
    leaning: float,
    spread: float,
    course: list[tuple[float, float, float]] | None = None,
) -> Levels:
    """The levels of the outlook that leans to one side; `spread` 1 is a morning, 0 would be certainty.

    `rest_of_day` is in order of time and ends with the day's last sun. Where later sun is enough for all the heat that
    is still wanted today, waiting with it wastes nothing.

    `course` gets both levels, and the heat that later sun can still give, as they are at the beginning of each
    stretch: the last stretch first, and before that rule.
    """
    capacity_wh, charge_limit_w, heaters_w = home.capacity_wh, home.charge_limit_w, home.heaters_w
    scale = exp(SCALE_SPREAD * spread * leaning)
    clear_share = WEATHER_SPREAD * spread * leaning
    use_scale = exp(-USE_SPREAD * leaning)
    waste_above_wh = fills_above_wh = capacity_wh
    later_heat_wh = heat_wh = 0.0
    # Walked nine times for each plan: comparisons in place of min and max are three times as fast.
    for stretch in reversed(rest_of_day):
        sun_w, least_w = scale * stretch.sun_w + clear_share * stretch.clear_w, LEAST_SHARE * stretch.clear_w
        spare_w = (sun_w if sun_w > least_w else least_w) - use_scale * stretch.use_w
        if spare_w <= 0:
            given_wh = -spare_w * stretch.hours / DISCHARGE_EFFICIENCY
            waste_above_wh += given_wh
            fills_above_wh += given_wh
            if waste_above_wh > capacity_wh:
                waste_above_wh = capacity_wh
            if fills_above_wh > capacity_wh:
                fills_above_wh = capacity_wh
        else:
            gain = CHARGE_EFFICIENCY * stretch.hours
            left_w = spare_w - heaters_w
            later_heat_wh, heat_wh = heat_wh, heat_wh + stretch.hours * (heaters_w if left_w > 0 else spare_w)
            fills_above_wh -= gain * (spare_w if spare_w < charge_limit_w else charge_limit_w)
            if left_w > 0:
                waste_above_wh -= gain * (left_w if left_w < charge_limit_w else charge_limit_w)
        if course is not None:
            course.append((waste_above_wh, fills_above_wh, later_heat_wh))
    if later_heat_wh >= home.wanted_wh:
        waste_above_wh = capacity_wh
    return Levels(waste_above_wh=waste_above_wh, fills_above_wh=fills_above_wh)


@dataclass(frozen=True, slots=True, kw_only=True)
class Levels:
    """The two levels of one outlook now, Wh; below 0 where even an empty battery is too full."""

    waste_above_wh: float
    fills_above_wh: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Home:
    """What the plan needs to know of the home."""

    capacity_wh: float
    charge_limit_w: float
    heaters_w: float
    """What all automatic loads can take together."""
    wanted_wh: float = inf
    """What they may still take today."""


class LevelsAhead:
    """The levels of all outlooks at each quarter of one day, the last light's included."""

    def __init__(self, day: Sequence[Stretch], home: Home, spread: float, regrets: Regrets) -> None:
        """`day` is in order of time; what comes after its last light does not count."""
        self._lit = lit = lit_until(day)
        self._capacity_wh, self._regrets = home.capacity_wh, regrets
        self._courses: list[list[tuple[float, float, float]]] = []
        for leaning in LEANINGS:
            course: list[tuple[float, float, float]] = []
            levels_of(day[:lit], home, leaning, spread, course)
            self._courses.append(course[::-1])
        self._known: dict[int, tuple[float, list[float]]] = {}
        """By quarter, the target and the filling levels where any amount of heat is wanted."""

    def aim(self, number: int, stored_wh: float, wanted_wh: float) -> tuple[float, int]:
        """(target charge, Wh; outlooks in which the battery is full that evening) at the beginning of a quarter.

        Beyond the last light the battery is to be full, and nothing fills it.
        """
        if number >= self._lit:
            return self._capacity_wh, 0
        known = self._known.get(number) if wanted_wh == inf else None
        if known is None:
            known = self._target([course[number] for course in self._courses], wanted_wh)
            if wanted_wh == inf:
                self._known[number] = known
        target_wh, filling = known
        return target_wh, bisect_right(filling, stored_wh)

    def _target(self, levels: Sequence[tuple[float, float, float]], wanted_wh: float) -> tuple[float, list[float]]:
        wasting = sorted([self._capacity_wh if later >= wanted_wh else waste for waste, _, later in levels])
        filling = sorted([fills for _, fills, _ in levels])
        return target_between(wasting, filling, self._capacity_wh, self._regrets), filling


@dataclass(frozen=True, slots=True, kw_only=True)
class Regrets:
    """Costs of a Wh, in any unit: only their ratio counts."""

    heated: float
    """Heated, and missing in the battery at night."""
    stored: float
    """Stored, and thrown away or sold later because the battery was full."""


def regrets_of(
    prices: Sequence[PricePeriod],
    lit_at: Sequence[datetime],
    dark_at: Sequence[datetime],
    *,
    sold: bool,
    spare_wh: Mapping[datetime, float] | None = None,
) -> Regrets:
    """The regrets by a tariff: the battery saves what is bought in the dark, surplus is sold by daylight.

    With `spare_wh`, what is expected to be spare from when on, an hour counts by that: sun is thrown away at noon, and
    where a sold kWh costs, storing it too late is regretted more than wasting it.
    `lit_at` and `dark_at` are instants of the day; those without a price do not count. Without any price of the dark
    hours, or where power costs nothing, the usual regrets hold.
    """
    bought = _mean([price_at(prices, at) for at in dark_at])
    whole_day = _mean([price_at(prices, at) for at in (*lit_at, *dark_at)])
    if bought is None or whole_day is None or whole_day.import_per_kwh <= 0:
        return USUAL_REGRETS
    export_price = (_export_price(prices, lit_at, spare_wh or {}) or 0.0) if sold else 0.0
    return regrets_at(bought.import_per_kwh, export_price, HEAT_WORTH * whole_day.import_per_kwh)


def _export_price(
    prices: Sequence[PricePeriod], lit_at: Sequence[datetime], spare_wh: Mapping[datetime, float]
) -> float | None:
    """What surplus earns on average, by how much there is when; None where no price is known."""
    known = [(price.export_per_kwh, wh) for at, wh in spare_wh.items() if (price := price_at(prices, at)) is not None]
    all_wh = sum(wh for _, wh in known)
    if all_wh > 0:
        return sum(price * wh for price, wh in known) / all_wh
    by_day = _mean([price_at(prices, at) for at in lit_at])
    return None if by_day is None else by_day.export_per_kwh


def regrets_at(import_price: float, export_price: float, heat_price: float) -> Regrets:
    """The regrets at given prices a kWh; `export_price` is 0 where nothing is sold.

    With the prices of DESIGN section 7 (2, 0 and 1) they are 0.862 and 1.
    """
    stored_price = CHARGE_EFFICIENCY * DISCHARGE_EFFICIENCY * import_price
    return Regrets(heated=max(0.0, stored_price - heat_price), stored=max(0.0, heat_price - export_price))


USUAL_REGRETS = regrets_at(1.0, 0.0, HEAT_WORTH)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Mean:
    import_per_kwh: float
    export_per_kwh: float


def _mean(periods: Sequence[PricePeriod | None]) -> _Mean | None:
    known = [period for period in periods if period is not None]
    if not known:
        return None
    return _Mean(
        import_per_kwh=sum(period.import_per_kwh for period in known) / len(known),
        export_per_kwh=sum(period.export_per_kwh for period in known) / len(known),
    )
