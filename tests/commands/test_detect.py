"""`detect`: a real mDNS responder, real brokers and a real Modbus server on loopback stand for GX devices."""

from __future__ import annotations

import hashlib
import json
import socket
import ssl
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from ipaddress import IPv4Network
from pathlib import Path
from typing import Any

import pytest
import yaml
from paho.mqtt.client import Client
from paho.mqtt.enums import CallbackAPIVersion
from zeroconf import IPVersion, ServiceInfo, Zeroconf

from bench.doubles.gx_modbus import ModbusGx
from pv_heater.cli.detect import tell
from pv_heater.commands.detect import Gx, Ports, Search, Way, question, search
from pv_heater.commands.detect_text import as_json, lines_of, meter_lines, meter_of
from pv_heater.config.load import load_config
from pv_heater.io.net.mdns import Announced, announced_gx
from pv_heater.meters import METERS
from tests.builders import config
from tests.mqtt_brokers import MOSQUITTO, AmqttBroker, Mosquitto, Peer, free_port
from tests.raw_server import RawServer, Talk
from tests.waiting import WITHIN_S

pytestmark = pytest.mark.xdist_group("mdns")
"""There is one multicast group, and all answers in it are heard by all."""

LOOPBACK = ["127.0.0.1"]
PORTAL_ID = "c0619ab0a001"


def nothing(_done: int, _of: int) -> None:
    """Nobody watches the progress."""


@contextmanager
def announcing(
    *services: tuple[str, str, int, dict[str, str]], server: str = "venus.local.", address: str = "127.0.0.1"
) -> Iterator[None]:
    """An mDNS responder with (type, name, port, properties)."""
    responder = Zeroconf(interfaces=LOOPBACK, ip_version=IPVersion.V4Only)
    try:
        for kind, name, port, properties in services:
            info = ServiceInfo(
                kind, f"{name}.{kind}", port=port, properties=properties, server=server,
                addresses=[socket.inet_aton(address)],
            )  # fmt: skip
            responder.register_service(info, cooperating_responders=True)
        yield
    finally:
        responder.close()


def mqtt_service(port: int, name: str = "venus-HQ2132AAAAA") -> tuple[str, str, int, dict[str, str]]:
    return ("_victron-mqtt._tcp.local.", name, port, {"vendor": "victron", "product": "gx", "pairing": "1"})


def web_service(**properties: str) -> tuple[str, str, int, dict[str, str]]:
    return ("_http._tcp.local.", "Victron", 80, properties)


@contextmanager
def gx_broker(portal_id: str = PORTAL_ID, **options: Any) -> Iterator[int]:
    """A broker that keeps a portal id, as a GX device's does; its port."""
    with AmqttBroker() as broker, Peer(broker.port) as peer:
        peer.publish(f"N/{portal_id}/system/0/Serial", f'{{"value": "{portal_id}"}}', retain=True)
        yield broker.port


@pytest.fixture
def closed() -> Ports:
    """Ports at which nobody listens."""
    return Ports(mqtt=free_port(), mqtt_tls=free_port(), modbus=free_port())


def look(ports: Ports, **options: Any) -> Search:
    given: dict[str, Any] = {"scan": False, "progress": nothing, "listen_s": 0.1, "patience_s": 1.5}
    return search(interfaces=LOOPBACK, ports=ports, **(given | options))


def changed(ports: Ports, **values: int) -> Ports:
    return Ports(**({"mqtt": ports.mqtt, "mqtt_tls": ports.mqtt_tls, "modbus": ports.modbus} | values))


VENUS = Announced(address="127.0.0.1", name="venus.local")


def assert_heard(expected: list[Announced]) -> None:
    """These are heard: a responder repeats nothing that it multicast less than a second ago."""
    deadline_s = time.monotonic() + WITHIN_S
    heard = announced_gx(1.2, LOOPBACK)
    while heard != expected and time.monotonic() < deadline_s:
        heard = announced_gx(1.2, LOOPBACK)
    assert heard == expected


