"""Bucket: the law of the Mk2 energy-bucket router, for a meter that reports the grid's power about every second.

What goes to the grid fills a bucket of joules, what comes from it empties the bucket, and its level is the firing
angle of the heater: the fuller, the more power. So the grid's mean power is held at nothing, or at the target
(`limits.grid_target_w`, or its own `import_target_w`), whatever the heater's true curve is.

What differs from the original, and why:

- It lived on one 2000 W triac in cycles of 20 ms. Here the level stands for all automatic loads together
  (`capacity_w`), and the allocator passes on to the next load what the first cannot take. The bucket holds at least
  four readings of their full power, or a reading that shows the effect of the one before would make it swing.
- The power never exceeds the surplus by more than the bias: a bucket that filled up while a load had to rest would
  otherwise draw from the grid when the load starts.
- A battery that discharges counts as import, one that charges as nothing: charging is the battery's own business.
  At a home with a battery and without feed-in nothing is ever exported, so there `balance` decides, as it does when
  readings are too slow or too late, or carry no grid power; the reason says so.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from pv_heater.core.actuators.curve import phase_cut
from pv_heater.core.house.ahead.quarters import Stretch
from pv_heater.core.house.surplus import Budget, Foresight, View
from pv_heater.core.model.lean import dataclass
from pv_heater.core.model.setting import SettingProblem, setting
from pv_heater.strategies.balance import Balance, battery_first

SLOWEST_S = 10.0
"""Readings further apart, or older on arrival, are too slow for this law: a kettle boils away between two of them."""
LEAST_READINGS = 4.0
"""The bucket holds so many readings of full power. The curve's steepest slope is 2, so that one reading moves the power
by half the surplus at most, which settles even when the loads answer one reading late."""
LATEST_READINGS = 3
"""A load that answers later than two readings is late by more than this law can forgive."""
KEPT_SPACINGS = 5
LOW_LEAK_FACTOR = 1.5
"""Below the lower threshold the bucket leaks one and a half times the bias, as in the original (27 W for 18 W)."""
CURVE = phase_cut(1.0)
"""The original fires its triac after the part of the half wave that the bucket is not full."""


class Bucket:
    """See the module's text."""

    @dataclass(frozen=True, slots=True, kw_only=True)
    class Settings:
        """The defaults are the original's: its bucket, safety margin and thresholds."""

        capacity_j: float = setting(
            "size of the bucket; slow meters and large loads get as much more as they need",
            default=1000.0, unit="J", minimum=100, maximum=1_000_000, live=True,
        )  # fmt: skip
        start_percent: float = setting(
            "level below which nothing is heated",
            default=15.0,
            unit="%",
            minimum=0,
            maximum=100,
            live=True,
        )
        lower_percent: float = setting(
            "level below which one and a half times bias_w leaks away",
            default=35.0,
            unit="%",
            minimum=0,
            maximum=100,
            live=True,
        )
        upper_percent: float = setting(
            "level above which bias_w is added",
            default=47.0,
            unit="%",
            minimum=0,
            maximum=100,
            live=True,
        )
        bias_w: float = setting(
            "little power sells about this much, much power buys it; it keeps the level from wandering",
            default=18.0, unit="W", minimum=0, maximum=500, live=True,
        )  # fmt: skip
        import_target_w: float | None = setting(
            "grid power aimed at; below 0 a little is always sold; auto is limits.grid_target_w",
            default=None,
            unit="W",
            minimum=-5000,
            maximum=1000,
            live=True,
        )

        def __post_init__(self) -> None:
            if not self.start_percent <= self.lower_percent <= self.upper_percent:
                raise SettingProblem(
                    f"must lie between start_percent ({self.start_percent:g} %) and upper_percent "
                    f"({self.upper_percent:g} %), not at {self.lower_percent:g} %",
                    "lower_percent",
                )

    def __init__(self, settings: Settings | None = None) -> None:
        self._settings = settings or self.Settings()
        self._balance = Balance()
        self._level_percent = 0.0
        self._taken_s: float | None = None
        self._late_s = 0.0
        self._own_w: tuple[float, ...] = ()
        self._surplus_w = 0.0
        self._spacings_s: tuple[float, ...] = ()
        self._channel = SecondChannel(self._settings.bias_w)

    def adopt(self, settings: Settings) -> None:
        """Go on with these; the bucket stays as full as it is."""
        self._settings = settings
        self._channel.bias_w = settings.bias_w

    def budget(self, view: View) -> Budget:
        """The power that the bucket's level stands for."""
        elapsed_s = self._pace(view)
        why = self._not_for_this_law(view)
        if why is not None:
            self._level_percent = 0.0
            budget = self._balance.budget(view)
            return replace(budget, because=f"{why}, so by balance: {budget.because}")
        if view.house.reading_is_new:
            self._surplus_w = self._believed_surplus_w(view)
        if elapsed_s is not None:
            self._fill(view, min(elapsed_s, SLOWEST_S))
            self._channel.step(view.house.taken_tick_s, self._fills_w(view), full=self._level_percent >= 100.0)
        power_w = view.loads.capacity_w * CURVE.power_w(self._level_percent)
        if self._level_percent < self._settings.start_percent:
            power_w = 0.0
        return Budget(
            power_w=power_w,
            rule="bucket",
            because=self._sentence(view),
            margins={
                "surplus_w": round(self._surplus_w - power_w, 1),
                "bucket_percent": round(self._level_percent, 1),
                "second_channel_percent": self._channel.percent,
            },
        )

    def foresee(self, view: View, today: Sequence[Stretch], tomorrow: Sequence[Stretch]) -> Foresight:
        """Only what would be exported heats, and the battery takes its share before that."""
        if self._not_for_this_law(view) is not None:
            return self._balance.foresee(view, today, tomorrow)
        return battery_first(view)

    def state(self) -> dict[str, Any]:
        """Nothing is learned: the bucket fills within seconds."""
        return {}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Nothing to take back."""

    def _pace(self, view: View) -> float | None:
        """Seconds between this reading and the one before; None when there is no new one, or none before it."""
        if not view.house.reading_is_new:
            return None
        before_s, self._taken_s = self._taken_s, view.house.taken_tick_s
        self._late_s = view.house.tick_s - view.house.taken_tick_s
        if before_s is None or view.house.taken_tick_s <= before_s:
            return None
        elapsed_s = view.house.taken_tick_s - before_s
        self._spacings_s = (*self._spacings_s, elapsed_s)[-KEPT_SPACINGS:]
        return elapsed_s

    def _interval_s(self, view: View) -> float:
        """The meter's pace: as it says, or the closest two of the last readings if that is slower."""
        return max(view.reading.interval_s or 0.0, min(self._spacings_s, default=0.0))

    def _not_for_this_law(self, view: View) -> str | None:
        reading, interval_s = view.reading, self._interval_s(view)
        if reading.grid_w is None:
            return f"{reading.source} does not tell the grid's power"
        if interval_s > SLOWEST_S:
            return (
                f"readings every {interval_s:.0f} s are too slow for the bucket, it needs one every {SLOWEST_S:.0f} s"
            )
        if self._late_s > SLOWEST_S:
            return f"readings {self._late_s:.0f} s old are too late for the bucket, {SLOWEST_S:.0f} s are its limit"
        has_battery = view.site.battery is not None or reading.battery_w is not None
        if has_battery and not view.feed_in:
            return "with a battery and without feed-in nothing is exported that could fill the bucket"
        return None

    def _fills_w(self, view: View) -> float:
        """What flows into the bucket: export beyond the target; a battery's discharge counts as import."""
        reading = view.reading
        return self._target_w(view) - (reading.grid_w or 0.0) + min(0.0, reading.battery_w or 0.0)

    def _target_w(self, view: View) -> float:
        own_w = self._settings.import_target_w
        return view.grid_target_w if own_w is None else own_w

    def _believed_surplus_w(self, view: View) -> float:
        """What loads and grid take together, with the loads as late as explains the reading best.

        A reading may show the loads as they were told one or two readings before: of these surpluses the one nearest
        to the last is believed. Taking them for quick when they are late would make the power swing.
        """
        self._own_w = (*self._own_w, view.house.own_w)[-LATEST_READINGS:]
        fills_w = self._fills_w(view)
        return min((own_w + fills_w for own_w in self._own_w), key=lambda watts: abs(watts - self._surplus_w))

    def _fill(self, view: View, elapsed_s: float) -> None:
        """Let `elapsed_s` of this reading's power flow in or out, up to the level that stands for the surplus."""
        own = self._settings
        fills_w = self._fills_w(view)
        if self._level_percent < own.lower_percent:
            fills_w -= LOW_LEAK_FACTOR * own.bias_w
        elif self._level_percent > own.upper_percent and (view.reading.battery_w or 0.0) <= 0:
            # Not while a battery charges: it would make room for the bias again and again until it got nothing.
            fills_w += own.bias_w
        if self._surplus_w < view.loads.least_w:
            fills_w = min(0.0, fills_w)  # no load could use it
        pace_s = max(self._interval_s(view), self._late_s)
        capacity_j = max(own.capacity_j, LEAST_READINGS * pace_s * view.loads.capacity_w)
        level_percent = self._level_percent + 100.0 * fills_w * elapsed_s / capacity_j
        most_share = (self._surplus_w + own.bias_w) / view.loads.capacity_w if view.loads.capacity_w > 0 else 0.0
        self._level_percent = min(max(0.0, level_percent), CURVE.percent(most_share))

    def _sentence(self, view: View) -> str:
        reading = view.reading
        grid_w = reading.grid_w or 0.0
        parts = [f"the grid {'delivers' if grid_w > 0 else 'takes'} {abs(grid_w):.0f} W"]
        if reading.battery_w is not None and reading.battery_w <= -1:
            parts.append(f"the battery gives {-reading.battery_w:.0f} W")
        if target_w := self._target_w(view):
            parts.append(f"the target is {target_w:.0f} W")
        parts.append(f"the bucket is {self._level_percent:.0f} % full")
        if 0 < self._surplus_w < view.loads.least_w:
            parts.append(f"{self._surplus_w:.0f} W are less than any load can run at ({view.loads.least_w:.0f} W)")
        return ", ".join(parts)


