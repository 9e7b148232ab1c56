"""From quarter to quarter as the program would decide: what heats, what the battery does, what is left over or bought.

Powers are rounded to a tenth of a watt where they are decided, so that the sums of each quarter are right as they are
shown. Only what is automatic is shared out; what a load must draw is drawn, from battery and grid if need be.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, tzinfo

from pv_heater.core.house.ahead.quarters import Stretch
from pv_heater.core.house.headroom import headroom_w
from pv_heater.core.house.surplus import Foresight
from pv_heater.core.model.lean import dataclass
from pv_heater.core.model.usual_battery import CHARGE_EFFICIENCY, DISCHARGE_EFFICIENCY
from pv_heater.core.plan.load_ahead import NEVER_AT, LoadAhead, waits_for
from pv_heater.core.settings.home import Battery, Limits, Site
from pv_heater.core.settings.load import BatteryShare


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedHome:
    """What is the same in all quarters."""

    site: Site
    limits: Limits
    zone: tzinfo
    battery: Battery | None
    """None: there is none."""
    low_percent: float
    """Below it nothing heats by itself."""
    release_percent: float
    """From it on something does again."""
    dc_w: float
    """What DC loads take."""
    away_until_at: datetime
    """No timer switches on before, since nobody is at home."""
    dark: Collection[int]
    """Quarters outside the hours of automatic heating."""
    midnight: int
    """The first quarter of tomorrow."""
    foresight: Foresight


@dataclass(frozen=True, slots=True, kw_only=True)
class Course:
    """What becomes of each quarter, W; `percent` is the charge at its beginning, and one more at the end of all."""

    loads_w: Mapping[str, Sequence[float]]
    sun_w: tuple[float, ...]
    house_w: tuple[float, ...]
    battery_w: tuple[float, ...]
    unused_w: tuple[float, ...]
    bought_w: tuple[float, ...]
    percent: tuple[float, ...]


class Walk:
    """One way through the quarters."""

    def __init__(self, home: PlannedHome, rows: Sequence[LoadAhead | BatteryShare], soc_percent: float | None) -> None:
        """`rows`: loads in their order, and the battery's place among them. `soc_percent` None: without a battery."""
        self._home, self._rows = home, rows
        self.loads = {row.policy.name: row for row in rows if isinstance(row, LoadAhead)}
        """What each has had on the way."""
        self._nothing_w = dict.fromkeys(self.loads, 0.0)
        self._drawn_from = [load for load in self.loads.values() if load.taken_w > 0]
        self._by_sun_from_at = max([load.by_sun_from_at for load in self.loads.values()], default=NEVER_AT)
        """In the dark nothing heats from then on."""
        self._has_battery_row = len(self.loads) < len(rows)
        self._is_limited = headroom_w(None, home.site, home.limits) == 0
        self._charge_limit_w = 0.0 if home.battery is None else home.battery.charge_limit_w
        self._soc_percent = soc_percent
        self._is_low = soc_percent is not None and soc_percent < home.low_percent

    def go(self, quarters: Sequence[Stretch], bought: Mapping[str, Mapping[int, float]]) -> Course:
        """Through all of them; `bought` is the power that is bought for a load in some of them, by their number."""
        loads, home = self.loads, self._home
        loads_w: dict[str, list[float]] = {name: [] for name in loads}
        rows: list[tuple[float, float, float, float, float, float]] = []
        for number, quarter in enumerate(quarters):
            if number == home.midnight:
                for load in loads.values():
                    load.begin_tomorrow()
            hours, sun_w, house_w = quarter.hours, round(quarter.sun_w, 1), round(quarter.use_w + home.dc_w, 1)
            heat_w, total_w = self._heat(number, quarter, sun_w - house_w, bought), 0.0
            for name, power_w in heat_w.items():
                if power_w > 0:
                    loads[name].take(power_w * hours)
                    total_w += power_w
                loads_w[name].append(power_w)
            left_w, percent = sun_w - house_w - total_w, self._soc_percent or 0.0
            battery_w = self._into_battery(left_w, hours)
            over_w = left_w - battery_w
            unused_w = round(over_w, 1) if over_w > 0 else 0.0
            bought_w = round(-over_w, 1) if over_w < 0 else 0.0
            rows.append((sun_w, house_w, battery_w, unused_w, bought_w, percent))
        suns_w, houses_w, batteries_w, unuseds_w, boughts_w, percents = zip(*rows, strict=True)
        return Course(
            loads_w=loads_w,
            sun_w=suns_w,
            house_w=houses_w,
            battery_w=batteries_w,
            unused_w=unuseds_w,
            bought_w=boughts_w,
            percent=(*percents, self._soc_percent or 0.0),
        )

    def _heat(
        self, number: int, quarter: Stretch, spare_w: float, bought: Mapping[str, Mapping[int, float]]
    ) -> Mapping[str, float]:
        """What each load draws in that quarter."""
        home, loads = self._home, self.loads
        for load in self._drawn_from:
            load.pass_time(quarter.hours)
        if number in home.dark and not bought and quarter.start_at >= self._by_sun_from_at:
            return self._nothing_w  # most quarters of a night
        heat_w: dict[str, float] = {}
        free: list[str] = []
        for name, load in loads.items():
            must_w = load.must_w(quarter, home.zone, home.away_until_at)
            if must_w is None and name in bought and number in bought[name]:
                must_w = min(bought[name][number], load.to_go_wh / quarter.hours)
            if must_w is None:
                free.append(name)
            heat_w[name] = round(must_w, 1) if must_w else 0.0
        if free and self._allows(number):
            self._share_out(number, quarter, spare_w, free, heat_w)
        for name in free:
            loads[name].running = heat_w[name] > 0
        return heat_w

    def _share_out(
        self, number: int, quarter: Stretch, spare_w: float, free: Collection[str], heat_w: dict[str, float]
    ) -> None:
        """The surplus of that quarter among the loads that are `free` to take it; see `core.loads.allocator`."""
        home, loads, soc_percent = self._home, self.loads, self._soc_percent
        must_w, wish_w, reserved_w = sum(heat_w.values()), 0.0, 0.0
        spare_w -= must_w
        if spare_w + home.foresight.give_w <= 0:
            return  # nothing to share out
        if soc_percent is not None:
            wanted_wh = 0.0
            for name in free:
                wanted_wh += loads[name].today_wh
            wish_w = home.foresight.battery_w(number, soc_percent, wanted_wh)
        if self._has_battery_row:
            reserved_w = max(0.0, min(wish_w, spare_w))
        pool_w = spare_w - wish_w - home.foresight.margin_w + reserved_w
        if self._is_limited:
            pool_w = min(pool_w, headroom_w(quarter.use_w, home.site, home.limits) - must_w)
        for row in self._rows:
            if isinstance(row, BatteryShare):
                pool_w -= reserved_w
            elif row.policy.name in free and not waits_for(row, loads):
                power_w = round(row.automatic_w(pool_w, quarter.hours), 1)
                heat_w[row.policy.name] = power_w
                pool_w -= power_w

    def _allows(self, number: int) -> bool:
        """Whether the guards let automatic heating pass."""
        home = self._home
        if self._soc_percent is not None:
            self._is_low = self._soc_percent < (home.release_percent if self._is_low else home.low_percent)
        return not self._is_low and number not in home.dark

    def _into_battery(self, left_w: float, hours: float) -> float:
        """What it takes of what is left, or gives for what is missing (below 0); its charge follows."""
        battery, soc_percent = self._home.battery, self._soc_percent
        if battery is None or soc_percent is None:
            return 0.0
        capacity_wh = battery.capacity_wh
        stored_wh = capacity_wh * soc_percent / 100.0
        if left_w >= 0:
            room_w = (capacity_wh - stored_wh) / CHARGE_EFFICIENCY / hours
            most_w = room_w if room_w < self._charge_limit_w else self._charge_limit_w
            battery_w = 0.0 if most_w <= 0 else round(left_w if left_w < most_w else most_w, 1)
            stored_wh += battery_w * CHARGE_EFFICIENCY * hours
        else:
            least_percent = 0.0 if self._home.site.off_grid else battery.reserve_percent
            above_wh = stored_wh - capacity_wh * least_percent / 100.0
            most_w = above_wh * DISCHARGE_EFFICIENCY / hours if above_wh > 0 else 0.0
            battery_w = -round(most_w if most_w < -left_w else -left_w, 1)
            stored_wh += battery_w / DISCHARGE_EFFICIENCY * hours
        percent = 100.0 * stored_wh / capacity_wh
        self._soc_percent = 100.0 if percent > 100.0 else percent if percent > 0.0 else 0.0
        return battery_w
