"""The running controller's ear on this machine: a Unix socket for `off`, `clear`, `force` and `status`.

One JSON line in, one JSON line out. Only the owner's user and root may speak (mode 0600).
"""

from __future__ import annotations

import contextlib
import json
import logging
import os
import socket
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from pv_heater.errors import NotRunning

log = logging.getLogger(__name__)

SOCKET_NAME = "control.sock"
LONGEST_LINE = 10_000
ANSWER_TIMEOUT_S = 2.0

Answer = Mapping[str, Any]


class ControlServer:
    """Answers each line with what `handle` makes of it; `handle` runs on this server's thread."""

    def __init__(self, path: Path, handle: Callable[[Mapping[str, Any]], Answer]) -> None:
        self._path = path
        self._handle = handle
        self._server: socket.socket | None = None

    def start(self) -> None:
        """Listen; a leftover of an earlier run is replaced. Trouble is a log line: heating does not need this."""
        try:
            self._path.unlink(missing_ok=True)
            server = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_CLOEXEC)
            old_mask = os.umask(0o177)
            try:
                server.bind(str(self._path))
            finally:
                os.umask(old_mask)
            server.listen(4)
        except OSError as error:
            log.warning("commands cannot be taken at %s: %s", self._path, error)
            return
        self._server = server
        threading.Thread(target=self._run, args=(server,), name="control", daemon=True).start()

    def stop(self) -> None:
        """Listen no longer."""
        if self._server is not None:
            self._server.close()
            with contextlib.suppress(OSError):
                self._path.unlink(missing_ok=True)

    def _run(self, server: socket.socket) -> None:
        while True:
            try:
                connection, _ = server.accept()
            except OSError:
                return  # closed by stop()
            with connection:
                connection.settimeout(ANSWER_TIMEOUT_S)
                try:
                    connection.sendall(json.dumps(self._answer(connection)).encode() + b"\n")
                except OSError as error:
                    log.debug("a command's sender went away: %s", error)

    def _answer(self, connection: socket.socket) -> Answer:
        try:
            request = json.loads(_read_line(connection))
        except ValueError as error:
            return {"ok": False, "message": f"not a JSON line: {error}"}
        if not isinstance(request, dict):
            return {"ok": False, "message": "a command is a JSON object"}
        try:
            return self._handle(request)
        except (ValueError, KeyError) as error:
            return {"ok": False, "message": str(error)}


def ask(path: Path, request: Mapping[str, Any]) -> Answer:
    """Send one command to the running controller. Raises NotRunning when none answers within 2 s."""
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
            connection.settimeout(ANSWER_TIMEOUT_S)
            connection.connect(str(path))
            connection.sendall(json.dumps(request).encode() + b"\n")
            answer = json.loads(_read_line(connection))
    except (OSError, ValueError) as error:
        raise NotRunning(
            f"no controller answers at {path} ({error}); is it running, with the same config and user?"
        ) from error
    return answer if isinstance(answer, dict) else {"ok": False, "message": f"unexpected answer {answer!r}"}


def _read_line(connection: socket.socket) -> bytes:
    line = b""
    while not line.endswith(b"\n") and len(line) < LONGEST_LINE:
        chunk = connection.recv(4096)
        if not chunk:
            break
        line += chunk
    return line
