"""JSON over HTTP with limits on everything: time, size, tries, and what an error message may show."""

from __future__ import annotations

import http.client
import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urlsplit

import urllib3
from tenacity import Retrying, retry_if_exception, stop_after_attempt

from pv_heater.core.model.lean import dataclass
from pv_heater.core.model.setting import Secret
from pv_heater.errors import AuthRejected, BadReply, RateLimited, SourceError, Unreachable
from pv_heater.io.net.deadline import Deadline
from pv_heater.io.net.http_connections import Lines
from pv_heater.io.net.http_library import requests
from pv_heater.io.net.http_login import Login, auth_of, sendable
from pv_heater.io.net.names import Names, not_found
from pv_heater.io.net.tls_words import tls_trouble

_CONNECT_S = 5.0
_READ_S = 10.0
_WHOLE_S = 30.0
"""From the look-up of the name to the last byte: a server that drips never runs into the read time-out."""
_TRIES = 2
_MOST_BYTES = 8_000_000
"""A full page of 1000 VRM records is about half a megabyte."""
_QUOTED_CHARACTERS = 200
_CHUNK_BYTES = 65_536


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpReply:
    """A decoded answer. `body` is None when it was empty or no JSON; `text` is its beginning, or all of it."""

    status: int
    body: Any
    text: str
    headers: Mapping[str, str]
    """Names are matched whatever their case."""
    server_time_at: datetime | None
    """The server's own clock (Date header); None when it did not tell."""


