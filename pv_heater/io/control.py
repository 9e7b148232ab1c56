"""The running controller's ear on this machine: a Unix socket for `off`, `clear`, `force`, `boost`, `status`, `why`.

One JSON line in, one JSON line out. Only the owner's user and root may speak (mode 0600). Every answer says in `who`
for whom the controller speaks; one that refuses has `ok` false, a `message` and the `exit_code` of the command.
"""

from __future__ import annotations

import contextlib
import json
import logging
import os
import socket
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from pv_heater.errors import NotRunning

log = logging.getLogger(__name__)

SOCKET_NAME = "control.sock"
LONGEST_LINE = 10_000
LONGEST_ANSWER = 10_000_000
"""A full journal of a home with twelve loads is about a megabyte."""
LINE_TIMEOUT_S = 2.0
"""A whole line must come within this, however slowly it drips."""
ANSWER_TIMEOUT_S = 5.0
MOST_AT_ONCE = 16
"""Senders heard at the same time; one that connects and says nothing must not keep an `off` waiting."""

OUR_BUG, WRONG_WORD = 1, 2
"""Exit codes for whoever sent a command that is refused."""

Answer = Mapping[str, Any]


class ControlServer:
    """Answers each line with what `handle` makes of it; `handle` runs on this server's threads."""

    def __init__(
        self, path: Path, handle: Callable[[Mapping[str, Any]], Answer], who: Mapping[str, Any] | None = None
    ) -> None:
        """`handle` raises ValueError with what would be right. `who` is put into every answer, see `identity`."""
        self._path = path
        self._handle = handle
        self._head: Answer = {} if who is None else {"who": dict(who)}
        self._server: socket.socket | None = None
        self._ended = threading.Event()
        self._free = threading.BoundedSemaphore(MOST_AT_ONCE)

    def start(self) -> None:
        """Listen; a leftover of an earlier run is replaced. Trouble is a log line: heating does not need this."""
        try:
            self._path.unlink(missing_ok=True)
            server = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_CLOEXEC)
            old_mask = os.umask(0o177)
            try:
                with _address(self._path) as address:
                    server.bind(address)
            finally:
                os.umask(old_mask)
            server.listen(128)
        except OSError as error:
            log.warning("commands cannot be taken at %s: %s", self._path, error)
            return
        self._server = server
        threading.Thread(target=self._run, args=(server,), name="control", daemon=True).start()

    def stop(self) -> None:
        """Listen no longer."""
        self._ended.set()
        if self._server is not None:
            with contextlib.suppress(OSError):
                self._server.shutdown(socket.SHUT_RDWR)  # closing alone would not end an accept under way
            self._server.close()
            with contextlib.suppress(OSError):
                self._path.unlink(missing_ok=True)

    def _run(self, server: socket.socket) -> None:
        while not self._ended.is_set():
            self._free.acquire()
            try:
                connection, _ = server.accept()
                threading.Thread(target=self._serve, args=(connection,), name="command", daemon=True).start()
            except (OSError, RuntimeError) as error:
                self._free.release()
                # Out of descriptors or threads, say. Whatever it is, `off` must be heard again once it is over.
                if not self._ended.wait(1.0):
                    log.warning("a command could not be taken: %s", error)

    def _serve(self, connection: socket.socket) -> None:
        try:
            with connection:
                connection.settimeout(LINE_TIMEOUT_S)
                connection.sendall(json.dumps(self._answer(connection)).encode() + b"\n")
        except OSError as error:
            log.debug("a command's sender went away: %s", error)
        finally:
            self._free.release()

    def _answer(self, connection: socket.socket) -> Answer:
        line = _read_line(connection, LINE_TIMEOUT_S, LONGEST_LINE)
        try:
            return {**self._head, **self._handle(request_of(line))}
        except (ValueError, KeyError) as error:
            return {**self._head, "ok": False, "message": str(error), "exit_code": WRONG_WORD}
        except Exception as error:
            log.exception("the command %.200r failed", line)
            message = f"{type(error).__name__}: {error}"
            return {**self._head, "ok": False, "message": message, "exit_code": OUR_BUG}


def request_of(line: bytes) -> dict[str, Any]:
    """The command in a line; raises ValueError for what is none. Pure."""
    try:
        request = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise ValueError(f"not a JSON line: {error}") from None
    if not isinstance(request, dict):
        raise ValueError("a command is a JSON object")
    return request


def ask(path: Path, request: Mapping[str, Any]) -> Answer:
    """Send one command to the running controller. Raises NotRunning when none answers within 5 s."""
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
            _connect(connection, path)
            connection.sendall(json.dumps(request).encode() + b"\n")
            answer = json.loads(_read_line(connection, ANSWER_TIMEOUT_S, LONGEST_ANSWER))
    except (OSError, ValueError) as error:
        raise NotRunning(
            f"no controller answers at {path} ({error}); is it running, with the same config and user?"
        ) from error
    return answer if isinstance(answer, dict) else {"ok": False, "message": f"unexpected answer {answer!r}"}


def _connect(connection: socket.socket, path: Path) -> None:
    """Connect within the time of an answer; a full queue of other senders is waited out."""
    deadline_s = time.monotonic() + ANSWER_TIMEOUT_S
    connection.settimeout(ANSWER_TIMEOUT_S)
    with _address(path) as address:
        while True:
            try:
                return connection.connect(address)
            except BlockingIOError:
                if time.monotonic() > deadline_s:
                    raise
                time.sleep(0.02)


@contextlib.contextmanager
def _address(path: Path) -> Iterator[str]:
    """The same socket by way of its folder's descriptor: an address may have 107 bytes only (unix(7))."""
    folder_fd = os.open(path.parent, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        yield f"/proc/self/fd/{folder_fd}/{path.name}"
    finally:
        os.close(folder_fd)


def _read_line(connection: socket.socket, within_s: float, longest: int) -> bytes:
    line, deadline_s = bytearray(), time.monotonic() + within_s
    while not line.endswith(b"\n") and len(line) < longest:
        left_s = deadline_s - time.monotonic()
        if left_s <= 0:
            raise TimeoutError("no whole line came")
        connection.settimeout(left_s)
        chunk = connection.recv(4096)
        if not chunk:
            break
        line += chunk
    return bytes(line)
