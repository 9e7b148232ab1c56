"""The HTTP server behind the page: waitress, on threads of its own, with limits on all that a stranger can make grow.

Heating never depends on it: where it cannot listen it says so once and tries again, and if it ends it is begun anew.
"""

from __future__ import annotations

import contextlib
import json
import logging
import socket
import threading
import time
from collections.abc import Callable, Iterable
from functools import partial
from http import HTTPStatus
from typing import Any

from waitress import wasyncore
from waitress.adjustments import Adjustments
from waitress.channel import HTTPChannel
from waitress.server import TcpWSGIServer
from waitress.task import ErrorTask, ThreadedTaskDispatcher

from pv_heater.errors import describe
from pv_heater.io.alive.threads import Lasting

log = logging.getLogger(__name__)

Application = Callable[..., Iterable[bytes]]

THREADS = 4
MOST_CONNECTIONS = 1000
"""With fewer a crowd of silent ones keeps everybody else out. select() would end at 1,024; poll() has no end."""
LARGEST_BODY = 65_536
LARGEST_HEAD = 8192
SILENT_S = 10.0
"""A connection on which nothing happens is closed after this, and a request that is not whole after twice as long."""
TRY_AGAIN_S = 30.0
TOLD_EVERY_S = 3600.0
LASTED_S = 3600.0
"""What ends a page that has lasted so long is news, though it was said before."""
_LOOK_S = 1.0


