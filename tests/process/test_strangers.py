"""Another user of the same machine, really another one: what he finds of a home that runs, and what he can do to it."""

import json
import os
import signal
import socket
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from pv_heater.io.system.control_socket import SOCKET_NAME
from pv_heater.io.system.database import open_to_write
from tests.process.program import Program, settings
from tests.strangers import as_root, open_ways, result_as_nobody
from tests.vrm_server import VrmServer
from tests.waiting import WITHIN_S

pytestmark = [pytest.mark.process, as_root]
TOKEN = "a1" * 32


def _listening(pid: int) -> set[str]:
    """The addresses at which that process takes connections, as the kernel writes them."""
    own = {os.readlink(f"/proc/{pid}/fd/{name}") for name in os.listdir(f"/proc/{pid}/fd")}
    rows = [line.split() for name in ("tcp", "tcp6", "udp", "udp6") for line in _lines(Path(f"/proc/{pid}/net/{name}"))]
    return {row[1].partition(":")[0] for row in rows if f"socket:[{row[9]}]" in own and row[3] in ("0A", "07")}


def _lines(path: Path) -> list[str]:
    return path.read_text().splitlines()[1:] if path.exists() else []


def _say(path: Path, command: str) -> None:
    with socket.socket(socket.AF_UNIX) as connection:
        connection.connect(str(path))
        connection.sendall(json.dumps({"command": command}).encode() + b"\n")
        connection.recv(4096)


def _all_that_works(pid: int, home: Path) -> str:
    """Tried as the user who calls it: the names of what he read, asked or did. "nothing" where all was refused."""
    tries: dict[str, Callable[[], object]] = {}
    for path in (path for path in home.rglob("*") if path.is_file() and path.name != "config.yaml"):
        tries[f"read {path.name}"] = path.read_bytes
        tries[f"write {path.name}"] = lambda path=path: path.open("ab")
    for name in ("environ", "mem", "fd/0", "cwd/config.yaml"):
        tries[f"read /proc/{name}"] = lambda name=name: Path(f"/proc/{pid}/{name}").read_bytes()
    for word in ("off", "status", "force"):
        tries[f"say {word}"] = lambda word=word: _say(home / "state" / SOCKET_NAME, word)
    for number in (signal.SIGTERM, signal.SIGKILL, signal.SIGSTOP, signal.SIGABRT):
        tries[f"send {number.name}"] = lambda number=number: os.kill(pid, number)
    done = [name for name, act in tries.items() if _works(act)]
    for name in ("cmdline", "stat", "status", "comm"):
        if TOKEN.encode() in Path(f"/proc/{pid}/{name}").read_bytes():
            done.append(f"token in /proc/{name}")
    return ", ".join(done)


def _works(act: Callable[[], object]) -> bool:
    try:
        act()
    except OSError:
        return False
    return True


def test_nobody_reads_asks_or_stops_it_and_nothing_listens_beyond_this_machine(vrm: VrmServer, tmp_path: Path) -> None:
    (tmp_path / "state").mkdir()
    history = open_to_write(tmp_path / "state" / "history.db")  # the program's own comes with its first rows
    history.run("CREATE TABLE of_theirs (at)")
    with (
        closing(history),
        Program(tmp_path, settings(tmp_path, vrm.url, web={"listen": "127.0.0.1:0"})) as program,
    ):
        program.wait_until_heating()
        pid, state = program.process.pid, tmp_path / "state"
        open_ways(state / "x")
        for folder in (tmp_path, state):
            folder.chmod(0o755)  # as systemd makes them
        assert {path.name for path in state.iterdir()} >= {"history.db", "history.db-wal", "pins.json", SOCKET_NAME}
        assert result_as_nobody(lambda: _all_that_works(pid, tmp_path)) == "nothing"
        assert _works((tmp_path / "heater.log").read_bytes), "who may, can"
        assert _listening(pid) <= {"0100007F", "00000000000000000000000001000000"}, "loopback alone"
        assert "Max core file size        0                    0 " in Path(f"/proc/{pid}/limits").read_text()
        assert program.contact_closed()
        program.process.send_signal(signal.SIGTERM)
        assert program.process.wait(WITHIN_S) == 0
        assert TOKEN not in program.log()
