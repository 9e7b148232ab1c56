"""What is known of the house at a step: the reading and its age, daylight, and what the guards make of it."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime, tzinfo

from pv_heater.core.actuators.idle import SETTLED_S, IdleLoads
from pv_heater.core.actuators.load_meters import Measured, MeasuredLoads
from pv_heater.core.actuators.setpoint_history import News
from pv_heater.core.house.ahead.house_ahead import HouseAhead
from pv_heater.core.house.ceiling import Ceiling, Import
from pv_heater.core.house.company.meanings import entitled_percent, moves_battery
from pv_heater.core.house.company.steered import Steered
from pv_heater.core.house.facts import HouseFacts
from pv_heater.core.house.full import TakesNothing
from pv_heater.core.house.guards import Block, Held, guards_of, site_blocks
from pv_heater.core.house.headroom import phase_headroom_w
from pv_heater.core.house.least_charge import LeastCharge, least_charge
from pv_heater.core.house.limited import Limited, tells_battery
from pv_heater.core.house.possible import Possible
from pv_heater.core.house.reading_age import STEADY_W, ReadingAge
from pv_heater.core.house.sun import DaylightHours, SunCourse
from pv_heater.core.house.surplus import FULL_FROM_PERCENT, AutomaticLoads, View
from pv_heater.core.house.two_measurements import TwoMeasurements, Way
from pv_heater.core.model.local_time import StepTime
from pv_heater.core.model.power_balance import house_w, spare_w
from pv_heater.core.model.prices import PricePeriod
from pv_heater.core.model.rule_id import Rule
from pv_heater.core.model.usual_battery import CAPACITY_WH, CHARGE_LIMIT_W
from pv_heater.core.model.values import Forecast, Inputs, Reading
from pv_heater.core.settings.home import Limits, Site
from pv_heater.core.settings.load import LoadSettings

NOTHING_HELD: Held = frozenset()


class HouseObserver:
    """Looks at the house for the controller; decides nothing."""

    def __init__(
        self,
        site: Site,
        limits: Limits,
        zone: tzinfo,
        *,
        local_source: bool,
        policies: Mapping[str, LoadSettings],
    ) -> None:
        """`policies`: the settings of every load."""
        max_power_w = {name: policy.max_power_w for name, policy in policies.items()}
        phases_at_least = max([policy.phase for policy in policies.values() if policy.phase is not None], default=0)
        self._site = site
        self._capacity_wh, self._charge_limit_w = _battery_of(site)
        self._limits = limits
        self._zone = zone
        self._guards, self._policies = guards_of(site, limits), tuple(policies.values())
        self._least_charge: tuple[float, LeastCharge] | None = None
        """The age limit of the readings, and what follows from it; None: to be worked out."""
        self._daylight = DaylightHours(limits.daylight, site, zone)
        self._sun: SunCourse | None = None
        if site.latitude is not None and site.longitude is not None:
            self._sun = SunCourse(site.latitude, site.longitude)
        self._evidence = ReadingAge(max_reading_age_s=limits.max_reading_age_s, local_source=local_source)
        self._drawing = IdleLoads(max_power_w)
        self._held = NOTHING_HELD
        self._distrusted_because: str | None = None
        self._possible = Possible(site)
        self._limited = Limited(site, limits, phases_at_least=phases_at_least)
        self.measured_twice = TwoMeasurements(off_grid=site.off_grid, has_battery=site.battery is not None)
        """The two ways in which the house is measured, and which of them is believed."""
        self._full = TakesNothing(site)
        self.steered = Steered(zone)
        """Who else steers the battery."""
        self._import = Import(limits.max_grid_w)
        self._observed_s: float | None = None
        """The tick of this step; None before the first."""
        self._reading: Reading | None = None
        """The reading in force in this step, None without one that may be used."""
        self.news: News | None = None
        """What this step brought; None: no new reading, or none that may be used."""
        self._most_own_w = sum(max_power_w.values())
        self.ceiling = Ceiling()
        """What reaches house and loads without the grid."""
        self.ahead = HouseAhead(site)
        """What is expected of sun and house."""
        self._trusted_again = 0
        """How often the meter was believed again after it was not."""

    def adopt(self, site: Site, limits: Limits, policies: Mapping[str, LoadSettings]) -> None:
        """Go on with these limits and this reserve of the battery; what was seen stays, also which guards block."""
        if limits.daylight != self._limits.daylight:
            self._daylight = DaylightHours(limits.daylight, site, self._zone)
        self._site, self._limits = site, limits
        self._capacity_wh, self._charge_limit_w = _battery_of(site)
        self._guards, self._policies = guards_of(site, limits), tuple(policies.values())
        self._least_charge = None
        self._limited.adopt(limits)
        self._import.adopt(limits.max_grid_w)

    def observe(
        self, reading: Reading | None, now: datetime, tick_s: float, *, distrusted_because: str | None = None
    ) -> None:
        """Take note of what the meter says; None or a repeated reading adds nothing. See `Inputs`."""
        evidence, before = self._evidence, self._distrusted_because
        evidence.observe(self._possible.believed(reading), now, tick_s)
        if before is not None and distrusted_because is None:
            self._trusted_again += 1
        self._distrusted_because = distrusted_because
        if evidence.is_new and evidence.reading is not None:
            self._observe_new(evidence.reading, tick_s)
        self.ceiling.pass_time(tick_s, self._most_own_w)
        self._observed_s, self._reading = tick_s, self._fresh(tick_s)
        self.news = None if self._reading is None or not evidence.is_new else evidence.news(self._reading)

    def _observe_new(self, reading: Reading, tick_s: float) -> None:
        """What is learned of the home by a reading that was not seen before, where the meter is believed."""
        evidence, twice = self._evidence, self.measured_twice
        taken_s, own_w = evidence.taken_tick_s, evidence.own_w
        believed = twice.observe(reading, taken_s, own_w, own_is_steady=evidence.is_steady)
        if believed is not reading:
            evidence.amend(believed)
            own_w = evidence.own_w
        if self._distrusted_because is not None:
            return
        self._limited.note(believed, taken_s, own_w, evidence.own_by_load_w)
        self.steered.observe(believed, taken_s)
        is_steered = self.steered.steering is not None and moves_battery(self.steered.steering)
        if is_steered:
            self._full.no_evidence()
        else:
            self._full.observe(believed, taken_s, own_w)
        self._import.observe(believed, tick_s, evidence.own_rise_w)
        if evidence.is_steady and not is_steered:
            self.ceiling.observe(believed, tick_s, own_w, self._import)

    def remember_own(self, tick_s: float, power_w: Mapping[str, float]) -> None:
        """Note what each load is set to draw from `tick_s` on."""
        self._evidence.remember_own(tick_s, power_w)

    def found_idle(self, news: News) -> dict[str, str]:
        """Loads that a new reading proves to draw nothing, with the reason. Their past settings count no more."""
        evidence = self._evidence
        found = self._drawing.find(news.reading, news.taken_tick_s, evidence.least_own_w(SETTLED_S))
        for name in found:
            evidence.disown(name)
        return found

    def measured(self, tick_s: float, own: Mapping[str, Measured]) -> MeasuredLoads:
        """What the newest reading says of the loads at this tick, beside their `own` meters."""
        reading = self._reading if tick_s == self._observed_s else self._fresh(tick_s)
        house_w = {} if reading is None else reading.load_w
        return MeasuredLoads(own=own, house_w=house_w, taken_s=self._evidence.earliest_tick_s)

    def phase_headroom_w(self, tick_s: float, phases: Mapping[str, int | None]) -> tuple[float, ...]:
        """What each phase can still carry; `phases` tells the phase of each load. See `core.house.headroom`."""
        if self._limits.max_phase_w is None:
            return ()
        told = self._limited.phases_told(tick_s, self._evidence.max_age_s)
        return () if told is None else phase_headroom_w(told[0], self._limits, told[1], phases)

    def look(
        self,
        time: StepTime,
        now: datetime,
        forecast: Forecast | None,
        inputs: Inputs,
        *,
        cleared: Collection[str],
        commanded_w: float,
        least_on_w: float,
        vacation_until_at: datetime | None,
    ) -> HouseFacts:
        """All that is known of the house. `least_on_w`: what the loads that are on draw together at their least."""
        tick_s, evidence, reading = time.tick_s, self._evidence, self._reading
        own_w, max_age_s, age_s = evidence.own_w, evidence.max_age_s, evidence.age_s(tick_s)
        can_fall = commanded_w > least_on_w + STEADY_W or own_w > least_on_w + STEADY_W
        whole_w = None if reading is None else house_w(reading)
        base_w, over_w = (None, None) if reading is None else spare_w(reading, whole_w, own_w)
        return HouseFacts(
            now=now,
            tick_s=tick_s,
            elapsed_s=time.elapsed_s,
            inputs=inputs,
            knows_time=inputs.clock_trusted is not False,
            cleared=cleared,
            vacation_until_at=vacation_until_at,
            daylight=self._daylight.allows(now),
            daylight_changes_at=self._daylight.changes_at(now),
            always_allowed=self._daylight.is_whole_day,
            forecast=forecast,
            reading=reading,
            reading_is_new=evidence.is_new,
            taken_tick_s=evidence.taken_tick_s,
            reading_age_s=age_s,
            max_reading_age_s=max_age_s,
            least_charge=self._least_charge_at(max_age_s),
            stale_share=evidence.share_at(age_s),
            source_interval_s=evidence.reading.interval_s if evidence.reading is not None else None,
            refused_because=self._possible.refused_because,
            own_w=own_w,
            own_by_load_w=evidence.own_by_load_w,
            own_rise_w=evidence.own_rise_w,
            own_is_steady=evidence.is_steady,
            commanded_w=commanded_w,
            house_w=whole_w,
            base_w=base_w,
            base_told_w=self._limited.base_w(tick_s, max_age_s) if base_w is None else base_w,
            spare_w=over_w,
            known=self._limited.at(tick_s, max_age_s, reading, whole_w, commanded_w),
            load_c=inputs.load_c if reading is None else {**reading.load_c, **inputs.load_c},
            import_is_answered=commanded_w > 0 and self._import.is_answered(tick_s, can_fall=can_fall),
            battery_is_full=self._full.is_full,
        )

    def blocks(self, house: HouseFacts) -> tuple[Block, ...]:
        """Every guard that blocks, most serious first; remembered, since guards release later than they block."""
        blocks = site_blocks(house, self._site, self._limits, self._held, self._guards)
        self._held = NOTHING_HELD
        if blocks:
            self._held = frozenset([block.guard for block in blocks])
            if Rule.GRID_DRAW in self._held:
                self.ceiling.forget()
        return blocks

    def view(
        self,
        house: HouseFacts,
        loads: AutomaticLoads,
        *,
        battery_target_percent: float | None,
        prices: tuple[PricePeriod, ...],
    ) -> View | None:
        """The picture for a strategy; None without a fresh reading."""
        reading = house.reading
        if reading is None:
            return None
        site, knows_time = self._site, house.knows_time
        forecast = house.forecast if knows_time else None
        if knows_time:
            self.ahead.begin(house.now, forecast)
        steering = self.steered.steering
        feed_in = site.feed_in if site.feed_in is not None else bool(reading.feed_in_allowed)
        charge_percent = self._of_full(reading.battery_soc_percent)
        if house.battery_is_full or (charge_percent is not None and charge_percent > 100.0):
            charge_percent = 100.0
        sun_hides = reading.pv_throttled
        if sun_hides is None:
            sun_hides = not feed_in and (charge_percent is None or charge_percent >= FULL_FROM_PERCENT)
        return View(
            house=house,
            loads=loads,
            reading=reading,
            forecast=forecast,
            ahead=self.ahead,
            sun=self._sun if knows_time else None,
            balance_spare_w=self._balance_spare_w(house.own_w),
            grid_passes=self._grid_passes(reading, house.tick_s),
            course=self._evidence.course + self._trusted_again + self.measured_twice.changes,
            feed_in=feed_in,
            charge_percent=charge_percent,
            sun_hides=sun_hides,
            capacity_wh=self._capacity_wh,
            charge_limit_w=self._charge_limit_w,
            site=site,
            limits=self._limits,
            battery_target_percent=self._of_full(battery_target_percent),
            prices=prices,
            steering=steering,
            is_steered=steering is not None and moves_battery(steering),
            entitled_percent=None if steering is None else self._of_full(entitled_percent(steering, reading)),
            grid_target_w=self._grid_target_w(reading),
        )

    def _least_charge_at(self, max_age_s: float) -> LeastCharge:
        known = self._least_charge
        if known is None or known[0] != max_age_s:
            least = least_charge(self._site, self._limits, self._policies, max_age_s)
            known = self._least_charge = (max_age_s, least)
        return known[1]

    def _of_full(self, percent: float | None) -> float | None:
        """A charge that is shown, as a share of a full battery."""
        battery = self._site.battery
        if percent is None or battery is None or battery.full_percent >= 100.0:
            return percent
        return battery.of_full(percent)

    def _grid_target_w(self, reading: Reading) -> float:
        """The grid power aimed at. Where there is a battery it pays before the grid does: nothing is bought then."""
        target_w = self._limits.grid_target_w
        if target_w <= 0:
            return target_w
        has_battery = self._site.battery is not None or tells_battery(reading)
        return 0.0 if has_battery else target_w

    def _grid_passes(self, reading: Reading, tick_s: float) -> bool:
        """Whether the grid bears, or takes, a step of a load that the inverter is taking over."""
        grid_w = reading.grid_w or 0.0
        return self._import.passes(tick_s) if grid_w > 0 else -grid_w <= self._evidence.own_fall_w

    def _balance_spare_w(self, own_w: float) -> float | None:
        """By battery and grid, unless a step of our own has shown that they do not tell the house."""
        twice = self.measured_twice
        if twice.drained_w is None or (twice.house_w and twice.trusted is Way.CONSUMPTION):
            return None
        return own_w - twice.drained_w

    def _fresh(self, tick_s: float) -> Reading | None:
        """The reading in force while it is younger than its limit and believed, else None."""
        if self._distrusted_because is not None:
            return None
        age_s = self._evidence.age_s(tick_s)
        return self._evidence.reading if age_s is not None and age_s < self._evidence.max_age_s else None


def _battery_of(site: Site) -> tuple[float, float]:
    """(what it holds when full, the most it takes): as configured, else as is usual."""
    battery = site.battery
    return (CAPACITY_WH, CHARGE_LIMIT_W) if battery is None else (battery.capacity_wh, battery.charge_limit_w)