def looked_until_known(ports: Ports) -> tuple[Gx, ...]:
    """What is found as soon as a device says its portal id: under load a broker may need seconds."""
    deadline_s = time.monotonic() + WITHIN_S
    found = look(ports, listen_s=2.5).found
    while not any(gx.portal_id for gx in found) and time.monotonic() < deadline_s:
        found = look(ports, listen_s=2.5).found
    return found


def ask(ports: Ports, device: Announced = VENUS, patience_s: float = 1.5) -> Gx:
    return question(device, ports, patience_s)


def test_a_gx_that_announces_its_mqtt_is_found_with_its_portal_id(closed: Ports) -> None:
    with gx_broker() as port, announcing(mqtt_service(port)):
        assert_heard([replace(VENUS, mqtt_port=port)])
        found = looked_until_known(closed)
    assert found == (
        Gx(address="127.0.0.1", name="venus.local", portal_id=PORTAL_ID, ways=(Way(type="gx_mqtt", port=port),)),
    )


def test_older_firmware_is_known_by_its_web_page_but_no_printer_and_no_address_out_in_the_world() -> None:
    with (
        announcing(web_service(Victron="true"), server="venus-2.local."),
        announcing(("_http._tcp.local.", "Printer", 80, {"ty": "x"}), server="printer.local.", address="127.0.0.2"),
        announcing(mqtt_service(1883), server="evil.local.", address="8.8.8.8"),
    ):
        assert_heard([Announced(address="127.0.0.1", name="venus-2.local")])


def test_a_gx_that_only_has_its_name_is_found() -> None:
    with announcing(("_other._tcp.local.", "thing", 9, {})):
        assert_heard([VENUS])


def test_one_device_that_announces_itself_in_every_way_is_one_device() -> None:
    with announcing(web_service(Victron="true"), mqtt_service(1883)):
        assert_heard([replace(VENUS, mqtt_port=1883)])


def test_without_its_library_it_says_how_to_get_it() -> None:
    code = "import sys; sys.modules['zeroconf'] = None; from pv_heater.cli.door import main; main()"
    done = subprocess.run([sys.executable, "-c", code, "detect"], capture_output=True, text=True, timeout=60)
    assert done.returncode == 2
    assert "zeroconf): `. ./env.sh`" in done.stderr


def test_without_a_network_the_search_says_so(closed: Ports) -> None:
    result = search(scan=False, progress=nothing, listen_s=0.1, interfaces=["192.0.2.77"], ports=closed, patience_s=0.5)
    assert result.found == ()
    assert "is this machine connected?" in result.notes[0]


def test_modbus_alone_is_enough(closed: Ports) -> None:
    with ModbusGx() as gx:
        gx.reset()
        found = ask(changed(closed, modbus=gx.port))
    assert (found.portal_id, found.ways) == (PORTAL_ID, (Way(type="gx_modbus", port=gx.port),))


def test_a_gx_whose_services_are_off_is_named_with_what_to_do(closed: Ports) -> None:
    found = ask(closed)
    assert found == Gx(address="127.0.0.1", name="venus.local")
    text = "\n".join(lines_of(Search(found=(found,))))
    assert "neither its MQTT nor its Modbus TCP answers" in text
    assert "Settings, Integrations" in text
    assert "meter:" not in text.splitlines()


def test_encrypted_mqtt_is_found_with_the_fingerprint_to_pin(closed: Ports, tmp_path: Path) -> None:
    chain, key = tmp_path / "cert.pem", tmp_path / "key.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=venus.example",
         "-keyout", str(key), "-out", str(chain)], check=True, capture_output=True,
    )  # fmt: skip
    with AmqttBroker(certificate=(chain, key)) as broker:
        context = ssl.create_default_context(cafile=str(chain))
        context.check_hostname = False
        client = Client(CallbackAPIVersion.VERSION2)
        client.tls_set_context(context)
        client.connect("127.0.0.1", broker.port)
        client.loop_start()
        client.publish(f"N/{PORTAL_ID}/system/0/Serial", "x", retain=True).wait_for_publish(5.0)
        found = ask(changed(closed, mqtt_tls=broker.port))
        client.disconnect()
        client.loop_stop()
    expected = hashlib.sha256(ssl.PEM_cert_to_DER_cert(chain.read_text())).hexdigest()
    assert found.ways == (Way(type="gx_mqtt", port=broker.port, fingerprint=expected),)
    assert found.portal_id == PORTAL_ID
    assert f'fingerprint: "{expected}"' in "\n".join(meter_lines(found))


