"""Days in virtual time for scenarios: the real loop and controller around the software home."""

from bisect import bisect_right
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from pv_heater.config.load import load_config
from pv_heater.controller import Controller
from pv_heater.core.model.requests import Command, Mode
from pv_heater.core.model.values import Decision, Forecast, Phase, Reading
from pv_heater.errors import SourceError
from pv_heater.loads.dry_run import DryRun
from pv_heater.ports import Tools
from pv_heater.run.loop import Loop
from pv_heater.run.outputs import full_powers_w
from pv_heater.run.sources import LoadTemperatures
from pv_heater.run.tick_sources import TickSources
from pv_heater.run.transition_log import TransitionLog
from pv_heater.sim.clock import SimClock
from pv_heater.sim.feed import SimulatedFeed
from pv_heater.sim.home import Home, HomeSettings, Ledger, Spell
from pv_heater.sim.recording import HomeRecording
from pv_heater.sim.recording_meter import RecordedHome
from pv_heater.sim.tank import TankSettings
from tests.builders import heater

MIDNIGHT = datetime(2026, 6, 21, tzinfo=UTC)
"""At 0 degrees east the sun stands highest at noon."""
HOUR = 3600.0
TICK_S = 10.0
DARK_TICK_S = 60.0
"""While it is dark, nothing is on and nobody orders anything: half of a day's ticks decide nothing. No longer than the
slowest meter here takes between two readings, or each of them would look like the end of a silence."""
DAWN_S = 900.0
"""So long before the sun comes the usual pace begins: readings, filters and timers are then as they would be."""
BALANCE: dict[str, Any] = {"type": "balance"}
PLAN: dict[str, Any] = {"type": "plan"}


@dataclass
class Day:
    """What came of a day."""

    ledger: Ledger
    seen: list[tuple[float, Decision, Reading | None]]
    """Every `tick_s`: seconds since midnight, the decision in force, and the reading it had."""
    energy_wh: dict[str, float]
    """As the controller counted it."""
    home: list[tuple[float, Reading]]
    """What the home really did, at the same moments."""
    tick_s: float = TICK_S

    def power_w(self, hour: float, load: str = "heater") -> float:
        """The load's setpoint at that hour."""
        return next(decision for at_s, decision, _ in self.seen if at_s >= hour * HOUR).setpoints[load].power_w

    def starts(self, load: str = "heater") -> int:
        phases = [decision.loads[load].phase is Phase.HEATING for _, decision, _ in self.seen]
        return sum(1 for before, after in zip([False, *phases], phases, strict=False) if after and not before)

    def heated_s(self, from_hour: float, to_hour: float, load: str = "heater") -> float:
        """Seconds on."""
        return self.tick_s * sum(
            decision.setpoints[load].on for at_s, decision, _ in self.seen if from_hour * HOUR <= at_s < to_hour * HOUR
        )

    def off_after_s(self, hour: float, load: str = "heater") -> float:
        """Seconds from that hour until the load is off for the first time."""
        return next(
            at_s - hour * HOUR
            for at_s, decision, _ in self.seen
            if at_s >= hour * HOUR and not decision.setpoints[load].on
        )

    def on_after_s(self, hour: float, load: str = "heater") -> float:
        """Seconds from that hour until the load is on for the first time."""
        return next(
            at_s - hour * HOUR for at_s, decision, _ in self.seen if at_s >= hour * HOUR and decision.setpoints[load].on
        )

    def bought_wh(self, from_hour: float, to_hour: float) -> float:
        """What the grid delivered between two hours."""
        return self._sum_wh(from_hour, to_hour, lambda reading: max(0.0, reading.grid_w or 0.0))

    def discharged_wh(self, from_hour: float, to_hour: float) -> float:
        """What the battery gave between two hours."""
        return self._sum_wh(from_hour, to_hour, lambda reading: max(0.0, -(reading.battery_w or 0.0)))

    def soc_percent(self, hour: float) -> float:
        """The battery's real charge at that hour."""
        return next(reading.battery_soc_percent or 0.0 for at_s, reading in self.home if at_s >= hour * HOUR)

    def _sum_wh(self, from_hour: float, to_hour: float, power_w: Callable[[Reading], float]) -> float:
        hours = [(at_s, reading) for at_s, reading in self.home if from_hour * HOUR <= at_s < to_hour * HOUR]
        return sum(power_w(reading) for _, reading in hours) * self.tick_s / HOUR


