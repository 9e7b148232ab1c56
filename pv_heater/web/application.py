"""The WSGI application: tables of routes in, answers with the right headers out. bottle finds the route."""

from __future__ import annotations

import gzip
import logging
import secrets
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Protocol

import bottle

from pv_heater.errors import describe
from pv_heater.web.calls import Answer, Call, Problem, Route, Scope, problem_answer

log = logging.getLogger(__name__)

WORTH_COMPRESSING = 800
"""Bytes. Less fits one packet anyhow."""
SECURITY = (
    (
        "Content-Security-Policy",
        "default-src 'self'; img-src 'self' data:; object-src 'none'; base-uri 'none'; frame-ancestors 'none'; "
        "form-action 'self'; require-trusted-types-for 'script'",
    ),
    ("X-Content-Type-Options", "nosniff"),
    ("Referrer-Policy", "no-referrer"),
    ("Cross-Origin-Resource-Policy", "same-origin"),
)
"""On every answer."""
_NO_BODY = (204, 304)


class Gate(Protocol):
    """Who may pass."""

    def check(self, call: Call, scope: Scope) -> Sequence[tuple[str, str]]:
        """Let the call pass, or raise Problem: 401 for nobody known, 403 for too little, 429 for too much.

        Gives headers for the answer, such as a cookie that lives on. Asked for every path, those that do not exist too.
        """
        ...


def application(routes: Iterable[Sequence[Route]], gate: Gate) -> Callable[..., Iterable[bytes]]:
    """The WSGI application of these tables. Every route is behind `gate`."""
    app: Any = bottle.Bottle()
    app.config.update({"catchall": False, "json.enable": False})
    for table in routes:
        for route in table:
            app.route(route.path, method=route.method, callback=_Callback(route, gate))
    app.default_error_handler = _Nowhere(gate)
    wsgi: Callable[..., Iterable[bytes]] = app.wsgi
    return wsgi


class _Callback:
    """What bottle calls for one route."""

    def __init__(self, route: Route, gate: Gate) -> None:
        self._route = route
        self._gate = gate

    def __call__(self, **parameters: str) -> Any:
        environ = bottle.request.environ
        asked = _headers_of(environ)
        more: Sequence[tuple[str, str]] = ()
        try:
            call, scope = self._opened(_call(environ, parameters, asked))
            more = self._gate.check(call, scope)
        except Problem as problem:
            return _response(self._refusal(problem), asked, more)
        try:
            answer = self._route.handle(call)
        except Problem as problem:
            answer = problem_answer(problem)
        except Exception as error:  # noqa: BLE001 - the page lives on, whatever a handler does
            answer = self._bug(error)
        return _response(answer, asked, more)

    def _opened(self, call: Call) -> tuple[Call, Scope]:
        door = self._route.door
        return (call, self._route.scope) if door is None else door.opened(call, self._route.scope)

    def _refusal(self, problem: Problem) -> Answer:
        door = self._route.door
        return problem_answer(problem) if door is None or door.refused is None else door.refused(problem)

    def _bug(self, error: Exception) -> Answer:
        number = secrets.token_hex(4)
        log.error("the page could not answer %s (%s): %s", self._route.path, number, describe(error))
        log.debug("where it came from", exc_info=True)
        return self._refusal(Problem(500, f"This is a mistake of the program; its log has more under {number}."))


def _call(environ: Any, parameters: dict[str, str], headers: dict[str, str]) -> Call:
    """The request as handlers see it; the server has seen to it that the body has an end."""
    return Call(
        method=environ["REQUEST_METHOD"],
        path=bottle.request.path,
        parameters=parameters,
        query=environ.get("QUERY_STRING", ""),
        headers=headers,
        body=environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0)),
        remote=environ.get("REMOTE_ADDR"),
        scheme=environ.get("wsgi.url_scheme", "http"),
    )


def _headers_of(environ: Any) -> dict[str, str]:
    headers = {
        key.removeprefix("HTTP_").replace("_", "-").lower(): value
        for key, value in environ.items()
        if key.startswith("HTTP_")
    }
    return headers | {"content-type": environ.get("CONTENT_TYPE") or ""}


def _response(answer: Answer, asked: dict[str, str], more: Sequence[tuple[str, str]]) -> Any:
    """The answer for bottle with `more` headers, compressed or left out where the caller's headers say so."""
    headers = _usual_headers(answer, more)
    status, body = answer.status, answer.body
    if answer.etag is not None:
        headers.append(("ETag", answer.etag))
        if _has(answer.etag, asked.get("if-none-match", "")):
            status, body = 304, b""
    if isinstance(body, bytes) and status not in _NO_BODY:
        headers.append(("Vary", "Accept-Encoding"))
        if len(body) >= WORTH_COMPRESSING and _takes_gzip(asked.get("accept-encoding", "")):
            body = answer.gzipped or gzip.compress(body, 5, mtime=0)
            headers.append(("Content-Encoding", "gzip"))
    response = bottle.HTTPResponse(body, status)
    for name, value in headers:
        response.add_header(name, value)
    return response


def _usual_headers(answer: Answer, more: Sequence[tuple[str, str]] = ()) -> list[tuple[str, str]]:
    return [
        ("Content-Type", answer.content_type),
        ("Cache-Control", answer.cache),
        *SECURITY,
        *more,
        *answer.headers,  # last: a login's new cookie, not the one before that was renewed
    ]


def _has(etag: str, if_none_match: str) -> bool:
    known = [word.strip().removeprefix("W/") for word in if_none_match.split(",")]
    return etag in known or "*" in known


def _takes_gzip(accept_encoding: str) -> bool:
    for word in accept_encoding.lower().split(","):
        name, _, quality = word.partition(";")
        if name.strip() == "gzip":
            return quality.replace(" ", "") not in ("q=0", "q=0.0", "q=0.00", "q=0.000")
    return False


class _Nowhere:
    """What bottle calls where no route fits: no such path (404), or not this method (405, and which there are)."""

    def __init__(self, gate: Gate) -> None:
        self._gate = gate

    def __call__(self, error: Any) -> bytes:
        code = error.status_code if error.status_code in _NOWHERE else 400
        headers = [("Allow", allow)] if (allow := error.headers.get("Allow")) else []
        problem = Problem(code, _NOWHERE.get(code, "The request cannot be understood."), headers=headers)
        try:
            environ = bottle.request.environ
            self._gate.check(_call(environ, {}, _headers_of(environ)), Scope.OPEN)
        except Problem as refused:
            problem = refused
        answer = problem_answer(problem)
        response = bottle.response
        response.status = answer.status
        for name in list(response.headers):
            del response.headers[name]
        for name, value in _usual_headers(answer):
            response.add_header(name, value)
        assert isinstance(answer.body, bytes)
        return answer.body


_NOWHERE = {404: "There is nothing here; /api/v1/openapi.json lists what there is.", 405: "Not by this method."}