@pytest.mark.skipif(MOSQUITTO is None, reason="amqtt cannot refuse")
def test_a_gx_that_wants_a_password_is_found_and_says_so(closed: Ports) -> None:
    with Mosquitto(lines=("allow_anonymous false",)) as broker:
        found = ask(closed, replace(VENUS, mqtt_port=broker.port))
    assert found.ways == (Way(type="gx_mqtt", port=broker.port, password_needed=True),)
    text = "\n".join(lines_of(Search(found=(found,))))
    assert f"MQTT, port {broker.port}: asks for a password" in text
    assert 'password: "file:gx-password"' in text
    assert "chmod 600" in text


def test_an_ordinary_broker_is_no_gx(closed: Ports) -> None:
    assert_heard([])  # the announcements of the tests before have died away
    with AmqttBroker() as broker:
        result = look(changed(closed, mqtt=broker.port), scan=True, network=IPv4Network("127.0.0.1/32"), patience_s=0.5)
    assert result == Search(found=())


@pytest.mark.skipif(MOSQUITTO is None, reason="amqtt cannot refuse")
def test_a_broker_with_a_password_that_nobody_announced_is_only_noted(closed: Ports) -> None:
    with Mosquitto(lines=("allow_anonymous false",)) as broker:
        result = look(changed(closed, mqtt=broker.port), scan=True, network=IPv4Network("127.0.0.1/32"))
    assert result.found == ()
    assert "it may be a GX device" in result.notes[0]


def test_a_scan_finds_what_nobody_announced_and_without_it_nobody_is_asked(closed: Ports) -> None:
    with gx_broker() as port:
        ports = changed(closed, mqtt=port)
        assert_heard([])
        assert look(ports).found == ()
        steps: list[tuple[int, int]] = []
        found = look(
            ports, scan=True, network=IPv4Network("127.0.0.0/29"), progress=lambda *step: steps.append(step)
        ).found
    assert "127.0.0.1" in [gx.address for gx in found]
    assert {gx.portal_id for gx in found} == {PORTAL_ID}
    assert steps[-1] == (6, 6)


LYING = {
    "topic of another shape": ("N/system/0/Serial", "x"),
    "id with a line end": ("N/a\nmeter: x/system/0/Serial", "x"),
    "id that is too long": (f"N/{'c' * 100}/system/0/Serial", "x"),
    "id with quotes": ('N/c061"ab/system/0/Serial', "x"),
}


@pytest.mark.parametrize(("topic", "payload"), LYING.values(), ids=LYING.keys())
def test_an_id_that_cannot_be_one_never_gets_into_a_configuration(closed: Ports, topic: str, payload: str) -> None:
    with AmqttBroker() as broker, Peer(broker.port) as peer:
        peer.publish(topic, payload, retain=True)
        found = ask(changed(closed, mqtt=broker.port), patience_s=0.5)
    assert found == Gx(address="127.0.0.1", name="venus.local")


IMPOLITE: dict[str, Talk] = {
    "silent": lambda _connection, _number: None,
    "hangs up": lambda connection, _number: connection.close(),
    "web page": lambda connection, _number: connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n"),
    "garbage": lambda connection, _number: connection.sendall(b"\xff" * 1000),
}
"""Whatever else may listen at a GX device's ports: it takes the connection, and then does this."""


@pytest.mark.parametrize("behave", IMPOLITE.values(), ids=IMPOLITE.keys())
def test_whatever_listens_there_the_questions_end_soon_without_a_way(
    behave: Talk,
) -> None:
    with ExitStack() as stack:
        servers = [stack.enter_context(RawServer(behave, keeps=True)) for _ in range(3)]
        ports = Ports(mqtt=servers[0].port, mqtt_tls=servers[1].port, modbus=servers[2].port)
        done: list[Gx] = []
        asking = threading.Thread(target=lambda: done.append(ask(ports, patience_s=0.6)), daemon=True)
        asking.start()
        asking.join(timeout=WITHIN_S)
    assert done == [Gx(address="127.0.0.1", name="venus.local")]


