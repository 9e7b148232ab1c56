"""Heat from the grid while a bought kWh costs less than nothing; only where the owner allows so many Wh a day.

It is no duty towards the tank: without a reading, without a price, for a load that is full or has had its daily
maximum it buys nothing, and where the battery gives the power in place of the grid it lets go until the next quarter.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime, tzinfo
from typing import Any

from pv_heater.core.duties.cheapest_quarters import next_quarter
from pv_heater.core.duties.context import DutyContext
from pv_heater.core.loads.duty import NEGATIVE_PRICE, Duty
from pv_heater.core.model.numbers import day_in, number_in
from pv_heater.core.model.prices import PricePeriod, number_at
from pv_heater.core.settings.load import LoadSettings

DRAINED_FOR_S = 60.0
"""An inverter hands a step over to the grid within seconds; a battery that gives for longer pays for the heat."""


class NegativePrice:
    """Of one load: what it has bought today, and whether it buys now."""

    def __init__(self, policy: LoadSettings, zone: tzinfo) -> None:
        self._policy, self._zone = policy, zone
        self._day: date | None = None
        self._bought_wh = 0.0
        self._runs = False
        self._drained_s = 0.0
        self._rests_until: datetime | None = None
        self.notice: str | None = None
        """The last thing worth telling."""

    def adopt(self, policy: LoadSettings) -> None:
        """Other settings of the same load; what was bought today counts on."""
        self._policy = policy

    def duty(
        self,
        context: DutyContext,
        prices: Sequence[PricePeriod],
        *,
        is_allowed: bool,
        drained_w: float,
        may_drain_w: float,
    ) -> Duty | None:
        """Count the step that ended; the duty for the one that begins, None without. `prices` are known, not expected.

        `is_allowed`: there is a reading that may be used, and somebody is at home; `drained_w` is what the battery
        gives by it, and `may_drain_w` the most that it may give for heating.
        """
        self._bought_wh += context.told_wh if self._runs else 0.0
        self._drained_s = self._drained_s + context.elapsed_s if self._runs and drained_w > may_drain_w else 0.0
        self._begin_day(context.now)
        if self._drained_s > DRAINED_FOR_S:
            self._rests_until, self._drained_s = next_quarter(context.now), 0.0
            self.notice = (
                f"does not buy at a negative price now: the battery gives {drained_w:.0f} W in place of the grid"
            )
        duty = self._wanted(context, prices) if is_allowed and context.may_buy and context.most_w > 0 else None
        self._runs = duty is not None
        return duty

    def state(self) -> dict[str, Any]:
        """What was bought, and on which day."""
        return {"day": self._day.isoformat() if self._day else None, "bought_wh": round(self._bought_wh, 1)}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Take back what `state` gave; anything else is ignored."""
        self._day, self._bought_wh = day_in(state, "day"), number_in(state, "bought_wh") or 0.0

    def _wanted(self, context: DutyContext, prices: Sequence[PricePeriod]) -> Duty | None:
        most_wh = self._policy.negative_price_max_wh or 0.0
        number = number_at(prices, context.now)
        if number is None or self._bought_wh >= most_wh or prices[number].import_per_kwh >= 0:
            return None
        if self._rests_until is not None and context.now < self._rests_until:
            return None
        ends_at = prices[number].to_at
        for price in prices[number + 1 :]:
            if price.from_at != ends_at or price.import_per_kwh >= 0:
                break
            ends_at = price.to_at
        until = f"{ends_at.astimezone(self._zone):%H:%M}"
        because = (
            f"a bought kWh costs {prices[number].import_per_kwh:.3f}, less than nothing until {until}; "
            f"{self._bought_wh:.0f} of {most_wh:.0f} Wh today (negative_price_max_wh)"
        )
        until_s = context.tick_at(ends_at)
        return Duty(rule=NEGATIVE_PRICE, because=because, until_s=until_s, power_w=context.most_w, until_full=True)

    def _begin_day(self, now: datetime) -> None:
        today = now.astimezone(self._zone).date()
        if self._day != today:
            self._day, self._bought_wh = today, 0.0
