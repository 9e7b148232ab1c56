from __future__ import annotations

import socket
import ssl
import subprocess
import threading
from base64 import b64decode
from datetime import UTC, datetime
from pathlib import Path

import pytest
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from pv_heater.core.model.setting import Secret
from pv_heater.errors import AuthRejected, BadReply, RateLimited, Unreachable
from pv_heater.io.net.http import HttpClient
from pv_heater.io.net.http_login import Login
from tests.raw_server import saying
from tests.waiting import Stopwatch

SECRET = "d00d" * 16


@pytest.fixture
def server(httpserver: HTTPServer) -> HTTPServer:
    return httpserver


def client_of(server: HTTPServer, **options: float) -> HttpClient:
    return HttpClient(server.url_for("/api/"), who="The test server", secrets=(Secret(SECRET),), **options)  # type: ignore[arg-type]


def test_an_answer_comes_decoded_with_its_headers(server: HTTPServer) -> None:
    server.expect_request("/api/values", query_string={"page": "1"}).respond_with_json(
        {"g1": -5}, headers={"X-Extra": "yes"}
    )
    reply = client_of(server).get_json("/values", {"page": 1})
    assert reply.body == {"g1": -5}
    assert reply.headers["x-extra"] == "yes"


@pytest.mark.parametrize(
    ("line", "at"),
    [
        ("Date: Sun, 21 Jun 2026 11:00:00 GMT", datetime(2026, 6, 21, 11, 0, tzinfo=UTC)),
        ("Date: yesterday", None),
        ("X-No-Date: 1", None),
    ],
)
def test_the_servers_clock_is_read(line: str, at: datetime | None) -> None:
    with saying(f"HTTP/1.1 200 OK\r\n{line}\r\nContent-Length: 2\r\n\r\n{{}}".encode()) as raw:
        assert HttpClient(raw.url, who="The test server").get_json("/x").server_time_at == at


def test_a_post_sends_json_and_headers(server: HTTPServer) -> None:
    server.expect_oneshot_request(
        "/api/login", method="POST", json={"name": "x"}, headers={"X-Authorization": "Token y"}
    ).respond_with_json({"ok": True})
    assert client_of(server).post_json("/login", {"name": "x"}, {"X-Authorization": "Token y"}).body == {"ok": True}


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (401, AuthRejected),
        (403, AuthRejected),
        (429, RateLimited),
        (404, BadReply),
        (422, BadReply),
        (502, Unreachable),
    ],
)
def test_a_status_becomes_the_error_it_means_and_is_not_retried(
    server: HTTPServer, status: int, error: type[Exception]
) -> None:
    server.expect_request("/api/x").respond_with_data("<html>what it says</html>", status=status)
    with pytest.raises(error, match="what it says"):
        client_of(server).get_json("/x")
    assert len(server.log) == 1


def test_how_a_login_is_asked_for_is_told(server: HTTPServer) -> None:
    headers = {"WWW-Authenticate": 'Digest realm="shelly", nonce="1"'}
    server.expect_request("/api/x").respond_with_data("", status=401, headers=headers)
    with pytest.raises(AuthRejected, match="it asks for a login by digest"):
        client_of(server).get_json("/x")


@pytest.mark.parametrize(
    ("lines", "wish_s"),
    [
        ("Retry-After: 90", 90.0),
        ("Retry-After: Sun, 21 Jun 2026 11:02:00 GMT\r\nDate: Sun, 21 Jun 2026 11:00:00 GMT", 120.0),
        ("Retry-After: Sun, 21 Jun 2026 10:00:00 GMT\r\nDate: Sun, 21 Jun 2026 11:00:00 GMT", 0.0),
        ("Retry-After: soon", None),
        ("X-Other: 1", None),
    ],
)
def test_retry_after_is_read_as_seconds_or_as_a_date(lines: str, wish_s: float | None) -> None:
    answer = f"HTTP/1.1 429 Too Many\r\n{lines}\r\nContent-Length: 9\r\n\r\nslow down".encode()
    with saying(answer) as raw, pytest.raises(RateLimited) as caught:
        HttpClient(raw.url, who="The test server").get_json("/x")
    assert caught.value.retry_after_s == wish_s


