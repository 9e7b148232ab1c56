"""Defects of the MQTT load balancer, the relay automation and the router, as far as they lay in their outputs."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from pv_heater import Controller
from pv_heater.config.load import load_config
from pv_heater.core.model.values import OFF, Decision, Forecast, Reading
from pv_heater.loads.network.networked import GRACE_S, NetworkedLoad
from pv_heater.run.loop import Loop
from pv_heater.run.tick_sources import TickSources
from tests.builders import config, heater, reading
from tests.loads.mqtt_devices import Device, confirmed, load_of, number_in, on, running
from tests.mqtt_brokers import BROKERS, AmqttBroker, Mosquitto, Peer, free_port, wait_for
from tests.source_tools import HandClock, tools_for
from tests.waiting import Stopwatch, promised

ECS, RADIATOR = "regul/vload/ECS/cmd", "regul/vload/radiator/cmd"
VARIATOR: dict[str, Any] = {"type": "mqtt_variator", "topic": ECS, "shape": "linear"}


@pytest.fixture
def broker() -> Iterator[AmqttBroker | Mosquitto]:
    with BROKERS[-1]() as broker:
        yield broker


class Home:
    """The real loop with two variators, each at a broker of its own, and a clock in the hand."""

    def __init__(self, folder: Path, first_port: int, second_port: int) -> None:
        self.clock = HandClock()
        self.pv_w = 2500.0
        self.meter_speaks = True
        self.decisions: list[Decision] = []
        rows = [
            heater("ecs", "mqtt_variator", topic=ECS, broker={"port": first_port}, shape="linear"),
            heater("radiator", "mqtt_variator", topic=RADIATOR, broker={"port": second_port}, shape="linear"),
        ]
        settings = load_config(config(loads=rows))
        tools = tools_for(folder, clock=self.clock)
        self.loads: list[NetworkedLoad] = [row.build(tools) for row in settings.loads]  # type: ignore[union-attr]
        self._last: Reading | None = None
        self.loop = Loop(
            controller=Controller(settings, foresees=False),
            clock=self.clock,
            sources=TickSources(meter=Feed(self._reading), forecast=Feed(lambda: None)),
            loads=self.loads,
            reporters=(self,),
        )

    def report(self, now: datetime, decision: Decision, seen: Reading | None, forecast: Forecast | None) -> None:
        self.decisions.append(decision)

    def tick(self, seconds: float = 1.0) -> dict[str, float]:
        """What each load is told."""
        self.clock.advance(seconds)
        self.loop.tick()
        time.sleep(0.01)
        return {name: point.power_w for name, point in self.decisions[-1].setpoints.items()}

    def close(self) -> None:
        for load in self.loads:
            load.close()

    def _reading(self) -> Reading | None:
        if self.meter_speaks:
            drawn_w = sum(load.power_w() for load in self.loads)
            self._last = reading(self.clock.now(), pv_w=self.pv_w, consumption_w=500.0 + drawn_w)
        return self._last


class Feed:
    def __init__(self, make: Callable[[], Any]) -> None:
        self._make = make

    def latest(self) -> Any:
        return self._make()


def test_killed_it_leaves_no_percent_with_the_broker_and_the_heater_off(broker: Mosquitto, tmp_path: Path) -> None:
    """The balancer retained each percent, had no last will and did not handle SIGTERM: the heater stayed on."""
    program = (
        "import sys, time; from pathlib import Path; from tests.loads.mqtt_devices import load_of, on\n"
        "load = load_of(Path(sys.argv[1]), int(sys.argv[2]), type='mqtt_variator', topic='regul/vload/ECS/cmd')\n"
        "while True: load.apply(on(2000.0), 0.0); time.sleep(0.1)"
    )
    with Device(broker.port, ECS) as device:
        with subprocess.Popen([sys.executable, "-c", program, str(tmp_path), str(broker.port)]) as balancer:
            wait_for(lambda: device.level == "100.00", "it heats")
            balancer.send_signal(signal.SIGKILL)
        promised(lambda: device.level == "0.00", "off", 5)
    with Device(broker.port, ECS) as restarted, Peer(broker.port) as other:
        other.publish("mark")
        time.sleep(0.2)
        assert restarted.commands == [], "the broker remembers no power for whoever comes later"


def test_silent_meters_end_in_a_command_and_not_in_the_last_percent_for_ever(broker: Mosquitto, tmp_path: Path) -> None:
    """The balancer sent only when a meter spoke: with both silent for an hour the loads kept 2298 W and 596 W."""
    with Device(broker.port, ECS) as device:
        home = Home(tmp_path, broker.port, broker.port)
        wait_for(lambda: home.tick() and device.level not in (None, "0.00"), "it heats")
        home.meter_speaks = False
        home.tick(900.0)
        wait_for(lambda: home.tick()["ecs"] == 0.0 and device.level == "0.00", "off")
        home.close()


def test_every_variator_of_the_list_is_one(broker: Mosquitto, tmp_path: Path) -> None:
    """In the balancer a second variable load was built as a constant one and ended the program at its start."""
    with Device(broker.port, ECS) as ecs, Device(broker.port, RADIATOR) as radiator:
        home = Home(tmp_path, broker.port, broker.port)
        home.pv_w = 3000.0
        wait_for(lambda: home.tick() == {"ecs": 2000.0, "radiator": 500.0}, "shared out")
        wait_for(lambda: (ecs.level, radiator.level) == ("100.00", "25.00"), "both are told")
        home.close()


def test_a_broker_that_is_not_there_at_the_start_is_found_when_it_comes(tmp_path: Path) -> None:
    """Without a broker at its start the balancer ended."""
    port = free_port()
    with running(tmp_path, port, **VARIATOR) as load:
        load.apply(on(1000.0), 0.0)
        time.sleep(0.3)
        assert load.power_w() == 0.0
        with BROKERS[-1](port):
            wait_for(lambda: load.power_w() == 1000.0, "found", 12)


def test_a_lost_broker_stops_nothing_but_its_own_load_whose_share_others_get(tmp_path: Path) -> None:
    """Without its broker the router tried to connect for ever, and the dimmer kept its last value meanwhile."""
    with BROKERS[-1]() as first, BROKERS[-1]() as second, Device(second.port, RADIATOR) as radiator:
        home = Home(tmp_path, first.port, second.port)
        wait_for(lambda: home.tick() == {"ecs": 2000.0, "radiator": 0.0} and home.loads[0].power_w(), "it heats")
        first.stop()
        wait_for(lambda: home.loads[0].power_w() == 0.0, "its watts no longer count", 4)
        home.tick(GRACE_S)
        watch = Stopwatch()
        wait_for(lambda: home.tick() == {"ecs": 0.0, "radiator": 2000.0}, "the next one gets its share")
        assert watch.took_s() < 3
        wait_for(lambda: radiator.level == "100.00", "and is told")
        assert home.decisions[-1].loads["ecs"].rule == "unreachable"
        first.start()
        wait_for(lambda: home.tick()["ecs"] == 2000.0, "it comes back", 20)
        home.close()


@pytest.mark.parametrize("payload", ["", "nan", "1e999", "{", "[1]", "null", "true", '{"power":5}', "é" * 5000])
def test_a_malformed_answer_ends_nothing(broker: Mosquitto, tmp_path: Path, payload: str) -> None:
    """One malformed payload ended the balancer, and the retained percent stayed with the broker."""
    with Device(broker.port, ECS) as device, running(tmp_path, broker.port, **VARIATOR, answer_topic="ack") as load:
        device.reply = lambda _topic, text: [("ack", payload), ("ack", text)]
        confirmed(load, on(1000.0))
        confirmed(load, OFF)


def test_an_answer_that_says_nothing_is_not_taken_for_off(broker: Mosquitto, tmp_path: Path) -> None:
    """The relay automation took a failed read for a state, and noted `off` though nothing had moved."""
    switch = {"type": "mqtt_switch", "topic": "plug/set", "answer_topic": "plug", "answer_path": "state"}
    with Device(broker.port, "plug/set", reply=lambda _topic, _text: [("plug", '{"state":null}')]) as device:
        load = load_of(tmp_path, broker.port, **switch)
        load.apply(OFF, 0.0)
        wait_for(lambda: device.level == "OFF", "told")
        time.sleep(0.3)
        assert not load.confirmed_off
        load.close()


def test_a_percent_is_the_measured_one_also_between_and_on_the_points_of_the_curve(
    broker: Mosquitto, tmp_path: Path
) -> None:
    """The balancer's polynomial divided by zero on an exact match and was up to 23 W off."""
    curve = tmp_path / "ecs.csv"
    curve.write_text(
        "\n".join(f"{percent / 2:.1f};{2298.5 * (percent / 200) ** 2:.1f}" for percent in range(200, -1, -1))
    )
    rising = "\n".join(reversed(curve.read_text().splitlines()))
    curve.write_text(rising)
    row = {**VARIATOR, "curve": str(curve), "max_power_w": 2298}
    with Device(broker.port, ECS) as device, running(tmp_path, broker.port, **row) as load:
        for power_w, percent in ((574.6, 50.0), (1292.9, 75.0), (600.0, 51.09)):
            confirmed(load, on(power_w))
            wait_for(
                lambda percent=percent: number_in(device.level or "-1") == pytest.approx(percent, abs=0.02), "told"
            )
