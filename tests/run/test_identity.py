"""Whom a controller speaks for, in every answer and in the first line of every command."""

from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from pv_heater.io.system.control_client import ask
from pv_heater.io.system.control_socket import ControlServer
from pv_heater.run.identity import Identity, who_line

SINCE = datetime(2026, 6, 21, 8, 11, 6, tzinfo=ZoneInfo("Europe/Vienna"))


def identity(outputs: str) -> Identity:
    return Identity(home="Hut", file="/home/pi/hut.yaml", pid=4711, since_at=SINCE, outputs=outputs)


@pytest.mark.parametrize(
    ("outputs", "line"),
    [
        ("real", "Hut, /home/pi/hut.yaml: REAL outputs; process 4711, since 2026-06-21 08:11"),
        ("dry", "Hut, /home/pi/hut.yaml: DRY RUN, nothing is switched; process 4711, since 2026-06-21 08:11"),
        ("mock", "Hut, /home/pi/hut.yaml: MOCK PINS, nothing is switched; process 4711, since 2026-06-21 08:11"),
    ],
)
def test_the_first_line_says_whose_answer_it_is(outputs: str, line: str) -> None:
    assert who_line({"who": identity(outputs).as_json()}) == line


@pytest.mark.parametrize("answer", [{}, {"who": None}, {"who": "me"}])
def test_an_answer_that_does_not_say_has_no_such_line(answer: dict[str, Any]) -> None:
    assert who_line(answer) is None


def test_answers_refusals_and_bugs_all_say_who_speaks_and_how_to_end(tmp_path: Path) -> None:
    def handle(request: Any) -> dict[str, Any]:
        if request.get("command") == "break":
            raise TypeError("a bug")
        if request.get("load") == "heater":
            raise ValueError("there is no load 'heater'; there is water_heater")
        return {"ok": True}

    server = ControlServer(tmp_path / "control.sock", handle, identity("dry").as_json())
    server.start()
    try:
        answers = [
            ask(tmp_path / "control.sock", request) for request in ({}, {"load": "heater"}, {"command": "break"})
        ]
    finally:
        server.stop()
    assert [answer["who"]["pid"] for answer in answers] == [4711] * 3
    assert [answer.get("exit_code") for answer in answers] == [None, 2, 1]
    assert [answer["who"]["dry"] for answer in answers] == [True] * 3
