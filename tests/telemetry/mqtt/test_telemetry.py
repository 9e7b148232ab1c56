"""A home at real brokers: what is told, kept and repeated, who may ask, and what happens when the broker fails."""

import json
import logging
import socket
import subprocess
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from pv_heater.core.model.requests import Mode
from pv_heater.core.model.setting import Secret
from pv_heater.core.settings.mqtt import Mqtt
from pv_heater.errors import Unreachable
from pv_heater.status.newest import NewestDocument
from pv_heater.telemetry.mqtt.probe import ask_broker
from pv_heater.telemetry.mqtt.telemetry import GOODBYE_S, HEARD_AT_ONCE, LOOK_S
from tests.mqtt_brokers import BROKERS, MOSQUITTO, AmqttBroker, Mosquitto, free_port, wait_for
from tests.raw_server import RawServer
from tests.telemetry.home import told_by
from tests.telemetry.mqtt.rig import Listener, telling
from tests.waiting import Stopwatch
from tests.web.rig import WebHome

each_broker = pytest.mark.parametrize("kind", BROKERS, ids=lambda kind: kind.__name__)
needs_mosquitto = pytest.mark.skipif(MOSQUITTO is None, reason="mosquitto is not installed")
HEATER, STATUS, ANSWER = "pv_heater/loads/heater", "pv_heater/status", "pv_heater/answer"
THERE = "pv_heater/availability"


@pytest.fixture
def house() -> WebHome:
    home = WebHome()
    home.tick()
    return home


@pytest.fixture
def broker() -> Iterator[AmqttBroker | Mosquitto]:
    with BROKERS[-1]() as running:
        yield running


def mode_of(house: WebHome, load: str = "heater") -> Mode:
    house.tick()
    status = house.home.status()
    assert status is not None
    return status.decision.loads[load].mode


@each_broker
def test_what_the_home_does_is_kept_for_whoever_comes(kind: type[AmqttBroker], house: WebHome, tmp_path: Path) -> None:
    with kind() as broker, Listener(broker.port, "pv_heater/#") as early:
        with telling(house, tmp_path, broker.port):
            wait_for(lambda: early.payloads("pv_heater/plan"), "all was told")
            with Listener(broker.port, "pv_heater/#") as late:
                wait_for(lambda: len({topic for topic, _ in late.received}) == 5, "what is kept")
                assert late.text("pv_heater/availability") == "online"
                status, heater = late.last(STATUS), late.last(HEATER)
                assert (status["flows"]["pv_w"], status["loads"]) == (2500.0, ["heater", "pump"])
                assert (heater["temperature_c"], heater["force_min"], heater["id"]) == (41.5, 120, "heater")
                house.tick(load_c={"heater": 43.0})
                wait_for(lambda: (late.last(HEATER) or {}).get("temperature_c") == 43.0, "what changed")
        wait_for(lambda: early.text("pv_heater/availability") == "offline", "it says goodbye itself")


@each_broker
def test_who_may_publish_may_ask_where_the_settings_say_so(
    kind: type[AmqttBroker], house: WebHome, tmp_path: Path
) -> None:
    with (
        kind() as broker,
        Listener(broker.port, "pv_heater/#") as peer,
        telling(house, tmp_path, broker.port, commands=True),
    ):
        wait_for(lambda: peer.text(THERE) == "online", "it is there")
        assert peer.asked("loads/heater/mode/set", "off")["ok"]
        assert peer.asked("set", '{"command": "try", "load": "heater"}')["ok"] is False
        assert mode_of(house) is Mode.OFF
        wait_for(lambda: (peer.last(HEATER) or {}).get("mode") == "off", "the mode is told")


