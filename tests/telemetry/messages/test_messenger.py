"""All of it beside a running home: looked at, sent by threads, saved, asked for by page and command line."""

from __future__ import annotations

import json
import re
import threading
import time
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from pv_heater.cli.app import cli
from pv_heater.config.load import load_config
from pv_heater.config.model import TypedSettings, named_rows
from pv_heater.run.home.messages import messages_of
from pv_heater.run.home.newest import newest_document
from pv_heater.status.newest import NewestDocument
from pv_heater.telemetry.messages.messenger import FILE_NAME, Messenger
from pv_heater.telemetry.messages.summary import summary_of
from pv_heater.telemetry.messages.words import Words
from tests.builders import config, heater
from tests.http_server import ScriptedServer
from tests.waiting import until
from tests.web.rig import WebHome


class Rig:
    """A simulated home with messages to a server on this machine."""

    def __init__(self, folder: Path, *urls: str, **settings: Any) -> None:
        self.folder = folder
        self.house = WebHome()
        rows = [{"type": "ntfy", "url": url, "topic": "barn"} for url in urls]
        quiet = {"quiet_from": "00:00", "quiet_to": "00:00"}
        self.config = load_config(config(messages={"to": rows, **quiet, **settings}))
        self.messenger = self.made()

    def made(self) -> Messenger:
        made = messages_of(
            self.config, newest_document(self.house.home, self.house.clock.monotonic_s), self.folder, self.house.clock
        )
        assert made is not None
        return made

    def turn(self, ticks: int = 1) -> None:
        for _ in range(ticks):
            self.house.tick()
        self.messenger.turn()


def titles(server: ScriptedServer) -> list[str]:
    return [request.get_json()["title"] for request in server.asked]


def test_a_fault_of_the_home_arrives_and_so_does_its_end(tmp_path: Path) -> None:
    with ScriptedServer() as server:
        rig = Rig(tmp_path, server.url)
        rig.turn()
        rig.house.home.ask({"command": "off"})
        rig.turn()
        assert titles(server) == ["Home: 2 loads: a fault of the device"]
        text = server.asked[0].get_json()["message"]
        assert "switched off by `main.py off`" in text
        assert "Nothing is switched: this is a dry run." in text
        for name in ("heater", "pump"):
            rig.house.home.ask({"command": "clear", "load": name})
        rig.turn(2)
        assert titles(server)[1:] == ["Home: Over: 2 loads: a fault of the device"]


def test_a_restart_goes_on_where_it_was(tmp_path: Path) -> None:
    with ScriptedServer() as server:
        rig = Rig(tmp_path, server.url)
        server.status = 503
        rig.house.home.ask({"command": "off"})
        rig.turn()
        assert oct((tmp_path / FILE_NAME).stat().st_mode & 0o777) == "0o600"
        server.status = None
        rig.messenger = rig.made()
        rig.turn()
        assert len(server.asked) == 2  # the one that was refused, again
        assert titles(server)[0] == titles(server)[1]
        rig.messenger = rig.made()
        rig.turn(3)
        assert len(server.asked) == 2


def test_the_file_is_not_written_while_nothing_happens(tmp_path: Path) -> None:
    with ScriptedServer() as server:
        rig = Rig(tmp_path, server.url)
        rig.turn()
        before = (tmp_path / FILE_NAME).stat().st_ino if (tmp_path / FILE_NAME).exists() else None
        rig.turn(50)
        after = (tmp_path / FILE_NAME).stat().st_ino if (tmp_path / FILE_NAME).exists() else None
        assert before == after


def test_the_days_summary_is_made_of_what_the_real_status_has(tmp_path: Path) -> None:
    with ScriptedServer() as server:
        rig = Rig(tmp_path, server.url, summary_at="13:01")
        rig.turn(59)
        assert server.asked == []
        rig.turn(3)
        (message,) = (request.get_json() for request in server.asked)
    assert message["title"] == "Home: The day: no sun for the loads"
    assert message["message"].splitlines()[:2] == ["heater: 42 °C, 0.0 kWh today.", "pump: 0.0 kWh today."]
    assert message["priority"] == 2
    document = NewestDocument(rig.house.home, lambda: rig.house.real_s).document()
    yesterday = datetime.fromisoformat(document["now"]) - timedelta(days=1)
    _, text = summary_of(document, yesterday, Words("en"))  # the test's forecast ends today
    assert re.search(r"Tomorrow \d\d\.\d kWh of sun are expected, \d+\.\d kWh of them for the loads", text)