class Meter:
    """The home's meter: silent between two hours of the day, and what it says may be tampered with."""

    def __init__(
        self,
        life: RecordedHome,
        clock: SimClock,
        silent: tuple[float, float],
        tampered: Callable[[Reading, float], Reading] | None,
    ) -> None:
        self._life, self._clock, self._silent, self._tampered = life, clock, silent, tampered

    def read(self) -> Reading:
        hour = self._clock.monotonic_s() / HOUR
        if self._silent[0] <= hour < self._silent[1]:
            raise SourceError("silent")
        reading = self._life.read()
        return reading if self._tampered is None else self._tampered(reading, hour)


class DarkPace:
    """Tells how many of the next ticks need not be lived."""

    def __init__(self, recording: HomeRecording, busy_s: Sequence[float], tick_s: float) -> None:
        """`busy_s`: moments of the day, in s, at which something happens beside the sun."""
        sunny = [at_s for at_s, sun_w in zip(recording.offsets_s, recording.pv_w, strict=True) if sun_w > 0]
        ends = zip(recording.offsets_s, [*recording.offsets_s[1:], recording.end_s], recording.pv_w, strict=True)
        sunset = [end_s for _, end_s, sun_w in ends if sun_w > 0]
        self._busy_s = sorted([*sunny, *sunset, *busy_s, recording.end_s])
        self._recording, self._tick_s = recording, tick_s

    def quiet_ticks(self, at_s: float, decision: Decision) -> int:
        """From the tick at `at_s`; 0 in the sun, near a change, and while a load does anything."""
        if at_s % self._tick_s or next(self._recording.stretches(at_s, at_s))[2] > 0:
            return 0
        if any(load.phase is not Phase.OFF or load.mode is not Mode.AUTO for load in decision.loads.values()):
            return 0
        ahead = bisect_right(self._busy_s, at_s)
        if ahead and at_s - self._busy_s[ahead - 1] < DAWN_S:
            return 0
        left_s = self._busy_s[ahead] - DAWN_S - at_s if ahead < len(self._busy_s) else 0.0
        return max(0, int(min(DARK_TICK_S, left_s) // self._tick_s) - 1)


class Fixed:
    def __init__(self, forecast: Forecast | None) -> None:
        self._forecast = forecast

    def latest(self) -> Forecast | None:
        return self._forecast


def day_of(segments: Sequence[tuple[float, float, float]], until_hour: float = 24.0) -> HomeRecording:
    """A recording from rows of (hour, sun W, use W), each holding until the next."""
    return HomeRecording(
        name="scripted",
        start_at=MIDNIGHT,
        offsets_s=tuple(hour * HOUR for hour, _, _ in segments),
        end_s=until_hour * HOUR,
        pv_w=tuple(sun for _, sun, _ in segments),
        load_w=tuple(use for _, _, use in segments),
    )


def forecast_of(forecast_w: float | Sequence[float]) -> Forecast:
    """24 hours of power; one number is that power from 6 to 18."""
    hours_w = (
        [forecast_w if 6 <= hour < 18 else 0.0 for hour in range(24)] if isinstance(forecast_w, float) else forecast_w
    )
    steps = tuple((MIDNIGHT + timedelta(hours=hour), power_w) for hour, power_w in enumerate(hours_w))
    return Forecast(issued_at=MIDNIGHT, source="test", step_s=3600, steps=steps)


def live(
    recording: HomeRecording,
    *,
    strategy: dict[str, Any] = BALANCE,
    limits: dict[str, Any] | None = None,
    load: dict[str, Any] | None = None,
    more_loads: Sequence[dict[str, Any]] = (),
    start_percent: float = 50.0,
    feed_in: bool = False,
    silent: tuple[float, float] = (0.0, 0.0),
    forecast_w: float | Sequence[float] | None = None,
    delay_s: float = 0.0,
    interval_s: float = 10.0,
    tanks: Mapping[str, TankSettings | None] | None = None,
    tells_loads: bool = False,
    tells_throttling: bool = True,
    tampered: Callable[[Reading, float], Reading] | None = None,
    commands: Sequence[tuple[float, Command]] = (),
    temperatures: Callable[[SimClock, RecordedHome], LoadTemperatures] | None = None,
    tick_s: float = TICK_S,
    from_hour: float = 0.0,
    spells: Sequence[Spell] = (),
) -> Day:
    """Live through `recording` with 5 kWp, 4.8 kWh and a heater of 2 kW; `tampered` gets each reading and its hour.

    `temperatures` makes the loads' own probes, from the clock and the home as it really is. `tick_s`: longer where
    nothing is heated, or where the meter speaks once a minute. `from_hour`: the hour at which program and home begin,
    so that `start_percent` is the battery's charge then; `at_s` of what was seen still counts from midnight. In
    `spells` somebody else steers the battery.
    """
    battery = {"capacity_wh": 4800, "max_charge_w": 2400}
    site = {"latitude": 47.0, "longitude": 0.0, "pv": [{"kwp": 5.0}], "battery": battery, "feed_in": feed_in}
    config = load_config(
        {
            "site": site,
            "strategy": strategy,
            "limits": limits or {},
            "loads": [heater(**{"min_on_s": 300, "min_off_s": 300} | (load or {})), *more_loads],
        }
    )
    clock = SimClock(recording.start_at)
    clock.wait_until(from_hour * HOUR)
    home = HomeSettings(
        start_percent=start_percent,
        feed_in=feed_in,
        interval_s=interval_s,
        tanks=tanks or {},
        tells_loads=tells_loads,
        tells_throttling=tells_throttling,
        spells=spells,
    )
    life = RecordedHome(recording, Home(home), clock)
    tools = Tools(clock=clock, site=config.site, state_dir=Path(), pins=lambda: None)
    loads = [DryRun(row, tools) for row in config.policies]
    life.connect(loads)
    seen: list[tuple[float, Decision, Reading | None]] = []
    truth: list[tuple[float, Reading]] = []

    class Notes:
        def report(self, now: datetime, decision: Decision, reading: Reading | None, _: Forecast | None) -> None:
            seen.append((clock.monotonic_s(), decision, reading))
            truth.append((clock.monotonic_s(), life.read()))

    controller = Controller(config, foresees=False)
    pace = DarkPace(recording, [hour * HOUR for hour in (*silent, *(hour for hour, _ in commands))], tick_s)
    loop = Loop(
        controller=controller,
        clock=clock,
        sources=TickSources(
            meter=SimulatedFeed(Meter(life, clock, silent, tampered).read, interval_s, clock, delay_s),
            forecast=Fixed(None if forecast_w is None else forecast_of(forecast_w)),
            temperatures=temperatures(clock, life).latest if temperatures is not None else dict,
        ),
        loads=loads,
        reporters=(Notes(), TransitionLog(full_powers_w(config))),
        tick_s=tick_s,
    )

    def obey(from_s: float, to_s: float) -> None:
        for hour, command in commands:
            if from_s < hour * HOUR <= to_s:
                loop.submit(command)

    clock.on_advance(obey)
    due_s = clock.monotonic_s()
    try:
        while clock.monotonic_s() < recording.end_s:
            early_s, now_s = loop.tick(), clock.monotonic_s()
            if now_s >= due_s:  # as in `Loop.run`: a tick that comes early leaves the pace as it is
                due_s += tick_s * (1 + (now_s - due_s) // tick_s)
            for _ in range(pace.quiet_ticks(now_s, seen[-1][1])):
                seen.append((due_s, *seen[-1][1:]))
                truth.append((due_s, truth[-1][1]))
                due_s += tick_s
            clock.wait_until(due_s if early_s is None else min(due_s, early_s))
    finally:
        loop.make_safe()
    counted = {name: load["energy_wh"] for name, load in controller.state()["loads"].items()}
    return Day(life.ledger, seen, counted, truth, tick_s)
