"""Why nothing may heat at a step: the guards as the owner was promised them, judged from outside the controller."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from math import inf

from pv_heater.core.model.values import Decision, Reading
from pv_heater.core.settings.home import Limits, Site
from pv_heater.core.settings.load import LoadSettings

ROUNDING = 1e-6
GRID_ALARM_FACTOR = 5.0
TAKEN_OVER_S = 5.0
ANSWERED_S, ANSWERED_INTERVALS = 20.0, 2.0
"""So long import may last while loads that run come down, or so many intervals of a slow meter; none starts then."""
SLOWEST_REGULATED_S = 300.0
LONGEST_AGE_S = 900.0
SILENCE_S, BURST_S = 10.0, 3.0
"""After such a silence readings need not be taken for this long: they may be what a hung broker slept through."""
HELD_SHARE, DIP_WH, DIP_S = 2.0 / 3.0, 20.0, 300.0
"""Above its reserve a battery keeps what loads may draw until they are down, and a dip that is bridged."""
UNKNOWN_BATTERY_PERCENT = 30.0
PROVES_DAY_W = 20.0
STANDBY_W = 200.0
READY_WITHIN = timedelta(days=1)
"""As the documentation promises them; said anew, so that a slip in the guards is seen here."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Blocks:
    """Each None where nothing forbids heating."""

    safety: str | None = None
    """Nothing passes."""
    at_once: str | None = None
    """Automatic heating ends without delay."""
    knows_time: bool = True
    """Whether the time of day may be believed."""
    waiting: str | None = None
    """Automatic heating ends once its minimum on time is over."""
    starting: str | None = None
    """Nothing may start by itself, though what runs may still come down."""
    away: str | None = None
    """The same for all but the loads that are made ready, in the day before its owner returns."""
    returns: bool = False
    """Whether that day has come."""
    may_end: str | None = None
    """Automatic heating may end before its minimum on time is over: it need not wait until `at_once` says so."""

    @property
    def energy(self) -> str | None:
        """What forbids that a load starts by itself."""
        return self.at_once or self.waiting or self.starting


