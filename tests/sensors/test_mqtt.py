"""A temperature over MQTT, through real brokers."""

import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from pv_heater.errors import AuthRejected, BadReply, SourceError, Unreachable
from pv_heater.io.net.json_path import JsonPath
from pv_heater.io.system.clock import SystemClock
from pv_heater.ports import Tools
from pv_heater.run.sources import LoadTemperatures
from pv_heater.sensors.mqtt import MqttSensor, value_in
from pv_heater.sensors.values import tank_c
from tests.mqtt_brokers import BROKERS, MOSQUITTO, AmqttBroker, Mosquitto, Peer, free_port, wait_for
from tests.source_tools import GRAZ, no_pins
from tests.waiting import Stopwatch

TOPIC = "tele/boiler/SENSOR"
MESSAGE = '{"Time": "1970-01-01T00:00:10", "DS18B20": {"Temperature": 48.6}, "TempUnit": "C"}'
TASMOTA = {"path": "DS18B20.Temperature"}


@pytest.fixture(params=BROKERS, ids=lambda kind: kind.__name__)
def broker(request: pytest.FixtureRequest) -> Iterator[AmqttBroker | Mosquitto]:
    with request.param() as running:
        yield running


@pytest.fixture
def build(tmp_path: Path) -> Iterator[Callable[..., MqttSensor]]:
    """Makes sensors and closes them."""
    made: list[MqttSensor] = []

    def make(port: int, **settings: Any) -> MqttSensor:
        tools = Tools(clock=SystemClock(), site=GRAZ, state_dir=tmp_path, pins=no_pins)
        made.append(MqttSensor(MqttSensor.Settings(host="127.0.0.1", port=port, topic=TOPIC, **settings), tools))
        return made[-1]

    yield make
    for sensor in made:
        sensor.close()
        sensor.close()


class Reader:
    """Reads on a thread of its own, again and again, and keeps what came."""

    def __init__(self, sensor: MqttSensor) -> None:
        self.values: list[float] = []
        self.errors: list[SourceError] = []
        self._sensor = sensor
        self._stopping = False
        threading.Thread(target=self._run, daemon=True).start()

    def __enter__(self) -> "Reader":
        return self

    def __exit__(self, *_: object) -> None:
        self._stopping = True

    def _run(self) -> None:
        while not self._stopping:
            try:
                self.values.append(self._sensor.read())
            except SourceError as error:
                self.errors.append(error)


def say_until(peer: Peer, payload: str | bytes, came: Callable[[], Any]) -> None:
    """Publish until it came: the first messages may be earlier than the subscription."""
    wait_for(lambda: peer.publish(TOPIC, payload) or came(), "the message came")


def test_a_message_is_a_temperature_within_milliseconds(broker: Any, build: Any) -> None:
    with Peer(broker.port) as peer, Reader(build(broker.port, **TASMOTA)) as reader:
        say_until(peer, MESSAGE, lambda: reader.values)
        assert reader.values[0] == 48.6
        delays_s = []
        for temperature_c in range(50, 60):
            watch = Stopwatch()
            peer.publish(TOPIC, MESSAGE.replace("48.6", str(temperature_c)))
            wait_for(lambda expected=temperature_c: reader.values[-1] == expected, "the value came")
            delays_s.append(watch.took_s())
        assert sorted(delays_s)[5] < 0.1


def test_what_the_broker_had_kept_is_no_temperature(build: Any) -> None:
    """A broker that remembers yesterday's value of a sensor that is dead."""
    with AmqttBroker() as broker, Peer(broker.port) as peer:
        peer.publish(TOPIC, "48.6", retain=True)
        with pytest.raises(Unreachable, match=r"nothing has come at tele/boiler/SENSOR .* set max_age_s"):
            build(broker.port, max_age_s=0.5).read()


def test_a_value_published_to_be_kept_is_taken_when_it_is_new(broker: Any, build: Any) -> None:
    with Peer(broker.port) as peer, Reader(build(broker.port)) as reader:
        wait_for(lambda: peer.publish(TOPIC, "48.6", retain=True) or reader.values, "the message came")
        assert reader.values[0] == 48.6


@pytest.mark.parametrize("payload", ["unavailable", "null", "", "99.9"])
def test_a_sensor_that_says_it_is_lost_raises_at_once(build: Any, payload: str) -> None:
    with AmqttBroker() as broker, Peer(broker.port) as peer, Reader(build(broker.port, lost=(99.9,))) as reader:
        say_until(peer, "48.6", lambda: reader.values)
        peer.publish(TOPIC, payload)
        wait_for(lambda: reader.errors, "it is told")
        assert isinstance(reader.errors[0], BadReply)