def test_without_commands_nobody_is_heard(house: WebHome, broker: AmqttBroker | Mosquitto, tmp_path: Path) -> None:
    with Listener(broker.port, "pv_heater/#") as peer, telling(house, tmp_path, broker.port):
        wait_for(lambda: peer.text(THERE) == "online", "it is there")
        peer.publish("pv_heater/loads/heater/mode/set", "off")
        peer.publish("pv_heater/off/set", "1")
        house.tick(load_c={"heater": 44.0})
        wait_for(lambda: (peer.last(HEATER) or {}).get("temperature_c") == 44.0, "what came later is told")
        assert (mode_of(house), peer.payloads(ANSWER)) == (Mode.AUTO, [])
        assert not any(output.trips for output in house.outputs)


def test_a_command_that_the_broker_kept_is_not_obeyed(
    house: WebHome, broker: AmqttBroker | Mosquitto, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with Listener(broker.port, "pv_heater/#") as peer:
        peer.publish("pv_heater/loads/heater/mode/set", "off", retain=True)
        wait_for(lambda: peer.received, "the broker has it")
        with telling(house, tmp_path, broker.port, commands=True):
            wait_for(lambda: "the broker kept a command at pv_heater/loads/heater/mode/set" in caplog.text, "said")
            assert peer.asked("loads/pump/mode/set", "off")["ok"]
            assert mode_of(house) is Mode.AUTO


def test_a_broker_that_is_killed_and_comes_back_is_told_everything_again(
    house: WebHome, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with BROKERS[-1]() as broker, telling(house, tmp_path, broker.port, commands=True) as telemetry:
        wait_for(lambda: telemetry.trouble is None, "connected")
        broker.stop()
        wait_for(lambda: "nothing is told there until it is" in caplog.text, "it is said")
        broker.start()
        with Listener(broker.port, "pv_heater/#") as peer:
            wait_for(lambda: {THERE, STATUS, HEATER, "pv_heater/plan"} <= {topic for topic, _ in peer.received}, "all")
            assert peer.text(THERE) == "online"
            assert peer.asked("loads/heater/mode/set", "off")["ok"]


def test_a_program_that_dies_is_offline_for_all_who_come_later(
    house: WebHome, broker: AmqttBroker | Mosquitto, tmp_path: Path
) -> None:
    with Listener(broker.port, "pv_heater/#") as peer, telling(house, tmp_path, broker.port) as telemetry:
        wait_for(lambda: peer.text(THERE) == "online", "it is there")
        client: Any = telemetry._link._client
        client._sock.shutdown(socket.SHUT_RDWR)  # as when the process ends: no word of goodbye
        wait_for(lambda: b"offline" in peer.payloads(THERE), "the last will")
        wait_for(lambda: peer.text(THERE) == "online", "and it is back")


@needs_mosquitto
def test_a_broker_that_hangs_costs_the_home_nothing(house: WebHome, tmp_path: Path) -> None:
    with Mosquitto() as broker, telling(house, tmp_path, broker.port, commands=True) as telemetry:
        wait_for(lambda: telemetry.trouble is None, "connected")
        broker.pause()
        watch = Stopwatch()
        for _ in range(5):
            house.tick()
        telemetry.stop()
        assert watch.took_s() < 1.0, "nobody waits for it"
        telemetry.close()
        assert watch.took_s() < GOODBYE_S + 5, "and its goodbye is short"
        broker.resume()


@needs_mosquitto
def test_a_broker_that_hung_at_the_end_says_offline_itself(house: WebHome, tmp_path: Path) -> None:
    """Nobody confirmed our last word, so we left without one: the last will is what counts."""
    with Mosquitto() as broker, Listener(broker.port, THERE) as peer:
        with telling(house, tmp_path, broker.port) as telemetry:
            wait_for(lambda: peer.text(THERE) == "online", "it is there")
            broker.pause()
            telemetry.close()
            broker.resume()
        wait_for(lambda: peer.text(THERE) == "offline", "its will")


@needs_mosquitto
def test_a_wrong_password_is_said_and_not_shown(
    house: WebHome, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    users = tmp_path / "users"
    subprocess.run(["mosquitto_passwd", "-c", "-b", str(users), "me", "right"], check=True)
    users.chmod(0o644)
    tmp_path.chmod(0o755)
    lines = ("allow_anonymous false", f"password_file {users}", "user root")
    with Mosquitto(lines=lines) as broker:
        with telling(house, tmp_path, broker.port, username="me", password=Secret("wrong-secret")):
            wait_for(lambda: "refuses us" in caplog.text, "it is said")
        with telling(house, tmp_path, broker.port, username="me", password=Secret("right")) as telemetry:
            wait_for(lambda: telemetry.trouble is None, "let in")
    assert "wrong-secret" not in caplog.text


def message(topic: str, payload: bytes) -> bytes:
    """As a broker sends it, not retained."""
    body = len(topic).to_bytes(2, "big") + topic.encode() + payload
    assert len(body) < 128
    return bytes((0x30, len(body))) + body


CONNECTED = b"\x20\x02\x00\x00"


def lying(*messages: bytes) -> RawServer:
    """Takes every connection as a broker does, and sends what nobody ordered."""

    def talk(connection: socket.socket, _number: int) -> None:
        connection.recv(1000)
        connection.sendall(CONNECTED + b"".join(messages))
        while connection.recv(10_000):
            pass

    return RawServer(talk)


def test_a_broker_that_sends_what_nobody_ordered_switches_nothing(house: WebHome, tmp_path: Path) -> None:
    orders = [message("pv_heater/off/set", b"1"), message("pv_heater/loads/heater/mode/set", b"off"),
              message("regul/mode", b'{"command": "unforce"}'), message("$SYS/x", b"1")]  # fmt: skip
    with lying(*orders) as broker, telling(house, tmp_path, broker.port) as telemetry:
        wait_for(lambda: telemetry.trouble is None, "connected")
        time.sleep(0.2)
        assert mode_of(house) is Mode.AUTO
        assert not any(output.trips for output in house.outputs)


def test_garbage_from_a_broker_ends_the_connection_and_no_more(
    house: WebHome, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with (
        lying(message("", b"1"), b"\x30" + b"\xff" * 50) as broker,
        telling(house, tmp_path, broker.port, commands=True),
    ):
        wait_for(lambda: broker.connections >= 2, "it tries again")
        assert mode_of(house) is Mode.AUTO


def test_a_broker_that_says_nothing_at_all_is_waited_for_by_nobody(house: WebHome, tmp_path: Path) -> None:
    def silent(connection: socket.socket, _number: int) -> None:
        connection.recv(1000)

    with RawServer(silent, keeps=True) as broker, telling(house, tmp_path, broker.port) as telemetry:
        wait_for(lambda: broker.connections, "it took the connection")
        watch = Stopwatch()
        house.tick()
        telemetry.stop()
        assert watch.took_s() < 1.0
        assert telemetry.trouble is not None


class Discovery:
    """A companion that announces one thing, and wants all again when somebody is born."""

    topics: Sequence[str] = ("birth/#",)

    def __init__(self) -> None:
        self.heards: list[tuple[str, bytes, bool]] = []

    def announcements(self) -> Sequence[tuple[str, bytes]]:
        return [("discovery/config", b"{}")]

    def heard(self, topic: str, payload: bytes, *, retained: bool) -> float | None:
        self.heards.append((topic, payload, retained))
        return 0.0 if payload == b"online" else None


class Counted(NewestDocument):
    """Counts how often somebody looks."""

    looks = 0

    def document(self) -> dict[str, Any]:
        self.looks += 1
        return super().document()


def test_a_flood_is_read_slowly_and_nothing_is_told_oftener(
    house: WebHome, broker: AmqttBroker | Mosquitto, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    document = Counted(house.home, time.monotonic)
    told = told_by(house.home, document, tmp_path)
    began_s = time.monotonic()
    with (
        Listener(broker.port, ANSWER) as peer,
        telling(house, tmp_path, broker.port, after := Discovery(), told=told, commands=True) as telemetry,
    ):
        wait_for(lambda: telemetry.trouble is None, "connected")
        for _ in range(HEARD_AT_ONCE * 2):
            peer.publish("pv_heater/loads/heater/force_min/set", "5")
        peer.publish("birth/after", "the flood")
        wait_for(lambda: after.heards, "all of it was read")
        wait_for(lambda: peer.payloads(ANSWER), "an answer")
        assert "sends more than can be read" in caplog.text
        assert len([text for text in caplog.messages if "too many commands" in text]) == 1
    assert document.looks <= 3 + (time.monotonic() - began_s) / LOOK_S


class Broken(Discovery):
    """One that fails at everything."""

    def announcements(self) -> Sequence[tuple[str, bytes]]:
        raise KeyError("nothing to announce")


def test_others_speak_over_the_same_connection(house: WebHome, broker: AmqttBroker | Mosquitto, tmp_path: Path) -> None:
    discovery = Discovery()
    with (
        Listener(broker.port, "pv_heater/#", "discovery/#") as peer,
        telling(house, tmp_path, broker.port, Broken(), discovery),
    ):
        wait_for(lambda: peer.payloads("pv_heater/plan"), "all was told")
        topics = [topic for topic, _ in peer.received]
        assert topics.index("discovery/config") < topics.index(STATUS), "announced before the states"
        peer.publish("birth/here", "online")
        wait_for(lambda: len(peer.payloads("discovery/config")) == 2, "announced again")
        wait_for(lambda: len(peer.payloads("pv_heater/plan")) == 2, "and all else")
        assert discovery.heards == [("birth/here", b"online", False)]


def test_a_load_that_is_gone_is_taken_back(broker: AmqttBroker | Mosquitto, tmp_path: Path) -> None:
    with Listener(broker.port, "pv_heater/#") as peer:
        for loads in (["heater", "attic"], ["heater"]):
            rows = [{"name": name, "type": "dry_run", "max_power_w": 800} for name in loads]
            house = WebHome(loads=rows)
            house.tick()
            with telling(house, tmp_path, broker.port):
                wait_for(lambda: peer.text(THERE) == "online", "it is there")
                wait_for(lambda loads=loads: len(peer.payloads("pv_heater/plan")) == 3 - len(loads), "all was told")
            wait_for(lambda: peer.text(THERE) == "offline", "it is gone")
        assert peer.payloads("pv_heater/loads/attic")[-1] == b""


def test_every_message_is_json_without_nan(house: WebHome, broker: AmqttBroker | Mosquitto, tmp_path: Path) -> None:
    def no_number(word: str) -> float:
        raise AssertionError(word)

    with Listener(broker.port, "pv_heater/#") as peer, telling(house, tmp_path, broker.port):
        wait_for(lambda: peer.payloads("pv_heater/plan"), "all was told")
        for topic, payload in peer.received:
            if topic != THERE:
                json.loads(payload, parse_constant=no_number)


def test_nothing_changes_and_little_is_said(
    house: WebHome, broker: AmqttBroker | Mosquitto, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    with Listener(broker.port, "pv_heater/#") as peer, telling(house, tmp_path, broker.port):
        wait_for(lambda: peer.payloads("pv_heater/plan"), "all was told")
        count = len(peer.received)
        time.sleep(1.3)
        assert len(peer.received) == count, "what grows older is no news"
    assert len([text for text in caplog.messages if text.startswith("mqtt:")]) == 1


def test_check_asks_the_broker_and_leaves_nothing_there(broker: AmqttBroker | Mosquitto) -> None:
    with Listener(broker.port, "pv_heater/#") as peer:
        said = ask_broker(Mqtt(host="127.0.0.1", port=broker.port))
        assert (
            said == f"the broker at 127.0.0.1:{broker.port} answers; it is told below pv_heater, and commands nothing"
        )
        peer.publish("pv_heater/mark", "1")
        wait_for(lambda: peer.received, "the mark")
        assert peer.received == [("pv_heater/mark", b"1")]
    with pytest.raises(Unreachable, match="cannot be reached"):
        ask_broker(Mqtt(host="127.0.0.1", port=free_port()))
