"""What a broker may send us, and how long it may take, whatever it is."""

from __future__ import annotations

import contextlib
import re
import socket
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from pv_heater.core.model.setting import Secret
from pv_heater.core.settings.mqtt import Broker
from pv_heater.errors import Unreachable
from pv_heater.io.net import mqtt_client
from pv_heater.io.net.mqtt import MqttLink
from pv_heater.io.net.mqtt_client import LimitedClient
from pv_heater.io.net.names import Names
from tests.mqtt_brokers import AmqttBroker, Peer, wait_for
from tests.raw_server import Dripper, RawServer
from tests.waiting import Stopwatch

CONNACK = b"\x20\x02\x00\x00"


def link_to(port: int, got: list[Any], **settings: Any) -> MqttLink:
    broker = Broker(host="127.0.0.1", port=port, **settings)
    return MqttLink(broker, topics=["big"], on_message=lambda *item: got.append(item))


def length(value: int) -> bytes:
    """As MQTT writes it: seven bits a byte."""
    out = b""
    while True:
        value, low = divmod(value, 128)
        out += bytes([low | 128 if value else low])
        if not value:
            return out


def resident_bytes(line: str) -> int:
    return int(re.search(rf"{line}:\s+(\d+)", Path("/proc/self/status").read_text())[1]) * 1024  # type: ignore[index]


@contextlib.contextmanager
def server(talk: Callable[[socket.socket, int], None]) -> Iterator[int]:
    """A broker that takes every connection and says what the test wants, to one after the other."""
    turn = threading.Lock()

    def greet(connection: socket.socket, number: int) -> None:
        with turn:
            connection.recv(4096)
            connection.sendall(CONNACK)
            talk(connection, number)

    with RawServer(greet) as broker:
        yield broker.port