class Forbidden:
    """Follows what the controller was told, and says what forbids heating."""

    def __init__(self, site: Site, limits: Limits, policies: Collection[LoadSettings], *, in_house: bool) -> None:
        """`in_house`: a meter on the spot is among those configured, not the portal alone."""
        self._in_house = in_house
        self._site = site
        self._limits = limits
        self._policies = policies
        self._vacation_until_at: datetime | None = None
        self._seen_at: set[datetime] = set()
        self._youngest_s = -inf
        """The latest tick at which any reading that has come was taken."""
        self._interval_s: float | None = None
        self._heard_s = self._burst_until_s = -inf
        self._was_silent = False
        """Nothing new came for `SILENCE_S` though it was asked for."""
        self._set_w: list[tuple[float, Mapping[str, float]]] = []
        """What the loads were set to from a tick on, of the last readings' age."""
        self._lacks_since_s: float | None = None
        """Since when the grid delivers more than it may while loads run; None: it does not."""

    def note_reading(self, now: datetime, tick_s: float, reading: Reading | None) -> bool:
        """Whether this is plainly the newest reading so far, and one that must be taken.

        It need not be where this home cannot have it, nor in a burst after a silence.
        """
        if reading is None or reading.taken_at in self._seen_at:
            self._was_silent = tick_s - self._heard_s >= SILENCE_S
            return False
        newest = not self._seen_at or reading.taken_at > max(self._seen_at)
        must_be_taken = newest and not beyond_the_home(self._site, reading)
        if must_be_taken:
            if self._was_silent:
                self._burst_until_s = tick_s + BURST_S
            self._heard_s, self._was_silent = tick_s, False
        else:  # what is refused, or was taken before the newest, says nothing new: the meter may still be silent
            self._was_silent = tick_s - self._heard_s >= SILENCE_S
        self._seen_at.add(reading.taken_at)
        self._youngest_s = max(self._youngest_s, tick_s - max(0.0, (now - reading.taken_at).total_seconds()))
        if newest:
            self._interval_s = reading.interval_s
        return must_be_taken and tick_s >= self._burst_until_s

    def note_vacation(self, until_at: datetime | None) -> None:
        """Nobody is home until then."""
        self._vacation_until_at = until_at

    def note_restart(self) -> None:
        """No reading has come yet."""
        self._seen_at, self._youngest_s, self._set_w = set(), -inf, []
        self._lacks_since_s = None

    def blocks(self, now: datetime, tick_s: float, decision: Decision) -> Blocks:
        """What forbids heating now."""
        blocks = self._blocks(now, tick_s, decision)
        self._set_w.append((tick_s, {name: setpoint.power_w for name, setpoint in decision.setpoints.items()}))
        while len(self._set_w) > 1 and self._set_w[1][0] < tick_s - LONGEST_AGE_S - TAKEN_OVER_S:
            del self._set_w[0]
        return blocks

    def _blocks(self, now: datetime, tick_s: float, decision: Decision) -> Blocks:
        knows_time, until_at = decision.trace.clock_trusted is not False, self._vacation_until_at
        lacking_w, imports = self._lacking_w(tick_s, decision), f"the grid delivers {decision.trace.grid_w} W"
        if lacking_w <= self._limits.max_grid_w:
            self._lacks_since_s = None
        elif self._lacks_since_s is None:
            self._lacks_since_s = tick_s
        return Blocks(
            safety=next(self._safety(decision), None),
            at_once=next(self._at_once(tick_s, decision), None),
            waiting=next(self._waiting(tick_s, decision), None),
            starting=imports if self._lacks_since_s is not None else None,
            may_end=imports if lacking_w > GRID_ALARM_FACTOR * self._limits.max_grid_w else None,
            knows_time=knows_time,
            away="it is vacation" if self._is_away(now, knows_time=knows_time) else None,
            returns=knows_time and until_at is not None and until_at - now <= READY_WITHIN,
        )

    def _is_away(self, now: datetime, *, knows_time: bool) -> bool:
        return self._vacation_until_at is not None and (not knows_time or now < self._vacation_until_at)

    def is_at_reserve(self, decision: Decision) -> bool:
        """Whether the battery holds no more than its reserve."""
        soc_percent, battery = decision.trace.battery_soc_percent, self._site.battery
        return soc_percent is not None and soc_percent <= (battery.reserve_percent if battery is not None else 0.0)

    def _safety(self, decision: Decision) -> Iterator[str]:
        trace, site, limits = decision.trace, self._site, self._limits
        if trace.grid_connected is False and not site.off_grid:
            yield "the grid is lost"
        if limits.max_house_w is not None and (trace.house_w or 0.0) > limits.max_house_w:
            yield f"the house draws {trace.house_w} W"
        if limits.max_phase_w is not None and any(phase_w > limits.max_phase_w for phase_w in trace.grid_phase_w):
            yield f"the phases draw {trace.grid_phase_w} W"
        if site.inverter is not None and site.inverter.loads_on == "out" and trace.house_w is not None:
            through_w = trace.house_w - max(0.0, trace.grid_w or 0.0)
            if through_w > site.inverter.max_w + ROUNDING:  # of numbers that only together make the limit
                yield f"the inverter carries {through_w:.0f} W"

    def _at_once(self, tick_s: float, decision: Decision) -> Iterator[str]:
        trace, limits = decision.trace, self._limits
        if trace.reading_source is None:
            yield "there is no young reading"
        elif tick_s - self._youngest_s >= self._age_limit_s(trace.reading_source) + ROUNDING:
            yield f"the youngest reading was taken {tick_s - self._youngest_s:.0f} s ago"
        if self._interval_s is not None and self._interval_s > SLOWEST_REGULATED_S:
            yield f"a reading comes every {self._interval_s:.0f} s only"
        if trace.ac_source == "generator":
            yield "a generator runs"
        if self._is_low(decision) and self.is_at_reserve(decision):
            yield f"the battery holds {trace.battery_soc_percent} %"
        if self._lasts(tick_s, decision) > GRID_ALARM_FACTOR * limits.max_grid_w:
            yield f"the grid delivers {trace.grid_w:.0f} W"

    def _lasts(self, tick_s: float, decision: Decision) -> float:
        """The same once it has lasted longer than loads that were on may need to come down; -inf before."""
        most_s = max(ANSWERED_S, ANSWERED_INTERVALS * (self._interval_s or 0.0))
        were_on = bool(self._set_w) and any(power_w > 0 for power_w in self._set_w[-1][1].values())
        is_young = self._lacks_since_s is not None and tick_s - self._lacks_since_s < most_s + ROUNDING
        return -inf if were_on and is_young else self._lacking_w(tick_s, decision)

    def _lacking_w(self, tick_s: float, decision: Decision) -> float:
        """What the grid delivers beyond a step of the loads that it may bear for a moment; -inf where unknown."""
        trace = decision.trace
        if trace.grid_w is None:
            return -inf
        if (trace.reading_source or "").startswith("vrm"):
            return trace.grid_w
        return trace.grid_w - self._own_rise_w(tick_s - (trace.reading_age_s or 0.0))

    def _own_rise_w(self, taken_s: float) -> float:
        """By how much the loads were set higher at that tick than some seconds before."""
        rows = [row for since_s, row in self._set_w if since_s < taken_s]
        earlier = [since_s for since_s, _ in self._set_w if since_s <= taken_s - TAKEN_OVER_S]
        first = len(earlier) - 1 if earlier else 0
        window: list[Mapping[str, float]] = [*([] if earlier else [{}]), *rows[first:]]
        names = {name for row in window for name in row}
        return sum(max(0.0, window[-1].get(name, 0.0) - min(row.get(name, 0.0) for row in window)) for name in names)

    def _age_limit_s(self, source: str) -> float:
        """Beyond it nothing heats by itself: as configured, else three intervals of the meter, 30 or 180 to 900 s."""
        if self._limits.max_reading_age_s is not None:
            return self._limits.max_reading_age_s
        least_s = 30.0 if self._in_house and not source.startswith("vrm") else 180.0
        return LONGEST_AGE_S if self._interval_s is None else min(LONGEST_AGE_S, max(least_s, 3.0 * self._interval_s))

    def _waiting(self, tick_s: float, decision: Decision) -> Iterator[str]:
        trace = decision.trace
        knows_time = trace.clock_trusted is not False
        if not trace.daylight and knows_time:
            yield "it is night"
        if not knows_time and not self._is_proven_day(decision):
            yield f"the time of day is unknown and PV gives {trace.pv_w} W"
        if self._is_low(decision):
            yield f"the battery holds {trace.battery_soc_percent} %"
        if self._lasts(tick_s, decision) > self._limits.max_grid_w:
            yield f"the grid delivers {trace.grid_w:.0f} W"

    def _is_proven_day(self, decision: Decision) -> bool:
        """Whether the sun is measured, by PV or by what leaves the house, or every hour is allowed anyway."""
        trace, daylight = decision.trace, self._limits.daylight
        sun_w = -(trace.grid_w or 0.0) if trace.pv_w is None else trace.pv_w
        return sun_w >= PROVES_DAY_W or daylight.start.clock == time(0)

    def _is_low(self, decision: Decision) -> bool:
        soc_percent, limit_percent = decision.trace.battery_soc_percent, self._limits.min_battery_percent
        if limit_percent is None and self._site.battery is not None:
            above_percent = 100.0 * self._above_reserve_wh(decision) / self._site.battery.capacity_wh
            limit_percent = min(100.0, self._site.battery.reserve_percent + above_percent)
        return soc_percent is not None and soc_percent < (
            UNKNOWN_BATTERY_PERCENT if limit_percent is None else limit_percent
        )

    def _above_reserve_wh(self, decision: Decision) -> float:
        """What the battery may give to the loads until they know that the sun has gone, and in a dip."""
        battery, inverter = self._site.battery, self._site.inverter
        held_s = HELD_SHARE * decision.thresholds.max_reading_age_s
        runs_s = [held_s if row.adjustable else max(held_s, min(DIP_S, row.min_on_s)) for row in self._policies]
        drawn_wh = sum(row.max_power_w * run_s for row, run_s in zip(self._policies, runs_s, strict=True)) / 3600.0
        all_w = sum(row.max_power_w for row in self._policies)
        most_w = min(battery.capacity_wh if battery else inf, inverter.max_w if inverter else inf)
        return DIP_WH + drawn_wh * min(1.0, most_w / all_w)


