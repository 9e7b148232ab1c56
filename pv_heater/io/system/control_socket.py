"""The running controller's ear on this machine: a Unix socket for `off`, `clear`, `force`, `boost`, `status`, `why`.

One JSON line in, one JSON line out. Only the controller's own user and root are obeyed (mode 0600, and the kernel is
asked who is there). Every answer says in `who` for whom the controller speaks; one that refuses has `ok` false, a
`message` and the `exit_code` of the command.
"""

from __future__ import annotations

import contextlib
import json
import logging
import os
import selectors
import socket
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from pv_heater.core.model.lean import dataclass
from pv_heater.io.alive.starting import Thread
from pv_heater.io.alive.threads import Lasting
from pv_heater.io.system.peer import may_command, peer_of

log = logging.getLogger(__name__)

SOCKET_NAME = "control.sock"
LONGEST_LINE = 10_000
LINE_TIMEOUT_S = 2.0
"""A whole line must come within this, however slowly it drips; an answer must be taken within it."""
MOST_SENDERS = 64
"""Senders who have not said their line yet. When another one comes, the oldest of them has to go."""
MOST_ANSWERS = 16
"""Commands being answered at the same time; `off` is taken beyond that too."""
OUR_BUG, WRONG_WORD = 1, 2
"""Exit codes for whoever sent a command that is refused."""

Answer = Mapping[str, Any]


@dataclass(slots=True)
class _Sender:
    """Somebody who connected and has not said a whole line yet."""

    connection: socket.socket
    until_s: float
    line: bytearray