@pytest.mark.parametrize("body", ['{"records": [{"code": "g1", "rawVa', "<html>login page</html>", ""])
def test_what_is_no_json_is_quoted(server: HTTPServer, body: str) -> None:
    server.expect_request("/api/x").respond_with_data(body)
    with pytest.raises(BadReply, match="not JSON") as caught:
        client_of(server).get_json("/x")
    assert (body or "empty")[:20] in str(caught.value)


def test_a_quote_is_short_and_holds_no_secret(server: HTTPServer) -> None:
    server.expect_request("/api/x").respond_with_data(f"<p>your token {SECRET}</p>" + "x" * 5000)
    with pytest.raises(BadReply) as caught:
        client_of(server).get_json("/x")
    assert SECRET not in str(caught.value)
    assert len(str(caught.value)) < 300


def test_a_servers_words_cannot_command_the_terminal(server: HTTPServer) -> None:
    server.expect_request("/api/x").respond_with_data("\x1b[2J\x07a\x00\x9b31m\u202eb\u200bc\r\nlog line", status=500)
    with pytest.raises(Unreachable) as caught:
        client_of(server).get_json("/x")
    assert str(caught.value).isprintable()
    assert str(caught.value).endswith("[2J a 31m b c log line")


@pytest.mark.parametrize(
    "password", ["plain", "gr\u00fcn", "\u20ac 5", "\u043f\u0430\u0440\u043e\u043b\u044c", "\U0001f511"]
)
@pytest.mark.parametrize("digest", [False, True])
def test_a_login_of_any_letters_goes_out_as_utf8(server: HTTPServer, password: str, *, digest: bool) -> None:
    ask = "Digest realm=r, nonce=n, qop=auth" if digest else "Basic"
    got: list[bytes] = []

    def answer(request: Request) -> Response:
        said = request.headers.get("Authorization")
        if said is None:
            return Response("who?", status=401, headers={"WWW-Authenticate": ask})
        got.append(said.encode("latin-1"))
        return Response("{}")

    server.expect_request("/api/x").respond_with_handler(answer)
    login = Login(username=f"me {password}", password=Secret(password), digest=digest)
    client = HttpClient(server.url_for("/api"), who="The test server", login=login)
    assert client.get_json("/x").body == {}
    if digest:
        assert f'username="me {password}"'.encode() in got[0]
    else:
        assert b64decode(got[0].removeprefix(b"Basic ")).decode() == f"me {password}:{password}"


@pytest.mark.parametrize("token", ["\u20ac", "gr\u00fcn", "\u043f\u0430\u0440"])
def test_a_token_of_any_letters_goes_out_as_utf8(server: HTTPServer, token: str) -> None:
    got: list[bytes] = []

    def answer(request: Request) -> Response:
        got.append(request.headers["X-Token"].encode("latin-1"))
        return Response("{}")

    server.expect_request("/api/x").respond_with_handler(answer)
    client_of(server).get_json("/x", headers={"X-Token": token})
    assert got == [token.encode()]


@pytest.mark.parametrize("token", ["two\nlines", " blank in front", "\ud800"])
def test_a_token_that_cannot_be_sent_is_a_sentence_without_it(server: HTTPServer, token: str) -> None:
    with pytest.raises(BadReply, match="username, password, token") as caught:
        client_of(server).get_json("/x", headers={"X-Token": token})
    assert token not in str(caught.value)


def _certificate(folder: Path, *options: str) -> tuple[Path, Path]:
    chain, key = folder / "cert.pem", folder / "key.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=shelly", *options,
         "-keyout", str(key), "-out", str(chain)], check=True, capture_output=True,
    )  # fmt: skip
    return chain, key


