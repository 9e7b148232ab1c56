"""The real server on loopback, attacked: whatever is not allowed is refused, said once, and changes nothing."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from pv_heater.run.home.page import tables
from pv_heater.web.access.names import SAFE_METHODS
from pv_heater.web.access.routes import access_routes
from pv_heater.web.calls import Route, Scope
from pv_heater.web.settings import EarlierClients
from tests.web.access.attacked import MODE, Attacked
from tests.web.access.home import PASSWORD

READ, CONTROL, ADMIN = Scope.READ, Scope.CONTROL, Scope.ADMIN
KNOWS_NOTHING = '{"FID":null,"EIB":null,"MPC":null,"REE":null,"POR":null,"SPL":null,"VO2":0}'
WITHOUT_LOGIN = {
    ("POST", "/api/v1/login"),
    ("POST", "/api/v1/setup"),
    ("POST", "/api/v1/logout"),
    ("GET", "/api/v1/session"),
    ("GET", "/api/v1/openapi.json"),
    ("GET", "/health"),
}
"""Beside the page's own files. Whoever adds a row here says that a stranger may ask for it."""


EVERYBODY = EarlierClients(clients=("esp_router", "pv_router", "pvmonit"))


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Attacked]:
    with Attacked(tmp_path, earlier=EVERYBODY).serving() as attacked:
        yield attacked


def routes(home: Attacked) -> list[Route]:
    found = [
        route for table in tables(home.home.home, home.newest, lambda: 0.0, settings=home.settings) for route in table
    ]
    return [*found, *access_routes(home.page._access)]


def path_of(route: Route) -> str:
    return re.sub(r"<name(:\w+)?>", "heater", re.sub(r"<id(:\w+)?>", "0000", route.path))


def test_no_route_answers_without_the_scope_that_it_declares(home: Attacked) -> None:
    tokens = {scope: home.token(scope) for scope in (READ, CONTROL, ADMIN)}
    walked = 0
    for route in routes(home):
        path, body = path_of(route), None if route.method in SAFE_METHODS else {"no such key": 1}
        assert "<" not in path, f"say what stands for a part of {route.path}"
        ranks = list(Scope)
        for scope, token in (None, None), *tokens.items():
            answer = home.ask(route.method, path, body, token=token)
            status = answer.status
            allowed = ranks.index(scope or Scope.OPEN) >= ranks.index(route.scope)
            expected = "passes" if allowed else 401 if scope is None else 403
            seen = status if status in (401, 403, 421) else "passes"
            if route.door is not None and route.door.refused is not None and not allowed:
                assert (seen, answer.text) == ("passes", KNOWS_NOTHING)  # type: ignore[attr-defined]
                continue
            assert seen == expected, f"{route.method} {route.path} by {scope}: {status}, it declares {route.scope}"
            walked += 1
    assert walked >= 40
    assert home.untouched()


def test_a_path_that_is_not_there_is_behind_the_gate_too(home: Attacked) -> None:
    assert home.ask("GET", "/no/such", host="evil.example").status == 421
    assert home.ask("POST", "/no/such", origin="http://evil.example").status == 403
    assert home.ask("GET", "/no/such").status == 404


def test_what_is_open_is_listed_and_what_changes_something_needs_more_than_reading(home: Attacked) -> None:
    for route in routes(home):
        is_page = route.method == "GET" and not route.path.startswith("/api/")
        if route.scope is Scope.OPEN and not is_page:
            assert (route.method, route.path) in WITHOUT_LOGIN
        if route.method not in SAFE_METHODS and (route.method, route.path) not in WITHOUT_LOGIN:
            assert route.scope in (CONTROL, ADMIN), route
        if re.match(r"/api/v1/(log$|settings|tokens|backup|support)", route.path):  # may hold addresses and names
            assert route.scope is ADMIN, route


def test_a_method_that_is_dressed_up_changes_nothing(home: Attacked) -> None:
    cookie = home.login()
    for method in ("GET", "HEAD", "OPTIONS", "TRACE"):
        path = f"{MODE}?mode=on&for_s=600&_method=POST"
        answer = home.ask(method, path, cookie=cookie, x_http_method_override="POST", origin="http://evil.example")
        assert answer.status in (403, 404, 405)
    assert home.untouched()


MALFORMED = [
    b"\r\n\r\n",
    b"GET\r\n\r\n",
    b"GET / HTTP/9.9\r\n\r\n",
    b"GET /api/v1/status HTTP/1.0\r\n\r\n",
    b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(64) + b"\r\n\r\n",  # somebody speaks TLS
    b"POST " + MODE.encode() + b" HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: -5\r\n\r\n{}",
    b"POST " + MODE.encode() + b" HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 5, 6\r\n\r\n{}",
    b"POST " + MODE.encode() + b" HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 900000\r\n\r\n" + b"x" * 70_000,
    b"POST " + MODE.encode() + b" HTTP/1.1\r\nHost: 127.0.0.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
    b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nX: " + b"a" * 9000 + b"\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nHost: evil.example\r\n\r\n",
    b"GET http://evil.example/api/v1/status HTTP/1.1\r\nHost: evil.example\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer\r\n\r\n",
    b"GET /api/v1/session HTTP/1.1\r\nHost: 127.0.0.1\r\nCookie: pvh=\xff\xfe; pvh\r\n\r\n",
    b"GET /%00%ff/..%2f..%2fetc/passwd HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n",
]  # fmt: skip


