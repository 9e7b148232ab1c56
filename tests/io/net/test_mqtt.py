"""A connection through real brokers: life, death and return of the other side, and who may be trusted."""

import hashlib
import logging
import socket
import ssl
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from pv_heater.core.model.setting import Secret, SettingProblem
from pv_heater.core.settings.mqtt import Broker
from pv_heater.io.net.mqtt import MqttLink, Trust
from pv_heater.io.net.mqtt_client import LinkPace
from tests.mqtt_brokers import BROKERS, MOSQUITTO, AmqttBroker, Mosquitto, Peer, free_port, wait_for
from tests.waiting import ended_after, promised

each_broker = pytest.mark.parametrize("kind", BROKERS, ids=lambda kind: kind.__name__)
needs_mosquitto = pytest.mark.skipif(MOSQUITTO is None, reason="mosquitto is not installed")


class Inbox:
    """A link and what came through it."""

    def __init__(
        self,
        broker: Broker,
        *topics: str,
        will: tuple[str, str] | None = None,
        keeps_will: bool = False,
        pace: LinkPace | None = None,
        trust: Trust | None = None,
    ) -> None:
        self.got: list[tuple[str, bytes]] = []
        self.connects = 0
        self.link = MqttLink(
            broker,
            topics=topics,
            on_message=lambda *item: self.got.append(item),
            on_connect=self._count,
            will=will,
            keeps_will=keeps_will,
            pace=pace,
            trust=trust,
        )

    def _count(self) -> None:
        self.connects += 1

    def __enter__(self) -> "Inbox":
        self.link.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.link.close()


def broker_at(port: int, **settings: object) -> Broker:
    return Broker(host="127.0.0.1", port=port, **settings)  # type: ignore[arg-type]


@each_broker
def test_messages_come_and_go(kind: type[AmqttBroker]) -> None:
    with kind() as broker, Peer(broker.port, "out/#") as peer, Inbox(broker_at(broker.port), "in/#") as inbox:
        wait_for(lambda: inbox.link.trouble is None, "connected")
        wait_for(lambda: peer.publish("in/a", "1") or inbox.got, "a message")
        assert inbox.got[0] == ("in/a", b"1")
        assert inbox.link.publish("out/b", "2")
        wait_for(lambda: peer.payloads("out/b") == [b"2"], "the answer")


@each_broker
def test_nothing_published_is_retained(kind: type[AmqttBroker]) -> None:
    with kind() as broker, Inbox(broker_at(broker.port)) as inbox, Peer(broker.port, "power/#") as early:
        wait_for(lambda: inbox.link.trouble is None, "connected")
        inbox.link.publish("power/set", "100")
        wait_for(lambda: early.received, "the broker has it")
        with Peer(broker.port, "power/#") as late:
            inbox.link.publish("power/mark", "now")
            wait_for(lambda: late.received, "the mark")
            assert late.received == [("power/mark", b"now")]


def kept(port: int, topic: str, count: int) -> list[tuple[str, bytes]]:
    """What a broker tells somebody who comes now; it may hand a message on before it has put it by."""
    with Peer(port, topic) as late:
        ends_s = time.monotonic() + 0.5
        while len(late.received) < count and time.monotonic() < ends_s:
            time.sleep(0.01)
        return sorted(late.received)


@each_broker
def test_what_is_to_be_kept_is_kept(kind: type[AmqttBroker]) -> None:
    with kind() as broker, Inbox(broker_at(broker.port)) as inbox, Peer(broker.port, "state/#") as early:
        wait_for(lambda: inbox.link.trouble is None, "connected")
        assert inbox.link.publish("state/a", "1", retained=True)
        assert inbox.link.publish("state/b", "2", retained=True, confirmed=True)
        wait_for(lambda: len(early.received) == 2, "the broker has it")
        wait_for(lambda: kept(broker.port, "state/#", 2) == [("state/a", b"1"), ("state/b", b"2")], "it is kept")


