"""Devices at an MQTT broker for tests: they take commands, answer if they can, start again, and fall silent."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from pv_heater.config.load import load_config
from pv_heater.core.model.values import OFF, Setpoint
from pv_heater.io.system.clock import SystemClock
from pv_heater.loads.network.networked import NetworkedLoad
from pv_heater.ports import Clock, Tools
from tests.builders import config
from tests.mqtt_brokers import Peer, wait_for
from tests.source_tools import GRAZ, no_pins


def on(power_w: float) -> Setpoint:
    return Setpoint(on=True, power_w=power_w)


def load_of(folder: Path, broker_port: int, clock: Clock | None = None, **row: Any) -> NetworkedLoad:
    """The load of one row of the settings, at the broker at `broker_port` of loopback unless the row says where."""
    values: dict[str, Any] = {"name": "boiler", "max_power_w": 2000, "broker": {"port": broker_port}, **row}
    given = {key: value for key, value in values.items() if value is not None}
    settings = load_config(config(loads=[given])).loads[0]
    load = settings.build(Tools(clock=clock or SystemClock(), site=GRAZ, state_dir=folder, pins=no_pins))  # type: ignore[union-attr]
    assert isinstance(load, NetworkedLoad)
    return load


@contextmanager
def running(folder: Path, broker_port: int, clock: Clock | None = None, **row: Any) -> Iterator[NetworkedLoad]:
    load = load_of(folder, broker_port, clock, **row)
    try:
        yield load
    finally:
        load.close()


def confirmed(load: NetworkedLoad, setpoint: Setpoint, seconds: float = 10.0) -> None:
    """Give it the setpoint and wait until the device took it."""
    load.apply(setpoint, 0.0)
    if setpoint == OFF:
        wait_for(lambda: load.confirmed_off, "confirmed off", seconds)
    else:
        wait_for(lambda: load.power_w() == setpoint.power_w, f"{setpoint.power_w} W confirmed", seconds)


class Device(Peer):
    """Obeys what comes at `topic`: `level` is the number or word it was told last. `reply` makes its answers."""

    def __init__(
        self,
        port: int,
        topic: str,
        *,
        reply: Callable[[str, str], list[tuple[str, str]]] = lambda _topic, _text: [],
        listen: tuple[str, ...] = (),
    ) -> None:
        """`reply` gets topic and payload of each message and returns what the device then says, topics and payloads."""
        super().__init__(port, topic, *listen)
        self.topic = topic
        self.reply = reply
        self.deaf = False

    @property
    def commands(self) -> list[str]:
        return [payload.decode() for payload in self.payloads(self.topic)]

    @property
    def level(self) -> str | None:
        return self.commands[-1] if self.commands else None

    def on_message(self, topic: str, payload: bytes) -> None:
        super().on_message(topic, payload)
        if self.deaf:
            return
        for where, text in self.reply(topic, payload.decode()):
            self._client.publish(where, text)


def number_in(text: str) -> float:
    """The number in a command, whatever stands around it."""
    found = re.search(r"-?\d+(\.\d+)?", text)
    assert found is not None, text
    return float(found[0])


def as_json(**values: Any) -> str:
    return json.dumps(values)
