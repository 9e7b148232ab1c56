"""No peer holds us: every exchange ends at its time, and the next word goes out on a new connection."""

from __future__ import annotations

import socket
import threading
import time
from typing import Any

import pytest

from pv_heater.errors import SourceError, Unreachable
from pv_heater.io.alive import starting
from pv_heater.io.net.http import HttpClient
from pv_heater.io.net.modbus import ModbusClient
from pv_heater.io.net.names import LookUpTooSlow, Names
from pv_heater.victron.discovery import certificate_fingerprint
from tests.raw_server import ATTACKS, OK, Dripper, RawServer
from tests.waiting import Stopwatch

WHOLE_S = 0.25
GENEROUS_S = 5.0
GOOD = OK + b"Content-Length: 2\r\nConnection: close\r\n\r\n{}"


def client_at(port: int, scheme: str = "http", **options: Any) -> HttpClient:
    options = {"whole_s": WHOLE_S, "read_s": GENEROUS_S, **options}
    return HttpClient(f"{scheme}://127.0.0.1:{port}", who="The device", **options)


@pytest.mark.parametrize("attack", ATTACKS)
def test_an_exchange_ends_whatever_is_dripped_and_the_next_has_a_connection_of_its_own(attack: str) -> None:
    with Dripper(*ATTACKS[attack], bad=1, good=GOOD) as peer:
        client = client_at(peer.port, whole_s=GENEROUS_S)
        watch = Stopwatch()
        with pytest.raises(Unreachable, match=r"had not answered in full after 0\.25 s"):
            client.exchange("GET", "/", within_s=WHOLE_S)
        assert watch.took_s() < GENEROUS_S
        assert client.get_json("/").body == {}
        assert len(peer.heard) == 2


@pytest.mark.parametrize("first", [b"", b"\x16\x03\x03\x40\x00\x02\x00\x3f\xfc"])
def test_a_handshake_that_is_dripped_ends_too(first: bytes) -> None:
    with Dripper(first, b"\0" if first else b"") as peer:
        watch = Stopwatch()
        with pytest.raises(Unreachable, match=r"had not answered in full after 0\.25 s"):
            client_at(peer.port, "https", connect_s=GENEROUS_S).exchange("GET", "/")
        assert watch.took_s() < GENEROUS_S


def test_a_kept_connection_that_begins_to_drip_ends_as_well() -> None:
    """The second request goes on the connection of the first one, which was well."""

    def talk(connection: socket.socket, _number: int) -> None:
        connection.recv(65_536)
        connection.sendall(OK + b"Content-Length: 2\r\n\r\n{}")
        connection.recv(65_536)
        while not peer.over.wait(0.02):
            connection.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")

    with RawServer(talk) as peer:
        client = client_at(peer.port, whole_s=GENEROUS_S)
        assert client.get_json("/").body == {}
        with pytest.raises(Unreachable, match="had not answered in full"):
            client.exchange("GET", "/", within_s=WHOLE_S)
    assert peer.connections == 1


def test_a_slow_answer_within_the_time_is_taken_whole() -> None:
    with Dripper(OK + b"Content-Length: 12\r\n\r\n{}", b" ", every_s=0.01) as peer:
        assert client_at(peer.port, whole_s=GENEROUS_S).get_json("/").body == {}


def test_a_proxy_that_drips_is_no_other_peer(monkeypatch: pytest.MonkeyPatch) -> None:
    with Dripper(*ATTACKS["dripped headers"]) as proxy:
        for name in ("http_proxy", "https_proxy"):
            monkeypatch.setenv(name, f"http://127.0.0.1:{proxy.port}")
        for scheme in ("http", "https"):
            client = HttpClient(f"{scheme}://device.invalid", who="The device", whole_s=WHOLE_S)
            with pytest.raises(Unreachable, match="had not answered in full"):
                client.exchange("GET", "/")
        assert len(proxy.heard) == 2


def test_looking_for_a_certificate_ends_too() -> None:
    with Dripper(b"\x16\x03\x03\x40\x00\x02\x00\x3f\xfc", b"\0") as peer:
        watch = Stopwatch()
        assert certificate_fingerprint("127.0.0.1", peer.port, within_s=WHOLE_S) is None
        assert watch.took_s() < GENEROUS_S


@pytest.mark.parametrize("drop", [b"", b"\0"])
def test_a_modbus_exchange_ends_whatever_is_dripped(drop: bytes) -> None:
    with Dripper(b"\0\1\0\0\0\xff\1\3\xfc", drop) as peer:
        client = ModbusClient("127.0.0.1", peer.port, who="The device", timeout_s=0.3)
        watch = Stopwatch()
        with pytest.raises(SourceError):
            client.read(1, 0, 100)
        assert watch.took_s() < GENEROUS_S
        assert not client.is_connected


