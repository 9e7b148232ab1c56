"""Dimmers on the network under the real loop, beside a pin: who waits for whom, and who gets the watts."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from pv_heater import Controller
from pv_heater.config.load import load_config
from pv_heater.core.model.values import Decision, Forecast, Reading
from pv_heater.core.settings.load import BatteryShare
from pv_heater.io.gpio.pins import Pins
from pv_heater.loads.network.networked import GRACE_S, NetworkedLoad
from pv_heater.ports import Load, Tools
from pv_heater.run.loop import Loop
from pv_heater.run.tick_sources import TickSources
from tests.builders import balanced, config, heater, reading
from tests.http_dimmer_server import DimmerServer
from tests.mqtt_brokers import wait_for
from tests.source_tools import HandClock

LONGEST_TICK_S = 0.5
"""Two busy cores included; a tick that waits for the network would last seconds."""


class House:
    """Three loads by priority: two dimmers and a relay on a mock pin; measures every tick by the machine's clock."""

    def __init__(self, folder: Path, first: DimmerServer, second: DimmerServer) -> None:
        self.clock = HandClock()
        self.pv_w = 5000.0
        self.ticks_s: list[float] = []
        self.decisions: list[Decision] = []
        self._pin_log = folder / "pins.jsonl"
        pins = Pins(factory="mock", pin_log=self._pin_log, monotonic_s=self.clock.monotonic_s)
        rows = [
            heater("first", "http_dimmer", max_power_w=1000, url=first.url, refresh_s=1),
            heater("second", "http_dimmer", max_power_w=1000, url=second.url, refresh_s=1),
            heater("pump", "relay", max_power_w=800, relay={"pin": "GPIO17", "active_high": True}),
        ]
        settings = load_config(config(loads=rows))
        tools = Tools(clock=self.clock, site=settings.site, state_dir=folder, pins=lambda: pins)
        self.loads: list[Load] = [row.build(tools) for row in settings.loads if not isinstance(row, BatteryShare)]
        self.loop = Loop(
            controller=Controller(settings, foresees=False),
            clock=self.clock,
            sources=TickSources(meter=Given(self._seen), forecast=Given(lambda: None)),
            loads=self.loads,
            reporters=(self,),
        )

    def _seen(self) -> Reading:
        """The house with what its loads draw; a meter that never saw them would prove that they draw nothing."""
        use_w = 500.0 + sum(load.power_w() for load in self.loads)
        return balanced(reading(self.clock.now(), pv_w=self.pv_w, consumption_w=use_w))

    def report(self, now: datetime, decision: Decision, seen: Reading | None, forecast: Forecast | None) -> None:
        self.decisions.append(decision)

    def tick(self) -> Decision:
        self.clock.advance(1.0)
        began_s = time.perf_counter()
        self.loop.tick()
        self.ticks_s.append(time.perf_counter() - began_s)
        return self.decisions[-1]

    def end(self) -> None:
        """Every load safe. The dimmers are given real time to hear it, which the clock in the hand would skip."""
        for load in self.loads:
            load.safe(self.clock.monotonic_s())
        answering = [load for load in self.loads if isinstance(load, NetworkedLoad) and load.trouble() is None]
        wait_for(lambda: all(load.confirmed_off for load in answering), "every dimmer that answers is off")
        self.loop.make_safe()

    def contact_closed(self) -> bool:
        return bool(json.loads(self._pin_log.read_text().splitlines()[-1])["state"] == 1.0)


class Given:
    """A feed that answers at once."""

    def __init__(self, make: Callable[[], Any]) -> None:
        self._make = make

    def latest(self) -> Any:
        return self._make()


@pytest.fixture
def dimmers() -> Iterator[tuple[DimmerServer, DimmerServer]]:
    with DimmerServer() as first, DimmerServer() as second:
        yield first, second


def test_a_silent_dimmer_delays_no_tick_no_pin_and_no_other_load(
    dimmers: tuple[DimmerServer, DimmerServer], tmp_path: Path
) -> None:
    silent, boiler = dimmers
    silent.hanging = True
    house = House(tmp_path, silent, boiler)
    house.tick()
    assert house.contact_closed(), "the pin is switched within the tick"
    wait_for(lambda: boiler.gives == 100.0, "the other dimmer is told")
    wait_for(lambda: house.tick() is not None and house.loads[0].trouble() is not None, "the silence is noticed", 8)
    assert silent.percents == []
    assert len(house.ticks_s) > GRACE_S, "while the first word is still under way"
    assert max(house.ticks_s) < LONGEST_TICK_S
    house.end()
    assert not house.contact_closed()
    wait_for(lambda: boiler.gives == 0.0, "the other dimmer is told to be off")


def test_a_dimmer_that_is_gone_leaves_its_share_to_the_next_and_comes_back(
    dimmers: tuple[DimmerServer, DimmerServer], tmp_path: Path
) -> None:
    first, second = dimmers
    house = House(tmp_path, first, second)
    house.pv_w = 2000.0
    house.tick()
    wait_for(lambda: [load.power_w() for load in house.loads[:2]] == [1000.0, 500.0], "both have confirmed")
    assert (first.gives, second.gives) == (100.0, 50.0)
    first.raw_state = "<html>crash</html>"
    wait_for(lambda: house.loads[0].power_w() == 0.0, "the failure is noticed")
    house.clock.advance(GRACE_S)
    decision = house.tick()
    assert decision.loads["first"].rule == "unreachable"
    assert "not JSON" in decision.loads["first"].because
    wait_for(lambda: house.tick() is not None and second.gives == 100.0, "the next one takes the watts")
    wait_for(lambda: first.percents[-1] == 0.0, "what cannot be confirmed is told to be off")
    first.raw_state = None
    wait_for(lambda: house.tick() is not None and first.gives == 100.0, "it is back", 15)
    house.end()
    wait_for(lambda: (first.gives, second.gives) == (0.0, 0.0), "both are told to be off")


def test_a_dimmer_with_an_alarm_leaves_its_share_at_once_and_heats_when_it_is_over(
    dimmers: tuple[DimmerServer, DimmerServer], tmp_path: Path
) -> None:
    first, second = dimmers
    house = House(tmp_path, first, second)
    house.pv_w = 2000.0
    first.alarm = "Ballon chaud"
    house.tick()
    wait_for(lambda: house.loads[0].trouble() is not None, "the alarm is seen")
    assert house.tick().loads["first"].because == "the dimmer does not heat: its alarm says 'Ballon chaud'"
    for _ in range(5):
        assert house.tick().setpoints["first"].power_w == 0.0
    wait_for(lambda: house.tick() is not None and second.gives == 100.0, "the next one takes the watts")
    first.alarm = "RAS"
    wait_for(lambda: house.tick() is not None and first.gives == 100.0, "it heats", 8)
    house.end()
