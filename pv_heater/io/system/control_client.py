"""The other end of the control socket: a command is sent, and the answer believed only from who may give it."""

from __future__ import annotations

import json
import os
import socket
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from pv_heater.errors import NotBelieved, NotOurs, NotRunning
from pv_heater.io.system.control_socket import Answer, address_of
from pv_heater.io.system.own_files import user_name
from pv_heater.io.system.peer import Peer, may_command, peer_of

LONGEST_ANSWER = 10_000_000
"""A full journal of a home with twelve loads is about a megabyte."""
ANSWER_TIMEOUT_S = 5.0


def ask(
    path: Path,
    request: Mapping[str, Any],
    *,
    believe: Callable[[Peer], bool] = may_command,
    within_s: float = ANSWER_TIMEOUT_S,
) -> Answer:
    """Send one command to the running controller.

    Raises NotBelieved for a process of a user whom `believe` refuses, which is sent nothing, and NotRunning when none
    answers within `within_s` seconds.
    """
    pid: int | None = None
    deadline_s = time.monotonic() + within_s
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
            _connect(connection, path, deadline_s)
            peer = peer_of(connection)
            if not believe(peer):
                raise NotBelieved(
                    f"process {peer.pid} of user {user_name(peer.uid)} listens at {path} and is not believed: "
                    "it may not switch these outputs"
                )
            pid = peer.pid
            connection.sendall(json.dumps(request).encode() + b"\n")
            answer = json.loads(_read_line(connection, deadline_s))
    except PermissionError:
        raise NotOurs(
            f"the controller at {path} belongs to user {_owner_name(path)}; say this as that user, or with sudo"
        ) from None
    except (FileNotFoundError, NotADirectoryError, ConnectionRefusedError) as error:
        raise NotRunning("no controller answers there") from error
    except (OSError, ValueError, RecursionError) as error:
        who = "the controller" if pid is None else f"the controller, process {pid},"
        raise NotRunning(f"{who} does not answer ({error})", pid=pid) from error
    return answer if isinstance(answer, dict) else {"ok": False, "message": f"unexpected answer {answer!r}"}


def _connect(connection: socket.socket, path: Path, deadline_s: float) -> None:
    """Connect in time; a full queue of other senders is waited out."""
    connection.settimeout(max(0.01, deadline_s - time.monotonic()))
    with address_of(path) as address:
        while True:
            try:
                return connection.connect(address)
            except BlockingIOError:
                if time.monotonic() > deadline_s:
                    raise
                time.sleep(0.02)


def _owner_name(path: Path) -> str:
    try:
        return user_name(os.lstat(path).st_uid)
    except OSError:
        return "unknown"


def _read_line(connection: socket.socket, deadline_s: float) -> bytes:
    line = bytearray()
    while not line.endswith(b"\n") and len(line) < LONGEST_ANSWER:
        left_s = deadline_s - time.monotonic()
        if left_s <= 0:
            raise TimeoutError("no whole line came")
        connection.settimeout(left_s)
        chunk = connection.recv(65_536)
        if not chunk:
            break
        line += chunk
    if not line:
        raise TimeoutError("it ended the connection without a word")
    return bytes(line)
