"""The real program and its broker: it is commanded, killed and stopped, and whoever listens knows."""

import json
from pathlib import Path

import pytest

from tests.mqtt_brokers import BROKERS, wait_for
from tests.process.program import Program, settings
from tests.telemetry.mqtt.rig import Listener
from tests.vrm_server import VrmServer

pytestmark = pytest.mark.process

THERE, HEATER = "pv_heater/availability", "pv_heater/loads/water_heater"


def test_it_tells_obeys_and_is_missed(vrm: VrmServer, tmp_path: Path) -> None:
    with BROKERS[-1]() as broker, Listener(broker.port, "pv_heater/#") as peer:
        config = settings(tmp_path, vrm.url, mqtt={"port": broker.port, "commands": True})
        with Program(tmp_path, config) as program:
            program.wait_until_heating()
            wait_for(lambda: (peer.last(HEATER) or {}).get("phase") == "heating", "it is told that it heats")
            assert peer.asked("loads/water_heater/mode/set", "off")["ok"]
            program.wait_for(lambda: not program.contact_closed(), 10, "off as asked")
            assert "asked at pv_heater/loads/water_heater/mode/set" in program.log()
            program.process.kill()
            wait_for(lambda: peer.text(THERE) == "offline", "the last will")
        with Program(tmp_path, config) as program:
            wait_for(lambda: peer.text(THERE) == "online", "it is back")
            wait_for(lambda: (peer.last(HEATER) or {}).get("mode") == "off", "the mode went on")
            assert peer.asked("off/set", "all")["ok"]
            assert program.stop() == 0
        wait_for(lambda: peer.text(THERE) == "offline", "its last word")
        with Listener(broker.port, "pv_heater/#") as late:
            wait_for(lambda: late.text(THERE) == "offline", "it is kept")
    assert "Traceback" not in program.log()
    assert json.loads((tmp_path / "state" / "load_identities.json").read_text()).keys() == {"water_heater"}