class ControlServer:
    """Answers each line with what `handle` makes of it; `handle` runs on threads of this server's.

    One thread reads all senders as their bytes come, so that those who are silent cost nothing but a descriptor.
    """

    def __init__(
        self, path: Path, handle: Callable[[Mapping[str, Any]], Answer], who: Mapping[str, Any] | None = None
    ) -> None:
        """`handle` raises ValueError with what would be right. `who` is put into every answer, see `identity`."""
        self._path = path
        self._handle = handle
        self._head: Answer = {} if who is None else {"who": dict(who)}
        self._server: socket.socket | None = None
        self._ended = threading.Event()
        self._free = threading.BoundedSemaphore(MOST_ANSWERS)
        self._selector: selectors.BaseSelector | None = None
        self._senders: dict[int, _Sender] = {}
        """By descriptor, the oldest first."""

    def start(self) -> None:
        """Listen; a leftover of an earlier run is replaced. Trouble is a log line: heating does not need this."""
        try:
            self._path.unlink(missing_ok=True)
            server = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_CLOEXEC | socket.SOCK_NONBLOCK)
            old_mask = os.umask(0o177)
            try:
                with address_of(self._path) as address:
                    server.bind(address)
            finally:
                os.umask(old_mask)
            server.listen(128)
            self._selector = selectors.DefaultSelector()
            self._selector.register(server, selectors.EVENT_READ)
        except OSError as error:
            log.warning("commands cannot be taken at %s: %s", self._path, error)
            return
        self._server = server
        Lasting(partial(self._run, server, self._selector), "control").start()

    def stop(self) -> None:
        """Listen no longer."""
        self._ended.set()
        if self._server is not None:
            with contextlib.suppress(OSError):
                self._server.shutdown(socket.SHUT_RDWR)  # wakes the thread, which closes everything
            with contextlib.suppress(OSError):
                self._path.unlink(missing_ok=True)

    def _run(self, server: socket.socket, selector: selectors.BaseSelector) -> None:
        complaint = ""
        while not self._ended.is_set():
            try:
                ready = selector.select(self._longest_wait_s())
                for key, _ in ready:
                    if key.fileobj is not server:
                        self._read(self._senders[key.fd])
                if any(key.fileobj is server for key, _ in ready):
                    self._accept(server)
                self._drop_the_late()
            except OSError as error:
                # Out of descriptors, say. Whatever it is, `off` must be heard again once it is over.
                if not self._ended.is_set() and str(error) != complaint:
                    complaint = str(error)
                    log.warning("a command could not be taken: %s", error)
                self._ended.wait(0.1)
        for sender in list(self._senders.values()):
            self._drop(sender)
        server.close()
        selector.close()

    def _longest_wait_s(self) -> float | None:
        first = next(iter(self._senders.values()), None)
        return None if first is None else max(0.0, first.until_s - time.monotonic())

    def _accept(self, server: socket.socket) -> None:
        """Everybody who waits at the door. Out of descriptors, the oldest silent sender makes room."""
        while True:
            try:
                connection, _ = server.accept()
            except BlockingIOError:
                return
            except OSError:
                if not self._senders:
                    raise
                self._drop(next(iter(self._senders.values())))
                continue
            connection.setblocking(False)
            if len(self._senders) >= MOST_SENDERS:
                self._drop(next(iter(self._senders.values())))
            sender = _Sender(connection, time.monotonic() + LINE_TIMEOUT_S, bytearray())
            assert self._selector is not None
            self._selector.register(connection, selectors.EVENT_READ)
            self._senders[connection.fileno()] = sender
            self._read(sender)

    def _read(self, sender: _Sender) -> None:
        try:
            chunk = sender.connection.recv(4096)
        except BlockingIOError:
            return
        except OSError:
            self._drop(sender)
            return
        sender.line += chunk
        if sender.line.endswith(b"\n") or len(sender.line) >= LONGEST_LINE:
            self._forget(sender)
            self._answer_on_a_thread(sender.connection, bytes(sender.line))
        elif not chunk:
            self._drop(sender)

    def _drop_the_late(self) -> None:
        now_s = time.monotonic()
        for sender in list(self._senders.values()):
            if sender.until_s <= now_s:
                self._drop(sender)

    def _drop(self, sender: _Sender) -> None:
        self._forget(sender)
        sender.connection.close()

    def _forget(self, sender: _Sender) -> None:
        assert self._selector is not None
        self._selector.unregister(sender.connection)
        del self._senders[sender.connection.fileno()]

    def _answer_on_a_thread(self, connection: socket.socket, line: bytes) -> None:
        has_place = self._free.acquire(blocking=False)
        if not has_place and b'"off"' not in line:
            connection.close()
            return

        def serve() -> None:
            try:
                self._serve(connection, line)
            finally:
                if has_place:
                    self._free.release()

        try:
            Thread(target=serve, name="command").start()
        except RuntimeError:  # out of threads, or of memory for one
            serve()

    def _serve(self, connection: socket.socket, line: bytes) -> None:
        try:
            with connection:
                connection.settimeout(LINE_TIMEOUT_S)
                connection.sendall(json.dumps(self._answer(connection, line)).encode() + b"\n")
        except OSError as error:
            log.debug("a command's sender went away: %s", error)

    def _answer(self, connection: socket.socket, line: bytes) -> Answer:
        try:
            if not may_command(peer_of(connection)):
                raise ValueError("only the controller's own user and root may command it")
            return {**self._head, **self._handle(request_of(line))}
        except (ValueError, KeyError) as error:
            return {**self._head, "ok": False, "message": str(error), "exit_code": WRONG_WORD}
        except Exception as error:
            log.exception("the command %.200r failed", line)
            message = f"{type(error).__name__}: {error}"
            return {**self._head, "ok": False, "message": message, "exit_code": OUR_BUG}


def request_of(line: bytes) -> dict[str, Any]:
    """The command in a line; raises ValueError for what is not one. Pure."""
    try:
        request = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise ValueError(f"not a JSON line: {error}") from None
    if not isinstance(request, dict):
        raise ValueError("a command is a JSON object")
    return request


@contextlib.contextmanager
def address_of(path: Path) -> Iterator[str]:
    """The same socket by way of its folder's descriptor: an address may have 107 bytes only (unix(7))."""
    folder_fd = os.open(path.parent, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        yield f"/proc/self/fd/{folder_fd}/{path.name}"
    finally:
        os.close(folder_fd)
