"""The control socket: whatever is said to it, an `off` is heard."""

import socket
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from pv_heater.errors import NotRunning
from pv_heater.io.control import ControlServer, ask


def echo(request: Mapping[str, Any]) -> Mapping[str, Any]:
    if request.get("command") == "break":
        raise TypeError("a bug")
    return {"ok": True, "message": str(request.get("command"))}


@pytest.fixture
def path(tmp_path: Path) -> Iterator[Path]:
    server = ControlServer(tmp_path / "control.sock", echo)
    server.start()
    yield tmp_path / "control.sock"
    server.stop()


def say(path: Path, line: bytes) -> socket.socket:
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    connection.connect(str(path))
    connection.sendall(line)
    return connection


@pytest.mark.parametrize(
    "line",
    [b"\n", b"\xff\xfe\n", b"[1]\n", b"nonsense\n", b"[" * 9_999 + b"\n", b"x" * 20_000, b'{"command": "break"}\n'],
    ids=["empty", "binary", "list", "word", "deeply nested", "endless", "a bug in the handler"],
)
def test_garbage_is_answered_and_the_next_command_is_heard(path: Path, line: bytes) -> None:
    with say(path, line) as connection:
        assert b'"ok": false' in connection.recv(4096)
    assert ask(path, {"command": "off"}) == {"ok": True, "message": "off"}


def test_senders_that_say_nothing_do_not_keep_an_off_waiting(path: Path) -> None:
    silent = [say(path, b'{"comm') for _ in range(8)]
    began_s = time.monotonic()
    assert ask(path, {"command": "off"})["ok"] is True
    assert time.monotonic() - began_s < 1.0
    for connection in silent:
        connection.close()


def test_a_thousand_senders_that_hang_up_leave_it_listening(path: Path) -> None:
    for _ in range(1000):
        say(path, b"").close()
    assert ask(path, {"command": "off"})["ok"] is True


def test_a_path_longer_than_an_address_may_be_works(tmp_path: Path) -> None:
    folder = tmp_path / ("deep" * 30)
    folder.mkdir()
    server = ControlServer(folder / "control.sock", echo)
    server.start()
    assert ask(folder / "control.sock", {"command": "off"})["ok"] is True
    server.stop()


def test_a_socket_left_by_a_crash_is_replaced(tmp_path: Path) -> None:
    path = tmp_path / "control.sock"
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as dead:
        dead.bind(str(path))
    with pytest.raises(NotRunning, match="no controller answers"):
        ask(path, {"command": "off"})
    server = ControlServer(path, echo)
    server.start()
    assert ask(path, {"command": "off"})["ok"] is True
    server.stop()
    assert not path.exists()


def test_a_full_journal_of_a_large_home_comes_through(tmp_path: Path) -> None:
    entries = [{"number": number, "text": "x" * 5000} for number in range(200)]
    server = ControlServer(tmp_path / "control.sock", lambda _: {"ok": True, "entries": entries})
    server.start()
    assert ask(tmp_path / "control.sock", {"command": "why"})["entries"] == entries
    server.stop()