class WebServer:
    """Serves what `make` makes, from `start` to `stop`. Whatever goes wrong is a log line, never an exception."""

    def __init__(
        self,
        make: Callable[[], Application],
        place: Callable[[], tuple[str, int]],
        *,
        any_port: bool = False,
        trusted_proxy: str | None = None,
        try_again_s: float = TRY_AGAIN_S,
        silent_s: float = SILENT_S,
    ) -> None:
        """`make` is called on the server's thread, anew each time it begins.

        `place` tells host and port, and is asked every second: when it says another, the page moves. Port 0 is a free
        one. `any_port`: one that is in use is replaced by a free one, not waited for.
        `trusted_proxy`: the address whose word on scheme, host and caller counts (`X-Forwarded-*`); None: nobody's.
        """
        self._make = make
        self._place, self._any_port = place, any_port
        self._free_port = 0
        """That was given where any would do: the page comes back at the same."""
        self._trusted_proxy = trusted_proxy
        self._try_again_s, self._silent_s = try_again_s, silent_s
        self._ended = threading.Event()
        self._server: _Server | None = None
        self._looked_s = 0.0
        self._said = ""
        self._said_url: str | None = None

    @property
    def url(self) -> str | None:
        """Where the page is now; None while it is nowhere."""
        server = self._server
        if server is None:
            return None
        host = "127.0.0.1" if server.effective_host == "0.0.0.0" else server.effective_host
        return f"http://{f'[{host}]' if ':' in host else host}:{server.effective_port}/"

    def start(self) -> None:
        """Begin to listen, on a thread of its own."""
        logging.getLogger("waitress").setLevel(logging.CRITICAL)  # a crowd at the door must not fill the log
        Lasting(self._run, "web").start()

    def stop(self) -> None:
        """Listen no longer; never waits."""
        self._ended.set()
        server = self._server
        if server is not None:
            with contextlib.suppress(OSError):
                server.pull_trigger()

    def _run(self) -> None:
        while not self._ended.is_set():
            place = self._place()
            try:
                listener = self._listener(*place)
            except OSError as error:
                where = f"{place[0]}:{place[1]}"
                why = error.strerror or str(error)
                self._say(
                    f"The page cannot be shown at {where} ({why}): is another program there? Heating goes on; "
                    f"it is tried again every {self._try_again_s:.0f} s."
                )
                self._ended.wait(self._try_again_s)
                continue
            began_s = time.monotonic()
            if place[1] == 0:
                self._free_port = listener.getsockname()[1]
            try:
                self._serve(listener, place)
            except BaseException as error:  # noqa: BLE001 - whatever ended it, it is begun anew
                if time.monotonic() - began_s > LASTED_S:
                    self._said = ""
                self._say(f"The page ended by an error and begins anew: {describe(error)}.")
                self._ended.wait(_LOOK_S)
            finally:
                self._server = None
                listener.close()

    def _say(self, text: str) -> None:
        """Once, until another trouble comes."""
        if text != self._said and not self._ended.is_set():
            self._said = text
            log.warning("%s", text)

    def _listener(self, host: str, port: int) -> socket.socket:
        """Bound, not listening yet. Raises OSError."""
        found = socket.getaddrinfo(host, port or self._free_port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        family, kind, protocol, _, address = min(found, key=lambda one: one[0] != socket.AF_INET)
        listener = socket.socket(family, kind, protocol)
        try:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                listener.bind(address)
            except OSError:
                if not self._any_port:
                    raise
                listener.bind((address[0], 0, *address[2:]))
        except OSError:
            listener.close()
            raise
        return listener

    def _serve(self, listener: socket.socket, place: tuple[str, int]) -> None:
        """Until `stop`, or until the page belongs elsewhere."""
        application, channels = self._make(), dict[int, Any]()
        dispatcher = _Dispatcher()
        dispatcher.set_thread_count(THREADS)
        try:
            settings = _settings(listener, self._trusted_proxy, self._silent_s)
            self._server = _server(application, listener, channels, dispatcher, settings)
            if self.url != self._said_url:
                self._said_url = self.url
                log.info("the page is at %s", self.url)
            while not self._ended.is_set() and not self._belongs_elsewhere(place):
                wasyncore.loop(timeout=_LOOK_S, use_poll=True, map=channels, count=1)
        finally:
            wasyncore.close_all(channels, ignore_all=True)
            dispatcher.set_thread_count(0)

    def _belongs_elsewhere(self, place: tuple[str, int]) -> bool:
        """Asked after every request; answered anew once a second."""
        if time.monotonic() - self._looked_s < _LOOK_S:
            return False
        self._looked_s = time.monotonic()
        return self._place() != place


class _Dispatcher(ThreadedTaskDispatcher):  # type: ignore[misc]
    """Waitress's, with threads that are begun anew where one breaks between two requests."""

    def start_new_thread(self, target: Callable[[int], None], thread_no: int) -> None:
        Lasting(partial(target, thread_no), f"waitress-{thread_no}").start()


class _ProblemTask(ErrorTask):  # type: ignore[misc]
    """What cannot be handed on to the application: refused in the same form as what the application refuses."""

    def execute(self) -> None:
        error = self.request.error
        self.channel.server.tell(f"a request was refused with {error.code}", self.channel.addr)
        document = {
            "type": "about:blank",
            "title": HTTPStatus(error.code).phrase,
            "status": error.code,
            "detail": f"{str(error.body).rstrip('.')}.",
            "fields": [],
        }
        body = json.dumps(document).encode()
        self.status = f"{error.code} {HTTPStatus(error.code).phrase}"
        self.response_headers.extend([("Content-Type", "application/problem+json"), ("Cache-Control", "no-store")])
        self.set_close_on_finish()
        self.content_length = len(body)
        self.write(body)


class _Channel(HTTPChannel):  # type: ignore[misc]
    """One connection; knows how long its request has been coming."""

    error_task_class = _ProblemTask
    began_s: float | None = None

    def received(self, data: bytes) -> Any:
        """Bytes of a request, or of several."""
        if self.request is None:
            self.began_s = time.monotonic()
        result = super().received(data)
        if self.request is None:
            self.began_s = None
        return result


class _Server(TcpWSGIServer):  # type: ignore[misc]
    channel_class = _Channel
    told_s: float | None = None

    def tell(self, what: str, address: Any) -> None:
        """Log it, unless something of the kind was logged within the hour."""
        now_s = time.monotonic()
        if self.told_s is None or now_s - self.told_s >= TOLD_EVERY_S:
            self.told_s = now_s
            log.warning("page: %s, from %s; more of this is not logged for an hour", what, str(address[0])[:45])

    def maintenance(self, now: float) -> None:
        """Close who is silent, and who says a request so slowly that it never ends."""
        super().maintenance(now)
        latest_s = time.monotonic() - 2 * self.adj.channel_timeout
        for channel in self.active_channels.values():
            if channel.began_s is not None and channel.began_s < latest_s:
                channel.will_close = True
                self.tell("a request that came to no end was cut off", channel.addr)


def _settings(listener: socket.socket, trusted_proxy: str | None, silent_s: float) -> Adjustments:
    """All that waitress lets one say."""
    forwarded = {"x-forwarded-for", "x-forwarded-proto", "x-forwarded-host"}
    proxy = {"trusted_proxy": trusted_proxy, "trusted_proxy_headers": forwarded} if trusted_proxy else {}
    settings = Adjustments(
        sockets=[listener],
        threads=THREADS,
        connection_limit=MOST_CONNECTIONS,
        backlog=128,
        recv_bytes=2 * LARGEST_HEAD,  # what is refused is read to its end, or the caller sees no answer but a reset
        asyncore_use_poll=True,
        cleanup_interval=int(silent_s / 5),
        channel_request_lookahead=0,
        max_request_body_size=LARGEST_BODY,
        max_request_header_size=LARGEST_HEAD,
        expose_tracebacks=False,
        log_socket_errors=False,
        ident=None,
        clear_untrusted_proxy_headers=bool(trusted_proxy),  # else the login looks whether somebody stands in between
        **proxy,
    )
    settings.channel_timeout = silent_s  # given above it would lose its fraction
    return settings


def _server(
    application: Application,
    listener: socket.socket,
    channels: dict[int, Any],
    dispatcher: ThreadedTaskDispatcher,
    settings: Adjustments,
) -> _Server:
    where = (listener.family, listener.type, listener.proto, listener.getsockname())
    return _Server(
        application, channels, True, listener, dispatcher=dispatcher, adj=settings, bind_socket=False, sockinfo=where
    )
