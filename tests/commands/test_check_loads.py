"""`main.py check` asks every output on the network what it does, and moves none."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from bench.doubles.gx_modbus import ModbusGx
from bench.doubles.gx_mqtt import relay_values
from pv_heater.commands.check import check_all
from pv_heater.commands.check_loads import ask_loads
from pv_heater.commands.check_report import Finding
from pv_heater.commands.play.days import refused_recording
from pv_heater.config.load import load_config
from pv_heater.io.system.clock import SystemClock
from tests.builders import config, heater
from tests.gx_device import PORTAL_ID, GxPeer, fast_broker
from tests.http_devices import Device as HttpDevice
from tests.http_dimmer_server import DimmerServer
from tests.loads.mqtt_devices import Device
from tests.mqtt_brokers import AmqttBroker, Mosquitto, free_port
from tests.waiting import Stopwatch


def asked(*rows: dict[str, Any], **more: Any) -> list[Finding]:
    settings = load_config(
        config(**{"dry_run": False, **more, "loads": [{"max_power_w": 1000, **row} for row in rows]})
    )
    return ask_loads(settings, SystemClock())


def one(**row: Any) -> Finding:
    (finding,) = asked({"name": "boiler", **row})
    return finding


@pytest.fixture(scope="module")
def shelly() -> Iterator[HttpDevice]:
    with HttpDevice(lambda: 0.0) as device:
        yield device


@pytest.fixture(scope="module")
def broker() -> Iterator[AmqttBroker | Mosquitto]:
    with fast_broker() as broker:
        yield broker


def test_a_dimmer_is_asked_and_not_moved() -> None:
    with DimmerServer() as dimmer:
        finding = one(type="http_dimmer", url=dimmer.url)
        assert (finding.what, finding.exit_code) == ("loads.boiler http_dimmer", 0)
        assert finding.says.startswith("the dimmer gives 0 %")
        assert dimmer.percents == []
        dimmer.alarm = "Ballon chaud"
        assert "would not heat: its alarm says 'Ballon chaud'" in one(type="http_dimmer", url=dimmer.url).says


@pytest.mark.parametrize(("preset", "says"), [("shelly_gen2_switch", "is off"), ("tasmota_relay", "is off")])
def test_a_switch_says_what_it_does(shelly: HttpDevice, preset: str, says: str) -> None:
    shelly.reset()
    finding = one(preset=preset, host=shelly.address)
    assert says in finding.says
    assert finding.exit_code == 0
    assert not shelly.output.on
    assert all("turn=" not in text and "on=" not in text and "%20" not in text for text in shelly.requests)


def test_another_kind_or_generation_of_device_is_said() -> None:
    with DimmerServer() as dimmer:
        finding = one(preset="shelly_gen2_switch", host=dimmer.url.removeprefix("http://"))
        assert finding.exit_code == 5
        assert "is it this kind of device, and does it have this channel?" in finding.says


def test_a_wrong_login_and_a_wrong_address_have_their_own_words() -> None:
    with DimmerServer() as dimmer:
        dimmer.login = ("me", "right")
        url = dimmer.url
        wrong = one(type="http_dimmer", url=url, username="me", password="wrong")
        assert wrong.exit_code == 4
        assert "refused access (401)" in wrong.says
    dead = one(type="http_dimmer", url=f"http://127.0.0.1:{free_port()}")
    assert dead.exit_code == 5
    assert "Connection refused" in dead.says


def test_all_are_asked_at_once_in_their_order_and_pins_are_not() -> None:
    with DimmerServer() as dimmer:
        dimmer.hanging = True
        watch = Stopwatch()
        urls = [dimmer.url, *(f"http://127.0.0.1:{free_port()}" for _ in range(2))]
        rows = [{"name": f"dimmer_{index}", "type": "http_dimmer", "url": url} for index, url in enumerate(urls)]
        pin = {"name": "pump", "type": "relay", "relay": {"pin": "GPIO17", "active_high": True}}
        found = asked(*rows, pin)
        assert [finding.what.split()[0] for finding in found] == ["loads.dimmer_0", "loads.dimmer_1", "loads.dimmer_2"]
        assert watch.took_s() < 8


def test_one_that_never_ends_is_given_up() -> None:
    settings = load_config(config(loads=[{**heater(), "type": "http_dimmer", "url": "http://127.0.0.1:1"}]))
    (row,) = settings.loads
    never = threading.Event()

    class Hangs(row.cls):  # type: ignore[misc, name-defined, union-attr]
        @staticmethod
        def state_of(_settings: Any) -> str:
            never.wait(5)
            return "late"

    hung = replace(settings, loads=(replace(row, cls=Hangs),))  # type: ignore[type-var]
    (finding,) = ask_loads(hung, SystemClock(), longest_s=0.1)
    never.set()
    assert finding.says == "did not answer within 0.1 s"
    assert finding.exit_code == 5


def test_in_a_dry_run_what_does_not_answer_is_a_warning() -> None:
    row = {"name": "boiler", "type": "http_dimmer", "url": f"http://127.0.0.1:{free_port()}"}
    (finding,) = asked(row, dry_run=True)
    assert (finding.exit_code, finding.warning) == (0, True)
    assert "in a dry run it is not needed" in finding.says


def test_the_broker_of_a_load_is_asked_and_gets_no_will(broker: AmqttBroker | Mosquitto) -> None:
    at = {"host": "127.0.0.1", "port": broker.port}
    with Device(broker.port, "cmnd/plug/POWER") as plug:
        finding = one(type="mqtt_switch", broker=at, topic="cmnd/plug/POWER")
        assert finding.exit_code == 0
        assert "answers; the device cannot be asked before it is told something" in finding.says
        assert plug.commands == []
    dead = one(type="mqtt_switch", broker={"host": "127.0.0.1", "port": free_port()}, topic="cmnd/plug/POWER")
    assert dead.exit_code == 5
    assert "cannot be reached: Connection refused" in dead.says


def test_a_device_that_can_be_asked_over_mqtt_is_asked(broker: AmqttBroker | Mosquitto) -> None:
    at = {"host": "127.0.0.1", "port": broker.port}
    row = {"type": "mqtt_switch", "broker": at, "topic": "plug/set", "answer_topic": "plug/state"}
    with Device(broker.port, "plug/get", reply=lambda *_: [("plug/state", "OFF")]):
        assert "the device says the text 'OFF'" in one(**row, ask_topic="plug/get").says
    silent = one(**row, ask_topic="plug/nothing")
    assert silent.exit_code == 5
    assert "the device said nothing at plug/state" in silent.says


@pytest.mark.parametrize(
    ("values", "says", "exit_code"),
    [
        (relay_values(0), "relay 1 of the GX device at 127.0.0.1:PORT is open", 0),
        (relay_values(0, state=1), "is closed", 0),
        (relay_values(0, function=1), "its function is generator start/stop; set it to Manual", 5),
        (relay_values(0, function=-1), "its function is disabled", 5),
        (relay_values(0, polarity=1), "its polarity is normally closed", 5),
        ({}, "did not answer", 5),
    ],
)
def test_a_gx_relay_is_looked_at_and_nothing_is_written(
    broker: AmqttBroker | Mosquitto, values: dict[str, object], says: str, exit_code: int
) -> None:
    with GxPeer(broker.port, values) as gx:
        finding = one(type="gx_relay", gx={"host": "127.0.0.1", "port": broker.port, "portal_id": PORTAL_ID})
        assert says.replace("PORT", str(broker.port)) in finding.says
        assert finding.exit_code == exit_code
        assert gx.writes == []


def test_a_gx_relay_over_modbus_is_looked_at() -> None:
    with ModbusGx() as gx:
        gx.reset()
        row = {"type": "gx_relay_modbus", "host": "127.0.0.1", "port": gx.port, "relay_is_manual": True}
        finding = one(**row)
        assert finding.says.endswith("is open; Modbus cannot tell what it is used for")
        assert gx.writes == []


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"dry_run": False}, "a recording must not switch real outputs"),
        ({"dry_run": False, "gpio": {"factory": "mock"}, "network": True}, "such as boiler on the network"),
        ({"dry_run": True, "second": True}, "a recording must be the only meter"),
        ({"dry_run": True}, None),
        ({"dry_run": False, "gpio": {"factory": "mock"}}, None),
    ],
)
def test_what_run_refuses_check_refuses(changes: dict[str, Any], says: str | None) -> None:
    meter = [{"type": "recording", "path": "Files/recordings/summer.csv.gz"}]
    if changes.pop("second", False):
        meter.append({"type": "mqtt", "host": "127.0.0.1", "values": {"grid_w": {"topic": "g"}}})
    row: dict[str, Any] = {"name": "boiler", "type": "relay", "max_power_w": 1000}
    if changes.pop("network", False):
        row |= {"type": "http_dimmer", "url": f"http://127.0.0.1:{free_port()}"}
    else:
        row["relay"] = {"pin": "GPIO5", "active_high": True, "pull": "external"}
    project = Path(__file__).parents[2]
    meter[0]["path"] = str(project / meter[0]["path"])
    settings = load_config(config(**{**changes, "meter": meter, "loads": [row]}))
    refusal = refused_recording(settings)
    assert refusal is None if says is None else says in str(refusal)
    if len(meter) == 1 and "url" not in row:
        (finding,) = [finding for finding in check_all(settings).findings if finding.what == "meter recording"]
        assert (finding.exit_code == 2, says is None or says in finding.says) == (says is not None, True)