OPEN, LOCKED = Way(type="gx_mqtt", port=1883), Way(type="gx_mqtt", port=1883, password_needed=True)
LOCKED_TLS = Way(type="gx_mqtt", port=8883, fingerprint="ab" * 32, password_needed=True)
TLS, MODBUS = Way(type="gx_mqtt", port=8883, fingerprint="12" * 32), Way(type="gx_modbus", port=502)


@pytest.mark.parametrize(
    ("ways", "chosen"),
    [
        pytest.param([OPEN], [("gx_mqtt", None, None)], id="open"),
        pytest.param([OPEN, TLS, MODBUS], [("gx_mqtt", None, None), ("gx_modbus", None, None)], id="all open"),
        pytest.param([LOCKED, LOCKED_TLS], [("gx_mqtt", True, "file:gx-password")], id="a password goes encrypted"),
        pytest.param([LOCKED, TLS], [("gx_mqtt", True, None)], id="open before locked"),
        pytest.param([LOCKED], [("gx_mqtt", None, "file:gx-password")], id="locked only"),
        pytest.param([MODBUS], [("gx_modbus", None, None)], id="Modbus only"),
    ],
)
def test_the_best_way_comes_first(ways: list[Way], chosen: list[tuple[str, object, object]]) -> None:
    gx = Gx(address="192.168.1.20", portal_id=PORTAL_ID, ways=tuple(ways))
    assert [(row["type"], row.get("tls"), row.get("password")) for row in meter_of(gx)] == chosen


@pytest.mark.parametrize("portal_id", [PORTAL_ID, "123456789012", None, "1e5555"])
@pytest.mark.parametrize("ways", [[OPEN], [TLS, MODBUS], [LOCKED_TLS], [Way(type="gx_mqtt", port=1884), MODBUS]])
def test_what_is_printed_loads_as_a_configuration(ways: list[Way], portal_id: str | None, tmp_path: Path) -> None:
    gx = Gx(address="192.168.1.20", portal_id=portal_id, ways=tuple(ways))
    printed = yaml.safe_load("\n".join(meter_lines(gx)))
    assert printed == {"meter": meter_of(gx)}
    if {row["type"] for row in printed["meter"]} <= set(METERS):
        (tmp_path / "gx-password").write_text("secret\n")
        path = tmp_path / "config.yaml"
        path.write_text(yaml.safe_dump(config()) + "\n".join(meter_lines(gx)))
        rows = load_config(path).meter
        assert [row.type for row in rows] == [row["type"] for row in printed["meter"]]
        assert rows[0].settings.host == "192.168.1.20"


def test_two_devices_get_a_block_each() -> None:
    both = Search(found=tuple(Gx(address=f"192.168.1.{last}", ways=(OPEN,)) for last in (20, 21)))
    text = "\n".join(lines_of(both))
    assert "configuration for 192.168.1.20:" in text
    assert "configuration for 192.168.1.21:" in text
    assert [found["address"] for found in as_json(both)["found"]] == ["192.168.1.20", "192.168.1.21"]


def test_found_ends_with_0_and_nothing_with_5_in_words_and_in_json(capsys: pytest.CaptureFixture[str]) -> None:
    one = Search(found=(Gx(address="192.168.1.20", portal_id=PORTAL_ID, ways=(OPEN,)),))
    assert [tell(one, False), tell(Search(found=()), False)] == [0, 5]
    assert f'portal_id: "{PORTAL_ID}"' in capsys.readouterr().out
    assert tell(one, True) == 0
    found = json.loads(capsys.readouterr().out)["found"]
    assert found[0]["meter"] == [{"type": "gx_mqtt", "host": "192.168.1.20", "portal_id": PORTAL_ID}]
    assert found[0]["ways"] == [{"type": "gx_mqtt", "port": 1883, "tls": False, "password_needed": False}]


def test_when_nothing_is_found_it_says_what_to_do() -> None:
    text = "\n".join(lines_of(Search(found=(), notes=("A note.",))))
    for hint in ("Settings, Integrations", "same network", "--scan", "A note."):
        assert hint in text