def temperature_block(policy: LoadSettings, decision: Decision) -> str | None:
    """Why a load's temperature forbids heating; None where it does not."""
    if policy.max_c is None:
        return None
    temperature_c = decision.trace.load_c.get(policy.name)
    if temperature_c is None:
        return "its probe is lost"
    return f"it has {temperature_c} degC" if temperature_c >= policy.max_c else None


def beyond_the_home(site: Site, reading: Reading) -> bool:
    """Whether it may be refused as a fault of the meter, by so much sun, charge or export, or by sun below zero.

    Then the last reading counts.
    """
    sun_w = 1500.0 * sum(plane.kwp for plane in site.pv) + 500.0 if site.pv else 30_000.0
    battery_w = 3.0 * site.battery.charge_limit_w if site.battery is not None else 30_000.0
    discharge_w = 2.0 * site.inverter.max_w if site.inverter is not None else battery_w
    beyond = (
        (reading.pv_w, sun_w),
        (-(reading.pv_w or 0.0), STANDBY_W),
        (reading.battery_w, battery_w + 500.0),
        (-(reading.grid_w or 0.0), sun_w + discharge_w),
        (-(reading.consumption_w or 0.0), sun_w + discharge_w),
    )
    return any(power_w is not None and power_w > most_w for power_w, most_w in beyond)
