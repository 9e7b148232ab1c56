"""Talking to the VRM portal: as whom, for which site, what an answer means, and how many requests are left.

`VrmAccount` has the settings that the meter and the forecast share. Facts from the public Victron VRM API v2
documentation: personal access tokens need the scheme ``Token``, a login gives one for ``Bearer`` (deprecated since June
2026), and an answer with status 200 can still be ``success: false``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from pv_heater.core.model.lean import dataclass
from pv_heater.core.model.setting import Secret, SettingProblem, setting
from pv_heater.errors import AuthRejected, BadReply, PvHeaterError, SourceError
from pv_heater.io.net.http import HttpClient, HttpReply
from pv_heater.io.net.request_budget import RequestBudget
from pv_heater.ports import Clock
from pv_heater.victron.vrm.bodies import page_of_records

_PAGE = 1000
"""The most records VRM gives at once; without asking it gives 100."""
_MOST_PAGES = 20
_AUTH_WORDS = ("auth", "token", "permission", "credential", "login", "access")
"""Beginnings of words in `error_code` that mean a refusal; `errors` itself is in the account's language."""


@dataclass(frozen=True, slots=True, kw_only=True)
class VrmAccount:
    """An access token, or a login."""

    token: Secret | None = setting(
        "access token from VRM, Preferences, Integrations; better than a login", default=None
    )
    username: str | None = setting("e-mail of the VRM account, if there is no token", default=None)
    password: Secret | None = setting("password of the VRM account, if there is no token", default=None)
    installation_id: int = setting("number in the address of the site's page at VRM", minimum=1)
    base_url: str = setting("where the VRM API is", default="https://vrmapi.victronenergy.com/v2")

    def __post_init__(self) -> None:
        if not self.token and not (self.username and self.password):
            raise SettingProblem(
                "is missing: give an access token (VRM, Preferences, Integrations), or username and password",
                "token",
            )


class Forbidden(AuthRejected):
    """VRM knows us, but does not let us see this (403)."""