@pytest.mark.parametrize("content", ["", "{", "[]", '{"told": 7, "to": []}', '{"to": {"ntfy": 3}}'])
def test_a_damaged_file_costs_what_was_in_it(tmp_path: Path, content: str) -> None:
    (tmp_path / FILE_NAME).write_text(content)
    with ScriptedServer() as server:
        rig = Rig(tmp_path, server.url)
        rig.house.home.ask({"command": "off"})
        rig.turn()
        assert len(server.asked) == 1
    assert json.loads((tmp_path / FILE_NAME).read_text())["told"]["incidents"]


def test_a_disk_that_is_full_keeps_nobody_from_being_told(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    folder = tmp_path / "gone"
    with ScriptedServer() as server:
        folder.mkdir()
        rig = Rig(folder, server.url)
        folder.rmdir()
        rig.house.home.ask({"command": "off"})
        rig.turn()
        rig.turn()
        assert len(server.asked) == 1
    assert caplog.text.count("cannot be saved") == 1


def test_one_that_hangs_keeps_back_neither_the_others_nor_the_look(tmp_path: Path) -> None:
    with ScriptedServer() as hanging, ScriptedServer() as server:
        hanging.hanging = True
        rig = Rig(tmp_path, hanging.url, server.url)
        rig.messenger.start()
        try:
            rig.house.tick()
            assert "ntfy, ntfy_2" in rig.messenger.test()
            until(lambda: len(server.asked) == 1, "the second has it")
            until(lambda: len(hanging.asked) == 1, "the first is being asked")
            rig.house.home.ask({"command": "off"})
            rig.house.tick()
            rig.messenger.look()
            until(lambda: len(server.asked) == 2, "the second has the fault as well")
            hanging.hanging = False
            until(lambda: len(hanging.asked) == 2, "and so has the first, later")
            assert titles(hanging) == titles(server)
        finally:
            rig.messenger.close()
    until(lambda: not [t for t in threading.enumerate() if t.name.startswith("messages ")], "all threads have ended")


def test_a_document_that_cannot_be_read_is_said_and_not_the_end(tmp_path: Path, caplog: Any) -> None:
    with ScriptedServer() as server:
        rig = Rig(tmp_path, server.url)
        right = rig.messenger._document
        rig.messenger._document = lambda: {"loads": [1]}
        rig.messenger.look()
        rig.messenger.look()
        assert caplog.text.count("messages: TypeError") == 1
        rig.messenger._document = right
        rig.house.home.ask({"command": "off"})
        rig.turn()
        assert len(server.asked) == 1


def test_nobody_is_told_without_settings(tmp_path: Path) -> None:
    house = WebHome()
    assert (
        messages_of(load_config(config()), newest_document(house.home, time.monotonic), tmp_path, house.clock) is None
    )
    reply = house.post("/api/v1/messages/test")
    assert (reply.status, "messages:" in reply.json["detail"]) == (409, True)


def test_names_of_recipients_differ() -> None:
    rows = [TypedSettings(type=word, cls=dict, settings=None) for word in ("ntfy", "mail", "ntfy", "ntfy")]
    assert [name for name, _ in named_rows(rows)] == ["ntfy", "mail", "ntfy_2", "ntfy_3"]


def written(folder: Path, *rows: dict[str, Any]) -> Path:
    file = folder / "config.yaml"
    settings = config(messages={"to": list(rows)}, loads=[heater()])
    meter = {"type": "recording", "path": "Files/recordings/summer.csv.gz"}
    file.write_text(json.dumps({**settings, "meter": meter}))
    return file


def test_the_command_sends_at_once_and_says_how_it_went(tmp_path: Path) -> None:
    with ScriptedServer() as server:
        good = {"type": "ntfy", "url": server.url, "topic": "barn"}
        bad = {"type": "ntfy", "url": "http://127.0.0.1:9", "topic": "barn"}
        file = written(tmp_path, good, bad)
        done = CliRunner().invoke(cli, ["message", "Hello there", "--config", str(file)])
        assert done.exit_code == 5
        assert done.stdout.splitlines()[0] == "ntfy: sent"
        assert done.stdout.splitlines()[1].startswith("ntfy_2: ntfy cannot be reached at 127.0.0.1:9")
        assert server.asked[0].get_json()["message"] == "Hello there"
        file = written(tmp_path, good)
        done = CliRunner().invoke(cli, ["message", "--json", "--config", str(file)])
        assert (done.exit_code, json.loads(done.stdout)) == (0, [{"name": "ntfy", "trouble": None}])