class HttpClient:
    """Talks to one service; for use by one thread at a time. An exchange blocks for at most `whole_s`, whatever the
    server does; a connection on which that was needed is not used again.

    `who` names the service in messages. `secrets` never show in a message, wherever they may turn up.
    """

    def __init__(
        self,
        base_url: str,
        *,
        who: str,
        secrets: tuple[str | None, ...] = (),
        login: Login | None = None,
        connect_s: float = _CONNECT_S,
        read_s: float = _READ_S,
        whole_s: float = _WHOLE_S,
        most_bytes: int = _MOST_BYTES,
        whole_text: bool = False,
        names: Names | None = None,
    ) -> None:
        """Time limits in seconds: for look-up and connection, for silence, and for all of an exchange together.

        `whole_text`: replies have all of their text, for answers that are no JSON.
        """
        self._base_url = base_url.rstrip("/")
        self._who = who
        self._connect_s, self._read_s, self._whole_s = connect_s, read_s, whole_s
        self._most_bytes = most_bytes
        self._most_characters = most_bytes if whole_text else 2 * _QUOTED_CHARACTERS
        self._hidden: list[str] = []
        self._session = _Session()
        self._lines = Lines(names or Names(), connect_s=connect_s)
        self._lines.mount_on(self._session)
        if login is not None:
            self._session.auth = auth_of(login)
            self.hide(login.password)
        for secret in secrets:
            self.hide(secret)

    def close(self) -> None:
        """Close the connections that are kept open for the next request."""
        self._session.close()

    def hide(self, secret: str | None) -> None:
        """Keep `secret` out of every later message, such as a token that a login gave."""
        text = secret.reveal() if isinstance(secret, Secret) else secret
        if text:
            self._hidden.append(text)

    def get_json(
        self, path: str, params: Mapping[str, Any] | None = None, headers: Mapping[str, str] | None = None
    ) -> HttpReply:
        """GET and decode; raises SourceError for everything but a 2xx answer that is JSON."""
        return self.require_ok(self.exchange("GET", path, params=params, headers=headers))

    def post_json(self, path: str, body: Any, headers: Mapping[str, str] | None = None) -> HttpReply:
        """POST `body` as JSON and decode; raises like `get_json`."""
        return self.require_ok(self.exchange("POST", path, body=body, headers=headers))

    def exchange(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, Any] | None = None,
        body: Any = None,
        headers: Mapping[str, str] | None = None,
        within_s: float | None = None,
    ) -> HttpReply:
        """One request, whatever its status; raises Unreachable or BadReply when there is no whole answer.

        `body` goes out as JSON, bytes as they are; then a header names their Content-Type.
        `within_s`, in seconds, shortens the time for the whole exchange.
        """
        whole_s = self._whole_s if within_s is None else min(self._whole_s, within_s)
        with Deadline(whole_s) as deadline, self._lines.watched_by(deadline):

            def is_worth_another(error: BaseException) -> bool:
                return _was_connected(error) and not deadline.expired and deadline.left_s > 0

            # Only a connection that broke is tried again, and once: it is usually one the server had closed meanwhile.
            retrying = Retrying(
                stop=stop_after_attempt(_TRIES), retry=retry_if_exception(is_worth_another), reraise=True
            )
            try:
                return retrying(self._once, deadline, method, path, params, body, headers)
            except (UnicodeError, requests.exceptions.InvalidHeader):
                raise BadReply(self._notsendable()) from None
            except (
                requests.RequestException,
                urllib3.exceptions.HTTPError,
                OSError,
                http.client.HTTPException,
            ) as error:
                if deadline.expired:
                    # Its connection is in an unknown state; the next word begins on a new one.
                    self._session.close()
                    raise self._too_slow(whole_s) from None
                if isinstance(error, urllib3.exceptions.ProtocolError):
                    raise BadReply(f"{self._who} broke off in the middle of its answer") from None
                raise Unreachable(self.clean(f"{self._who} {self._what_failed(error)}")) from None
            except ValueError as error:  # a head that makes no sense, of which the libraries know many
                raise BadReply(self.clean(f"{self._who} answered something that is not HTTP: {error}")) from None

    def require_ok(self, reply: HttpReply, said: str | None = None) -> HttpReply:
        """The reply itself when it is a 2xx with JSON, else the SourceError that it means.

        `said` is the service's own wording of the trouble; without it the beginning of the answer is quoted.
        """
        if 200 <= reply.status < 300 and reply.body is not None:
            return reply
        raise self.error_for(reply, said)

    def error_for(self, reply: HttpReply, said: str | None = None) -> SourceError:
        """The SourceError that an unwelcome reply means."""
        status, quote = reply.status, self.clean(_quoted(said or reply.text))
        wish_s = retry_after_s(reply)
        if status in (401, 403):
            asks = reply.headers.get("WWW-Authenticate", "").partition(" ")[0].lower()
            wish = f"; it asks for a login by {asks}" if asks in ("basic", "digest") else ""
            return AuthRejected(f"{self._who} refused access ({status}): {quote}{wish}", retry_after_s=wish_s)
        if status == 429:
            wish = "" if wish_s is None else f" and asks us to wait {wish_s:.0f} s"
            return RateLimited(f"{self._who} says we ask too often (429){wish}: {quote}", retry_after_s=wish_s)
        if status >= 500:
            return Unreachable(f"{self._who} has a fault of its own ({status}): {quote}", retry_after_s=wish_s)
        if 300 <= status < 400:
            host = _quoted(_host_in(reply.headers.get("Location", "")) or "another address")
            return BadReply(
                self.clean(f"{self._who} redirects ({status}) to {host}; set the address to where it is now")
            )
        if status >= 400:
            return BadReply(f"{self._who} did not accept the request ({status}): {quote}")
        return BadReply(f"{self._who} answered something that is not JSON: {quote}")

    def clean(self, text: str) -> str:
        """The text without any secret that this client knows."""
        for hidden in self._hidden:
            text = text.replace(hidden, "(secret)")
        return text

    def _once(
        self,
        deadline: Deadline,
        method: str,
        path: str,
        params: Mapping[str, Any] | None,
        body: Any,
        headers: Mapping[str, str] | None,
    ) -> HttpReply:
        # Redirects are not followed: requests would carry our own token header to whatever host is named there.
        response = self._session.request(
            method,
            f"{self._base_url}{path}",
            params=params,
            data=body if isinstance(body, bytes) else None,
            json=None if isinstance(body, bytes) else body,
            headers={"Accept": "application/json", **{name: sendable(text) for name, text in (headers or {}).items()}},
            timeout=(self._connect_s, self._read_s),
            allow_redirects=False,
            stream=True,
        )
        with response:
            content = self._content(response)
            if deadline.expired and not _is_whole(response, content):
                raise requests.ReadTimeout
        text = content.decode("utf-8", errors="replace")
        return HttpReply(
            status=response.status_code,
            body=_decoded(text),
            text=text[: self._most_characters],
            headers=response.headers,
            server_time_at=http_date(response.headers.get("Date")),
        )

    def _content(self, response: requests.Response) -> bytes:
        if "," in response.headers.get("Content-Encoding", ""):
            raise BadReply(f"{self._who} packs its answer more than once, which no answer needs")
        content = bytearray()
        while True:
            # read1 returns what has come, so that too much of it is noticed early.
            chunk = response.raw.read1(_CHUNK_BYTES, decode_content=True)
            if not chunk:
                return bytes(content)
            content += chunk
            if len(content) > self._most_bytes:
                raise BadReply(f"{self._who} sends more than {self._most_bytes / 1e6:g} MB, which no answer needs")

    def _too_slow(self, whole_s: float) -> Unreachable:
        return Unreachable(
            f"{self._who} at {self._host} had not answered in full after {whole_s:.2g} s; the connection was closed"
        )

    def _notsendable(self) -> str:
        return (
            f"{self._who} cannot be asked: username, password, token or address hold a character that HTTP cannot "
            "carry there; were they copied with something invisible?"
        )

    @property
    def _host(self) -> str:
        return urlsplit(self._base_url).netloc.rpartition("@")[2]

    def _what_failed(self, error: Exception) -> str:
        host = self._host
        if isinstance(error, requests.exceptions.SSLError):
            return tls_trouble(error, host)
        if isinstance(error, requests.ConnectTimeout):
            return f"did not take the connection at {host} within {self._connect_s:g} s"
        if isinstance(error, requests.ReadTimeout | urllib3.exceptions.ReadTimeoutError):
            return f"at {host} went silent for {self._read_s:g} s while it should have answered"
        if isinstance(error, requests.exceptions.InvalidURL | requests.exceptions.MissingSchema):
            return f"cannot be asked: base_url {self._base_url!r} is not an address; it should begin with https://"
        return f"cannot be reached at {host}: {_root_cause(error)}"


