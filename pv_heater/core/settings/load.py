"""What every load has, whatever its output: how much it takes, how often it may switch, when it has had enough.

A load may wait for another one (`After`); circles in which none would ever run are found by `circle_from`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import time
from functools import cached_property

from pv_heater.core.conditions.parser import check_condition
from pv_heater.core.model.lean import dataclass
from pv_heater.core.model.setting import SettingProblem, setting
from pv_heater.core.settings.hot_water import HotWater, check_tank
from pv_heater.core.settings.timers import Timer

START_FACTOR = 1.2
"""An adjustable load starts at a fifth more than its least power, and at no less than its dead band: as much as the
battery may give by default, so that a full one can begin to search for sun that throttled chargers hide."""


def _check_name(name: str) -> None:
    if not re.fullmatch(r"[A-Za-z][A-Za-z0-9_]*", name):
        raise SettingProblem(f"must be letters, digits and underscores, such as water_heater, not {name!r}")


@dataclass(frozen=True, kw_only=True)
class LoadSettings:
    """What is the same for every load, whatever its output. List order is priority.

    Without slots, since it keeps what it worked out once (`least_power_w`).
    """

    name: str = setting("what logs and commands call it: letters, digits and underscores", check=_check_name)
    max_power_w: float = setting("what it draws at full power", unit="W", minimum=1, maximum=100_000)
    min_power_w: float = setting("least power it can be run at", default=60.0, unit="W", minimum=1, live=True)
    min_on_s: float = setting(
        "once on, it stays on at least this long (safety excepted)",
        default=300.0,
        unit="s",
        minimum=0,
        maximum=86_400,
        live=True,
    )
    min_off_s: float = setting(
        "once off, it stays off at least this long",
        default=300.0,
        unit="s",
        minimum=0,
        maximum=86_400,
        live=True,
    )
    start_delay_s: float = setting(
        "the surplus must last this long before it starts",
        default=5.0,
        unit="s",
        minimum=0,
        maximum=3600,
        live=True,
    )
    dead_band_w: float = setting(
        "smaller changes of power are not worth a move", default=100.0, unit="W", minimum=0, live=True
    )
    ramp_s: float = setting(
        "time from zero to full power when power rises; 0 is at once",
        default=0.0,
        unit="s",
        minimum=0,
        maximum=600,
        live=True,
    )
    max_closings_per_day: int = setting(
        "starts a day; after that an idle load stays off until midnight",
        default=25,
        minimum=1,
        maximum=10_000,
        live=True,
    )
    phase: int | None = setting(
        "the grid phase it is on, for limits.max_phase_w; not set, it counts on the fullest one",
        default=None,
        minimum=1,
        maximum=3,
    )
    daily_max_wh: float | None = setting(
        "enough for a day: the load counts as full",
        default=None,
        unit="Wh",
        minimum=1,
        live=True,
    )
    daily_min_wh: float | None = setting(
        "least energy a day, from the grid at its cheapest hours where the sun does not bring it",
        default=None,
        unit="Wh",
        minimum=1,
        live=True,
    )
    negative_price_max_wh: float | None = setting(
        "most energy a day that it buys while the price of a bought kWh is below 0; not set, none",
        default=None,
        unit="Wh",
        minimum=1,
        live=True,
    )
    ready_by: time | None = setting(
        "the hour by which daily_min_wh or hot_water.min_c must be reached; not set, midnight",
        default=None,
        live=True,
    )
    hot_water: HotWater | None = setting("the tank that it heats", default=None)
    target_c: float | None = setting(
        "the load counts as full at this temperature",
        default=None,
        unit="degC",
        minimum=0,
        maximum=95,
        live=True,
    )
    max_c: float | None = setting(
        "safety: off at this temperature, or when its probe is lost",
        default=None,
        unit="degC",
        minimum=0,
        maximum=100,
        live=True,
    )
    hysteresis_c: float = setting(
        "degrees below target or maximum at which it may heat again",
        default=3.0,
        unit="degC",
        minimum=0.1,
        maximum=30,
        live=True,
    )
    frost_c: float | None = setting(
        "frost protection: heated below this temperature at any time, also at night and on vacation",
        default=None,
        unit="degC",
        minimum=0,
        maximum=20,
        live=True,
    )
    temperature_from: object | None = setting(
        "the probe in its tank, for target_c and max_c where the meter does not report the temperature", default=None
    )

    forced_without_end: bool = setting(
        "true: it may be forced on or off for good, until somebody says auto; nothing ends that by itself but safety",
        default=False,
        live=True,
    )

    after: After | None = setting(
        "another load that must have had enough today before this one runs by itself", default=None
    )
    when: str | None = setting(
        "a condition that must hold for automatic heating, such as soc > 90; see docs/rules.md",
        default=None,
        check=check_condition,
    )
    on_when: str | None = setting(
        "a condition that switches it on whatever is spare, in addition to the surplus; guards still stop it",
        default=None,
        check=check_condition,
    )
    only_when: str | None = setting(
        "the same, and only then: while it does not hold, no surplus switches it on either",
        default=None,
        check=check_condition,
    )
    rule_on_max_s: float = setting(
        "longest time at a stretch for which on_when, only_when or a rule file may have it on",
        default=7200.0,
        unit="s",
        minimum=60,
        maximum=86_400,
        live=True,
    )
    rule_on_daily_max_s: float = setting(
        "longest time a day for which on_when, only_when or a rule file may have it on",
        default=21_600.0,
        unit="s",
        minimum=60,
        maximum=86_400,
        live=True,
    )
    rule_power_w: float | None = setting(
        "power that on_when, only_when or a rule file asks for, where the file names none; not set, all it has",
        default=None,
        unit="W",
        minimum=1,
        live=True,
    )
    rule_buy_daily_max_wh: float | None = setting(
        "most energy a day that its rule may buy: for it the rule passes night, low battery and grid draw",
        default=None,
        unit="Wh",
        minimum=1,
        live=True,
    )

    last_start: time | None = setting(
        "no automatic start between this hour and midnight; what runs then goes on", default=None, live=True
    )
    timers: tuple[Timer, ...] = setting("hours of the week in which it is on, or off", default=())
    interruptible: bool = setting(
        "false: once started it runs to its end (a washing machine), whatever the sun does; safety excepted",
        default=True,
    )
    run_s: float | None = setting(
        "longest time of such a run; needed unless power_from shows its end",
        default=None,
        unit="s",
        minimum=60,
        maximum=86_400,
    )
    learn_power: bool = setting(
        "true: max_power_w is only assumed, and learned from the meter as it goes on and off; for loads that know "
        "only these two",
        default=False,
    )
    power_from: object | None = setting(
        "what measures its power, where the meter does not: a plug over MQTT or HTTP", default=None
    )

    adjustable = True
    """Whether the output can be set to any power from `min_power_w` to `max_power_w`; else `levels_w` says to which."""
    level_dwell_s = 0.0
    """Seconds it stays at a level before it climbs to a higher one."""
    obeys = True
    """Whether it draws what it is set to; False for one that is only advised, such as a heat pump."""

    def __post_init__(self) -> None:
        if self.learn_power and (self.adjustable or len(self.levels_w) > 1):
            raise SettingProblem("must be stated for a load whose power is set; nothing can be learned", "max_power_w")
        if self.interruptible and self.run_s is not None:
            raise SettingProblem("means nothing without `interruptible: false`", "run_s")
        if not self.interruptible and self.run_s is None and self.power_from is None:
            raise SettingProblem("is missing; without power_from nothing else shows when its run has ended", "run_s")
        if self.only_when is not None and self.on_when is not None:
            raise SettingProblem("means the same as on_when, and only then; keep one of them", "only_when")
        if self.adjustable and self.min_power_w > self.max_power_w:
            raise SettingProblem(
                f"must not be above max_power_w ({self.max_power_w:g} W), but is {self.min_power_w:g} W",
                "min_power_w",
            )

        _check_frost(self.frost_c, target_c=self.target_c, max_c=self.max_c, hysteresis_c=self.hysteresis_c)
        if self.daily_min_wh is not None and self.daily_max_wh is not None and self.daily_min_wh > self.daily_max_wh:
            text = f"must not be above daily_max_wh ({self.daily_max_wh:g} Wh), but is {self.daily_min_wh:g} Wh"
            raise SettingProblem(text, "daily_min_wh")
        if self.hot_water is not None:
            check_tank(self.hot_water, target_c=self.target_c, max_c=self.max_c)

    @cached_property
    def least_power_w(self) -> float:
        """The least power this load draws when it is on."""
        return self.min_power_w if self.adjustable else self.levels_w[0]

    @cached_property
    def start_w(self) -> float:
        """The least share with which it starts: more than it stays on with, so that noise does not switch it."""
        if not self.adjustable:
            return self.least_power_w
        return min(self.max_power_w, max(self.dead_band_w, START_FACTOR * self.min_power_w))

    @cached_property
    def stop_w(self) -> float:
        """The least share with which it stays on."""
        return self.min_power_w if self.adjustable else self.least_power_w - self.kept_on_w(self.least_power_w)

    def kept_on_w(self, step_w: float) -> float:
        """How much may be missing to a step that is on: were it the whole step, it would stay on with nothing spare."""
        return min(self.dead_band_w, step_w / 2)

    @property
    def levels_w(self) -> tuple[float, ...]:
        """The powers it can run at, ascending, where it is not adjustable; a relay has one."""
        return (self.max_power_w,)


def _check_frost(frost_c: float | None, *, target_c: float | None, max_c: float | None, hysteresis_c: float) -> None:
    for key, limit_c in (("target_c", target_c), ("max_c", max_c)):
        if frost_c is not None and limit_c is not None and frost_c + hysteresis_c > limit_c:
            text = f"heats to {frost_c + hysteresis_c:g} degC (with hysteresis_c), above {key} ({limit_c:g} degC)"
            raise SettingProblem(text, "frost_c")


@dataclass(frozen=True, slots=True, kw_only=True)
class After:
    """Which load comes before this one."""

    load: str = setting("the load that must have had enough today before this one runs by itself")
    for_s: float = setting("and has had enough for this long", default=0.0, unit="s", minimum=0, maximum=86_400)


@dataclass(frozen=True, slots=True, kw_only=True)
class BatteryShare:
    """The battery's place among the loads: loads above it come first, those below wait for `until_percent`."""

    until_percent: float = setting(
        "charge up to which it comes before the loads below it",
        default=80.0,
        unit="%",
        minimum=0,
        maximum=100,
        live=True,
    )


def circle_from(name: str, waits_for: Mapping[str, str]) -> list[str]:
    """The way from `name` along `waits_for` back to itself, both ends included; empty when it leads elsewhere."""
    way = [name]
    while way[-1] in waits_for:
        following = waits_for[way[-1]]
        if following == name:
            return [*way, name]
        if following in way:
            return []  # a circle of others
        way.append(following)
    return []
