"""A car's charger by amps: over HTTP and a broker, with one that answers, lies and is told to pause."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from pv_heater.config.load import load_config
from pv_heater.core.model.values import OFF
from pv_heater.errors import BadReply, ConfigError
from pv_heater.loads.network.ev_charger import (
    HttpEvChargerSettings,
    MqttEvChargerSettings,
    charger_language,
    http_charger,
)
from pv_heater.loads.network.http_device import HttpOutput
from pv_heater.loads.network.networked import Settling
from tests.builders import House, config
from tests.loads.mqtt_devices import Device, confirmed, on, running
from tests.mqtt_brokers import BROKERS, wait_for

HTTP: dict[str, Any] = {
    "type": "http_ev_charger",
    "name": "car",
    "url": "http://192.168.1.60",
    "amps": {"path": "/set?amp={amps}&allow=1"},
    "off": {"path": "/set?allow=0"},
}
MQTT: dict[str, Any] = {"type": "mqtt_ev_charger", "topic": "car/amps/set"}


def settings_of(values: dict[str, Any]) -> Any:
    return load_config({"loads": [values]}).policies[0]


def charger(server: HTTPServer, **changes: Any) -> HttpOutput:
    settings = settings_of(HTTP | {"url": server.url_for("").rstrip("/")} | changes)
    assert isinstance(settings, HttpEvChargerSettings)
    return http_charger(settings, Settling(longest_s=0.0))


def asked(server: HTTPServer) -> list[str]:
    return [request.full_path.rstrip("?") for request, _ in server.log]


@pytest.mark.parametrize(
    ("current", "least_w", "most_w", "count"),
    [
        ({}, 1380.0, 3680.0, 11),
        ({"phases": 3}, 4140.0, 11_040.0, 11),
        ({"phases": 3, "max_a": 32, "voltage_v": 240}, 4320.0, 23_040.0, 27),
        ({"min_a": 8, "max_a": 8}, 1840.0, 1840.0, 1),
    ],
)
def test_each_whole_amp_is_a_level(current: dict[str, Any], least_w: float, most_w: float, count: int) -> None:
    policy = settings_of(HTTP | {"current": current})
    assert (policy.least_power_w, policy.max_power_w, len(policy.levels_w)) == (least_w, most_w, count)


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"current": {"min_a": 5}}, "min_a: must be between 6 and 32 A, not 5"),
        ({"current": {"min_a": 10, "max_a": 8}}, "max_a: must not be below min_a"),
        ({"current": {"phases": 4}}, "phases: must be one of 1, 2, 3"),
        ({"amps": {"path": "/set?amp=16"}}, "amps: must hold {amps}"),
        ({"off": {"path": "/set?amp={amps}"}}, "off is off"),
    ],
)
def test_mistakes_have_their_key_and_what_would_be_right(changes: dict[str, Any], says: str) -> None:
    with pytest.raises(ConfigError, match=re.escape(says)):
        settings_of(HTTP | changes)
    with pytest.raises(ConfigError, match=re.escape("must contain {amps} once")):
        settings_of(MQTT | {"name": "car", "payload": "16"})


def test_it_is_told_whole_amps_and_to_pause(httpserver: HTTPServer) -> None:
    httpserver.expect_request("/set").respond_with_data("OK")
    device = charger(httpserver, current={"phases": 3})
    for power_w in (4140.0, 11_040.0, 0.0):
        device.set_power(power_w)
    assert asked(httpserver) == ["/set?amp=6&allow=1", "/set?amp=16&allow=1", "/set?allow=0"]


def test_one_that_charges_although_it_was_told_to_pause_is_not_believed(httpserver: HTTPServer) -> None:
    state = {"alw": True, "amp": 10}

    def tell(_: Request) -> Response:
        return Response(str(state).replace("'", '"').replace("True", "true"))

    httpserver.expect_request("/set").respond_with_data("OK")
    httpserver.expect_request("/status").respond_with_handler(tell)
    device = charger(httpserver, confirm={"path": "/status", "value": "alw", "off": "false", "level": "amp"})
    device.set_power(2300.0)
    with pytest.raises(BadReply, match="was told the level 12 and says 10"):
        device.set_power(2760.0)
    with pytest.raises(BadReply, match="was told to be off and says 'true'"):
        device.set_power(0.0)


@pytest.mark.usefixtures("patient_links")
def test_over_a_broker_amps_go_out_and_nought_is_the_last_will(tmp_path: Path) -> None:
    row = MQTT | {"current": {"max_a": 13}, "max_power_w": None}
    with (
        BROKERS[-1]() as broker,
        Device(broker.port, "car/amps/set") as device,
        running(tmp_path, broker.port, **row) as load,
    ):
        confirmed(load, on(1610.0))
        confirmed(load, OFF)
        wait_for(lambda: device.commands == ["7", "0"], "it hears the pause")


@pytest.mark.parametrize(
    ("answer", "power_w", "agrees"),
    [(7, 1610.0, True), (7.4, 1610.0, True), (8, 1610.0, False), (0, 0.0, True), (6, 0.0, False), ("off", 0.0, True),
     ("off", 1610.0, False), ("x", 0.0, False)],
)  # fmt: skip
def test_its_answer_is_compared_in_amps(answer: Any, power_w: float, agrees: bool) -> None:
    settings = settings_of(MQTT | {"name": "car"})
    assert isinstance(settings, MqttEvChargerSettings)
    assert charger_language(settings).agrees(answer, power_w) is agrees


def test_in_a_home_it_follows_the_sun_in_whole_amps_and_pauses_below_six() -> None:
    car = MQTT | {"name": "car", "start_delay_s": 0, "min_on_s": 0, "min_off_s": 0, "current": {"dwell_s": 0}}
    home = House(config(loads=[car]))
    told_w = 0.0
    course = []
    for step, pv_w in enumerate((1500.0, 2200.0, 2900.0, 3300.0, 2900.0, 1700.0)):
        for second in range(0, 300, 10):
            decision = home.at(step * 300.0 + second, pv_w=pv_w, consumption_w=500.0 + told_w, battery_soc_percent=97.0)
            told_w = decision.setpoints["car"].power_w
        course.append(round(told_w / 230.0))
    assert course == [0, 7, 10, 12, 10, 0]