class _Session(requests.Session):
    def get_redirect_target(self, resp: requests.Response) -> str | None:  # noqa: ARG002
        """Nowhere: the library takes the whole body of a redirect, however long, even where it is not to follow."""
        return None


def _host_in(address: str) -> str:
    """Empty where there is none."""
    try:
        return urlsplit(address).netloc
    except ValueError:
        return ""


def retry_after_s(reply: HttpReply) -> float | None:
    """What the Retry-After header asks for, in seconds from the server's own now; None without a usable one."""
    wish = reply.headers.get("Retry-After", "").strip()
    if re.fullmatch(r"[0-9]{1,9}", wish):
        return float(wish)
    until = http_date(wish)
    if until is None:
        return None
    return max(0.0, (until - (reply.server_time_at or datetime.now(UTC))).total_seconds())


def _decoded(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def _was_connected(error: BaseException) -> bool:
    """Whether a connection broke that was there: one that was never made would only cost its time again."""
    cause = error.args[0] if isinstance(error, requests.ConnectionError) and error.args else None
    never = urllib3.exceptions.NewConnectionError | urllib3.exceptions.ConnectTimeoutError
    return cause is not None and not isinstance(getattr(cause, "reason", cause), never)


def _is_whole(response: requests.Response, content: bytes) -> bool:
    """Whether an answer that ended with the time was whole: as long as it said before."""
    length = response.headers.get("Content-Length", "")
    return bool(content) and length.isdecimal() and response.raw.length_remaining == 0


def _quoted(text: str) -> str:
    """The beginning of an answer on one line, without signs that a terminal obeys."""
    line = " ".join("".join(sign if sign.isprintable() else " " for sign in text).split())
    if not line:
        return "(an empty answer)"
    return line if len(line) <= _QUOTED_CHARACTERS else f"{line[:_QUOTED_CHARACTERS]} ..."


def http_date(text: str | None) -> datetime | None:
    """An instant as HTTP writes it (RFC 9110); None when it is missing or nonsense."""
    if not text:
        return None
    try:
        at = parsedate_to_datetime(text)
    except (TypeError, ValueError, IndexError, OverflowError):
        return None
    return at if at.tzinfo is not None else at.replace(tzinfo=UTC)


def _root_cause(error: BaseException) -> str:
    """What lies at the bottom of a chain of errors, without the request line that requests puts into its own."""
    cause = error
    while True:
        inner = getattr(cause, "reason", None) or cause.__cause__ or cause.__context__
        inner = (
            inner
            if isinstance(inner, BaseException)
            else next((item for item in cause.args if isinstance(item, BaseException)), None)
        )
        if inner is None:
            break
        cause = inner
    if not_found(cause):
        return "this name was not found; is the network up, is the name right?"
    if isinstance(cause, OSError) and cause.strerror:
        return cause.strerror
    return type(cause).__name__ if not cause.args else str(cause.args[-1])
