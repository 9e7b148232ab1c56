"""From the plug's worker through the real loop to the decision."""

from __future__ import annotations

from typing import Any

from pv_heater.controller import Controller
from pv_heater.core.model.values import Decision, Forecast, Reading, Setpoint
from pv_heater.run.loop import Loop
from pv_heater.run.sources import LoadPowers
from pv_heater.run.tick_sources import TickSources
from pv_heater.sim.clock import SimClock
from tests.builders import NOON, balanced, config, reading


class Heater:
    """Satisfies `ports.Load` and, for its plug, `ports.Sensor`: it draws nine tenths of what it is told."""

    name, interval_s, max_age_s = "heater", 5.0, 30.0

    def __init__(self) -> None:
        self.told_w = 0.0

    def apply(self, setpoint: Setpoint, tick_s: float) -> None:
        self.told_w = setpoint.power_w

    def safe(self, tick_s: float) -> None:
        self.told_w = 0.0

    def trip(self) -> None:
        self.told_w = 0.0

    def reset(self) -> None:
        """Nothing is held."""

    def trouble(self) -> None:
        """Always within reach."""

    def power_w(self) -> float:
        return self.told_w

    def read(self) -> float:
        return 0.9 * self.told_w

    def close(self) -> None:
        """Nothing is open."""


class Feed:
    def __init__(self, value: Any) -> None:
        self.value = value

    def latest(self) -> Any:
        return self.value() if callable(self.value) else self.value


class Diary:
    def __init__(self) -> None:
        self.decisions: list[Decision] = []

    def report(self, now: Any, decision: Decision, seen: Reading | None, forecast: Forecast | None) -> None:
        self.decisions.append(decision)


def test_what_the_plug_measures_reaches_the_decision_once_the_load_has_settled() -> None:
    clock, load, diary = SimClock(NOON), Heater(), Diary()
    powers = LoadPowers({"heater": load}, clock.monotonic_s)
    loop = Loop(
        controller=Controller.from_config(config()),
        clock=clock,
        sources=TickSources(
            meter=Feed(lambda: balanced(reading(clock.now(), consumption_w=500.0 + load.read()))),
            powers=powers.latest_with_age,
        ),
        loads=[load],
        reporters=(diary,),
    )
    for _ in range(60):
        loop.tick()
        powers.poll_once()
        clock.wait_until(clock.monotonic_s() + 1.0)
    measured = [decision.trace.load_w.get("heater") for decision in diary.decisions]
    assert measured[1] is None
    assert measured[-1] == 1800
    first = next(index for index, value in enumerate(measured) if value == 1800)
    assert 10 <= first <= 15
    assert diary.decisions[-1].trace.base_w == 500
    loop.make_safe()
