"""Whatever a server sends, in whatever kind of answer: no memory is taken that an answer does not need."""

from __future__ import annotations

import gzip
import re
from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from pv_heater.core.model.setting import Secret
from pv_heater.errors import BadReply, SourceError
from pv_heater.io.net.http import HttpClient
from pv_heater.io.net.http_login import Login
from tests.raw_server import Dripper

BLOCK = bytes(2_000_000)
DIGEST = b'HTTP/1.1 401 No\r\nWWW-Authenticate: Digest realm="x", nonce="y"\r\n\r\n'
ZIPPED = b"Content-Encoding: %b\r\nContent-Length: %d\r\n\r\n"
ANSWERS: dict[str, Callable[[], tuple[bytes, bytes]]] = {
    "a redirect with a body without end": lambda: (
        b"HTTP/1.1 302 Found\r\nLocation: http://other/\r\n\r\n", BLOCK,
    ),
    "a riddle with a body without end": lambda: (DIGEST, BLOCK),
    "a redirect that unfolds": lambda: (b"HTTP/1.1 302 Found\r\nLocation: /\r\n" + bomb(), b""),
    "an answer packed twice": lambda: (b"HTTP/1.1 200 OK\r\n" + bomb(), b""),
}  # fmt: skip
"""A head, and what follows it again and again."""


@cache
def bomb() -> bytes:
    """Made when it is needed, not whenever the tests are collected."""
    body = gzip.compress(gzip.compress(bytes(200_000_000), 1))
    return ZIPPED % (b"gzip, gzip", len(body)) + body


def peak_bytes() -> int:
    return int(re.search(r"VmHWM:\s+(\d+)", Path("/proc/self/status").read_text())[1]) * 1024  # type: ignore[index]


@pytest.mark.parametrize("name", ANSWERS)
def test_no_kind_of_answer_takes_more_memory_than_an_answer_may(name: str) -> None:
    first, drop = ANSWERS[name]()
    with Dripper(first, drop, every_s=0.001) as peer:
        client = HttpClient(
            f"http://127.0.0.1:{peer.port}", who="It", whole_s=2, most_bytes=1_000_000,
            login=Login(username="me", password=Secret("x"), digest=True),
        )  # fmt: skip
        Path("/proc/self/clear_refs").write_text("5")  # the peak begins anew
        before = peak_bytes()
        with pytest.raises(SourceError):
            client.get_json("/")
        assert peak_bytes() - before < 60_000_000


@pytest.mark.parametrize("where", [b"http://[evil", b"http://evil\x1b[31m.example/", b"//", b"\xff\xfe"])
def test_a_redirect_to_nonsense_is_a_redirect(where: bytes) -> None:
    answer = b"HTTP/1.1 302 Found\r\nLocation: " + where + b"\r\nContent-Length: 0\r\n\r\n"
    with Dripper(answer, b"") as peer, pytest.raises(BadReply, match=r"redirects \(302\) to") as raised:
        HttpClient(f"http://127.0.0.1:{peer.port}", who="It").get_json("/")
    assert str(raised.value).isprintable()


def test_what_a_service_says_of_itself_stays_one_line(httpserver: HTTPServer) -> None:
    client = HttpClient(httpserver.url_for("/"), who="It")
    httpserver.expect_request("/").respond_with_json({"errors": "x"}, status=400)
    reply = client.exchange("GET", "/")
    assert str(client.error_for(reply, "no\r\nERROR forged \x1b[2J")) == (
        "It did not accept the request (400): no ERROR forged [2J"
    )


def test_a_riddle_with_a_short_body_is_answered(httpserver: HTTPServer) -> None:
    def answer(request: Request) -> Response:
        if "Authorization" not in request.headers:
            return Response("who?", status=401, headers={"WWW-Authenticate": 'Digest realm="x", nonce="y", qop="auth"'})
        return Response("{}", content_type="application/json")

    httpserver.expect_request("/").respond_with_handler(answer)
    login = Login(username="me", password=Secret("x"), digest=True)
    assert HttpClient(httpserver.url_for("/"), who="It", login=login).get_json("/").body == {}
