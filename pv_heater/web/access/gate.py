"""The gate in front of every route: the right name, the right place, then who it is and what he may.

Tokens come by ``Authorization: Bearer``; any other kind of that header is somebody else's and ignored, as proxies put
their own there. By a door of earlier clients they may stand in the address (`web.calls.Door`). Who shows a token is
known by it alone, right or wrong.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime

from pv_heater.core.model.lean import dataclass
from pv_heater.io.system.state_file import UnreadableState
from pv_heater.web.access.attempts import Notices, network_of
from pv_heater.web.access.credentials import Credentials, CredentialStore
from pv_heater.web.access.names import (
    SAFE_METHODS,
    Names,
    is_foreign_part,
    is_loopback,
    through_somebody,
)
from pv_heater.web.access.sessions import LASTS, Sessions
from pv_heater.web.access.tokens import Token, found
from pv_heater.web.calls import JSON, Call, Problem, Scope

COOKIE = "pvh"
_MOST_COOKIES = 4
"""So many of our name are looked at: another program at another port of this machine may have set one."""
_RANKS = (None, Scope.OPEN, Scope.READ, Scope.CONTROL, Scope.ADMIN)
Headers = Sequence[tuple[str, str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """What the settings say about strangers."""

    behind_proxy: bool
    """A trusted proxy stands in front: then this machine's own address says nothing about who asks."""
    reads_without_login: bool | None
    """None: only on this machine, where the page listens on it alone."""
    on_loopback_only: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """Who asks, as far as it is known. `scope` OPEN: nobody in particular."""

    scope: Scope
    token: Token | None = None
    cookie: str | None = None
    renews: bool = False
    """The cookie is to be given again: its time slides."""


