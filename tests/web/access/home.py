"""A page's access on an injected clock, with a password that costs nothing to look at."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from pv_heater.web.access.access import Access
from pv_heater.web.access.credentials import CredentialStore
from pv_heater.web.access.passwords import Cost, StoredPassword
from pv_heater.web.calls import Call, Problem, Scope
from pv_heater.web.settings import WebSettings

CHEAP = Cost(n=2, r=1, p=1)
PASSWORD = "correct horse battery"
LAN = "192.168.1.7"
HERE = "127.0.0.1"


class AccessHome:
    """One state folder and one clock; `access` may be built anew, as after a restart."""

    def __init__(self, folder: Path, **settings: Any) -> None:
        self.folder = folder
        self.at = datetime(2026, 5, 28, 12, 0, tzinfo=UTC)
        self.monotonic_s = 100.0
        self.settings = WebSettings(**settings)
        self.access = self.built()

    def built(self, cost: Cost = CHEAP) -> Access:
        return Access(self.folder, self.settings, now=lambda: self.at, monotonic_s=lambda: self.monotonic_s, cost=cost)

    def set_password(self, password: str | None = PASSWORD, cost: Cost = CHEAP) -> None:
        """As `main.py password` does, from another process."""
        stored = None if password is None else StoredPassword.of(password, cost)
        CredentialStore(self.folder).change(lambda credentials: credentials.with_password(stored))

    def later(self, **time: float) -> None:
        self.at += timedelta(**time)
        self.monotonic_s += timedelta(**time).total_seconds()

    def login(self, password: str = PASSWORD, remote: str = LAN, cookie: str | None = None) -> str:
        """The cookie of a new session."""
        headers = self.access.login(call("POST", remote=remote, cookie=cookie), password)
        assert [name for name, _ in headers] == ["Set-Cookie"]
        return headers[0][1].partition(";")[0].removeprefix("pvh=")

    def may(self, request: Call, scope: Scope) -> int:
        """The status that the gate refuses with; 0 when it lets pass."""
        try:
            self.access.gate.check(request, scope)
        except Problem as problem:
            return problem.status
        return 0


def call(
    method: str = "GET", *, remote: str = LAN, cookie: str | None = None, token: str | None = None,
    body: bytes = b"", scheme: str = "http", without: Sequence[str] = (), **headers: str
) -> Call:  # fmt: skip
    """A request as the page itself sends it, or a program with a token."""
    found = {"host": "192.168.1.2:8080"}
    if token is not None:
        found["authorization"] = f"Bearer {token}"
    elif method != "GET":
        found |= {"origin": "http://192.168.1.2:8080", "content-type": "application/json"}
    if cookie is not None:
        found["cookie"] = f"pvh={cookie}"
    found |= {name.replace("_", "-"): value for name, value in headers.items()}
    return Call(
        method=method, path="/", remote=remote, body=body, scheme=scheme,
        headers={name: value for name, value in found.items() if name not in without},
    )  # fmt: skip
