"""How the portal's broker is met: as whom, with what certificate believed, how often, and that nothing is written."""

from __future__ import annotations

import json
import socket
import ssl
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from bench.doubles.portal import Authority
from pv_heater.core.model.setting import Secret
from pv_heater.core.settings.mqtt import Broker
from pv_heater.io.net.mqtt import MqttLink, Trust
from pv_heater.io.system.clock import SystemClock
from pv_heater.ports import Tools
from pv_heater.victron.mqtt.conversation import SERIAL
from pv_heater.victron.mqtt.meter import GxMqttMeter
from pv_heater.victron.vrm.live_link import CA_FILE, LiveLink, LivePace
from tests.gx_device import PORTAL_ID
from tests.mqtt_brokers import Peer
from tests.raw_server import RawServer
from tests.source_tools import GRAZ, no_pins
from tests.victron.vrm.live_home import PATIENT, Build, is_live, until
from tests.victron.vrm.portal import READ_ONLY, portal
from tests.vrm_server import VrmServer
from tests.waiting import until as wait_until

TOKEN = "d4" * 32
WILL, NAME_AND_PASSWORD = 0x04, 0xC0
"""Of the flags of a CONNECT packet (MQTT 3.1.1, 3.1.2)."""


@pytest.mark.parametrize("allows_all", [False, True], ids=["read only", "nothing is refused"])
def test_a_portal_that_may_only_be_read_is_enough_and_nothing_but_reminders_is_sent(
    allows_all: bool, rest: VrmServer, good: tuple[Path, Path], build: Build, tmp_path: Path
) -> None:
    """Where all is allowed a watcher sees what the meter tries, through a silence and full publishes."""
    with portal(rest, good, tmp_path, allows_all=allows_all) as home, Peer(home.broker.port, "#") as watcher:
        assert home.gx.value(*READ_ONLY) == 1
        meter = build(home)
        assert is_live(meter.read())
        home.gx.hang()
        reminders = len(home.gx.requests)
        home.gx.hang(False)
        until(meter, lambda _: len(home.gx.requests) >= reminders + 4 and home.gx.full_publishes >= 2)
        assert home.gx.writes == []
        wait_until(lambda: len(watcher.payloads(f"R/{PORTAL_ID}/keepalive")) >= 4, "the watcher hears")
        said = [(topic, payload) for topic, payload in watcher.received if not topic.startswith(f"N/{PORTAL_ID}/")]
        asked = {f"R/{PORTAL_ID}/keepalive": "keepalive-options", f"R/{PORTAL_ID}/{SERIAL}": None}
        for topic, payload in said:
            assert topic in asked, "a question, which a machine that is slow may put as for old firmware"
            assert not payload or [*json.loads(payload)] == [asked[topic]]


def test_a_full_publish_is_asked_for_every_five_minutes_and_a_word_every_thirty_seconds() -> None:
    """Both clocks of the device, 60 and 130 s, are satisfied twice over."""
    pace = LivePace()
    assert (pace.talk.remind_s, pace.silence_s, pace.link.ping_s) == (30.0, 25.0, 30)
    assert 180.0 <= pace.talk.full_s <= 300.0
    assert (pace.link.first_retry_s, pace.link.longest_retry_s, pace.link.refused_s) == (5.0, 300.0, 600.0)
    assert pace.link.spread > 0


@dataclass
class Greeting:
    """What a CONNECT packet says."""

    client_id: str
    flags: int
    rest: bytes


class Doorman:
    """Takes connections as a broker does, keeps what they say first, and hangs up."""

    def __init__(self, certificate: tuple[Path, Path]) -> None:
        self.heard: list[bytes] = []
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._context.load_cert_chain(*certificate)

    def talk(self, connection: socket.socket, _number: int) -> None:
        with self._context.wrap_socket(connection, server_side=True) as encrypted:
            self.heard.append(encrypted.recv(4096))

    def greetings(self) -> list[Greeting]:
        """Those so far. A fixed header of two bytes or three, "MQTT", level, flags, keep-alive, then texts."""
        found = []
        for packet in filter(None, list(self.heard)):
            at = packet.index(b"\0\4MQTT") + 6
            flags, body = packet[at + 1], packet[at + 4 :]
            size = int.from_bytes(body[:2], "big")
            found.append(Greeting(client_id=body[2 : 2 + size].decode(), flags=flags, rest=body[2 + size :]))
        return found


@pytest.fixture
def doorman(good: tuple[Path, Path]) -> Iterator[tuple[Doorman, int]]:
    one = Doorman(good)
    with RawServer(one.talk) as server:
        yield one, server.port


def test_it_comes_with_an_id_of_its_own_the_token_and_no_will(
    doorman: tuple[Doorman, int], authority: Authority, tmp_path: Path
) -> None:
    """A will would be published in the home's name whenever the internet fails; and the token is only in the login."""
    one, port = doorman
    broker = GxMqttMeter.Settings(
        host="localhost", port=port, username="me@example.org", password=Secret(f"Token {TOKEN}"), tls=True,
        ca_file=str(authority.file), portal_id=PORTAL_ID,
    )  # fmt: skip
    tools = Tools(clock=SystemClock(), site=GRAZ, state_dir=tmp_path, pins=no_pins)
    links = [LiveLink(broker, tools, pace=PATIENT) for _ in range(2)]
    try:
        for link in links:
            with pytest.raises(Exception, match="VRM's broker"):
                link.read()
        wait_until(lambda: len(one.heard) >= 2 and all(one.heard), "both have come")
    finally:
        for link in links:
            link.close()
    for greeting in one.greetings():
        assert greeting.flags & WILL == 0
        assert greeting.flags & NAME_AND_PASSWORD == NAME_AND_PASSWORD
        assert TOKEN not in greeting.client_id
        assert greeting.rest.endswith(f"Token {TOKEN}".encode())
    assert TOKEN not in f"{broker!r}{links}"


def test_victrons_own_authority_is_believed_where_python_is_strict() -> None:
    """It is of 2014 and lacks the marks that Python asks for since 3.13: that one flag is cleared, nothing else."""
    trust = Trust(ca_files=(str(CA_FILE),), checks_name=True)
    link = MqttLink(Broker(host="localhost", tls=True), topics=[], on_message=print, trust=trust)
    context = link._tls_context()
    subjects = [str(one["subject"]) for one in context.get_ca_certs()]
    assert len([text for text in subjects if "CCGX Certificate Authority" in text]) == 1
    assert len(subjects) > 1, "beside the system's"
    assert not context.verify_flags & ssl.VERIFY_X509_STRICT
    assert (context.check_hostname, context.verify_mode) == (True, ssl.CERT_REQUIRED)
