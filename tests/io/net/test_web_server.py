"""The page's server on a real socket: limits, refusals, a port that is taken, an end that is not one."""

from __future__ import annotations

import http.client
import json
import logging
import socket
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing, contextmanager
from typing import Any
from urllib.parse import urlsplit

import pytest
from waitress import wasyncore

from pv_heater.io.net.web_server import WebServer
from tests.waiting import until


def hello(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    body = environ["wsgi.input"].read() or environ["PATH_INFO"].encode()
    start_response("200 OK", [("Content-Length", str(len(body))), ("Content-Type", "text/plain")])
    return [body]


@contextmanager
def serving(server: WebServer) -> Iterator[str]:
    """Its address as ``host:port``."""
    server.start()
    try:
        until(lambda: server.url, "the server listens")
        yield urlsplit(server.url or "").netloc
    finally:
        server.stop()
        until(lambda: server.url is None, "the server ends")


def local(make: Callable[[], Any] = lambda: hello, port: int = 0, **more: Any) -> WebServer:
    return WebServer(make, lambda: ("127.0.0.1", port), **more)


def test_it_answers_says_nothing_of_itself_and_ends() -> None:
    with serving(local()) as netloc, closing(http.client.HTTPConnection(netloc, timeout=30)) as connection:
        for path in ("/one", "/two"):  # on one connection
            connection.request("GET", path)
            answer = connection.getresponse()
            assert (answer.status, answer.read()) == (200, path.encode())
            assert answer.headers["Server"] is None


REFUSED = [
    (b"GET /" + b"a" * 9000 + b" HTTP/1.1\r\n\r\n", 431),
    (b"POST / HTTP/1.1\r\nContent-Length: 65537\r\n\r\n", 413),
    (b"POST / HTTP/1.1\r\nContent-Length: minus one\r\n\r\n", 400),
    (b"POST / HTTP/1.1\r\nTransfer-Encoding: gzip\r\n\r\n", 501),
    (b"nonsense\r\n\r\n", 400),
]


@pytest.mark.parametrize(
    ("request_", "status"), REFUSED, ids=["long head", "long body", "no length", "encoding", "nonsense"]
)
def test_what_is_no_request_is_refused_as_a_problem_document_and_said_once(
    request_: bytes, status: int, warnings: Callable[[], list[str]]
) -> None:
    with serving(local()) as netloc:
        reply = raw(netloc, request_)
        raw(netloc, request_)
    assert warnings() == [
        f"page: a request was refused with {status}, from 127.0.0.1; more of this is not logged for an hour"
    ]
    head, _, body = reply.partition(b"\r\n\r\n")
    assert head.startswith((f"HTTP/1.1 {status} ".encode(), f"HTTP/1.0 {status} ".encode()))
    assert b"application/problem+json" in head
    assert json.loads(body)["status"] == status
    assert b"waitress" not in reply


def raw(netloc: str, request: bytes) -> bytes:
    """All that comes back until the server closes."""
    host, _, port = netloc.rpartition(":")
    with socket.create_connection((host, int(port)), timeout=30) as connection:
        connection.sendall(request)
        parts = []
        while part := connection.recv(65_536):
            parts.append(part)
    return b"".join(parts)


def test_a_forwarded_address_counts_from_the_trusted_proxy_only() -> None:
    def caller(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        start_response("200 OK", [("Content-Type", "text/plain")])
        return [f"{environ['REMOTE_ADDR']} {environ['wsgi.url_scheme']}".encode()]

    def asked(server: WebServer) -> bytes:
        with serving(server) as netloc, closing(http.client.HTTPConnection(netloc, timeout=30)) as connection:
            connection.request("GET", "/", headers={"X-Forwarded-For": "10.1.1.1", "X-Forwarded-Proto": "https"})
            return connection.getresponse().read()

    assert asked(local(lambda: caller)) == b"127.0.0.1 http"
    assert asked(local(lambda: caller, trusted_proxy="127.0.0.1")) == b"10.1.1.1 https"


def test_who_is_silent_or_never_comes_to_an_end_is_closed_and_nobody_else() -> None:
    with serving(local(silent_s=0.2)) as netloc:
        host, _, port = netloc.rpartition(":")
        with socket.create_connection((host, int(port)), timeout=30) as silent:
            silent.sendall(b"GET /half")
            assert silent.recv(100) == b""
        with socket.create_connection((host, int(port)), timeout=30) as slow:
            assert until(lambda: hung_up(slow), "it is closed though it goes on") >= 0.3
        with closing(http.client.HTTPConnection(netloc, timeout=30)) as connection:
            connection.request("GET", "/quick")
            assert connection.getresponse().read() == b"/quick"


def hung_up(connection: socket.socket) -> bool:
    """Whether nobody takes the next byte."""
    try:
        connection.sendall(b"a")
    except OSError:
        return True
    return False


def answers(server: WebServer) -> bool:
    """Whether somebody is there."""
    try:
        with closing(http.client.HTTPConnection(urlsplit(server.url or "").netloc, timeout=30)) as connection:
            connection.request("GET", "/again")
            return connection.getresponse().read() == b"/again"
    except OSError:
        return False


@pytest.fixture
def warnings(caplog: pytest.LogCaptureFixture) -> Callable[[], list[str]]:
    caplog.set_level(logging.INFO)
    return lambda: [record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING]


def test_a_port_in_use_is_one_clear_line_and_is_tried_again(warnings: Callable[[], list[str]]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        server = local(port=port, try_again_s=0.05)
        server.start()
        until(warnings, "the server says so")
        tries = [0]
        until(lambda: tries.append(1) or len(tries) > 50, "it tries some more times")
        assert warnings() == [
            f"The page cannot be shown at 127.0.0.1:{port} (Address already in use): is another program there? "
            "Heating goes on; it is tried again every 0 s."
        ]
    until(lambda: server.url, "the port is free, so the server listens")
    assert server.url == f"http://127.0.0.1:{port}/"
    server.stop()
    until(lambda: server.url is None, "the server ends")


def test_any_free_port_will_do_where_that_is_said() -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        with serving(local(port=port, any_port=True)) as netloc:
            assert netloc != f"127.0.0.1:{port}"


def test_an_end_of_the_thread_is_said_once_and_it_begins_anew(
    warnings: Callable[[], list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    original, broken = wasyncore.loop, [2]

    def loop(**options: Any) -> None:
        if broken[0]:
            broken[0] -= 1
            raise SystemExit("a bug in the library")
        original(**options)

    monkeypatch.setattr(wasyncore, "loop", loop)
    server = local()
    server.start()
    until(lambda: not broken[0] and answers(server), "it has begun for the third time, at the same port")
    server.stop()
    until(lambda: server.url is None, "the server ends")
    assert len(warnings()) == 1
    assert warnings()[0].startswith("The page ended by an error and begins anew: SystemExit at ")