class SecondChannel:
    """The original's wireless second channel: 0 to 100 % for a device that is not a load here.

    It climbs while the bucket is full and still something is left, and falls faster than it climbed once the grid
    delivers: steps of a second, limits and sizes as in the original, with its safety margin as `bias_w`. Other than
    there, it starts only when more than the margin is left, or it would switch 20 % on and off all day.
    """

    def __init__(self, bias_w: float) -> None:
        self.bias_w = bias_w
        """Nothing starts below it."""
        self._stepped_s: float | None = None
        self.percent = 0.0

    def step(self, taken_s: float, left_w: float, *, full: bool) -> None:
        """One step with what is left (export beyond the target, W); more than one a second are ignored."""
        if self._stepped_s is not None and taken_s - self._stepped_s < 0.95:
            return
        self._stepped_s = taken_s
        change = self._climb(left_w) if full else _fall(left_w)
        self.percent = min(100.0, max(0.0, self.percent + change))

    def _climb(self, left_w: float) -> float:
        if self.percent <= 0:
            return 20.0 if left_w > self.bias_w else 0.0
        if left_w > 200:
            return 20.0
        if left_w > 100:
            return 5.0
        if left_w < self.bias_w:
            return -1.0
        return 1.0 if left_w > 2 * self.bias_w else 0.0


def _fall(left_w: float) -> float:
    if left_w < -1000:
        return -100.0
    return -10.0 if left_w < -100 else -1.0
