"""The connections under `io.net.http`: opened within a limit, and watched by the deadline of an exchange."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from urllib3 import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import ConnectTimeoutError, NameResolutionError, NewConnectionError

from pv_heater.io.net.deadline import Deadline
from pv_heater.io.net.http_library import HTTPAdapter, requests
from pv_heater.io.net.names import Names


class Lines:
    """All connections of one client."""

    def __init__(self, names: Names, *, connect_s: float) -> None:
        """`connect_s` is for look-up and connection together."""
        self._names, self._connect_s = names, connect_s
        self._deadline: Deadline | None = None

    @contextmanager
    def watched_by(self, deadline: Deadline) -> Iterator[None]:
        """Every connection that is used inside ends with this deadline."""
        self._deadline = deadline
        try:
            yield
        finally:
            self._deadline = None

    def mount_on(self, session: requests.Session) -> None:
        """Let the session make its connections here."""
        adapter = _Adapter(_pools(self))
        session.mount("http://", adapter)
        session.mount("https://", adapter)

    def watch(self, sock: Any) -> None:
        """Before each request on a connection, new or kept."""
        if self._deadline is not None:
            self._deadline.watch(sock)

    def open(self, connection: HTTPConnection, host: str, port: int) -> socket.socket:
        """A new connection; raises the errors of urllib3."""
        left_s = self._deadline.left_s if self._deadline is not None else self._connect_s
        within_s = min(self._connect_s, left_s)
        try:
            sock = self._names.connect(host, port, within_s=within_s)
        except socket.gaierror as error:
            raise NameResolutionError(host, connection, error) from error
        except TimeoutError as error:
            raise ConnectTimeoutError(connection, f"no connection to {host} within {within_s:g} s") from error
        except OSError as error:
            raise NewConnectionError(connection, f"no connection to {host}: {error}") from error
        self.watch(sock)
        sock.settimeout(self._connect_s)
        return sock


class _Adapter(HTTPAdapter):
    """Of requests, with pools of our own."""

    def __init__(self, pools: dict[str, Any]) -> None:
        self._pools = pools
        super().__init__()

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = self._pools

    def proxy_manager_for(self, proxy: str, **kwargs: Any) -> Any:
        manager = super().proxy_manager_for(proxy, **kwargs)
        if not proxy.lower().startswith("socks"):
            manager.pool_classes_by_scheme = self._pools
        return manager


def _pools(lines: Lines) -> dict[str, Any]:
    class Plain(HTTPConnection):
        def _new_conn(self) -> socket.socket:
            return lines.open(self, self._dns_host, self.port or 80)

        def putrequest(self, *args: Any, **kwargs: Any) -> None:
            if self.sock is not None:
                lines.watch(self.sock)
            super().putrequest(*args, **kwargs)

    class Encrypted(HTTPSConnection):
        def _new_conn(self) -> socket.socket:
            return lines.open(self, self._dns_host, self.port or 443)

        def putrequest(self, *args: Any, **kwargs: Any) -> None:
            if self.sock is not None:
                lines.watch(self.sock)
            super().putrequest(*args, **kwargs)

    class PlainPool(HTTPConnectionPool):
        ConnectionCls = Plain

    class EncryptedPool(HTTPSConnectionPool):
        ConnectionCls = Encrypted

    return {"http": PlainPool, "https": EncryptedPool}
