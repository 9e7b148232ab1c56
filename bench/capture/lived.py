"""One recorded day through the real loop and controller, in the software home."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from itertools import islice
from pathlib import Path
from random import Random
from typing import Any, Never, Protocol, TypeVar
from zlib import crc32

from bench.capture.days import Spell, days_of
from bench.capture.variants import HEATER, House, Variant
from pv_heater.commands.whatif.lived import TICK_S, Tally, live_through
from pv_heater.config.load import load_config
from pv_heater.controller import Controller
from pv_heater.core.house.reading_age import LIVE_SOURCE
from pv_heater.core.model.values import Decision, Forecast, Reading
from pv_heater.loads.dry_run import DryRun
from pv_heater.ports import Tools
from pv_heater.run.loop import Loop, Reporter
from pv_heater.run.tick_sources import TickSources
from pv_heater.sim.clock import SimClock
from pv_heater.sim.feed import DailyForecastFeed, SimulatedFeed
from pv_heater.sim.home import Home, Ledger
from pv_heater.sim.real_home import RealHome, RealHomeSettings
from pv_heater.sim.recording import HomeRecording, forecast_from
from pv_heater.sim.recording_meter import RecordedHome
from pv_heater.sim.victron_chain import ChainSettings
from pv_heater.sim.weather import recorded_sun_forecast, site_clear_sky

W = TypeVar("W", bound=Reporter)

REAL_TICK_S = 1.0
"""Its pace where the meter is as late as a real one: within ten seconds the home would have settled unseen."""
NOISE_SHARE = 0.01
FORECAST_FACTORS = {"zero": 0.0, "half": 0.5, "double": 2.0}


@dataclass(frozen=True, slots=True, kw_only=True)
class LivedDay:
    """What a controller made of a day; energies in Wh."""

    day: str
    value_wh: float
    """As `sim.home.Ledger.value_wh` counts it."""
    heat_wh: float
    import_wh: float
    closings: int
    moves: int
    """Changes of power while heating: each is a walk of the servo."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """A point of a day's course, for pictures."""

    second: float
    sun_w: float
    """What the panels could give."""
    use_w: float
    """The house without the heater."""
    heater_w: float
    soc_percent: float


class LivedHome(Protocol):
    """What is asked of a home after its day: the software home, with an ideal meter or a real one."""

    @property
    def ledger(self) -> Ledger:
        """What became of the energy."""
        ...

    @property
    def soc_percent(self) -> float:
        """State of charge, 0 to 100."""
        ...


class _Course:
    """Satisfies `loop.Reporter`: keeps the course of a day."""

    def __init__(self, recording: HomeRecording, home: LivedHome) -> None:
        self._recording = recording
        self._home = home
        self.moments: list[Moment] = []

    def report(self, now: datetime, decision: Decision, reading: Reading | None, forecast: Forecast | None) -> None:  # noqa: ARG002
        """Note this tick."""
        second = (now - self._recording.start_at).total_seconds()
        _, _, sun_w, use_w = next(self._recording.stretches(second, second))
        self.moments.append(
            Moment(
                second=second,
                sun_w=sun_w,
                use_w=use_w,
                heater_w=decision.setpoints[HEATER].power_w,
                soc_percent=self._home.soc_percent,
            )
        )


def live_spell(
    spell: Spell, variant: Variant, strategy: str, seed: str, *, tick_s: float | None = None
) -> tuple[LivedDay, ...]:
    """Each day from midnight with a half full battery; what the controller learned goes from day to day.

    The same `seed` gives the same forecasts and meter errors, whatever the strategy. `tick_s` as in `lives`.
    """
    lived = lives(spell, variant, strategy, seed, lambda recording, home: Tally((HEATER,)), tick_s=tick_s)  # noqa: ARG005
    return tuple(_booked(recording.name, home, tally) for recording, home, tally in lived)


def course_of(spell: Spell, day: int, variant: Variant, strategy: str, seed: str) -> list[Moment]:
    """Day number `day` (0 is the first) of what `live_spell` lives, tick by tick."""
    lived = lives(spell, variant, strategy, seed, _Course)
    _, _, course = next(islice(lived, day, None))
    return course.moments


def without_heating(recording: HomeRecording, house: House) -> LivedDay:
    """The same day with the heater off. What is sold counts nothing, so it is the same with and without feed-in."""
    home = Home(house.home())
    for begin_s, end_s, sun_w, use_w in recording.stretches(0.0, recording.end_s):
        home.advance(begin_s, end_s, sun_w, use_w, {HEATER: 0.0})
    return _booked(recording.name, home, Tally(()))


