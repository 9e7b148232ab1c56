"""The page of the real program: beside the control, never in its way."""

import json
import re
import socket
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest

from bench.cost.page import half_open
from pv_heater.io.system.control_client import ask
from pv_heater.io.system.control_socket import SOCKET_NAME
from tests.process.program import Program, settings
from tests.vrm_server import VrmServer
from tests.waiting import until

pytestmark = pytest.mark.process

LISTEN = {"listen": "127.0.0.1:0"}


def netloc(program: Program) -> str:
    """Where its page is, by its log."""
    program.wait_for(lambda: "the page is at " in program.log(), 15, "the page")
    return re.findall(r"the page is at http://([^/]+)/", program.log())[0]


def api(where: str, path: str, body: Any = None) -> Any:
    data = None if body is None else json.dumps(body).encode()
    request = Request(
        f"http://{where}/api/v1/{path}", data, {"Content-Type": "application/json", "Origin": f"http://{where}"}
    )
    with urlopen(request, timeout=30) as answer:
        return json.loads(answer.read())


def test_a_load_is_forced_and_everything_switched_off_from_the_page(vrm: VrmServer, tmp_path: Path) -> None:
    with Program(tmp_path, settings(tmp_path, vrm.url, web=LISTEN)) as program:
        program.wait_until_heating()
        where = netloc(program)
        assert api(where, "status")["state"]["word"] == "live"
        done = api(where, "loads/water_heater/mode", {"mode": "off", "for_s": 600})
        program.wait_for(lambda: not program.contact_closed(), 10, "off as forced")
        program.wait_for(lambda: api(where, "status")["commands_seen"] >= done["id"], 5, "the command is seen")
        assert "water_heater mode auto -> off" in program.log()
        api(where, "loads/water_heater/mode", {"mode": "auto"})
        program.wait_until_heating()
        api(where, "loads/off", {})
        program.wait_for(lambda: not program.contact_closed(), 5, "everything off")
        program.wait_for(lambda: api(where, "status")["loads"][0]["fault"] is not None, 5, "the fault")
        with pytest.raises(HTTPError, match="422"):
            api(where, "loads/water_heater/mode", {"mode": "on"})
        assert program.stop() == 0
    assert "Traceback" not in program.log()


def test_a_port_in_use_is_one_line_and_heating_goes_on(vrm: VrmServer, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        listen = f"127.0.0.1:{other.getsockname()[1]}"
        with Program(tmp_path, settings(tmp_path, vrm.url, web={"listen": listen})) as program:
            program.wait_until_heating()
            program.wait_for(lambda: f"cannot be shown at {listen}" in program.log(), 5, "the line")
            assert program.stop() == 0
    assert program.log().count("cannot be shown") == 1


def test_a_crowd_at_the_door_keeps_nobody_from_switching_off(vrm: VrmServer, tmp_path: Path) -> None:
    with Program(tmp_path, settings(tmp_path, vrm.url, web=LISTEN)) as program:
        program.wait_until_heating()
        where = netloc(program)
        with half_open(where, 300):
            answer = ask(tmp_path / "state" / SOCKET_NAME, {"command": "off"}, believe=lambda _: True)
            assert answer["ok"] is True
            program.wait_for(lambda: not program.contact_closed(), 5, "off")
        until(lambda: api(where, "status")["loads"][0]["fault"] is not None, "the page answers again", 15)
        assert program.stop() == 0
