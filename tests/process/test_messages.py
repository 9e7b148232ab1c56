"""The real program with messages: they arrive, and nobody they are sent to can delay what matters."""

from __future__ import annotations

import signal
import socket
from pathlib import Path
from typing import Any

import pytest

from tests.http_server import ScriptedServer
from tests.process.program import Program, run_once, settings
from tests.raw_server import ATTACKS, Dripper, RawServer
from tests.vrm_server import VrmServer

pytestmark = pytest.mark.process
TOKEN = "123456789:AAsecretsecretsecretsecretsecret"


def to(*rows: dict[str, Any]) -> dict[str, Any]:
    return {"to": list(rows), "quiet_from": "00:00", "quiet_to": "00:00"}


def flood(connection: socket.socket, _number: int) -> None:
    connection.recv(65_536)
    while True:
        connection.sendall(b"HTTP/1.1 100 Continue\r\n\r\n" * 500)


def test_a_fault_is_told_beside_recipients_that_hang_flood_and_drip_and_delays_no_end(
    vrm: VrmServer, tmp_path: Path
) -> None:
    with (
        ScriptedServer() as server,
        ScriptedServer() as hanging,
        RawServer(flood) as flooding,
        Dripper(*ATTACKS["dripped headers"]) as dripping,
    ):
        hanging.hanging = True
        rows = (
            {"type": "telegram", "url": hanging.url, "token": TOKEN, "chat_id": "7"},
            {"type": "telegram", "url": flooding.url, "token": TOKEN, "chat_id": "7"},
            {"type": "webhook", "url": f"{dripping.url}/hook/sesame-sesame"},
            {"type": "ntfy", "url": server.url, "topic": "barn"},
        )
        config = settings(tmp_path, vrm.url, messages=to(*rows))
        with Program(tmp_path, config, "--debug") as program:
            program.wait_until_heating()
            run_once(tmp_path, config, "off")
            program.wait_for(lambda: bool(server.asked), 15, "the fault is told")
            told = server.asked[0].get_json()
            assert told["title"] == "Home: Water heater: a fault of the device"
            assert "Switched off by `main.py off`" in told["message"]
            program.wait_for(lambda: flooding.connections > 0 and bool(hanging.asked), 15, "the others were tried")
            watch = program.watch()
            program.process.send_signal(signal.SIGTERM)
            assert program.ends_after_s(watch) < 5
            log = program.log()
        assert "sesame" not in log
        assert "AAsecret" not in log
        saved = (tmp_path / "state" / "messages.json").read_text()
        assert '"hardware"' in saved
        assert "AAsecret" not in saved