class Gate:
    """From any thread. Looks at one small file's stamp for a call, and never waits."""

    def __init__(
        self,
        store: CredentialStore,
        sessions: Sessions,
        names: Names,
        policy: Policy,
        notices: Notices,
        now: Callable[[], datetime],
    ) -> None:
        self._store = store
        self._sessions = sessions
        self._names = names
        self._policy = policy
        self._notices = notices
        self._now = now

    def check(self, call: Call, scope: Scope) -> Headers:
        """Let the call pass, with headers for its answer, or raise Problem.

        400 or 421 for a wrong name, 403 for a foreign page or too little, 401 for nobody known, 415 for no JSON.
        """
        self._check_name(call)
        caller = self.caller(call)
        if caller.token is None:
            self._check_origin(call)
        if call.changes is None:  # earlier clients send what they like; where they come from was looked at
            _check_kind(call, is_program=caller.token is not None)
        if _RANKS.index(caller.scope) < _RANKS.index(scope):
            raise self._too_little(caller, scope)
        return [cookie_header(call, caller.cookie)] if caller.renews and caller.cookie is not None else []

    def caller(self, call: Call) -> Caller:
        """Who asks. Raises Problem 401 for a token that is none."""
        credentials = self._credentials(call)
        presented = _bearer(call.headers)
        if presented is None:
            presented = call.token
        if presented is not None:
            return self._program(call, presented, credentials)
        for cookie in _cookies(call.headers):
            renews = None if credentials is None or credentials.password is None else self._seen(cookie, credentials)
            if renews is not None:
                return Caller(scope=Scope.ADMIN, cookie=cookie, renews=renews)
        if credentials is not None and credentials.password is None and self._is_here(call):
            return Caller(scope=Scope.ADMIN)
        return Caller(scope=Scope.READ if self.reads_without_login(call) else Scope.OPEN)

    def reads_without_login(self, call: Call) -> bool:
        """Whether this caller may read without being known."""
        allowed = self._policy.reads_without_login
        return self._policy.on_loopback_only and self._is_here(call) if allowed is None else allowed

    def password_set(self) -> bool:
        """Whether a login is possible; also where the file is damaged, as then nobody gets in without."""
        try:
            return self._store.read().password is not None
        except UnreadableState:
            return True

    def _seen(self, cookie: str, credentials: Credentials) -> bool | None:
        return self._sessions.seen(cookie, credentials.generation)

    def _is_here(self, call: Call) -> bool:
        """Whether the caller sits at this machine, with nobody in between."""
        return is_loopback(call.remote) and not self._policy.behind_proxy and not through_somebody(call.headers)

    def _credentials(self, call: Call) -> Credentials | None:
        """None where they cannot be read: then nobody is known by them."""
        try:
            return self._store.read()
        except UnreadableState as error:
            text = f"{self._store.path} cannot be used: {error}; nobody can log in until `main.py password`"
            self._notices.tell("credentials", network_of(call.remote), text)
            return None

    def _program(self, call: Call, presented: str, credentials: Credentials | None) -> Caller:
        token = found(credentials.tokens if credentials is not None else (), presented, self._now())
        if token is None:
            self._notices.tell(
                "token", network_of(call.remote), f"a token that is unknown or over was refused from {_from(call)}"
            )
            raise Problem(
                401,
                "The token is unknown, or its time is over; `main.py token add` makes a new one.",
                headers=[("WWW-Authenticate", 'Bearer error="invalid_token"')],
            )
        self._sessions.note_use(token.id)
        return Caller(scope=token.scope, token=token)

    def _check_name(self, call: Call) -> None:
        host = call.headers.get("host")
        if self._names.know(host):
            return
        if host is None:
            raise Problem(400, "The request does not say whom it is for: Host is missing.")
        self._notices.tell(
            "host",
            network_of(call.remote),
            f"a request for {host[:60]!r} was refused, from {_from(call)}: this home does not go by that name; "
            "if it should, add it to web.hosts",
        )
        raise Problem(421, "This home does not go by that name. Its owner can add the name to web.hosts.")

    def _check_origin(self, call: Call) -> None:
        changes = call.method not in SAFE_METHODS or bool(call.changes)
        if not (self._names.is_own(call.headers) if changes else not is_foreign_part(call.headers)):
            origin = call.headers.get("origin", "a page that does not say which")
            self._notices.tell(
                "origin", network_of(call.remote), f"a request of {origin[:60]!r} was refused, from {_from(call)}"
            )
            raise Problem(
                403,
                "Only the page itself may ask for this; programs send a token (Authorization: Bearer), or Origin "
                "with the address of the page.",
            )

    def _too_little(self, caller: Caller, scope: Scope) -> Problem:
        if caller.scope is not Scope.OPEN and (caller.token is not None or caller.cookie is not None):
            return Problem(403, f"This needs the scope {scope.value}, and the token has {caller.scope.value}.")
        challenge = [("WWW-Authenticate", "Bearer")]
        if not self.password_set():
            detail = "No password is set; `main.py password` on the machine of the controller sets one."
            return Problem(401, detail, headers=challenge)
        return Problem(401, "Log in first, or send a token (Authorization: Bearer).", headers=challenge)


def cookie_header(call: Call, cookie: str) -> tuple[str, str]:
    """The header that gives a browser its session; an empty cookie takes it away."""
    parts = [
        f"{COOKIE}={cookie}",
        "Path=/",
        "HttpOnly",
        "SameSite=Strict",
        f"Max-Age={int(LASTS.total_seconds()) if cookie else 0}",
    ]
    if call.scheme == "https":
        parts.append("Secure")
    return "Set-Cookie", "; ".join(parts)


def _check_kind(call: Call, *, is_program: bool) -> None:
    """A form of a foreign page cannot send JSON; a program needs to say nothing of a body that is not there."""
    if call.method in SAFE_METHODS or (not call.body and (is_program or call.method == "DELETE")):
        return
    kind = call.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != JSON:
        raise Problem(415, f"The body must be {JSON}, and Content-Type must say so.")


def _bearer(headers: Mapping[str, str]) -> str | None:
    """The token that is shown; None where none is, or something else."""
    scheme, _, rest = headers.get("authorization", "").strip().partition(" ")
    return rest.strip() if scheme.lower() == "bearer" else None


def _cookies(headers: Mapping[str, str]) -> list[str]:
    pairs = (part.strip().partition("=") for part in headers.get("cookie", "").split(";"))
    return [value for name, _, value in pairs if name == COOKIE and value][:_MOST_COOKIES]


def _from(call: Call) -> str:
    """The address for a log line; whatever a proxy passes on, it is cut."""
    return (call.remote or "an unknown address")[:45]
