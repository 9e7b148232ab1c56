"""The control socket: whatever is said to it, an `off` is heard."""

import os
import socket
import threading
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from pv_heater.errors import NotBelieved, NotRunning
from pv_heater.io.system.control_client import ask
from pv_heater.io.system.control_socket import LINE_TIMEOUT_S, MOST_ANSWERS, MOST_SENDERS, ControlServer
from pv_heater.io.system.peer import Peer, may_be_believed, peer_of
from tests.strangers import NOBODY, as_root, open_ways, result_as_nobody, stranger
from tests.waiting import Stopwatch


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
    silent = [say(path, b'{"comm' if number % 2 else b"") for number in range(130)]
    watch = Stopwatch()
    assert ask(path, {"command": "off"})["ok"] is True
    assert watch.took_s() < 0.5
    for connection in silent:
        connection.close()


def test_when_too_many_are_silent_the_oldest_has_to_go(path: Path) -> None:
    watch = Stopwatch()
    silent = [say(path, b"") for _ in range(MOST_SENDERS + 1)]
    silent[0].settimeout(5)
    assert silent[0].recv(1) == b""
    assert watch.took_s() < LINE_TIMEOUT_S - 0.5, "not only when its time was up"
    silent[-1].sendall(b'{"command": "off"}\n')
    assert b'"ok": true' in silent[-1].recv(100)
    for connection in silent:
        connection.close()


def test_commands_that_take_long_do_not_keep_an_off_waiting(tmp_path: Path) -> None:
    free = threading.Event()

    def handle(request: Mapping[str, Any]) -> Mapping[str, Any]:
        if request["command"] == "why":
            free.wait(20)
        return {"ok": True}

    server = ControlServer(tmp_path / "control.sock", handle)
    server.start()
    try:
        slow = [say(tmp_path / "control.sock", b'{"command": "why"}\n') for _ in range(MOST_ANSWERS)]
        watch = Stopwatch()
        assert ask(tmp_path / "control.sock", {"command": "off"})["ok"] is True
        assert watch.took_s() < 0.5
        with pytest.raises(NotRunning):
            ask(tmp_path / "control.sock", {"command": "status"}, within_s=0.5)
        free.set()
        for connection in slow:
            assert connection.recv(100)
            connection.close()
        assert ask(tmp_path / "control.sock", {"command": "status"})["ok"] is True
    finally:
        free.set()
        server.stop()


def test_an_answer_that_nobody_takes_keeps_no_off_waiting(tmp_path: Path) -> None:
    server = ControlServer(tmp_path / "control.sock", lambda _: {"ok": True, "text": "x" * 3_000_000})
    server.start()
    deaf = [say(tmp_path / "control.sock", b'{"command": "why"}\n') for _ in range(MOST_ANSWERS)]
    watch = Stopwatch()
    assert ask(tmp_path / "control.sock", {"command": "off"})["ok"] is True
    assert watch.took_s() < 1.0
    for connection in deaf:
        connection.close()
    server.stop()


def test_a_line_that_drips_is_cut_off_after_its_time(path: Path) -> None:
    began_s = time.monotonic()
    with say(path, b'{"command') as connection:
        connection.settimeout(LINE_TIMEOUT_S + 3)
        assert connection.recv(100) == b""
    assert time.monotonic() - began_s > LINE_TIMEOUT_S - 0.2


@as_root
def test_another_user_is_not_obeyed_even_where_the_socket_lets_him_in(path: Path) -> None:
    open_ways(path)
    assert result_as_nobody(lambda: say(path, b'{"command": "force"}\n')).startswith("PermissionError")
    path.chmod(0o666)
    answer = result_as_nobody(lambda: say(path, b'{"command": "force"}\n').recv(4096))
    assert "own user and root may command it" in answer


@as_root
def test_a_server_of_another_user_is_sent_nothing_and_not_believed(tmp_path: Path) -> None:
    open_ways(tmp_path / "x")
    tmp_path.chmod(0o777)
    path = tmp_path / "control.sock"

    def pretend() -> str:
        server = ControlServer(path, lambda _: {"ok": True, "message": "all off"})
        server.start()
        return "listening"

    with stranger(pretend) as result:
        assert result == "listening"
        with pytest.raises(NotBelieved, match=r"of user .* is not believed: it may not switch these outputs"):
            ask(path, {"command": "off"})


@pytest.mark.parametrize(
    ("uid", "groups", "believed"),
    [(0, {0}, True), (os.geteuid(), {0}, True), (4711, {4711}, False), (4711, {4712}, True), (NOBODY, {NOBODY}, False)],
    ids=["root", "our own user", "a stranger", "who may write the device", "nobody"],
)
def test_nobody_is_believed_about_pins_who_may_not_write_them(
    tmp_path: Path, uid: int, groups: set[int], believed: bool
) -> None:
    if os.geteuid() != 0 and uid == 4711:
        pytest.skip("our own user believes himself and root alone")
    device = tmp_path / "gpiochip0"
    device.touch()
    device.chmod(0o660)
    if os.geteuid() == 0:
        os.chown(device, 0, 4712)
    peer = Peer(pid=1, uid=uid, groups=frozenset(groups))
    assert may_be_believed(peer, owners_of=[tmp_path], devices=[device, tmp_path / "missing"]) is believed


def test_who_is_at_the_other_end_is_the_kernel_s_word() -> None:
    one, other = socket.socketpair()
    with one, other:
        peer = peer_of(one)
    assert (peer.pid, peer.uid) == (os.getpid(), os.geteuid())
    assert os.getegid() in peer.groups


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