def test_what_is_no_request_is_refused_and_the_next_one_answered(
    home: Attacked, caplog: pytest.LogCaptureFixture
) -> None:
    for request in MALFORMED:
        reply = home.raw(request)
        assert not reply or re.match(rb"HTTP/1\.[01] (4\d\d|501|505) ", reply) or b'"scope":"none"' in reply, request
        assert b"Traceback" not in reply
    assert home.untouched()
    assert home.ask("GET", "/api/v1/session").status == 200
    assert len(caplog.messages) <= 3, caplog.messages


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"", 422), (b"{", 400), (b"[]", 422), (b"null", 422), (b'"x"', 422), (b"[" * 30_000, 400), (b"\xff", 400),
        (b'{"password": 1}', 422),
        (b'\xef\xbb\xbf{"password": "a"}', 400), ('{"password": "a"}'.encode("utf-16"), 400),
        (b'{"password": ""}', 422), (b'{"password": null}', 422), (b'{"password": {}}', 422),
        (b'{"password": "a", "user": "b"}', 422), (b'{"password": "a", "password": "b"}', 422),
        (b'{"password": "' + b"x" * 60_000 + b'"}', 401), (b'{"password": "\\ud800"}', 401),
        (b'{"password": NaN}', 400), (b'{"password": "\\u0000"}', 401), (b"x" * 65_537, 413),
    ],
    ids=lambda value: repr(value)[:30],
)  # fmt: skip
def test_a_login_that_is_none(home: Attacked, body: bytes, status: int) -> None:
    answer = home.ask("POST", "/api/v1/login", body)
    assert (answer.status, answer.headers.get("Set-Cookie")) == (status, None)


def test_guessing_is_slowed_down_and_said_once(home: Attacked, caplog: pytest.LogCaptureFixture) -> None:
    """After five, one try in 1, 2, 4 ... s; a busy machine may take a second or two for all of it."""
    cookie, began_s = home.login(), time.monotonic()
    answers = [home.ask("POST", "/api/v1/login", {"password": f"guess {number}"}) for number in range(30)]
    took_s = time.monotonic() - began_s
    refused = [answer for answer in answers if answer.status == 429]
    assert [answer.status for answer in answers[:5]] == [401] * 5
    assert 25 - took_s <= len(refused) <= 25
    assert len(refused) + [answer.status for answer in answers].count(401) == 30
    assert all(1 <= int(answer.headers["Retry-After"]) <= 60 for answer in refused)
    assert home.ask("GET", "/api/v1/session", cookie=cookie).status == 200
    assert len([line for line in caplog.messages if "wrong password" in line]) == 2
    assert not any("guess" in line for line in caplog.messages)
    assert home.untouched()


def test_another_password_takes_effect_in_the_running_page(home: Attacked) -> None:
    cookie = home.login()
    assert home.ask("GET", "/api/v1/status", cookie=cookie).status == 200
    home.set_password("another good one")
    assert home.ask("GET", "/api/v1/status", cookie=cookie).status == 401
    assert home.ask("POST", "/api/v1/login", {"password": PASSWORD}).status == 401
    home.set_password(None)
    assert home.ask("GET", "/api/v1/status").status == 200
    assert home.ask("GET", "/api/v1/status", x_forwarded_for="10.0.0.1").status == 401
    assert home.ask("POST", "/api/v1/login", {"password": "x"}).status == 409


def test_behind_a_trusted_proxy_the_visitor_counts_not_the_proxy(tmp_path: Path) -> None:
    attacked = Attacked(tmp_path, trusted_proxy="127.0.0.1", public_url="https://sun.example.org")
    visitor = {"x_forwarded_for": "203.0.113.9", "x_forwarded_proto": "https", "x_forwarded_host": "sun.example.org"}
    with attacked.serving() as home:
        answer = home.ask(
            "POST", "/api/v1/login", {"password": PASSWORD}, **visitor, origin="https://sun.example.org"
        )  # fmt: skip
        assert (answer.status, "; Secure" in answer.headers["Set-Cookie"]) == (204, True)
        for _ in range(6):
            last = home.ask(
                "POST", "/api/v1/login", {"password": "x"}, **visitor, origin="https://sun.example.org"
            ).status
        other = home.ask(
            "POST", "/api/v1/login", {"password": "x"}, **{**visitor, "x_forwarded_for": "203.0.113.10, 203.0.113.8"},
            origin="https://sun.example.org",
        ).status  # fmt: skip
        assert (last, other) == (429, 401)
        evil = {**visitor, "x_forwarded_host": "evil.example"}
        assert home.ask("GET", "/api/v1/session", **evil).status == 421
        home.set_password(None)
        for headers in ({}, {"x_forwarded_for": "127.0.0.1"}, visitor):
            assert home.ask("GET", "/api/v1/status", **headers).status == 401


def test_no_secret_leaves_by_any_route(home: Attacked) -> None:
    cookie, token = home.login(), home.token(ADMIN)
    written = json.loads((home.folder / "access.json").read_text())
    sessions = json.loads((home.folder / "sessions.json").read_text())["sessions"]
    secrets = [PASSWORD, cookie, token, written["password"], written["generation"], *sessions]
    secrets += [row["sha256"] for row in written["tokens"]]
    for route in routes(home):
        if route.method == "GET":
            text = home.ask("GET", path_of(route), cookie=cookie).text  # type: ignore[attr-defined]
            assert not [secret for secret in secrets if secret in text], route.path