class VrmApi:
    """One account at VRM. Every method blocks and raises SourceError."""

    def __init__(
        self,
        http: HttpClient,
        account: VrmAccount,
        *,
        budget: RequestBudget,
        clock: Clock,
        section: str = "meter",
    ) -> None:
        """`section` is where messages say that the settings are."""
        self._http = http
        self._section = section
        self._make_a_token = (
            f"make an access token in VRM under Preferences, Integrations, and put it into {section}.token"
        )
        self._token = account.token.reveal() if account.token else None
        self._username = account.username
        self._password = account.password.reveal() if account.password else None
        self._bearer: str | None = None
        self._budget = budget
        self._clock = clock
        self._user_id: int | None = None
        self._may_log_in = True
        self._within_s: float | None = None
        self.clock_offset_s: float | None = None
        """VRM's clock minus ours, seconds, at the newest answer that told; None before."""

    @contextmanager
    def in_a_hurry(self, within_s: float) -> Iterator[VrmApi]:
        """Each request may take no longer than that."""
        self._within_s = within_s
        try:
            yield self
        finally:
            self._within_s = None

    def begin_poll(self) -> None:
        """Allow one more login; called once at the start of each poll."""
        self._may_log_in = True

    def forget_login(self) -> None:
        """Log in anew at the next request; a personal access token stays."""
        self._bearer = None

    def diagnostics(self, installation_id: int) -> list[Any]:
        """All pages with the last value of every attribute of the site."""
        pages: list[Any] = []
        count = 0
        while len(pages) < _MOST_PAGES:
            body = self.get(f"/installations/{installation_id}/diagnostics", {"count": _PAGE, "page": len(pages) + 1})
            pages.append(body)
            records = body.get("records")
            got = len(records) if isinstance(records, list | dict) else 0
            count += got
            total = body.get("num_records")
            # Without a total, a page that is not full is the last one.
            more = count < total if isinstance(total, int) else got >= _PAGE
            if not got or not more:
                break
        return pages

    def me(self) -> Mapping[str, Any]:
        """Who VRM takes us for."""
        user = self.get("/users/me").get("user")
        user_id = user.get("id") if isinstance(user, Mapping) else None
        if not isinstance(user, Mapping) or not isinstance(user_id, int):
            raise BadReply("VRM did not say which user we are (users/me holds no user.id)")
        self._user_id = user_id
        return user

    def access_tokens(self) -> Any:
        """The account's access tokens, without themselves: names and when they end."""
        return self.get(f"/users/{self._known_id()}/accesstokens/list")

    def extended(self, installation_id: int) -> Any:
        """The short status of the site, which accounts without a right to diagnostics may see too."""
        body = self.get(f"/users/{self._known_id()}/installations", {"extended": 1, "idSite": installation_id})
        sites = [site for site in page_of_records(body) if site.get("idSite") == installation_id]
        if not sites:
            raise AuthRejected(
                f"VRM does not show site {installation_id} to this account; check {self._section}.installation_id, "
                "or have the site's owner share it"
            )
        return {**body, "records": sites}

    def _known_id(self) -> int:
        return self.me()["id"] if self._user_id is None else self._user_id

    def system_overview(self, installation_id: int) -> Any:
        """The devices of the site."""
        return self.get(f"/installations/{installation_id}/system-overview")

    def sun_forecast(self, installation_id: int, start_s: int, end_s: int) -> Any:
        """The energy that the site's modules should give, hour by hour, between two unix seconds."""
        params = {"type": "forecast", "interval": "hours", "start": start_s, "end": end_s}
        return self.get(f"/installations/{installation_id}/stats", params)

    def get(self, path: str, params: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """One answer, logged in as needed; a login that has expired is renewed once a poll."""
        reply = self._exchange("GET", path, params=params, headers=self._headers())
        if reply.status == 401 and self._token is None and self._may_log_in:
            self._bearer = None
            reply = self._exchange("GET", path, params=params, headers=self._headers())
        if reply.status == 401:
            self.forget_login()
        return self._understood(reply)

    def _headers(self) -> dict[str, str]:
        if self._token is not None:
            return {"X-Authorization": f"Token {self._token}"}
        if self._bearer is None:
            self._bearer = self._log_in()
        return {"X-Authorization": f"Bearer {self._bearer}"}

    def _log_in(self) -> str:
        self._may_log_in = False
        reply = self._exchange("POST", "/auth/login", body={"username": self._username, "password": self._password})
        # What is not understood is not quoted here: it may hold the token.
        said = _error_text(reply.body) or "(the answer is not shown, it may hold a token)"
        body = reply.body if isinstance(reply.body, Mapping) else {}
        if reply.status in (400, 401, 403, 422) or body.get("success") is False:
            raise AuthRejected(
                f"VRM refused the login of {self._username} ({reply.status}): {self._http.clean(said)}; check "
                f"{self._section}.username and {self._section}.password, or better {self._make_a_token}"
            )
        self._http.require_ok(reply, said)
        token = body.get("token")
        if not isinstance(token, str) or not token:
            raise AuthRejected(
                f"VRM asks for a second factor for {self._username}, which a program cannot give: {self._make_a_token}"
            )
        self._http.hide(token)
        return token

    def _exchange(self, method: str, path: str, **request: Any) -> HttpReply:
        self._budget.spend(1, self._clock.monotonic_s())
        reply = self._http.exchange(method, path, within_s=self._within_s, **request)
        if reply.server_time_at is not None:
            self.clock_offset_s = (reply.server_time_at - self._clock.now()).total_seconds()
        return reply

    def _understood(self, reply: HttpReply) -> dict[str, Any]:
        """The answer's body; raises what it means when it is not a success."""
        said = _error_text(reply.body)
        if reply.status == 401:
            raise AuthRejected(self._http.clean(self._credential_refused(said or "no reason given")))
        if reply.status == 403:
            raise Forbidden(
                self._http.clean(f"VRM does not let this account see that (403): {said or 'no reason given'}")
            )
        if reply.status == 404:
            raise BadReply(
                self._http.clean(
                    f"VRM does not know this site (404): {said or 'no reason given'}; check "
                    f"{self._section}.installation_id, the number in the address of the site's page, and "
                    f"{self._section}.base_url"
                )
            )
        body = self._http.require_ok(reply, said).body
        if not isinstance(body, dict):
            raise BadReply(f"VRM answered a {type(body).__name__} where an object belongs")
        if body.get("success") is False:
            raise self._refusal(body, said or "no reason given")
        return body

    def _refusal(self, body: Mapping[str, Any], said: str) -> PvHeaterError:
        code = str(body.get("error_code") or "").lower()
        kind: type[SourceError] = AuthRejected if any(word in code for word in _AUTH_WORDS) else BadReply
        return kind(self._http.clean(f"VRM refuses: {said}"))

    def _credential_refused(self, said: str) -> str:
        if self._token is None:
            return f"VRM refused the login of {self._username} (401: {said})"
        return f"VRM refused the access token (401: {said}); it may have expired or been revoked: {self._make_a_token}"


def _error_text(body: Any) -> str | None:
    """The API's own words, which come as a text, a list or an object of texts; None when it says nothing."""
    errors = body.get("errors") if isinstance(body, Mapping) else None
    if isinstance(errors, Mapping):
        errors = [f"{key}: {value}" for key, value in errors.items()]
    if isinstance(errors, list):
        errors = "; ".join(str(error) for error in errors)
    return str(errors)[:200] if errors else None