def test_a_certificate_that_nobody_vouches_for_is_said_to_be_so(tmp_path: Path) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*_certificate(tmp_path))
    with HTTPServer(host="127.0.0.1", port=0, ssl_context=context) as server:
        address = f"https://127.0.0.1:{server.port}"
        with pytest.raises(Unreachable, match="is not trusted: the device signed it itself"):
            HttpClient(address, who="The test server").get_json("/x")


def test_a_peer_without_tls_is_said_to_have_none(server: HTTPServer) -> None:
    with pytest.raises(Unreachable, match=r"does not speak TLS at 127\.0\.0\.1:\d+; is the port right"):
        HttpClient(f"https://127.0.0.1:{server.port}", who="The test server").get_json("/x")


def test_a_secret_in_the_path_does_not_show_when_the_server_is_away() -> None:
    client = HttpClient(f"http://127.0.0.1:{_free_port()}", who="The test server", secrets=(SECRET,))
    with pytest.raises(Unreachable, match=r"cannot be reached at 127\.0\.0\.1:[0-9]+: Connection refused") as caught:
        client.get_json(f"/{SECRET}/x")
    assert SECRET not in str(caught.value)
    assert caught.value.__cause__ is None


def test_an_unknown_name_is_unreachable() -> None:
    with pytest.raises(Unreachable, match=r"no-such-host\.invalid: this name was not found; is the network up"):
        HttpClient("http://no-such-host.invalid", who="The test server").get_json("/x")


def test_a_base_url_that_is_no_address_is_said_to_be_none() -> None:
    with pytest.raises(Unreachable, match="should begin with https://"):
        HttpClient("vrm.example", who="The test server").get_json("/x")


def test_a_silent_server_is_given_up(server: HTTPServer) -> None:
    release = threading.Event()

    def hang(request: Request) -> Response:
        release.wait(10)
        return Response("{}")

    server.expect_request("/api/x").respond_with_handler(hang)
    with pytest.raises(Unreachable, match=r"went silent for 0\.2 s"):
        client_of(server, read_s=0.2).get_json("/x")
    release.set()


def test_a_server_that_drips_is_given_up(server: HTTPServer) -> None:
    release = threading.Event()

    def drip(request: Request) -> Response:
        return Response(b" " for _ in range(1000) if not release.wait(0.02))

    server.expect_request("/api/x").respond_with_handler(drip)
    watch = Stopwatch()
    with pytest.raises(Unreachable, match=r"had not answered in full after 0\.3 s"):
        client_of(server, whole_s=0.3).get_json("/x")
    release.set()
    assert watch.took_s() < 5


def test_an_answer_that_is_far_too_long_is_refused(server: HTTPServer) -> None:
    server.expect_request("/api/x").respond_with_data("[" + "0," * 500_000 + "0]")
    with pytest.raises(BadReply, match=r"more than 0\.5 MB"):
        client_of(server, most_bytes=500_000).get_json("/x")


def test_a_redirect_is_not_followed_with_our_token(server: HTTPServer) -> None:
    server.expect_request("/api/x").respond_with_data(
        "", status=302, headers={"Location": server.url_for("/elsewhere")}
    )
    with pytest.raises(BadReply, match=r"redirects \(302\) to "):
        client_of(server).get_json("/x")
    assert len(server.log) == 1


def test_a_connection_that_breaks_is_tried_once_more() -> None:
    with saying(b"", b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}") as raw:
        assert HttpClient(raw.url, who="The test server").get_json("/x").body == {}
    assert raw.connections == 2


def test_a_connection_that_breaks_again_is_given_up() -> None:
    with saying() as raw, pytest.raises(Unreachable):
        HttpClient(raw.url, who="The test server").get_json("/x")
    assert raw.connections == 2


def test_an_answer_that_breaks_off_is_a_bad_reply() -> None:
    broken = b'HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{"records": ['
    with saying(broken) as raw, pytest.raises(BadReply):
        HttpClient(raw.url, who="The test server").get_json("/x")


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as free:
        return int(free.getsockname()[1])