def test_a_sensor_that_says_it_is_lost_counts_half_a_minute_whatever_its_limit(build: Any) -> None:
    with AmqttBroker() as broker, Peer(broker.port) as peer:
        sensor = build(broker.port, max_age_s=4500)
        with Reader(sensor) as reader:
            say_until(peer, "48.6", lambda: reader.values)
            assert sensor.max_age_s == 4500
            peer.publish(TOPIC, "unavailable")
            wait_for(lambda: reader.errors, "it is told")
            assert sensor.max_age_s == 30
            peer.publish(TOPIC, "50")
            wait_for(lambda: reader.values[-1] == 50, "it is back")
            assert sensor.max_age_s == 4500


def test_a_broker_that_is_not_there_is_told_and_found_when_it_comes(build: Any) -> None:
    port = free_port()
    sensor = build(port, max_age_s=0.5)
    with pytest.raises(Unreachable, match=rf"the broker at 127.0.0.1:{port} "):
        sensor.read()
    with AmqttBroker(port) as broker, Peer(broker.port) as peer, Reader(sensor) as reader:
        say_until(peer, "48.6", lambda: reader.values)


def test_a_broker_that_restarts_costs_no_more_than_it_takes(broker: Any, build: Any) -> None:
    with Reader(build(broker.port)) as reader:
        with Peer(broker.port) as peer:
            say_until(peer, "48.6", lambda: reader.values)
        broker.stop()
        broker.start()
        with Peer(broker.port) as peer:
            say_until(peer, "50.0", lambda: reader.values[-1] == 50.0)
        assert not reader.errors


@pytest.mark.skipif(MOSQUITTO is None, reason="mosquitto is not installed")
def test_a_broker_that_refuses_us_is_told(build: Any) -> None:
    refused = pytest.raises(AuthRejected, match="check username and password")
    with Mosquitto(lines=("allow_anonymous false",)) as broker, refused:
        build(broker.port, max_age_s=2).read()


def test_a_flood_is_read_by_its_newest_and_does_not_grow(broker: Any, build: Any) -> None:
    temperatures = LoadTemperatures({"boiler": build(broker.port)}, time.monotonic)
    temperatures.start()
    with Peer(broker.port) as peer:
        say_until(peer, "20", temperatures.latest)
        for number in range(1000):
            peer.publish(TOPIC, f"{20 + number / 50:.2f}")
        peer.publish(TOPIC, "61.5")
        wait_for(lambda: temperatures.latest() == {"boiler": 61.5}, "the newest is read")
    temperatures.close()


PAYLOADS = {
    "nothing": b"",
    "unavailable": b"unavailable",
    "null": b"null",
    "truncated": b'{"Temperature": 48.',
    "no UTF-8": b"\xff\xfe48.6",
    "a list": b"[48.6]",
    "a group": b'{"Temperature": {"value": 48.6}}',
    "another key": b'{"temp": 48.6}',
    "NaN": b'{"Temperature": NaN}',
    "brackets": b"[" * 50_000,
    "endless digits": b"9" * 60_000,
    "many digits": b"9" * 4000,
    "too long": b" " * 70_000 + b"48.6",
}


@pytest.mark.parametrize("payload", PAYLOADS.values(), ids=PAYLOADS)
@pytest.mark.parametrize("path", ["$", "Temperature", "a[0].b", ";1"])
def test_a_payload_that_is_no_temperature_raises_nothing_but_bad_reply(payload: bytes, path: str) -> None:
    with pytest.raises(BadReply, match="the sensor") as caught:
        tank_c(value_in(payload, JsonPath.parse(path), "the sensor"), "the sensor")
    assert len(str(caught.value)) < 600


def test_plain_text_and_json_are_both_read() -> None:
    assert value_in(b"48.6", JsonPath.parse("$"), "it") == 48.6
    assert value_in(b"boiler;48.6;C", JsonPath.parse(";1"), "it") == "48.6"
    assert value_in(MESSAGE.encode(), JsonPath.parse("DS18B20.Temperature"), "it") == 48.6


def test_the_age_limit_follows_the_pace_of_the_messages(build: Any) -> None:
    with AmqttBroker() as broker, Peer(broker.port) as peer:
        sensor = build(broker.port)
        assert sensor.max_age_s == 180
        with Reader(sensor) as reader:
            say_until(peer, "48.6", lambda: len(reader.values) > 1)
        assert sensor.max_age_s == 30


def test_at_a_topic_that_many_share_only_the_own_device_counts(build: Callable[..., MqttSensor]) -> None:
    with AmqttBroker() as broker, Peer(broker.port) as peer:
        sensor = build(broker.port, path="temp", idx="359")
        with Reader(sensor) as reader:

            def publish() -> list[float]:
                for idx, degrees in ((12, 20.0), (359, 48.5), (3590, 21.0)):
                    peer.publish(TOPIC, f'{{"idx": {idx}, "temp": {degrees}}}')
                return reader.values

            wait_for(publish, "a value")
            assert set(reader.values) == {48.5}
            assert reader.errors == []
