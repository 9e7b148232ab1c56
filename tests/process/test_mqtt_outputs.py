"""The real program with a variator at a broker and a relay of a GX device: however it ends, both are off."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from bench.doubles.gx_mqtt import GxPeer, relay_values
from tests.loads.mqtt_devices import Device
from tests.mqtt_brokers import BROKERS, AmqttBroker, Mosquitto, wait_for
from tests.process.program import Program, run_once, settings
from tests.vrm_server import VrmServer
from tests.waiting import promised

pytestmark = pytest.mark.process

RELAY = "system/0/Relay/0/State"
TOPIC = "regul/vload/ECS/cmd"
NO_DELAYS = {"start_delay_s": 0, "min_on_s": 0, "min_off_s": 0}


class Outputs:
    def __init__(self, broker: Mosquitto | AmqttBroker, gx: GxPeer, variator: Device) -> None:
        self.broker, self.gx, self.variator = broker, gx, variator

    @property
    def rows(self) -> list[dict[str, Any]]:
        here = {"host": "127.0.0.1", "port": self.broker.port}
        return [
            {
                "name": "ecs",
                "type": "mqtt_variator",
                "max_power_w": 1000,
                "topic": TOPIC,
                "broker": {**here},
                **NO_DELAYS,
            },
            {"name": "immersion", "type": "gx_relay", "max_power_w": 800, "gx": here, **NO_DELAYS},
        ]

    def are_on(self) -> bool:
        return self.variator.level not in (None, "0.00") and self.gx.value(RELAY) == 1

    def are_off(self) -> bool:
        return self.variator.level == "0.00" and self.gx.value(RELAY) == 0


@pytest.fixture
def outputs() -> Iterator[Outputs]:
    with BROKERS[-1]() as broker, GxPeer(broker.port, relay_values(0)) as gx, Device(broker.port, TOPIC) as variator:
        yield Outputs(broker, gx, variator)


def test_a_signal_while_they_heat_switches_both_off_before_the_end(
    vrm: VrmServer, outputs: Outputs, tmp_path: Path
) -> None:
    with Program(tmp_path, settings(tmp_path, vrm.url, loads=outputs.rows)) as program:
        program.wait_for(outputs.are_on, 15, "both are on")
        assert program.stop() == 0
        assert outputs.gx.value(RELAY) == 0
        promised(outputs.are_off, "both are off", 1)
        assert "did not confirm" not in program.log()


def test_kill_9_leaves_both_off_by_the_last_will(vrm: VrmServer, outputs: Outputs, tmp_path: Path) -> None:
    with Program(tmp_path, settings(tmp_path, vrm.url, loads=outputs.rows)) as program:
        program.wait_for(outputs.are_on, 15, "both are on")
        program.process.send_signal(signal.SIGKILL)
        promised(outputs.are_off, "both are off", 5)


def test_off_without_a_running_program_switches_both_off(vrm: VrmServer, outputs: Outputs, tmp_path: Path) -> None:
    config = settings(tmp_path, vrm.url, loads=outputs.rows)
    outputs.gx.set({RELAY: 1})
    outputs.variator.publish(TOPIC, "80")
    wait_for(outputs.are_on, "both are on")
    done = run_once(tmp_path, config, "off")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == "ecs: is off, and confirmed it\nimmersion: is off, and confirmed it\n"
    promised(outputs.are_off, "both are off", 1)


def test_off_says_what_it_could_not_reach(vrm: VrmServer, outputs: Outputs, tmp_path: Path) -> None:
    config = settings(tmp_path, vrm.url, loads=outputs.rows)
    outputs.broker.stop()
    done = run_once(tmp_path, config, "off")
    assert done.returncode == 3
    for name in ("ecs", "immersion"):
        assert f"{name}: it did not confirm that it is off (the " in done.stderr + done.stdout
