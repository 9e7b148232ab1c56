"""Name and password for an HTTP service, sent as they are (basic) or proven by a riddle's answer (digest)."""

from __future__ import annotations

from base64 import b64encode
from typing import Any

from pv_heater.core.model.lean import dataclass
from pv_heater.core.model.setting import Secret
from pv_heater.io.net.http_library import AuthBase, HTTPDigestAuth, requests

_MOST_QUESTION_BYTES = 65_536
"""More is not read of the body of an answer that asks for a login."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Login:
    """A name and a password that go with every request."""

    username: str
    password: Secret
    digest: bool
    """True: the server asks a riddle and never sees the password itself (RFC 7616); false: it is sent (RFC 7617)."""


def auth_of(login: Login) -> AuthBase:
    """What adds the login to every request.

    It writes UTF-8 (RFC 7617): the library knows Latin-1 alone, and raises for every other letter.
    """
    name, password = login.username, login.password.reveal()
    return _Digest(name, password) if login.digest else _Basic(name, password)


def sendable(text: str) -> str | bytes:
    """A header's text as the library takes it: what is outside Latin-1 as UTF-8."""
    return text if text.isascii() else text.encode()


class _Basic(AuthBase):
    """Name and password as UTF-8 in a header (RFC 7617)."""

    def __init__(self, username: str, password: str) -> None:
        self._header = f"Basic {b64encode(f'{username}:{password}'.encode()).decode('ascii')}"

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers["Authorization"] = self._header
        return request


class _Digest(HTTPDigestAuth):
    def handle_401(self, r: requests.Response, **kwargs: Any) -> requests.Response:
        asks = 400 <= r.status_code < 500 and "digest" in r.headers.get("WWW-Authenticate", "").lower()
        if asks and self._thread_local.num_401_calls < 2:  # type: ignore[attr-defined]
            # The library takes the whole body of the question, however long. A short one leaves the connection usable.
            r.raw.read(_MOST_QUESTION_BYTES, decode_content=False)
            r._content = b""
        answer: requests.Response = super().handle_401(r, **kwargs)  # type: ignore[no-untyped-call]
        return answer

    def build_digest_header(self, method: str, url: str) -> Any:
        header: str | None = super().build_digest_header(method, url)  # type: ignore[no-untyped-call]
        return header if header is None else sendable(header)
