"""From quarter to quarter as the program would decide: what heats, what the battery does, what is left over or bought.

Powers are rounded to a tenth of a watt where they are decided, so that the sums of each quarter are right as they are
shown. Only what is automatic is shared out; what a load must draw is drawn, from battery and grid if need be.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, tzinfo

from pv_heater.core.house.ahead.quarters import CHARGE_EFFICIENCY, DISCHARGE_EFFICIENCY, Stretch
from pv_heater.core.house.headroom import headroom_w
from pv_heater.core.house.surplus import Foresight
from pv_heater.core.plan.load_ahead import LoadAhead, waits_for
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
    """Nothing heats by itself before, since nobody is at home."""
    dark: Collection[int]
    """Quarters outside the hours of automatic heating."""
    midnight: int
    """The first quarter of tomorrow."""
    foresight: Foresight


@dataclass(slots=True)
class Course:
    """What becomes of each quarter, W; `percent` is the charge at its beginning, and one more at the end of all."""

    sun_w: list[float] = field(default_factory=list)
    house_w: list[float] = field(default_factory=list)
    loads_w: dict[str, list[float]] = field(default_factory=dict)
    battery_w: list[float] = field(default_factory=list)
    unused_w: list[float] = field(default_factory=list)
    bought_w: list[float] = field(default_factory=list)
    percent: list[float] = field(default_factory=list)


class Walk:
    """One way through the quarters."""

    def __init__(self, home: PlannedHome, rows: Sequence[LoadAhead | BatteryShare], soc_percent: float | None) -> None:
        """`rows`: loads in their order, and the battery's place among them. `soc_percent` None: without a battery."""
        self._home, self._rows = home, rows
        self._loads = {row.policy.name: row for row in rows if isinstance(row, LoadAhead)}
        self._soc_percent = soc_percent
        self._is_low = soc_percent is not None and soc_percent < home.low_percent
        self.course = Course(loads_w={name: [] for name in self._loads})

    def go(self, quarters: Sequence[Stretch], bought: Mapping[str, Mapping[int, float]]) -> Course:
        """Through all of them; `bought` is the power that is bought for a load in some of them, by their number."""
        course = self.course
        for number, quarter in enumerate(quarters):
            if number == self._home.midnight:
                for load in self._loads.values():
                    load.begin_tomorrow()
            sun_w, house_w = round(quarter.sun_w, 1), round(quarter.use_w + self._home.dc_w, 1)
            heat_w = self._heat(number, quarter, sun_w - house_w, bought)
            for name, power_w in heat_w.items():
                self._loads[name].take(power_w * quarter.hours)
                course.loads_w[name].append(power_w)
            left_w = sun_w - house_w - sum(heat_w.values())
            course.percent.append(self._soc_percent or 0.0)
            battery_w = self._into_battery(left_w, quarter.hours)
            course.sun_w.append(sun_w)
            course.house_w.append(house_w)
            course.battery_w.append(battery_w)
            course.unused_w.append(round(max(0.0, left_w - battery_w), 1))
            course.bought_w.append(round(max(0.0, battery_w - left_w), 1))
        course.percent.append(self._soc_percent or 0.0)
        return course

    def _heat(
        self, number: int, quarter: Stretch, spare_w: float, bought: Mapping[str, Mapping[int, float]]
    ) -> dict[str, float]:
        """What each load draws in that quarter."""
        home, loads = self._home, self._loads
        for load in loads.values():
            load.pass_time(quarter.hours)
        if number in home.dark and not bought and all(load.waits_for_sun(quarter) for load in loads.values()):
            return dict.fromkeys(loads, 0.0)  # most quarters of a night
        must_w = {name: load.must_w(quarter, home.zone, home.away_until_at) for name, load in loads.items()}
        for name, powers_w in bought.items():
            if number in powers_w and must_w[name] is None:
                must_w[name] = min(powers_w[number], loads[name].to_go_wh / quarter.hours)
        free = [name for name, power_w in must_w.items() if power_w is None]
        heat_w = {name: round(power_w or 0.0, 1) for name, power_w in must_w.items()}
        if free and self._allows(number, quarter):
            self._share_out(number, quarter, spare_w - sum(heat_w.values()), free, heat_w)
        for name in free:
            loads[name].running = heat_w[name] > 0
        return heat_w

    def _share_out(
        self, number: int, quarter: Stretch, spare_w: float, free: Collection[str], heat_w: dict[str, float]
    ) -> None:
        """The surplus of that quarter among the loads that are `free` to take it; see `core.loads.allocator`."""
        home, soc_percent, wish_w = self._home, self._soc_percent, 0.0
        if soc_percent is not None:
            wanted_wh = sum(self._loads[name].today_wh for name in free)
            wish_w = home.foresight.battery_w(number, soc_percent, wanted_wh)
        first = any(isinstance(row, BatteryShare) for row in self._rows)
        reserved_w = max(0.0, min(wish_w, spare_w)) if first else 0.0
        room_w = headroom_w(quarter.use_w, home.site, home.limits) - sum(heat_w.values())
        pool_w = min(spare_w - wish_w - home.foresight.margin_w + reserved_w, room_w)
        for row in self._rows:
            if isinstance(row, BatteryShare):
                pool_w -= reserved_w
            elif row.policy.name in free and not waits_for(row, self._loads):
                power_w = round(row.automatic_w(pool_w, quarter.hours), 1)
                heat_w[row.policy.name] = power_w
                pool_w -= power_w

    def _allows(self, number: int, quarter: Stretch) -> bool:
        """Whether the guards let automatic heating pass."""
        home = self._home
        if self._soc_percent is not None:
            self._is_low = self._soc_percent < (home.release_percent if self._is_low else home.low_percent)
        return not self._is_low and number not in home.dark and quarter.start_at >= home.away_until_at

    def _into_battery(self, left_w: float, hours: float) -> float:
        """What it takes of what is left, or gives for what is missing (below 0); its charge follows."""
        battery, soc_percent = self._home.battery, self._soc_percent
        if battery is None or soc_percent is None:
            return 0.0
        stored_wh = battery.capacity_wh * soc_percent / 100.0
        if left_w >= 0:
            room_w = (battery.capacity_wh - stored_wh) / CHARGE_EFFICIENCY / hours
            battery_w = round(min(left_w, battery.charge_limit_w, max(0.0, room_w)), 1)
            stored_wh += battery_w * CHARGE_EFFICIENCY * hours
        else:
            least_percent = 0.0 if self._home.site.off_grid else battery.reserve_percent
            above_wh = stored_wh - battery.capacity_wh * least_percent / 100.0
            battery_w = -round(min(-left_w, max(0.0, above_wh) * DISCHARGE_EFFICIENCY / hours), 1)
            stored_wh += battery_w / DISCHARGE_EFFICIENCY * hours
        self._soc_percent = min(100.0, max(0.0, 100.0 * stored_wh / battery.capacity_wh))
        return battery_w
