"""Other systems beside the real program: one that hangs changes nothing, and a selector of Domoticz is obeyed."""

from pathlib import Path

import pytest

from tests.http_server import ScriptedServer
from tests.process.program import Program, settings
from tests.telemetry.domoticz.server import Devices, JsonServer
from tests.vrm_server import VrmServer

pytestmark = pytest.mark.process


def test_a_selector_is_obeyed_while_a_database_hangs_and_the_end_waits_for_nobody(
    vrm: VrmServer, tmp_path: Path
) -> None:
    with JsonServer() as domoticz, ScriptedServer() as hung:
        domoticz.devices = Devices(700, selectors=(338,))
        hung.hanging = True
        publish = [
            {"type": "emoncms", "url": hung.url, "apikey": "0123456789abcdef", "interval_s": 5},
            {"type": "domoticz", "url": domoticz.url, "interval_s": 5,
             "loads": [{"load": "water_heater", "power": 700, "selector": 338}]},
        ]  # fmt: skip
        with Program(tmp_path, settings(tmp_path, vrm.url, publish=publish)) as program:
            program.wait_until_heating()
            asked = (lambda: domoticz.devices.values[700], lambda: domoticz.count("rid=338"), lambda: hung.asked)
            program.wait_for(lambda: all(each() for each in asked), 10, "both are told")
            domoticz.devices.levels[338] = 0
            program.wait_for(lambda: not program.contact_closed(), 15, "off as the selector says")
            assert "publish domoticz asks: water_heater" in program.log()
            assert program.stop() == 0
    assert "0123456789abcdef" not in program.log()
    assert "Traceback" not in program.log()