def lives(
    spell: Spell,
    variant: Variant,
    strategy: str,
    seed: str,
    watch: Callable[[HomeRecording, LivedHome], W],
    *,
    foresees: bool = False,
    tick_s: float | None = None,
) -> Iterator[tuple[HomeRecording, LivedHome, W]]:
    """Day after day, each with its home at midnight and the reporter that `watch` gave for it.

    `foresees` is that of `Controller`. `tick_s` is the pace by daylight; None is that of the variant's meter.
    """
    if tick_s is None:
        tick_s = REAL_TICK_S if variant.by_the_second else TICK_S
    config = load_config(variant.settings(spell.place, strategy))
    forecast = forecast_of(spell, variant, seed)
    state: dict[str, Any] | None = None
    for recording in days_of(spell, with_car=variant.house.has_car):
        controller, clock = Controller(config, state, foresees=foresees), SimClock(recording.start_at)
        home, life = _home(recording, variant, clock, seed)
        heater = DryRun(config.policies[0], Tools(clock=clock, site=config.site, state_dir=Path(), pins=_no_pins))
        life.connect([heater])
        meter = _worsened(life.read, variant.meter, Random(f"{seed} {recording.name}"))
        if variant.feed == "vrm_live":
            meter = partial(_passed_on, meter)
        reporter = watch(recording, home)
        loop = Loop(
            controller=controller,
            clock=clock,
            sources=TickSources(
                meter=SimulatedFeed(meter, variant.pace.interval_s, clock, variant.pace.delay_s),
                forecast=DailyForecastFeed(forecast, clock),
            ),
            loads=[heater],
            reporters=[reporter],
        )
        live_through(loop, clock, spell.place.site, recording.end_s, light_tick_s=tick_s)
        state = controller.state()
        yield recording, home, reporter


def _home(
    recording: HomeRecording, variant: Variant, clock: SimClock, seed: str
) -> tuple[LivedHome, RecordedHome | RealHome]:
    """The home of one day, and what lives it and is read."""
    settings = variant.house.home(variant.pace, feed_in=variant.feed_in)
    if variant.feed == "gx_real":
        chain = ChainSettings(seed=crc32(f"{seed} {recording.name}".encode()))
        real = RealHome(RealHomeSettings(home=settings, chain=chain), recording, clock)
        return real, real
    home = Home(settings, local_start_s=recording.local_start_s)
    return home, RecordedHome(recording, home, clock)


def _no_pins() -> Never:
    raise AssertionError("a heater on paper has no pins")


def forecast_of(spell: Spell, variant: Variant, seed: str) -> Forecast | None:
    """Morning forecasts for all days of the spell, so that tomorrow is known where there is one."""
    if variant.forecast == "none":
        return None
    if variant.forecast == "perfect":
        return forecast_from(spell.whole.start_at, spell.whole.mean_pv_w(), "perfect forecast")
    # Files must not share their errors: one lucky draw would be lucky everywhere.
    number = crc32(f"{seed} {spell.name}".encode())
    shifted = variant.forecast == "shifted"
    drawn = recorded_sun_forecast(spell.whole, site_clear_sky(spell.place.site), number, shifted=shifted)
    factor = FORECAST_FACTORS.get(variant.forecast, 1.0)
    return replace(drawn, steps=tuple((at, factor * pv_w) for at, pv_w in drawn.steps))


def _passed_on(read: Callable[[], Reading]) -> Reading:
    """By the portal's own broker, so that the controller knows that it was under way."""
    return replace(read(), source=LIVE_SOURCE)


def _worsened(read: Callable[[], Reading], how: str, chance: Random) -> Callable[[], Reading]:
    """The meter as it is, or with a coarse state of charge, or with errors of its own."""

    def whole_percent() -> Reading:
        reading = read()
        return replace(reading, battery_soc_percent=round(reading.battery_soc_percent or 0.0))

    def noisy() -> Reading:
        reading = read()
        grid_w = off(reading.grid_w)
        return replace(
            reading,
            pv_w=off(reading.pv_w),
            consumption_w=off(reading.consumption_w),
            grid_w=grid_w,
            grid_phase_w=() if grid_w is None else (grid_w,),
            battery_w=off(reading.battery_w),
            load_w={name: off(power_w) or 0.0 for name, power_w in reading.load_w.items()},
        )

    def off(power_w: float | None) -> float | None:
        return None if power_w is None else power_w * (1.0 + chance.gauss(0.0, NOISE_SHARE))

    return {"exact": read, "whole_percent": whole_percent, "noisy": noisy}[how]


def _booked(name: str, home: LivedHome, tally: Tally) -> LivedDay:
    ledger = home.ledger
    return LivedDay(
        day=name,
        value_wh=ledger.value_wh(),
        heat_wh=ledger.heat_total_wh,
        import_wh=ledger.grid_import_wh,
        closings=tally.closings,
        moves=tally.moves,
    )
