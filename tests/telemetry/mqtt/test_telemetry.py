"""A home at real brokers: what is told, kept and repeated, who may ask, and what happens when the broker fails."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from pv_heater.core.model.requests import Mode
from tests.mqtt_brokers import BROKERS, MOSQUITTO, AmqttBroker, Mosquitto, wait_for
from tests.telemetry.mqtt.rig import Listener, telling
from tests.web.rig import WebHome

each_broker = pytest.mark.parametrize("kind", BROKERS, ids=lambda kind: kind.__name__)
needs_mosquitto = pytest.mark.skipif(MOSQUITTO is None, reason="mosquitto is not installed")
HEATER, STATUS, ANSWER = "pv_heater/loads/heater", "pv_heater/status", "pv_heater/answer"


@pytest.fixture
def house() -> WebHome:
    home = WebHome()
    home.tick()
    return home


@pytest.fixture
def broker() -> Iterator[AmqttBroker | Mosquitto]:
    with BROKERS[-1]() as running:
        yield running


def mode_of(house: WebHome, load: str = "heater") -> Mode:
    house.tick()
    status = house.home.status()
    assert status is not None
    return status.decision.loads[load].mode


@each_broker
def test_what_the_home_does_is_kept_for_whoever_comes(kind: type[AmqttBroker], house: WebHome, tmp_path: Path) -> None:
    with kind() as broker, Listener(broker.port, "pv_heater/#") as early:
        with telling(house, tmp_path, broker.port):
            wait_for(lambda: early.payloads("pv_heater/plan"), "all was told")
            with Listener(broker.port, "pv_heater/#") as late:
                wait_for(lambda: len({topic for topic, _ in late.received}) == 5, "what is kept")
                assert late.text("pv_heater/availability") == "online"
                status, heater = late.last(STATUS), late.last(HEATER)
                assert (status["flows"]["pv_w"], status["loads"]) == (2500.0, ["heater", "pump"])
                assert (heater["temperature_c"], heater["force_min"], heater["id"]) == (41.5, 120, "heater")
                house.tick(load_c={"heater": 43.0})
                wait_for(lambda: late.last(HEATER)["temperature_c"] == 43.0, "what changed")
        wait_for(lambda: early.text("pv_heater/availability") == "offline", "it says goodbye itself")
