"""`main.py calibrate`: the walk of `core.actuators.calibration` through the real loop, with all its guards.

The loop runs with this one load, forced to one power after the other; a straight line in place of its curve makes
power and position the same. What stops it, a guard, a signal, a lost meter or a restless house, leaves the load off.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from pv_heater.config.load import Config, TypedSettings
from pv_heater.core.actuators.calibration import CalibrationStopped, Leg, Observation, Pace, Walk
from pv_heater.core.actuators.curve import RegulatorCurve, rising
from pv_heater.core.model.power_balance import house_w
from pv_heater.core.model.requests import Command, Force, Mode
from pv_heater.core.model.values import Decision, Forecast, Phase, Reading
from pv_heater.core.settings.load import BatteryShare, LoadSettings
from pv_heater.errors import ConfigError
from pv_heater.io.system.state_file import UnreadableState, read_object

LOST_S = 60.0
LOST_INTERVALS = 4.0
"""A meter that says nothing new for this long, at least a minute, ends it."""
COMMAND_S = 5.0
"""A command is obeyed at the next tick; after this long another rule has the load."""
ALLOWED_GUARDS = frozenset({"night", "battery_low", "grid_draw"})
"""The owner asked for it: it may run after dark and from the grid. An empty battery is looked at by itself, since the
night hides that guard."""
FORCE_MARGIN_S = 3600.0
USUAL_INTERVAL_S = 5.0


class Calibrator:
    """Satisfies `loop.Reporter`: looks at every tick, asks for the next position, and stops the loop at the end."""

    def __init__(
        self,
        load: str,
        max_power_w: float,
        walk: Callable[[float], Walk],
        *,
        least_battery_percent: float,
        submit: Callable[[Command], object],
        stop: Callable[[str], None],
        measured: Callable[[Mapping[float, float]], None],
    ) -> None:
        """`walk` is made once the seconds between two readings are known.

        `measured` is told all points whenever there is a new one. Below `least_battery_percent` of charge it ends.
        """
        self._load = load
        self._max_power_w = max_power_w
        self._make_walk = walk
        self._walk: Walk | None = None
        self._least_battery_percent = least_battery_percent
        self._submit, self._stop, self._measured = submit, stop, measured
        self._leg: Leg | None = None
        self._begun_at: datetime | None = None
        self._seen_at: datetime | None = None
        self._heard_at: datetime | None = None
        self._known = 0
        self.stopped_because: str | None = None
        """Why it ended early; None while it goes on, and where it came to its end."""

    @property
    def done(self) -> bool:
        """Whether every position is measured."""
        return self._walk is not None and self._walk.leg is None

    @property
    def points(self) -> Mapping[float, float]:
        """Watts by percent, as far as measured."""
        return {} if self._walk is None else self._walk.points

    def report(self, now: datetime, decision: Decision, reading: Reading | None, forecast: Forecast | None) -> None:
        """One tick."""
        del forecast
        if self.done or self.stopped_because is not None:
            return
        try:
            self._check(now, decision, reading)
            if reading is None:
                return
            if self._walk is None:
                self._walk = self._make_walk(reading.interval_s or USUAL_INTERVAL_S)
                self._known = len(self._walk.points)
            if reading.taken_at != self._seen_at:
                self._seen_at, self._heard_at = reading.taken_at, now
                self._look(self._walk, reading)
            self._ask(self._walk, now)
        except CalibrationStopped as why:
            self.stopped_because = str(why)
            self._stop("the calibration")

    def _look(self, walk: Walk, reading: Reading) -> None:
        """Hand a reading on that was taken while the load had settled on the position."""
        leg = self._leg
        if leg is None or self._begun_at is None or reading.taken_at < self._begun_at + timedelta(seconds=leg.hold_s):
            return
        whole_w = house_w(reading)
        if whole_w is None and reading.grid_w is not None:
            whole_w = reading.grid_w - (reading.battery_w or 0.0)  # where the sun stands still, its steps are the same
        walk.observe(Observation(house_w=whole_w, load_w=reading.load_w.get(self._load)))
        if len(walk.points) != self._known:
            self._known = len(walk.points)
            self._measured(walk.points)

    def _ask(self, walk: Walk, now: datetime) -> None:
        """Force what the walk needs to have held, once each time that changes."""
        leg = walk.leg
        if leg is None:
            self._stop("the end of the calibration")
        elif leg is not self._leg:
            self._leg, self._begun_at = leg, now
            power_w = leg.percent / 100.0 * self._max_power_w
            mode = Mode.ON if power_w > 0 else Mode.OFF
            for_s = leg.hold_s + FORCE_MARGIN_S
            self._submit(Force(load=self._load, mode=mode, for_s=for_s, power_w=power_w or None))

    def _check(self, now: datetime, decision: Decision, reading: Reading | None) -> None:
        """Whether anything speaks against going on. Raises CalibrationStopped."""
        state = decision.loads[self._load]
        if state.phase is Phase.FAULT:
            raise CalibrationStopped(state.because)
        interval_s = (reading.interval_s if reading is not None else None) or 0.0
        self._heard_at = self._heard_at or now
        silent_s = (now - self._heard_at).total_seconds()
        if silent_s > max(LOST_S, LOST_INTERVALS * interval_s):
            raise CalibrationStopped(f"the meter has said nothing new for {silent_s:.0f} s")
        if decision.blocked_by is not None and reading is not None and decision.blocked_by not in ALLOWED_GUARDS:
            raise CalibrationStopped(f"blocked by {decision.blocked_by}: {decision.because}")
        soc_percent = reading.battery_soc_percent if reading is not None else None
        if soc_percent is not None and soc_percent < self._least_battery_percent:
            raise CalibrationStopped(
                f"the battery holds {soc_percent:.0f} %; heating leaves it {self._least_battery_percent:.0f} %"
            )
        if self._leg is None or self._begun_at is None or now < self._begun_at + timedelta(seconds=COMMAND_S):
            return
        wanted = "forced_on" if self._leg.percent > 0 else "forced_off"
        if state.rule != wanted:
            raise CalibrationStopped(f"{state.rule}: {state.because}")


def curve_of(points: Mapping[float, float]) -> RegulatorCurve:
    """What was measured, as a table that nowhere falls."""
    return RegulatorCurve(rising(sorted(points.items())))


def percents_of(count: int) -> tuple[float, ...]:
    """`count` positions, evenly from 0 to 100."""
    return tuple(round(100.0 * number / (count - 1), 1) for number in range(count))


def pace_of(interval_s: float, warm_up_s: float) -> Pace:
    """Six readings of a fast meter are half a minute; of the portal's, two are two."""
    readings = 6 if interval_s <= 5 else 3 if interval_s <= 15 else 2
    return Pace(warm_up_s=warm_up_s, settle_s=max(6.0, interval_s), readings=readings)


