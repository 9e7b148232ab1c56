"""A day on which much goes wrong, lived by the real controller in a home that answers to what it decides."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from datetime import UTC, timedelta
from random import Random
from zlib import crc32

from bench.invariants.promises import Promises
from bench.invariants.real_homes import ChainedHome, IdealHome, StrangeHome, strange_chain
from bench.invariants.strange_faults import StrangeMeter, strange_forecast, trouble
from bench.invariants.strange_homes import strange_settings, strange_start
from bench.invariants.strange_market import StrangeMarket
from pv_heater.config.load import load_config
from pv_heater.config.model import Config
from pv_heater.controller import Controller
from pv_heater.core.model.values import Decision
from pv_heater.sim.home import HomeSettings
from pv_heater.sim.tank import TankSettings
from pv_heater.sim.weather import WEATHERS, recorded_sun_forecast, site_clear_sky, synthetic_days

LARGEST_STATE_BYTES = 20_000
"""Several times what four loads and any strategy need; what grows with every step passes it within a day."""
PACES_S = (30.0, 60.0, 120.0, 120.0, 300.0)
LIVED_H = 26.0
"""So that a midnight is always among them."""
CLOCKLESS_SHARE = 0.25
"""One day in four nobody has set the clock: a Pi without network, from its start on."""
REAL_SHARE = 0.125
"""One day in eight is measured as homes are: its steps are seconds, and it is shorter."""
REAL_PACE_S = 1.0
REAL_H = 0.5
REAL_ROUGHNESS = 0.02
"""What happens beside the meter happens by step: a second may have a fiftieth of what two minutes have."""
ENOUGH_BROKEN = 10
"""A day that has broken this much is not followed further."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StrangeDay:
    """What came of one day."""

    strategy: str
    is_real: bool
    """Whether the home was measured through a chain of drivers."""
    steps: int
    heated_steps: int
    """Steps in which any load was on: a day that never heats proves little."""
    broken: tuple[str, ...]
    """A sentence for each promise that was broken, with its instant."""
    answers: int
    """A checksum of all decisions: the same day lived again must give the same."""


def live_strange_day(
    seed: str, *, pace_s: float | None = None, hours: float = LIVED_H, is_real: bool | None = None
) -> StrangeDay:
    """The day that belongs to `seed`, from a random hour on, in steps of about `pace_s`.

    What is None is drawn, also whether the home is measured as homes are: then it is lived for half an hour at most.
    A pace that is given means an ideal meter where nothing else is said.
    """
    if is_real is None:
        # Drawn apart, so that the other days are what they would be without these.
        is_real = pace_s is None and Random(f"real {seed}").random() < REAL_SHARE
    if is_real:
        pace_s, hours = REAL_PACE_S if pace_s is None else pace_s, min(hours, REAL_H)
    knows_time = Random(f"clock {seed}").random() >= CLOCKLESS_SHARE
    return _Life(Random(seed), StrangeMarket(seed), pace_s, hours, is_real=is_real, knows_time=knows_time).live()