@each_broker
def test_a_last_word_and_a_last_will_are_kept(kind: type[AmqttBroker]) -> None:
    with kind() as broker, Peer(broker.port, "there") as early:
        inbox = Inbox(broker_at(broker.port), will=("there", "no"), keeps_will=True)
        with inbox:
            wait_for(lambda: inbox.connects == 1, "connected")
            inbox.link.close(last=("there", "goodbye"))
        wait_for(lambda: early.payloads("there") == [b"goodbye"], "the last word, and no will")
        with Inbox(broker_at(broker.port), will=("there", "no"), keeps_will=True) as inbox:
            wait_for(lambda: inbox.connects == 1, "connected")
            client: Any = inbox.link._client
            client._sock.shutdown(socket.SHUT_RDWR)
            wait_for(lambda: early.payloads("there")[1:] == [b"no"], "the will")
        wait_for(lambda: kept(broker.port, "there", 1) == [("there", b"no")], "it is kept")


@each_broker
def test_a_broker_restart_costs_at_most_five_seconds(kind: type[AmqttBroker]) -> None:
    with kind() as broker, Inbox(broker_at(broker.port), "in/#") as inbox:
        wait_for(lambda: inbox.connects == 1, "connected")
        broker.stop()
        wait_for(lambda: inbox.link.trouble is not None, "noticed")
        assert not inbox.link.publish("a", "lost"), "nothing is promised without a connection"
        wait_for(lambda: inbox.link.trouble == "cannot be reached: Connection refused", "a try has failed")
        broker.start()
        assert wait_for(lambda: inbox.connects == 2, "connected again") <= 5.0
        with Peer(broker.port) as peer:
            wait_for(lambda: peer.publish("in/a", "1") or inbox.got, "subscribed again")


def test_a_broker_that_is_not_there_yet_is_found_when_it_comes() -> None:
    port = free_port()
    with Inbox(broker_at(port), "in/#") as inbox:
        wait_for(lambda: inbox.link.trouble == "cannot be reached: Connection refused", "the first try failed")
        with AmqttBroker(port):
            promised(lambda: inbox.connects == 1, "connected", 5)


@needs_mosquitto
def test_a_broker_that_hangs_is_noticed_and_left() -> None:
    with Mosquitto() as broker, Inbox(broker_at(broker.port), "in/#", pace=LinkPace(ping_s=2)) as inbox:
        wait_for(lambda: inbox.connects == 1, "connected")
        broker.pause()
        # Two pings without an answer, and paho looks once a second.
        promised(lambda: inbox.link.trouble is not None, "noticed", 6)
        broker.resume()
        wait_for(lambda: inbox.connects == 2, "connected again")


@needs_mosquitto
def test_a_wrong_password_is_told_apart_and_never_shown(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    users = tmp_path / "users"
    subprocess.run(["mosquitto_passwd", "-c", "-b", str(users), "me", "right"], check=True)
    users.chmod(0o644)
    tmp_path.chmod(0o755)
    lines = ("allow_anonymous false", f"password_file {users}", "user root")
    caplog.set_level(logging.DEBUG)
    with Mosquitto(lines=lines) as broker:
        wrong = broker_at(broker.port, username="me", password=Secret("wrong-secret"))
        with Inbox(wrong) as inbox:
            wait_for(lambda: "refuses us" in str(inbox.link.trouble), "refused")
            assert inbox.connects == 0
        with Inbox(broker_at(broker.port, username="me", password=Secret("right"))) as inbox:
            wait_for(lambda: inbox.connects == 1, "let in")
    assert "wrong-secret" not in caplog.text + repr(wrong)


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Self-signed, as a GX device's is."""
    folder = tmp_path_factory.mktemp("tls")
    chain, key = folder / "cert.pem", folder / "key.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=venus.example",
         "-keyout", str(key), "-out", str(chain)], check=True, capture_output=True,
    )  # fmt: skip
    return chain, key