def config_for(config: Config, name: str, line: Path, meter: TypedSettings[Any] | None = None) -> Config:
    """The same home with this one load, free of its timers, and the straight `line` as its curve. ConfigError."""
    names = [policy.name for policy in config.policies]
    row = next((row for row in config.loads if not isinstance(row, BatteryShare) and row.settings.name == name), None)
    if row is None or isinstance(row, BatteryShare):
        raise ConfigError("calibrate", [f"there is no load {name!r}; there is {', '.join(names)}"])
    if config.dry_run:
        raise ConfigError("calibrate", ["dry_run: true switches nothing, so there is nothing to measure"])
    settings: LoadSettings = row.settings
    knob: dict[str, Any] = {"curve": str(line)} if hasattr(settings, "curve") else {}
    servo: Any = getattr(settings, "servo", None)
    if hasattr(servo, "curve"):
        knob = {"servo": replace(servo, curve=str(line))}
    if not settings.adjustable or not knob:
        raise ConfigError("calibrate", [f"{name} ({row.type}) has no curve: there is nothing to adjust"])
    free: dict[str, Any] = {
        "min_power_w": min(1.0, settings.max_power_w), "min_on_s": 0.0, "min_off_s": 0.0, "dead_band_w": 0.0,
        "ramp_s": 0.0, "start_delay_s": 0.0, "max_closings_per_day": 10_000, "after": None, "when": None,
        "on_when": None, "only_when": None,
    }  # fmt: skip
    plain = replace(row, settings=replace(settings, **(free | knob)))
    limits = replace(config.limits, max_changes_per_minute=None)
    return replace(config, loads=(plain,), limits=limits, meter=config.meter if meter is None else (meter,))


def progress_text(points: Mapping[float, float]) -> str:
    """What is measured so far, for `--resume`."""
    return json.dumps({"points": sorted(points.items())}) + "\n"


def read_progress(path: Path) -> Sequence[tuple[float, float]]:
    """What an earlier calibration measured; raises ConfigError where there is nothing that can be used."""
    try:
        found = read_object(path)
        points = [(float(percent), float(watts)) for percent, watts in (found or {})["points"]]
    except (UnreadableState, ValueError, TypeError, KeyError) as error:
        why = "it is not there" if isinstance(error, KeyError) and found is None else error
        raise ConfigError("calibrate", [f"there is nothing to resume in {path}: {why}"]) from None
    return points