class _Life:
    """A house, its controller, and what happens to both."""

    def __init__(
        self,
        chance: Random,
        market: StrangeMarket,
        pace_s: float | None,
        hours: float,
        *,
        is_real: bool,
        knows_time: bool,
    ) -> None:
        self._chance, self._market = chance, market
        self._is_real = is_real
        self._knows_time = knows_time
        self._config: Config = load_config(market.add_to(strange_settings(chance)))
        self._names = [policy.name for policy in self._config.policies]
        self._roughness = chance.choice([0.0, 1.0, 1.0, 4.0])
        drawn_s = chance.choice(PACES_S)
        self._pace_s = drawn_s if pace_s is None else pace_s
        start_at = strange_start(chance, self._config.site.timezone)
        sky = site_clear_sky(self._config.site)
        self._sun = synthetic_days(2, chance.choice(WEATHERS), chance.randrange(10**6), start_at, sky)
        usual = recorded_sun_forecast(self._sun, sky, chance.randrange(10**6))
        self._forecasts = (strange_forecast(chance, usual), strange_forecast(chance, usual))
        self._at_s = 3600.0 * chance.uniform(0.0, 48.0 - hours)
        self._end_s = self._at_s + 3600.0 * hours
        self._other_forecast_s = chance.uniform(self._at_s, self._end_s)
        self._tick_s = 0.0
        self._is_first = True
        self._clock_off = timedelta(0)
        self._home = self._built(_home(chance, self._config, self._pace_s))
        self._meter = StrangeMeter(chance, self._roughness)
        self._controller = Controller(self._config)
        self._promises = Promises(self._config)
        self._drawn_w = dict.fromkeys(self._names, 0.0)
        self._broken: list[str] = []

    def _built(self, home: HomeSettings) -> StrangeHome:
        """The home to live in; a real one is looked at by day, and fails only while it is."""
        if not self._is_real:
            return IdealHome(home, self._sun)
        hours = self._end_s - self._at_s
        self._at_s = 3600.0 * self._chance.uniform(7.0, 17.0)
        self._end_s = self._at_s + hours
        self._roughness *= REAL_ROUGHNESS
        return ChainedHome(strange_chain(self._chance, home, self._at_s, self._end_s), self._sun)

    def live(self) -> StrangeDay:
        """To the end."""
        steps = heated = answers = 0
        while self._at_s < self._end_s and len(self._broken) < ENOUGH_BROKEN:
            steps += 1
            try:
                decision = self._step()
            except Exception as error:  # noqa: BLE001 - whatever a controller fails with, the day is to be told
                self._broken.append(f"second {self._tick_s:.0f}: the controller failed: {error!r}")
                break
            heated += any(setpoint.on for setpoint in decision.setpoints.values())
            answers = crc32(repr(decision).encode(), answers)
        return StrangeDay(
            strategy=self._config.strategy.type,
            is_real=self._is_real,
            steps=steps,
            heated_steps=heated,
            broken=tuple(self._broken),
            answers=answers,
        )

    def _step(self) -> Decision:
        """A stretch of life, what goes wrong meanwhile, and the decision that follows."""
        elapsed_s = self._pace_s * self._chance.choice([0.5, 1.0, 1.0, 1.0, 1.5])
        self._home.live(self._at_s, self._at_s + elapsed_s, self._drawn_w)
        self._at_s += elapsed_s
        self._tick_s += elapsed_s
        true_at = self._sun.start_at.astimezone(UTC) + timedelta(seconds=self._at_s)
        now = true_at + self._clock_off
        happens = trouble(self._chance, self._roughness, self._names, now)
        self._clock_off += happens.clock_jump
        now += happens.clock_jump
        if happens.restart:
            self._restart()
        reading = self._meter.say(self._home.read(true_at), self._tick_s, in_order=self._clock_off != timedelta(0))
        forecast = self._forecasts[self._at_s >= self._other_forecast_s]
        inputs = replace(happens.inputs, tick_s=self._tick_s)
        if self._market.is_there:
            inputs = replace(inputs, prices=self._market.prices(now))
        if self._is_first:
            inputs = replace(inputs, commands=(*inputs.commands, *self._market.vacation(now)))
        self._is_first = False
        if not self._knows_time:
            inputs = replace(inputs, clock_trusted=False)
        decision = self._controller.step(now, reading, forecast, inputs)
        broken = self._promises.check(now, reading, inputs, decision)
        self._broken += [f"{now:%Y-%m-%d %H:%M:%S} UTC: {sentence}" for sentence in broken]
        self._drawn_w = {name: decision.setpoints[name].power_w for name in self._names}
        return decision

    def _restart(self) -> None:
        """The program ends and starts again with what it saved."""
        text = json.dumps(self._controller.state(), allow_nan=False)
        if len(text) > LARGEST_STATE_BYTES:
            self._broken.append(f"the state has grown to {len(text)} bytes")
        self._controller = Controller(self._config, json.loads(text))
        if json.dumps(self._controller.state()) != text:
            self._broken.append(f"a controller built from this state tells another one: {text}")
        self._promises.note_restart(self._tick_s)


def _tank(chance: Random) -> TankSettings:
    """Anything between cold and hot, and a thermostat that may be set beyond what the load may reach."""
    return TankSettings(start_c=chance.uniform(12.0, 66.0), thermostat_c=chance.choice([50.0, 65.0, 90.0]))


def _home(chance: Random, config: Config, pace_s: float) -> HomeSettings:
    """The home as it is configured; its battery and its tanks begin anywhere."""
    tanks = {policy.name: _tank(chance) for policy in config.policies}
    home = HomeSettings.of_site(config.site, start_percent=chance.choice([0.0, 21.0, 50.0, 98.0, 100.0]), tanks=tanks)
    overload = chance.choice([1.0, 1.0, 4.0])
    inverter_w = None if home.inverter_max_w is None else overload * home.inverter_max_w
    # An inverter carries more than what its owner allows it, until it trips.
    return replace(home, interval_s=chance.choice([pace_s, pace_s, 60.0, 900.0]), inverter_max_w=inverter_w)
