"""Routes, refusals and headers."""

from collections.abc import Sequence

import pytest

from pv_heater.web.application import SECURITY
from pv_heater.web.calls import Call, Problem, Route, Scope, json_answer
from tests.web.rig import WebHome


def test_every_answer_carries_the_security_headers() -> None:
    house = WebHome()
    for path in ("/", "/api/v1/status", "/health", "/nothing"):
        headers = house.get(path).headers
        assert {name.lower(): value for name, value in SECURITY}.items() <= headers.items(), path
    assert "require-trusted-types-for 'script'" in house.get("/").headers["content-security-policy"]


@pytest.mark.parametrize(
    ("method", "path", "status", "allow"),
    [
        ("GET", "/nothing", 404, None),
        ("GET", "/api/v2/status", 404, None),
        ("GET", "/../../etc/passwd", 404, None),
        ("POST", "/api/v1/status", 405, "GET"),
        ("DELETE", "/", 405, "GET"),
    ],
)
def test_what_is_not_there_is_a_problem_document(method: str, path: str, status: int, allow: str | None) -> None:
    reply = WebHome().ask(method, path)
    assert reply.status == status
    assert reply.headers["content-type"] == "application/problem+json"
    assert reply.headers.get("allow") == allow
    assert reply.json["status"] == status
    assert reply.json.keys() == {"type", "title", "status", "detail", "fields"}


def test_the_index_is_asked_for_again_and_the_rest_never() -> None:
    house = WebHome()
    index = house.get("/")
    assert index.headers["content-type"] == "text/html; charset=utf-8"
    assert index.headers["cache-control"] == "no-cache"
    assert house.get("/", if_none_match=index.headers["etag"]).status == 304
    assert b"VERSION" not in index.body


def test_a_bug_in_a_handler_is_a_500_without_its_insides(caplog: pytest.LogCaptureFixture) -> None:
    def broken(call: Call) -> object:
        raise RuntimeError("a secret of the program")

    house = WebHome()
    house.add(Route(method="GET", path="/broken", scope=Scope.OPEN, handle=broken))  # type: ignore[arg-type]
    reply = house.get("/broken")
    assert reply.status == 500
    assert reply.headers["content-type"] == "application/problem+json"
    assert b"secret" not in reply.body
    assert "a secret of the program" in caplog.text
    assert caplog.records[-1].args[1] in reply.json["detail"]  # type: ignore[index]


class Gatekeeper:
    """Lets nobody in who does not say please."""

    def check(self, call: Call, scope: Scope) -> Sequence[tuple[str, str]]:
        if call.headers["host"] != "127.0.0.1:8080":
            raise Problem(421, "Not this host.")
        if scope is not Scope.OPEN and call.headers.get("please") is None:
            raise Problem(401, "Say please.", headers=[("WWW-Authenticate", "Please")])
        return [("Set-Cookie", "seen=1")]


def test_the_gate_stands_before_every_route_that_is_not_open() -> None:
    house = WebHome(gate=Gatekeeper())
    house.tick()
    refused = house.get("/api/v1/status")
    assert (refused.status, refused.headers["www-authenticate"]) == (401, "Please")
    passed = house.get("/api/v1/status", please="yes")
    assert (passed.status, passed.headers["set-cookie"]) == (200, "seen=1")
    assert house.get("/health").status == 200
    assert [house.get(path, host="evil.example").status for path in ("/health", "/nothing")] == [421, 421]


BODIES = [
    (b'{"a": 1}', "text/plain", 415),
    (b'{"a": 1}', "", 415),
    (b'{"a": 1', "application/json", 400),
    (b"\xff\xfe", "application/json", 400),
    (b"[" * 5000, "application/json", 400),
    (b'{"a": NaN}', "application/json", 400),
    (b"[1]", "application/json", 422),
    (b'{"a": 1, "b": 2}', "application/json", 422),
    (b'{"a": 1, "a": 2}', "application/json", 422),
    (b'{"a": {"b": 1, "b": 2}}', "application/json", 422),
    (b'{"a": 1}', "application/json; charset=utf-8", 200),
    (b"", "application/json", 200),
]


@pytest.mark.parametrize(("body", "kind", "status"), BODIES)
def test_a_body_is_a_json_object_with_known_keys(body: bytes, kind: str, status: int) -> None:
    house = WebHome()
    house.add(Route(method="POST", path="/echo", scope=Scope.OPEN, handle=lambda call: json_answer(call.json("a"))))
    assert house.post("/echo", body, content_type=kind).status == status
