"""A home with a password whose page listens on a real socket of this machine, and ways to ask it for anything."""

from __future__ import annotations

import http.client
import json
import re
import socket
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from pv_heater.run.home.page import Page, page_server
from pv_heater.status.newest import NewestDocument
from pv_heater.web.access.credentials import CredentialStore
from pv_heater.web.access.names import SAFE_METHODS
from pv_heater.web.access.passwords import StoredPassword
from pv_heater.web.access.tokens import made
from pv_heater.web.calls import Scope
from pv_heater.web.settings import WebSettings
from tests.waiting import until
from tests.web.access.home import CHEAP, PASSWORD
from tests.web.rig import WebHome

FORCE = {"mode": "on", "for_s": 600}
MODE = "/api/v1/loads/heater/mode"


class Attacked:
    """A home with a password, and its page on a real socket."""

    def __init__(
        self, folder: Path, password: str | None = PASSWORD, *, home: WebHome | None = None, **settings: Any
    ) -> None:
        self.folder = folder
        self.home = home or WebHome()
        self.home.tick()
        self.store = CredentialStore(folder)
        self.set_password(password)
        self.settings = WebSettings(**{"listen": "127.0.0.1:0", "read_without_login": False, **settings})
        self.newest = NewestDocument(self.home.home, time.monotonic)
        self.page = self.page_of_home()
        self.netloc = ""

    def page_of_home(self) -> Page:
        """The page, not started yet."""
        return page_server(self.settings, self.home.home, self.newest, self.folder, cost=CHEAP)

    @contextmanager
    def serving(self) -> Iterator[Attacked]:
        self.page.start()
        try:
            until(lambda: self.page.url, "the page listens")
            self.netloc = urlsplit(self.page.url or "").netloc
            yield self
        finally:
            self.page.stop()
            until(lambda: self.page.url is None, "the page ends")

    def set_password(self, password: str | None) -> None:
        stored = None if password is None else StoredPassword.of(password, CHEAP)
        self.store.change(lambda credentials: credentials.with_password(stored))

    def token(self, scope: Scope) -> str:
        token, secret = made(f"for {scope.value}", scope, self.home.clock.now())
        self.store.change(lambda credentials: credentials.with_token(token))
        return secret

    def ask(
        self, method: str, path: str, body: Any = None, *, token: str | None = None, cookie: str | None = None,
        **headers: str | None,
    ) -> http.client.HTTPResponse:  # fmt: skip
        """As the page itself asks; headers by their names with underscores, None leaves one out."""
        given: dict[str, str | None] = {"Origin": f"http://{self.netloc}", "Content-Type": "application/json"}
        given |= {name.replace("_", "-").title(): value for name, value in headers.items()}
        if token is not None:
            given["Authorization"] = f"Bearer {token}"
        if cookie is not None:
            given["Cookie"] = f"pvh={cookie}"
        raw = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
        with closing(http.client.HTTPConnection(self.netloc, timeout=60)) as connection:
            connection.putrequest(method, path, skip_host="Host" in given)
            for name, value in given.items():
                if value is not None:
                    connection.putheader(name, value)
            if method not in SAFE_METHODS:
                connection.putheader("Content-Length", str(len(raw)))
            connection.endheaders(raw)
            answer = connection.getresponse()
            answer.text = answer.read().decode("utf-8", "replace")  # type: ignore[attr-defined]
        return answer

    def login(self) -> str:
        answer = self.ask("POST", "/api/v1/login", {"password": PASSWORD})
        assert answer.status == 204
        return re.match(r"pvh=([^;]+);", answer.headers["Set-Cookie"])[1]  # type: ignore[index]

    def raw(self, request: bytes) -> bytes:
        """All that comes back until the server closes."""
        host, _, port = self.netloc.rpartition(":")
        with socket.create_connection((host, int(port)), timeout=60) as connection:
            connection.sendall(request)
            with suppress(OSError):  # it was refused before its end
                connection.shutdown(socket.SHUT_WR)
            parts = []
            with suppress(ConnectionResetError):  # what was too much is not read to its end
                while part := connection.recv(65_536):
                    parts.append(part)
        return b"".join(parts)

    def untouched(self) -> bool:
        """Nothing that was asked for has reached the loop."""
        self.home.tick()
        status = self.home.home.status()
        assert status is not None
        return status.commands_seen == 0 and all(state.mode == "auto" for state in status.decision.loads.values())
