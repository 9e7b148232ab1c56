"""How an output in the house is talked to over HTTP: as whom, and for how long it is waited for."""

from __future__ import annotations

from typing import Any

from attrs import frozen

from pv_heater.core.policy import LoadPolicy
from pv_heater.core.setting import Secret, SettingProblem, setting
from pv_heater.io.http import HttpClient, Login

_CONNECT_S, _READ_S, _WHOLE_S = 1.5, 2.0, 3.0
"""A word that hangs keeps the next one waiting, and that may be `off`."""
_MOST_BYTES = 65_536


@frozen(kw_only=True)
class HttpLoadPolicy(LoadPolicy):
    """What every load behind HTTP has: an address, and a login if the device wants one."""

    url: str = setting("address of the device, such as http://192.168.1.199")
    username: str | None = setting("name at the device, if it wants one", default=None)
    password: Secret | None = setting("password at the device, if it wants one", default=None)
    auth: str = setting(
        "how the password is sent; Shelly Gen 2 and later want digest", default="basic", choices=("basic", "digest")
    )
    token: Secret | None = setting("token that goes with every request, as bearer", default=None)

    def __attrs_post_init__(self) -> None:
        super().__attrs_post_init__()
        if (self.username is None) != (self.password is None):
            key = "password" if self.password is None else "username"
            raise SettingProblem("is missing; a login needs username and password", key)


class HttpLink:
    """One device. For use by one thread; only `close` may come from another."""

    def __init__(
        self, settings: HttpLoadPolicy, who: str = "the device", *, read_s: float = _READ_S, whole_s: float = _WHOLE_S
    ) -> None:
        """`who` is what messages call it. `read_s` and `whole_s`, time limits of an answer, are for tests."""
        login = None
        if settings.username is not None and settings.password is not None:
            digest = settings.auth == "digest"
            login = Login(username=settings.username, password=settings.password, digest=digest)
        self.who = who
        token = settings.token
        self._headers = {} if token is None else {"Authorization": f"Bearer {token.reveal()}"}
        self._http = HttpClient(
            settings.url,
            who=who,
            secrets=(token,),
            login=login,
            connect_s=_CONNECT_S,
            read_s=read_s,
            whole_s=whole_s,
            most_bytes=_MOST_BYTES,
        )

    def order(self, path: str, *, method: str = "GET", body: Any = None) -> None:
        """Send a command; whatever the device answers is fine if its status is 2xx. Raises SourceError."""
        reply = self._http.exchange(method, path, body=body, headers=self._headers)
        if not 200 <= reply.status < 300:
            raise self._http.error_for(reply)

    def ask(self, path: str) -> Any:
        """The decoded answer; raises SourceError."""
        return self._http.get_json(path, headers=self._headers).body

    def close(self) -> None:
        """Give the connection back. May be repeated."""
        self._http.close()