class SlowNames:
    """A resolver whose answers are let go one by one. Names are looked up as `socket.getaddrinfo` does."""

    def __init__(self) -> None:
        self.let = threading.Event()
        self.asked: list[tuple[str, int]] = []
        self.ipv4_is_fast = False
        self.fails = False

    def __call__(self, host: str, port: int, family: int = 0, *_: int) -> list[Any]:
        self.asked.append((host, family))
        if not (self.ipv4_is_fast and family == socket.AF_INET):
            self.let.wait(GENEROUS_S)
        if self.fails:
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        return socket.getaddrinfo("127.0.0.1", port, socket.AF_INET, socket.SOCK_STREAM)


def wait_for(condition: Any) -> None:
    until_s = time.monotonic() + GENEROUS_S
    while not condition():
        assert time.monotonic() < until_s
        time.sleep(0.005)


def test_a_look_up_that_hangs_ends_with_the_connection_time_and_its_late_answer_serves_the_next_try() -> None:
    resolver = SlowNames()
    with Dripper(b"", b"", bad=0, good=GOOD) as peer:
        names = Names(resolve=resolver)
        client = HttpClient(f"http://heater.local:{peer.port}", who="The device", connect_s=0.1, names=names)
        with pytest.raises(Unreachable, match=r"its name takes too long"):
            client.get_json("/")
        asked = len(resolver.asked)
        with pytest.raises(Unreachable, match=r"its name takes too long"):
            client.get_json("/")
        assert len(resolver.asked) == asked  # one look-up is under way; another would hang beside it
        resolver.let.set()
        wait_for(lambda: names._known)
        assert client.get_json("/").body == {}


def test_a_peer_that_does_not_take_the_connection_is_said_so_and_not_tried_twice() -> None:
    """Its queue is full: to us as a device without power is."""
    with socket.create_server(("127.0.0.1", 0), backlog=0) as full:
        waiting = [socket.socket() for _ in range(3)]
        for sock in waiting:
            sock.setblocking(False)
            sock.connect_ex(full.getsockname())
        client = client_at(full.getsockname()[1], connect_s=0.2, whole_s=0.4)
        with pytest.raises(Unreachable, match=r"did not take the connection at 127\.0\.0\.1:\d+ within 0\.2 s"):
            client.get_json("/")
        for sock in waiting:
            sock.close()


def test_a_slow_name_is_not_called_a_slow_answer() -> None:
    resolver = SlowNames()
    names = Names(resolve=resolver)
    client = HttpClient("http://heater.local", who="The device", connect_s=0.2, whole_s=0.3, names=names)
    with pytest.raises(Unreachable, match="its name takes too long"):
        client.get_json("/")
    resolver.let.set()


def test_where_ipv6_hangs_ipv4_is_used() -> None:
    resolver = SlowNames()
    resolver.ipv4_is_fast = True
    assert Names(resolve=resolver).addresses("heater.local", 80, within_s=GENEROUS_S)[0][4] == ("127.0.0.1", 80)
    resolver.let.set()


def test_an_address_is_kept_for_a_minute_and_used_longer_where_the_look_up_fails_or_hangs() -> None:
    resolver, now_s = SlowNames(), [0.0]
    resolver.let.set()
    names = Names(resolve=resolver, monotonic_s=lambda: now_s[0])
    first = names.addresses("heater.local", 80, within_s=1.0)
    now_s[0] = 59.0
    assert names.addresses("heater.local", 80, within_s=1.0) == first
    assert len(resolver.asked) == 1
    now_s[0], resolver.fails = 61.0, True
    assert names.addresses("heater.local", 80, within_s=1.0) == first
    assert len(resolver.asked) > 1
    resolver.let.clear()
    assert names.addresses("heater.local", 80, within_s=0.05) == first
    resolver.let.set()


def test_a_name_that_nobody_knows_is_said_so_at_once() -> None:
    resolver = SlowNames()
    resolver.let.set()
    resolver.fails = True
    with pytest.raises(socket.gaierror, match="not known") as caught:
        Names(resolve=resolver).addresses("nobody.local", 80, within_s=GENEROUS_S)
    assert not isinstance(caught.value, LookUpTooSlow)


def test_an_address_that_does_not_take_us_is_looked_up_again() -> None:
    resolver = SlowNames()
    resolver.let.set()
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    names = Names(resolve=resolver)
    for tries in (1, 2):
        with pytest.raises(ConnectionRefusedError):
            names.connect("heater.local", port, within_s=1.0)
        wait_for(lambda tries=tries: len(resolver.asked) == tries)


def test_an_address_is_no_name_and_nobody_is_asked_for_it() -> None:
    resolver = SlowNames()
    assert Names(resolve=resolver).addresses("127.0.0.1", 80, within_s=0.1)
    assert not resolver.asked


def test_a_look_up_for_which_there_is_no_thread_is_an_error_and_begun_with_the_next_try(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    resolver = SlowNames()
    resolver.let.set()
    names = Names(resolve=resolver)
    with monkeypatch.context() as starved:
        starved.setattr(starting, "LONGEST_START_S", 0.05)
        starved.setattr(starting.Thread, "_bootstrap", lambda _thread: None, raising=False)
        with pytest.raises(OSError, match="its name cannot be looked up: it has not begun"):
            names.addresses("heater.local", 80, within_s=1.0)
    assert names.addresses("heater.local", 80, within_s=GENEROUS_S)