def test_a_message_of_fifty_megabytes_is_refused_before_it_is_taken(caplog: pytest.LogCaptureFixture) -> None:
    ended = threading.Event()
    sent: list[int] = []

    def talk(connection: socket.socket, _number: int) -> None:
        connection.sendall(b"\x30" + length(50_000_000) + b"\0\3big")
        block = bytes(65_536)
        try:
            for _ in range(50_000_000 // len(block)):
                connection.sendall(block)
                sent.append(len(block))
        finally:
            ended.set()

    got: list[Any] = []
    with server(talk) as port:
        link = link_to(port, got)
        Path("/proc/self/clear_refs").write_text("5")  # the peak begins anew
        before = resident_bytes("VmRSS")
        link.start()
        wait_for(ended.is_set, "the broker was cut off")
        growth = resident_bytes("VmHWM") - before
        link.close()
    assert growth < 20_000_000
    assert sum(sent) < 20_000_000
    assert got == []
    assert "sent a message of 50 MB at 'big', and more than 1 MB is not taken" in caplog.text


def test_after_too_long_a_message_the_connection_comes_back_and_the_next_one_is_taken() -> None:
    got: list[Any] = []
    with AmqttBroker() as broker, Peer(broker.port) as peer:
        link = link_to(broker.port, got)
        link.start()
        wait_for(lambda: link.trouble is None, "connected")
        peer.publish("big", "x" * 900_000)
        wait_for(lambda: len(got) == 1, "what is allowed came")
        peer.publish("big", "x" * 2_000_000)
        wait_for(lambda: link.trouble is not None, "refused")
        wait_for(lambda: link.trouble is None, "connected again")
        wait_for(lambda: peer.publish("big", "small") or got[1:], "the next message")
        link.close()
    assert got[1] == ("big", b"small")


def test_a_broker_that_sends_it_again_and_again_is_asked_more_and_more_seldom() -> None:
    client = LimitedClient("test", lambda _: None, connect_s=1.0, names=Names())
    waits = [client.waits]
    for _ in range(8):
        with pytest.raises(ConnectionError):
            client._refuse(2_000_000)
        waits.append(client.waits)
    assert waits == [1, 1, 2, 3, 4, 5, 6, 6, 6]


@pytest.mark.parametrize("drop", [b"\0", b"xyz"])
def test_a_message_that_is_dripped_ends_with_the_connection(drop: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also each byte counts as life for paho's own keep-alive."""
    monkeypatch.setattr(mqtt_client, "_PACKET_S", 0.3)
    with Dripper(CONNACK + b"\x30\xff\x7f", drop) as peer:
        link = link_to(peer.port, [])
        link.start()
        wait_for(lambda: peer.broken_off > 0, "cut off")
        link.close()


def test_a_handshake_that_is_dripped_ends_with_the_time_to_connect() -> None:
    with Dripper(b"\x16\x03\x03\x40\x00\x02\x00\x3f\xfc", b"\0") as peer:
        said: list[str] = []
        client = LimitedClient("test", said.append, connect_s=0.3, names=Names())
        client.tls_set()
        watch = Stopwatch()
        with pytest.raises(OSError):  # noqa: PT011 - what it says goes to the report
            client.connect("127.0.0.1", peer.port)
        assert watch.took_s() < 5
        # "no answer" where a busy machine did not see the first byte in time.
        assert [text.replace("answer", "complete connection") for text in said] == [
            "cannot be reached: no complete connection within 0.3 s"
        ]


def test_a_peer_that_is_no_broker_is_said_to_be_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pv_heater.io.net.mqtt._CONNECT_S", 0.3)
    with Dripper(b"", b"") as peer:
        link = link_to(peer.port, [])
        link.start()
        wait_for(lambda: "does not answer as an MQTT broker does" in str(link.trouble), "said")
        link.close()


def test_a_name_that_is_not_known_is_said_to_be_unknown() -> None:
    link = MqttLink(Broker(host="no-such-host.invalid"), topics=[], on_message=lambda *_: None)
    link.start()
    wait_for(lambda: "its name" in str(link.trouble), "said")
    link.close()


def test_a_password_of_any_letters_goes_out_as_utf8_and_one_that_cannot_be_sent_is_a_sentence() -> None:
    heard: list[bytes] = []
    with socket.create_server(("127.0.0.1", 0)) as listening:
        link = link_to(listening.getsockname()[1], [], username="ich", password=Secret("gr\u00fcn\u20ac"))
        link.start()
        connection, _ = listening.accept()
        with connection:
            heard.append(connection.recv(4096))
        link.close()
    assert heard[0].endswith(b"\0\3ich\0\10" + "gr\u00fcn\u20ac".encode())
    with pytest.raises(Unreachable, match="username or password"):
        link_to(1, [], username="ich", password=Secret("\ud800")).start()


BROKEN = {
    "a second CONNACK": (CONNACK, "took the same connection twice"),
    "a message that waits for a release": (b"\x34\x07\x00\x03big\x00\x01", "asks for an answer, which nobody ordered"),
    "a release of half a number": (b"\x62\x01\x00", "cannot be read"),
    "an acknowledgement of nothing": (b"\x90\x00", "cannot be read"),
    "an answer without a body": (b"\x20\x00", "took the same connection twice"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_packet_against_the_rules_ends_its_connection_and_not_the_link(name: str) -> None:
    packet, why = BROKEN[name]
    troubles: list[str | None] = []

    def talk(connection: socket.socket, number: int) -> None:
        if number == 0:
            connection.sendall(b"\x30\x07\x00\x03\xff\xfe\xfdno")  # a topic that is not text is passed over
            connection.sendall(packet)
            while connection.recv(4096):
                pass
            troubles.append(link.trouble)
        else:
            connection.sendall(b"\x30\x07\x00\x03bigok")
            connection.recv(4096)
            over.wait(20)

    got: list[Any] = []
    over = threading.Event()
    with server(talk) as port:
        link = link_to(port, got)
        link.start()
        wait_for(lambda: got == [("big", b"ok")], "the next connection is well")
        over.set()
        link.close()
    assert why in str(troubles[0])


def test_a_broker_that_takes_no_bytes_does_not_keep_the_program_from_ending() -> None:
    over = threading.Event()
    with server(lambda _connection, _number: over.wait(60) and None) as port:
        link = link_to(port, [])
        link.start()
        wait_for(lambda: link.trouble is None, "connected")
        for _ in range(40):
            assert link.publish("big", bytes(500_000))
        watch = Stopwatch()
        link.close()
        assert watch.took_s() < 5
        over.set()
