"""How full of heat a tank is, for people: from its probe, else estimated from what went in since it was last full.

The estimate knows one fixed point, a thermostat that has opened. From there the tank loses what this household has
taken on average between two such moments; until the second, what a usual one takes. The water counts as mixed.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from pv_heater.core.duties.context import DutyContext
from pv_heater.core.model.numbers import number_in
from pv_heater.core.model.tank import HygieneRecord, TankStatus
from pv_heater.core.settings.hot_water import HotWater

WATER_WH_PER_LITRE_K = 1.163
"""Heat capacity of water, 4.187 kJ/(kg K)."""
USUAL_TAKEN_W = 300.0
"""5.8 kWh of hot water, tapping profile M of Commission Regulation (EU) 814/2013, and 1.3 kWh of losses a day."""
LEARN_SHARE = 0.3
"""Share of a new time between two full tanks in what is known of the household."""
LEAST_LEARNED_S = 6 * 3600.0
"""A shorter time says nothing of a day: a thermostat closes and opens again."""


class Tank:
    """Follows one tank."""

    def __init__(self, hot_water: HotWater, target_c: float | None) -> None:
        """`target_c`: the load's own target, where it counts as full; None: its thermostat's."""
        self._hot_water = hot_water
        self._full_c = hot_water.hot_c if target_c is None else target_c
        self.full_wh = heat_wh(hot_water, hot_water.cold_c, self._full_c)
        """What it takes when it is cold."""
        self._content_wh: float | None = None
        self._taken_w = USUAL_TAKEN_W
        self._since_full_wh = 0.0
        self._since_full_s = 0.0
        self._was_full = False

    def adopt(self, hot_water: HotWater, target_c: float | None) -> None:
        """Other temperatures of the same tank; what it holds stays, as far as it counts as full now."""
        self._hot_water = hot_water
        self._full_c = hot_water.hot_c if target_c is None else target_c
        self.full_wh = heat_wh(hot_water, hot_water.cold_c, self._full_c)
        if self._content_wh is not None:
            self._content_wh = min(self.full_wh, self._content_wh)

    def observe(self, context: DutyContext) -> None:
        """Take note of the step that ended."""
        self._since_full_wh += context.given_wh
        self._since_full_s += context.elapsed_s
        if context.drew_nothing:
            self._note_full()
        elif self._content_wh is not None:
            taken_wh = self._taken_w * context.elapsed_s / 3600.0
            self._content_wh = min(self.full_wh, max(0.0, self._content_wh + context.given_wh - taken_wh))
        self._was_full = context.drew_nothing

    def to_go_wh(self, temperature_c: float | None) -> float | None:
        """Energy until it is full, by its probe or by what went in; None: not known."""
        content_wh = self._content_wh
        if temperature_c is not None:
            content_wh = heat_wh(self._hot_water, self._hot_water.cold_c, temperature_c)
        return None if content_wh is None or self.full_wh <= 0 else max(0.0, self.full_wh - content_wh)

    @property
    def taken_w(self) -> float:
        """Hot water that this household draws, and losses, on average."""
        return self._taken_w

    def status_at(
        self, context: DutyContext, power_w: float, hygiene: str | None, record: HygieneRecord | None = None
    ) -> TankStatus:
        """How it stands at `context`, heated with `power_w` from now on."""
        to_go_wh = self.to_go_wh(context.temperature_c)
        if to_go_wh is None:
            return TankStatus(
                percent=None, kwh_to_go=None, ready_at=None, estimated=True, hygiene=hygiene, hygiene_record=record
            )
        ready_at = context.now + timedelta(hours=to_go_wh / power_w) if power_w > 0 and to_go_wh > 0 else None
        return TankStatus(
            percent=round(100.0 - 100.0 * to_go_wh / self.full_wh, 1),
            kwh_to_go=round(to_go_wh / 1000.0, 2),
            ready_at=ready_at,
            estimated=context.temperature_c is None,
            hygiene=hygiene,
            hygiene_record=record,
        )

    def state(self) -> dict[str, Any]:
        """What it holds and what the household takes of it, as plain JSON types; None where unknown."""
        return {
            "content_wh": None if self._content_wh is None else round(self._content_wh, 1),
            "taken_w": round(self._taken_w, 1),
            "since_full_wh": round(self._since_full_wh, 1),
            "since_full_s": round(self._since_full_s),
        }

    def restore(self, state: Mapping[str, Any], away_s: float) -> None:
        """Take back what `state` gave `away_s` seconds ago; anything else is ignored."""
        self._content_wh = number_in(state, "content_wh")
        self._taken_w = number_in(state, "taken_w") or USUAL_TAKEN_W
        self._since_full_wh = number_in(state, "since_full_wh") or 0.0
        self._since_full_s = (number_in(state, "since_full_s") or 0.0) + away_s
        if self._content_wh is not None:
            self._content_wh = min(self.full_wh, max(0.0, self._content_wh - self._taken_w * away_s / 3600.0))

    def _note_full(self) -> None:
        if not self._was_full:
            if self._content_wh is not None and self._since_full_s >= LEAST_LEARNED_S:
                seen_w = self._since_full_wh / self._since_full_s * 3600.0
                self._taken_w += LEARN_SHARE * (seen_w - self._taken_w)
            self._since_full_wh = self._since_full_s = 0.0
        self._content_wh = self.full_wh


def heat_wh(hot_water: HotWater, from_c: float, to_c: float) -> float:
    """Energy between two temperatures, Wh; 0 where it is that warm already."""
    return max(0.0, to_c - from_c) * hot_water.volume_l * WATER_WH_PER_LITRE_K
