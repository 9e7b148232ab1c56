"""All of it together, built once for a page: the gate, logging in and out, and the tokens."""

from __future__ import annotations

import logging
import math
import os
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any, NoReturn

from pv_heater.io.system.state_file import UnreadableState
from pv_heater.web.access.attempts import Attempts, Notices, network_of
from pv_heater.web.access.credentials import Credentials, CredentialStore
from pv_heater.web.access.gate import Gate, Headers, Policy, cookie_header
from pv_heater.web.access.names import Names
from pv_heater.web.access.passwords import LONGEST, Busy, Cost, StoredPassword, Turnstile, cost_for, weakness
from pv_heater.web.access.sessions import Sessions
from pv_heater.web.access.setup_code import LASTS_S, SetupCode
from pv_heater.web.access.tokens import expiry, made
from pv_heater.web.calls import Call, Problem, Scope
from pv_heater.web.settings import WebSettings

log = logging.getLogger(__name__)

BUSY_RETRY_S = 5
LOOPBACK = "127.0.0.1"


class Access:
    """Who may use one page. Handlers of its routes call it, from any thread."""

    def __init__(
        self,
        folder: Path,
        settings: WebSettings,
        *,
        now: Callable[[], datetime],
        monotonic_s: Callable[[], float],
        cost: Cost | None = None,
    ) -> None:
        """`folder` is the state folder, `cost` that of a new hash; None: what this machine can bear."""
        machine = os.uname()
        self._now, self._settings = now, settings
        self._store = CredentialStore(folder)
        self._code = SetupCode(monotonic_s)
        self._doubted: str | None = None
        self._sessions = Sessions(folder, now)
        self._attempts, self._notices, self._turnstile = Attempts(monotonic_s), Notices(monotonic_s), Turnstile()
        self._cost = cost if cost is not None else cost_for(machine.machine)
        policy = Policy(
            behind_proxy=settings.trusted_proxy is not None,
            reads_without_login=settings.read_without_login,
            on_loopback_only=settings.is_local,
        )
        names = Names(machine.nodename, settings.hosts, settings.public_url)
        self.gate = Gate(self._store, self._sessions, names, policy, self._notices, now)

    def begin_setup(self) -> None:
        """Where others are meant to reach the page and no password is set, take one from whoever reads the log."""
        settings = self._settings
        if (settings.is_local and settings.trusted_proxy is None) or self.gate.password_set():
            return
        code = self._code.begin()
        log.warning(
            "page: no password is set. Within %.0f min the page at %s takes one with the code %s, from any device that "
            "reaches it; or use `main.py password`",
            LASTS_S / 60,
            settings.public_url or settings.listen,
            code,
        )

    def place(self) -> tuple[str, int]:
        """Where the page is to listen now; what is wrong with that is logged once."""
        address, doubt = listening(self._store, self._settings)
        if doubt is not None and self._code.counts:
            self._doubted = None
            return self._settings.address
        if doubt != self._doubted:
            self._doubted = doubt
            if doubt is not None:
                log.error("web: %s", doubt)
        return address

    def set_up(self, call: Call, code: str, password: str) -> Headers:
        """Set the first password by the code of the log: the cookie of a session.

        Raises Problem: 409 there is one already, or no code counts; 422 too weak; 401 another code; 429 busy.
        """
        if self.gate.password_set():
            raise Problem(409, "A password is set already; log in with it.")
        network = network_of(call.remote)
        if self._code.counts and (why := weakness(password)) is not None:
            raise Problem(422, why, fields=["password"])
        if (tries_left := self._code.tries(code)) is not None:
            self._refuse_code(network, tries_left)
        stored = self._hashed(password)

        def first(credentials: Credentials) -> Credentials:
            if credentials.password is not None:
                raise Problem(409, "A password is set already; log in with it.")
            return credentials.with_password(stored)

        try:
            credentials = self._store.change(first)
        except (OSError, UnreadableState) as error:
            raise _unwritten(error) from None
        self._code.end()
        log.info("page: the first password was set with the code, from %s", network)
        return [cookie_header(call, self._sessions.begin(credentials.generation))]

    def _refuse_code(self, network: str, tries_left: int) -> NoReturn:
        self._notices.tell("code", network, f"a wrong setup code, or one that counts no more, from {network}")
        if tries_left == 0:
            again = "`main.py password` on the machine of the controller sets one, a restart of it shows another code."
            raise Problem(409, f"No code counts now; {again}")
        raise Problem(401, f"That is not the code of the log; {tries_left} tries are left.", fields=["code"])

    def login(self, call: Call, password: str) -> Headers:
        """The cookie of a new session. Raises Problem: 401 wrong, 429 too often or busy, 409 no password is set."""
        credentials = self._credentials()
        if credentials.password is None:
            raise Problem(409, "No password is set; `main.py password` on the machine of the controller sets one.")
        network = network_of(call.remote)
        wait_s = self._attempts.begin(network)
        if wait_s > 0.0:
            self._notices.tell("wait", network, f"too many wrong passwords, the last from {network}")
            raise _later(wait_s, "There were too many wrong passwords")
        if not self._is_right(credentials.password, password, network):
            self._notices.tell("password", network, f"a wrong password from {network}")
            raise Problem(401, "The password is wrong.", fields=["password"])
        self._attempts.right(network)
        log.info("page: logged in from %s", network)
        # The generation as it was before: whoever knew the password until it was changed just now is not let in.
        return [cookie_header(call, self._sessions.begin(credentials.generation, self.gate.caller(call).cookie))]

    def logout(self, call: Call, *, everywhere: bool) -> Headers:
        """End this session, or all, which needs a login (else Problem); the header takes the cookie away."""
        if everywhere:
            self.gate.check(call, Scope.ADMIN)
            self._sessions.end_all()
            log.info("page: every session was ended from %s", network_of(call.remote))
        elif (cookie := self.gate.caller(call).cookie) is not None:
            self._sessions.end(cookie)
        return [cookie_header(call, "")]

    def session(self, call: Call) -> dict[str, Any]:
        """What the caller may do, and whether there is a password to log in with."""
        scope = self.gate.caller(call).scope
        return {
            "scope": "none" if scope is Scope.OPEN else scope.value,
            "password_set": self.gate.password_set(),
            "read_without_login": self.gate.reads_without_login(call),
            "takes_code": self._code.counts and not self.gate.password_set(),
        }

    def tokens(self) -> list[dict[str, Any]]:
        """Every token, without its secret, which nobody knows."""
        rows = []
        for token in self._credentials().tokens:
            used_at = self._sessions.last_use(token.id)
            rows.append({**token.to_public_json(), "last_used_at": None if used_at is None else used_at.isoformat()})
        return rows

    def add_token(self, name: str, scope: Scope, days: int | None) -> dict[str, Any]:
        """A new token with its secret, which is shown this once. Raises Problem with what would be right."""
        now = self._now()
        try:
            token, secret = made(name, scope, now, expiry(now, days))
            self._store.change(lambda credentials: credentials.with_token(token))
        except ValueError as error:
            raise Problem(422, f"{str(error)[0].upper()}{str(error)[1:]}.") from None
        except (OSError, UnreadableState) as error:
            raise _unwritten(error) from None
        log.info("page: the token %r was made, scope %s", token.name, token.scope.value)
        return {**token.to_public_json(), "token": secret}

    def remove_token(self, wanted: str) -> None:
        """It is refused from now on. Raises Problem 404 for no such id."""
        try:
            self._store.change(lambda credentials: credentials.without_token(wanted))
        except KeyError:
            raise Problem(404, "There is no token of that id.") from None
        except (OSError, UnreadableState) as error:
            raise _unwritten(error) from None
        log.info("page: the token %r was removed", wanted)

    def close(self) -> None:
        """Keep what is known of last uses; for the end of the program."""
        self._sessions.save()

    def _credentials(self) -> Credentials:
        try:
            return self._store.read()
        except UnreadableState as error:
            raise Problem(503, f"access.json cannot be used: {error}; set the password anew.") from None

    def _hashed(self, password: str) -> StoredPassword:
        try:
            with self._turnstile.passed():
                return StoredPassword.of(password, self._cost)
        except Busy:
            raise _later(BUSY_RETRY_S, "Another password is being looked at") from None

    def _is_right(self, stored: StoredPassword, password: str, network: str) -> bool:
        """Whether it is the password; one that this machine can bear to hash at a higher cost by now is hashed anew."""
        if len(password) > LONGEST:
            return False
        try:
            with self._turnstile.passed():
                is_right = stored.matches(password)
                if is_right and not stored.cost.covers(self._cost):
                    self._replace(stored, StoredPassword.of(password, self._cost))
        except Busy:
            self._attempts.forgiven(network)
            raise _later(BUSY_RETRY_S, "Another password is being looked at") from None
        return is_right

    def _replace(self, stored: StoredPassword, anew: StoredPassword) -> None:
        def changed(credentials: Credentials) -> Credentials:
            return replace(credentials, password=anew) if credentials.password == stored else credentials

        with suppress(OSError, UnreadableState):  # the old hash serves as well
            self._store.change(changed)


def listening(store: CredentialStore, settings: WebSettings) -> tuple[tuple[str, int], str | None]:
    """Address and port to listen on; and what is wrong with that, as a sentence, None where nothing is.

    Beyond this machine nothing is offered that anybody could use: without a password the page stays on loopback.
    """
    (host, port), proxy = settings.address, settings.trusted_proxy
    is_open = not settings.is_local
    try:
        why = None if store.read().password is not None else "no password is set"
    except UnreadableState as error:
        why = f"the password in {store.path.parent} cannot be read ({error})"
    if why is None or not (is_open or proxy):
        return (host, port), None
    if not is_open:
        return (host, port), f"trusted_proxy is {proxy}, and {why}: nobody gets in until `main.py password`"
    return (LOOPBACK, port), (
        f"listen is {settings.listen}, which is open to others, and {why}: the page stays on {LOOPBACK}:{port}, for "
        "this machine only, until `main.py password`"
    )


def _later(wait_s: float, why: str) -> Problem:
    seconds = max(1, math.ceil(wait_s))
    return Problem(429, f"{why}; try again in {seconds} s.", headers=[("Retry-After", str(seconds))])


def _unwritten(error: Exception) -> Problem:
    why = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    return Problem(503, f"access.json cannot be changed: {why}.")
