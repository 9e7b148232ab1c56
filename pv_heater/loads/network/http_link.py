"""How an output in the house is talked to over HTTP: as whom, and for how long it is waited for."""

from __future__ import annotations

import time
from typing import Any

from pv_heater.core.model.lean import dataclass
from pv_heater.core.model.setting import Secret, SettingProblem, setting
from pv_heater.core.settings.load import LoadSettings
from pv_heater.errors import Unreachable
from pv_heater.io.net.http import HttpClient, HttpReply
from pv_heater.io.net.http_login import Login

_CONNECT_S, _READ_S, _WHOLE_S = 1.5, 2.0, 3.0
"""A word that hangs keeps the next one waiting, and that may be `off`."""
WORD_S = 4.0
"""For everything that belongs to one setpoint, the reading back included: then an `off` has still a second of the five
that a stop waits."""
_CHECK_CONNECT_S, _CHECK_WHOLE_S = 8.0, 12.0
"""Where nobody waits for an `off`: a name may take 5 s to be looked up for the first time."""
_MOST_BYTES = 65_536


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpLoadSettings(LoadSettings):
    """What every load behind HTTP has: an address, and a login if the device asks for one."""

    url: str = setting("address of the device, such as http://192.168.1.199")
    username: str | None = setting("name at the device, if it asks for one", default=None)
    password: Secret | None = setting("password at the device, if it asks for one", default=None)
    auth: str = setting(
        "how the password is sent; Shelly Gen 2 and later need digest", default="basic", choices=("basic", "digest")
    )
    token: Secret | None = setting("token that goes with every request, as bearer", default=None)

    def __post_init__(self) -> None:
        LoadSettings.__post_init__(self)
        if (self.username is None) != (self.password is None):
            key = "password" if self.password is None else "username"
            raise SettingProblem("is missing; a login needs username and password", key)


class HttpLink:
    """One device. For use by one thread; only `close` may come from another."""

    def __init__(
        self,
        settings: HttpLoadSettings,
        who: str = "the device",
        *,
        read_s: float = _READ_S,
        whole_s: float = _WHOLE_S,
        patient: bool = False,
    ) -> None:
        """`who` is what messages call it; `patient`: only to be asked something, by `check`.

        `read_s` and `whole_s`, time limits of an answer, are for tests.
        """
        login = None
        if settings.username is not None and settings.password is not None:
            digest = settings.auth == "digest"
            login = Login(username=settings.username, password=settings.password, digest=digest)
        self.who = who
        self._word_until_s: float | None = None
        token = settings.token
        self._headers = {} if token is None else {"Authorization": f"Bearer {token.reveal()}"}
        self._http = HttpClient(
            settings.url,
            who=who,
            secrets=(token,),
            login=login,
            connect_s=_CHECK_CONNECT_S if patient else _CONNECT_S,
            read_s=read_s,
            whole_s=_CHECK_WHOLE_S if patient else whole_s,
            most_bytes=_MOST_BYTES,
        )

    def begin(self) -> None:
        """What follows until the next call belongs to one setpoint, and has 4 s in all."""
        self._word_until_s = time.monotonic() + WORD_S

    def order(self, path: str, *, method: str = "GET", body: Any = None) -> None:
        """Send a command; whatever the device answers is fine if its status is 2xx. Raises SourceError."""
        reply = self._exchange(method, path, body)
        if not 200 <= reply.status < 300:
            raise self._http.error_for(reply)

    def ask(self, path: str) -> Any:
        """The decoded answer; raises SourceError."""
        return self._http.require_ok(self._exchange("GET", path)).body

    def _exchange(self, method: str, path: str, body: Any = None) -> HttpReply:
        left_s = None if self._word_until_s is None else self._word_until_s - time.monotonic()
        if left_s is not None and left_s <= 0:
            raise Unreachable(f"{self.who} took more than {WORD_S:g} s to be told and to confirm it")
        return self._http.exchange(method, path, body=body, headers=self._headers, within_s=left_s)

    def reach(self) -> None:
        """Find out whether it answers at all, whatever it says; moves nothing. Raises SourceError."""
        reply = self._exchange("GET", "/")
        if reply.status in (401, 403) or reply.status >= 500:
            raise self._http.error_for(reply)

    def close(self) -> None:
        """Give the connection back. May be repeated."""
        self._http.close()