def test_tls_takes_the_pinned_certificate_and_the_named_authority_and_no_other(certificate: tuple[Path, Path]) -> None:
    pem = certificate[0].read_text()
    fingerprint = hashlib.sha256(ssl.PEM_cert_to_DER_cert(pem)).hexdigest()
    with AmqttBroker(certificate=certificate) as broker:
        for good in ({"fingerprint": fingerprint.upper()}, {"ca_file": str(certificate[0])}):
            with Inbox(broker_at(broker.port, tls=True, **good)) as inbox:
                wait_for(lambda inbox=inbox: inbox.connects == 1, f"connected with {good}")
        for bad, said in (
            ({"fingerprint": "ab" * 32}, "another certificate"),
            ({}, "that is not trusted: the device signed it itself"),
        ):
            with Inbox(broker_at(broker.port, tls=True, **bad)) as inbox:
                wait_for(lambda inbox=inbox, said=said: said in str(inbox.link.trouble), said)
                assert inbox.connects == 0


def test_a_reader_that_stumbles_over_one_message_gets_the_next(caplog: pytest.LogCaptureFixture) -> None:
    got: list[str] = []

    def stumbling(topic: str, payload: bytes) -> None:
        if payload == b"bad":
            raise KeyError("no such thing")
        got.append(topic)

    with AmqttBroker() as broker, Peer(broker.port) as peer:
        link = MqttLink(broker_at(broker.port), topics=["in/#"], on_message=stumbling)
        link.start()
        wait_for(lambda: link.trouble is None, "connected")
        for _ in range(3):
            peer.publish("in/x", "bad")
        wait_for(lambda: peer.publish("in/good", "1") or got, "the good one")
        link.close()
    assert len([text for text in caplog.messages if "was not understood" in text]) == 1


DYING = """
import sys, time
from pv_heater.core.settings.mqtt import Broker
from pv_heater.io.net.mqtt import MqttLink, Trust
from pv_heater.io.net.mqtt_client import LinkPace
link = MqttLink(Broker(host="127.0.0.1", port=int(sys.argv[1])), topics=[], on_message=print, will=("relay/state", "0"))
link.start()
while not link.publish("relay/state", "1"):
    time.sleep(0.01)
time.sleep(60)
"""


@each_broker
def test_a_client_that_is_killed_leaves_its_will(kind: type[AmqttBroker]) -> None:
    with kind() as broker, Peer(broker.port, "relay/#") as peer:
        with ended_after(subprocess.Popen([sys.executable, "-c", DYING, str(broker.port)])) as dying:
            wait_for(lambda: peer.payloads("relay/state") == [b"1"], "it lives")
            dying.kill()
        wait_for(lambda: peer.payloads("relay/state") == [b"1", b"0"], "its will")


@each_broker
def test_a_client_that_closes_leaves_no_will(kind: type[AmqttBroker]) -> None:
    with kind() as broker, Peer(broker.port, "relay/#") as peer:
        with Inbox(broker_at(broker.port), will=("relay/state", "0")) as inbox:
            wait_for(lambda: inbox.connects == 1, "connected")
        peer.publish("relay/mark", "after the close")
        wait_for(lambda: peer.payloads("relay/mark"), "the mark")
        assert peer.payloads("relay/state") == []


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"fingerprint": "abc", "tls": True}, "64 hex digits"),
        ({"fingerprint": "ab" * 32}, "set tls: true"),
        ({"ca_file": "x.pem"}, "set tls: true"),
    ],
)
def test_settings_that_cannot_be_meant_are_refused(values: dict[str, object], said: str) -> None:
    from pv_heater.config.scalars import Secrets
    from pv_heater.config.structure import SettingProblems, Structure

    with pytest.raises((SettingProblem, SettingProblems), match=said):
        Structure(lambda: Secrets({}, Path())).group(Broker)({"host": "here", **values})
