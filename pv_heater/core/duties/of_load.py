"""The duties of one load, each with what it remembers, and what is told of all of them together."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from datetime import tzinfo
from math import inf
from typing import Any, Self

from pv_heater.core.duties.boost import BoostOf
from pv_heater.core.duties.context import DutyContext
from pv_heater.core.duties.frost import Frost
from pv_heater.core.duties.guarantee import Due, Guarantee
from pv_heater.core.duties.legionella import Hygiene
from pv_heater.core.duties.negative_price import NegativePrice
from pv_heater.core.duties.tank import USUAL_TAKEN_W, Tank
from pv_heater.core.model.lean import dataclass
from pv_heater.core.model.numbers import group_in, number_in
from pv_heater.core.settings.load import LoadSettings


@dataclass(frozen=True, slots=True, kw_only=True)
class DutiesAhead:
    """What is known of one load's tank and guarantee for the day ahead."""

    to_go_wh: float | None
    """Until its tank is full; None: not known."""
    tank_wh: float
    """What a cold tank takes; without end where there is none."""
    taken_w: float
    """Hot water that is drawn, on average."""
    dues: tuple[Due, ...]
    """What its guarantee asks for, in order of time."""
    may_buy: bool
    """False while nothing may be bought for it."""


@dataclass(slots=True)
class DutiesOfLoad:
    """What one load must do, and how its tank stands."""

    policy: LoadSettings
    guarantee: Guarantee
    hygiene: Hygiene | None
    frost: Frost
    boost: BoostOf
    negative_price: NegativePrice
    tank: Tank | None
    energy_wh: float | None = None
    """Its count of the day at the last look; None before the first."""
    elapsed_s: float = 0.0
    """Time since the last look."""
    told_wh: float = 0.0
    context: DutyContext | None = None
    said: dict[str, str] = field(default_factory=dict)
    """The last notice of each part."""
    notice: str | None = None
    has_duties: bool = False
    """Whether the settings ask for anything; the owner may always ask for a boost."""

    @classmethod
    def of(cls, policy: LoadSettings, zone: tzinfo) -> Self:
        """By its settings; nothing has happened yet."""
        hot_water = policy.hot_water
        hygiene = None
        if hot_water is not None and hot_water.hygiene is not None:
            hygiene = Hygiene(hot_water, hot_water.hygiene, zone)
        return cls(
            policy=policy,
            guarantee=Guarantee(policy, zone),
            frost=Frost(policy, zone),
            hygiene=hygiene,
            boost=BoostOf(policy),
            negative_price=NegativePrice(policy, zone),
            tank=Tank(hot_water, policy.target_c) if hot_water is not None else None,
            has_duties=_asks_for_duties(policy),
        )

    def adopt(self, policy: LoadSettings) -> None:
        """Go on with these settings; what was counted and what runs stays."""
        self.policy, self.has_duties = policy, _asks_for_duties(policy)
        self.guarantee.adopt(policy)
        self.frost.adopt(policy)
        self.boost.adopt(policy)
        self.negative_price.adopt(policy)
        hot_water = policy.hot_water
        if hot_water is not None and self.tank is not None:
            self.tank.adopt(hot_water, policy.target_c)
        if hot_water is not None and hot_water.hygiene is not None and self.hygiene is not None:
            self.hygiene.adopt(hot_water, hot_water.hygiene)

    def ahead(self, context: DutyContext) -> DutiesAhead:
        """What is known of the days ahead, as of that look."""
        tank = self.tank
        return DutiesAhead(
            to_go_wh=None if tank is None else tank.to_go_wh(context.temperature_c),
            tank_wh=inf if tank is None else tank.full_wh,
            taken_w=USUAL_TAKEN_W if tank is None else tank.taken_w,
            dues=self.guarantee.ahead(context),
            may_buy=context.may_buy if context.away_until_at is None else context.may_protect,
        )

    def gather_notices(self) -> None:
        """The newest of what the parts have to tell."""
        parts = {
            "boost": self.boost.notice,
            "guarantee": self.guarantee.notice,
            "frost": self.frost.notice,
            "negative_price": self.negative_price.notice,
        }
        if self.hygiene is not None:
            parts["hygiene"] = self.hygiene.notice
        for part, notice in parts.items():
            if notice is not None and self.said.get(part) != notice:
                self.said[part] = self.notice = notice

    def state(self, tick_s: float) -> dict[str, Any]:
        """What must survive a restart."""
        return {
            "energy_wh": self.energy_wh,
            "guarantee": self.guarantee.state(),
            "frost": self.frost.state(),
            "hygiene": self.hygiene.state() if self.hygiene is not None else None,
            "boost": self.boost.state(tick_s),
            "negative_price": self.negative_price.state(),
            "tank": self.tank.state() if self.tank is not None else None,
        }

    def restore(self, saved: Mapping[str, Any], tick_s: float, away_s: float) -> None:
        """Go on `away_s` seconds after `saved` was given; anything else is ignored."""
        self.energy_wh = number_in(saved, "energy_wh")
        self.guarantee.restore(group_in(saved, "guarantee"))
        self.frost.restore(group_in(saved, "frost"))
        self.boost.restore(group_in(saved, "boost"), tick_s, away_s)
        self.negative_price.restore(group_in(saved, "negative_price"))
        if self.hygiene is not None:
            self.hygiene.restore(group_in(saved, "hygiene"))
        if self.tank is not None:
            self.tank.restore(group_in(saved, "tank"), away_s)


def _asks_for_duties(policy: LoadSettings) -> bool:
    asks = (policy.daily_min_wh, policy.hot_water, policy.frost_c, policy.negative_price_max_wh)
    return any(setting is not None for setting in asks)
