"""Announcements at a real broker, by the program's own connection."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from bench.doubles.brokers import Mosquitto
from pv_heater.core.settings.mqtt import HomeAssistant, Mqtt
from pv_heater.telemetry.home_assistant.companion import HomeAssistantCompanion
from tests.builders import heater
from tests.mqtt_brokers import MOSQUITTO, AmqttBroker, wait_for
from tests.telemetry.mqtt.rig import Listener, telling
from tests.web.rig import WebHome

ALL = "homeassistant/device/pv_heater/config"


@pytest.fixture
def port() -> Iterator[int]:
    broker = Mosquitto() if MOSQUITTO else AmqttBroker()
    broker.start()
    yield broker.port
    broker.stop()


def home(*names: str) -> tuple[WebHome, HomeAssistantCompanion]:
    rig = WebHome(loads=[heater(name) for name in names])
    rig.tick()
    ids = {name: name for name in names}
    settings = Mqtt(commands=True)
    return rig, HomeAssistantCompanion(settings, HomeAssistant(), rig.home, ids, between=lambda low, high: 0.0)


def components(listener: Listener) -> dict[str, Any]:
    found: dict[str, Any] = (listener.last(ALL) or {"components": {}})["components"]
    return found


def test_it_is_announced_kept_and_told_again_at_each_birth(port: int, tmp_path: Path) -> None:
    rig, companion = home("boiler")
    with Listener(port, "homeassistant/#", "pv_heater/#") as listener:
        with telling(rig, tmp_path, port, companion, commands=True):
            wait_for(lambda: "load_boiler_power" in components(listener), "it is announced")
            wait_for(lambda: listener.text("pv_heater/availability") == "online", "it is there")
            before = len(listener.payloads(ALL))
            states = len(listener.payloads("pv_heater/loads/boiler"))
            listener.publish("homeassistant/status", "online")
            wait_for(lambda: len(listener.payloads(ALL)) > before, "it is announced again")
            wait_for(lambda: len(listener.payloads("pv_heater/loads/boiler")) > states, "its states come again")
        wait_for(lambda: listener.text("pv_heater/availability") == "offline", "it says goodbye")
    with Listener(port, ALL) as later:
        wait_for(lambda: "load_boiler_power" in components(later), "the broker kept it")


def test_a_load_that_was_sold_is_retired_at_the_next_start(port: int, tmp_path: Path) -> None:
    with Listener(port, "homeassistant/#") as listener:
        rig, companion = home("boiler", "pump")
        with telling(rig, tmp_path, port, companion, commands=True):
            wait_for(lambda: "load_pump_power" in components(listener), "both are announced")
        rig, companion = home("boiler")
        with telling(rig, tmp_path, port, companion, commands=True):
            wait_for(lambda: components(listener).get("load_pump_power") == {"p": "sensor"}, "the pump is retired")
            assert "unique_id" in components(listener)["load_boiler_power"]


def test_every_template_reads_what_is_published(port: int, tmp_path: Path) -> None:
    """Each value that an entity reads stands in the JSON of its topic."""
    rig, companion = home("boiler")
    rig.tick()
    with (
        Listener(port, "homeassistant/#", "pv_heater/#") as listener,
        telling(rig, tmp_path, port, companion, commands=True),
    ):
        wait_for(lambda: listener.last("pv_heater/loads/boiler") is not None, "it tells its state")
        wait_for(lambda: listener.last("pv_heater/status") is not None, "and that of the home")
        for key, told in json.loads(companion.announcements()[0][1])["components"].items():
            for word, text in told.items():
                topic = told.get("state_topic")
                if word.endswith("template") and topic is not None:
                    document = listener.last(topic)
                    assert "value_json." in text, f"{key}: {word}"
                    assert not (lost := missing(text, document)), f"{key}: {lost} is not in {topic}"


def missing(template: str, document: dict[str, Any]) -> list[str]:
    """The first words behind ``value_json`` that there are not, and those below them where they are groups."""
    lost = []
    for path in re.findall(r"value_json(?: or \{\})?((?:\.\w+(?: or \{\}\))?)+)", template):
        found: Any = document
        for word in re.findall(r"\.(\w+)", path):
            if not isinstance(found, dict):
                break
            if word not in found:
                lost.append(path)
                break
            found = found[word]
    return lost
