"""Homes that are measured as homes are, for strange days: drivers that are late, lost, hung or wrong, and DC loads."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime
from random import Random
from typing import Protocol

from pv_heater.core.model.values import Reading
from pv_heater.errors import SourceError
from pv_heater.sim.chain_faults import (
    DEVICES,
    BrokerSilent,
    Contradicts,
    Fault,
    Hung,
    Lost,
    OneSample,
    ShownCharge,
    SystemRestart,
)
from pv_heater.sim.clock import SimClock
from pv_heater.sim.home import Home, HomeSettings
from pv_heater.sim.real_home import During, RealHome, RealHomeSettings, rhythm
from pv_heater.sim.recording import HomeRecording
from pv_heater.sim.victron_chain import ChainSettings

MOST_FAULTS = 6
LONGEST_FAULT_S = 600.0


class StrangeHome(Protocol):
    """A home that lives with what its loads draw, and shows what its meter shows."""

    def live(self, from_s: float, to_s: float, drawn_w: Mapping[str, float]) -> None:
        """From one second of the recording to another."""
        ...

    def read(self, at: datetime) -> Reading:
        """What the meter shows at the end of the last stretch, whose instant is `at`."""
        ...


class IdealHome:
    """Measured at once and exactly."""

    def __init__(self, settings: HomeSettings, sun: HomeRecording) -> None:
        self._home = Home(settings)
        self._sun = sun

    def live(self, from_s: float, to_s: float, drawn_w: Mapping[str, float]) -> None:
        """See `StrangeHome`."""
        for begin_s, end_s, sun_w, use_w in self._sun.stretches(from_s, to_s):
            self._home.advance(begin_s, end_s, sun_w, use_w, drawn_w)

    def read(self, at: datetime) -> Reading:
        """See `StrangeHome`."""
        return self._home.reading(at)


class ChainedHome:
    """Measured through a chain of drivers; while nothing is published the last reading stays."""

    def __init__(self, settings: RealHomeSettings, sun: HomeRecording) -> None:
        self._clock = SimClock(sun.start_at)
        self._home = RealHome(settings, sun, self._clock)
        self._drawn = {name: _Drawn(name) for name in settings.home.tanks}
        self._home.connect(list(self._drawn.values()))
        self._last = self._home.read()

    def live(self, from_s: float, to_s: float, drawn_w: Mapping[str, float]) -> None:
        """See `StrangeHome`."""
        self._clock.wait_until(from_s)  # what was before the day's first step is lived here
        for name, power_w in drawn_w.items():
            self._drawn[name].now_w = power_w
        self._clock.wait_until(to_s)

    def read(self, at: datetime) -> Reading:  # noqa: ARG002 - its readings carry their own dates
        """See `StrangeHome`."""
        with suppress(SourceError):
            self._last = self._home.read()
        return self._last


@dataclass
class _Drawn:
    """Satisfies `sim.real_home.Draws`: what it was given last."""

    name: str
    now_w: float = 0.0

    def power_w(self) -> float:
        """What it draws."""
        return self.now_w


def strange_chain(chance: Random, home: HomeSettings, from_s: float, to_s: float) -> RealHomeSettings:
    """`home` with what installers add to it, and with faults between two seconds; all drawn."""

    def some_time() -> tuple[float, float]:
        begin_s = chance.uniform(from_s, to_s)
        return begin_s, begin_s + chance.choice([2.0, 10.0, 60.0, chance.uniform(5.0, LONGEST_FAULT_S)])

    def during(*powers_w: float) -> tuple[During, ...]:
        begin_s, end_s = some_time()
        return (During(from_s=begin_s, to_s=end_s, power_w=chance.choice(powers_w)),)

    faults = tuple(_fault(chance, *some_time()) for _ in range(chance.randint(0, MOST_FAULTS)))
    chain = ChainSettings(
        seed=chance.randrange(10**6),
        noise_w=chance.choice([0.0, 0.0, 20.0]),
        dc_is_measured=chance.random() < 0.5,
        faults=faults,
    )
    full_percent = chance.choice([100.0, 100.0, 96.0, 90.0])
    home = replace(home, reserve_percent=min(home.reserve_percent, full_percent))
    return RealHomeSettings(
        home=home,
        full_percent=full_percent,
        input_share=chance.choice([0.0, 0.3, 1.0]),
        second_charger_share=chance.choice([0.0, 0.4]),
        ac_loads=_car(chance, *some_time()) if chance.random() < 0.3 else (),
        dc_loads=during(100.0, 800.0) if chance.random() < 0.3 else (),
        generator=during(1000.0, 5000.0) if chance.random() < 0.2 else (),
        regulation_s=chance.choice([0.0, 1.1, 2.5]),
        standby_w=chance.choice([0.0, 30.0]),
        loss_share=chance.choice([0.0, 0.05]),
        chain=chain,
    )


def _car(chance: Random, from_s: float, to_s: float) -> tuple[During, ...]:
    on_s, off_s = chance.uniform(5.0, 60.0), chance.uniform(5.0, 60.0)
    return rhythm(from_s, to_s, chance.choice([2300.0, 3700.0, 11_000.0]), on_s=on_s, off_s=off_s)


def _fault(chance: Random, from_s: float, to_s: float) -> Fault:
    device = chance.choice(DEVICES)
    power_field = chance.choice(["pv_w", "consumption_w", "grid_w", "battery_w"])
    kinds: tuple[Callable[[], Fault], ...] = (
        lambda: Lost(device=device, from_s=from_s, to_s=to_s),
        lambda: Lost(device="vebus", from_s=from_s, to_s=to_s),
        lambda: Hung(device=device, from_s=from_s, to_s=to_s),
        lambda: Contradicts(device=device, from_s=from_s, to_s=to_s, times=chance.choice([-1.0, 0.5, 2.0])),
        lambda: Contradicts(device=device, from_s=from_s, to_s=to_s, plus_w=chance.choice([-400.0, 400.0])),
        lambda: SystemRestart(from_s=from_s, to_s=from_s + chance.uniform(0.5, 3.0)),
        lambda: BrokerSilent(from_s=from_s, to_s=to_s, burst_s=chance.choice([0.0, 2.0])),
        lambda: ShownCharge(from_s=from_s, to_s=to_s, percent=chance.choice([None, 0.0, 60.0, 104.0])),
        lambda: OneSample(from_s=from_s, to_s=from_s + 1.0, field=power_field, power_w=65_535.0),
    )
    return chance.choice(kinds)()
