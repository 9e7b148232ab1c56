"""A temperature sensor of a GX device, on a real broker."""

import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from bench.doubles.gx_mqtt import GxPeer
from pv_heater.errors import BadReply, SourceError, Unreachable
from pv_heater.io.system.clock import SystemClock
from pv_heater.ports import Tools
from pv_heater.run.sources import LoadTemperatures
from pv_heater.victron.mqtt.conversation import GxPace
from pv_heater.victron.mqtt.store import GxPicture
from pv_heater.victron.temperature import GxSensor, instance_of_tank, temperature_of
from tests.mqtt_brokers import AmqttBroker, wait_for
from tests.source_tools import GRAZ, no_pins
from tests.waiting import Stopwatch

FAST = GxPace(remind_s=2.5, full_s=18.0, retry_s=0.2, old_life_s=0.5, silence_s=1.0, renew_s=0.25)
TANK = {"temperature/24/Temperature": 48.5, "temperature/24/Status": 0, "temperature/24/TemperatureType": 5}
ROOM = {"temperature/25/Temperature": 21.0, "temperature/25/Status": 0, "temperature/25/TemperatureType": 3}


@pytest.fixture
def broker() -> Iterator[AmqttBroker]:
    with AmqttBroker() as running:
        yield running


@pytest.fixture
def build(broker: AmqttBroker, tmp_path: Path) -> Iterator[Callable[..., GxSensor]]:
    made: list[GxSensor] = []

    def make(**settings: Any) -> GxSensor:
        tools = Tools(clock=SystemClock(), site=GRAZ, state_dir=tmp_path, pins=no_pins)
        made.append(GxSensor(GxSensor.Settings(host="127.0.0.1", port=broker.port, **settings), tools, pace=FAST))
        return made[-1]

    yield make
    for sensor in made:
        sensor.close()
        sensor.close()


@pytest.mark.parametrize("old", [False, True], ids=["Venus OS 3", "before 3.20"])
def test_the_only_sensor_is_read_and_confirmed_while_nothing_changes(broker: Any, build: Any, old: bool) -> None:
    with GxPeer(broker.port, TANK, speed=10, old=old):
        sensor = build()
        assert sensor.read() == 48.5
        watch = Stopwatch()
        assert sensor.read() == 48.5
        assert watch.took_s() < 2


def test_a_change_is_read_at_once(broker: Any, build: Any) -> None:
    with GxPeer(broker.port, TANK, speed=10) as device:
        temperatures = LoadTemperatures({"boiler": build()}, time.monotonic)
        temperatures.start()
        wait_for(lambda: temperatures.latest() == {"boiler": 48.5}, "the first value")
        device.set({"temperature/24/Temperature": 52.0})
        assert wait_for(lambda: temperatures.latest() == {"boiler": 52.0}, "the change") < 0.5
        temperatures.close()


def test_a_sensor_that_leaves_is_lost_and_back(broker: Any, build: Any) -> None:
    with GxPeer(broker.port, TANK | ROOM, speed=10) as device:
        sensor = build(instance=24)
        assert sensor.read() == 48.5
        device.remove("temperature/24")
        with pytest.raises(Unreachable, match="temperature sensor 24 of the GX device has left"):
            wait_for(lambda: sensor.read() is None, "it raises")
        device.set(TANK)
        values: list[float] = []

        def came() -> list[float]:
            with suppress(SourceError):
                values.append(sensor.read())
            return values

        wait_for(came, "it is back")
        assert values == [48.5]


def test_a_device_that_falls_silent_is_told(broker: Any, build: Any) -> None:
    with GxPeer(broker.port, TANK, speed=10) as device:
        sensor = build()
        assert sensor.read() == 48.5
        device.hang()
        device.heartbeats = False
        with pytest.raises(Unreachable, match="silent"):
            wait_for(lambda: sensor.read() is None, "it raises")


def picture(values: dict[str, object], *gone: str) -> GxPicture:
    return GxPicture(values=values, gone=frozenset(gone))


WRONG: dict[str, tuple[dict[str, object], type[SourceError], str]] = {
    "disconnected": (TANK | {"temperature/24/Status": 1}, BadReply, "is disconnected"),
    "short": (TANK | {"temperature/24/Status": 2}, BadReply, "is short-circuited"),
    "reversed": (TANK | {"temperature/24/Status": 3}, BadReply, "connected the wrong way round"),
    "unknown": (TANK | {"temperature/24/Status": 4}, BadReply, "of unknown state"),
    "a status of text": (TANK | {"temperature/24/Status": "bad"}, BadReply, "is faulty (status 'bad'"),
    "null": (TANK | {"temperature/24/Temperature": None}, BadReply, "says nothing"),
    "text": (TANK | {"temperature/24/Temperature": "hot"}, BadReply, "says 'hot'"),
    "NaN": (TANK | {"temperature/24/Temperature": float("nan")}, BadReply, "says nan"),
    "1e9": (TANK | {"temperature/24/Temperature": 1e9}, BadReply, "no probe can measure"),
    "sign flipped": (TANK | {"temperature/24/Temperature": -48.5}, BadReply, "no probe can measure"),
    "a list": (TANK | {"temperature/24/Temperature": [48.5]}, BadReply, "says a list"),
    "another sensor": (ROOM, Unreachable, "24 of the GX device is not there; there is 25"),
}


@pytest.mark.parametrize(("values", "kind", "says"), WRONG.values(), ids=WRONG)
def test_what_is_no_temperature_is_refused(values: dict[str, object], kind: type[SourceError], says: str) -> None:
    with pytest.raises(kind) as caught:
        temperature_of(picture(values), 24)
    assert says in str(caught.value)


def sensor_values(instance: int, place: object) -> dict[str, object]:
    return {f"temperature/{instance}/Temperature": 20.0, f"temperature/{instance}/TemperatureType": place}


@pytest.mark.parametrize(
    ("values", "says"),
    [
        ({}, "shows no temperature sensor"),
        (ROOM, "(25), but not exactly one of type water heater"),
        ({**TANK, **sensor_values(26, 5)}, "(24, 26), but not exactly one"),
        ({**sensor_values(24, 2), **sensor_values(26, None)}, "(24, 26), but not exactly one"),
    ],
    ids=["none", "only a room", "two tanks", "two without a place"],
)
def test_a_tank_that_cannot_be_told_from_the_rest_is_not_guessed(values: dict[str, object], says: str) -> None:
    with pytest.raises(SourceError) as caught:
        instance_of_tank(values)
    assert says in str(caught.value)


def test_the_only_water_heater_is_found_among_others() -> None:
    assert instance_of_tank(TANK | ROOM | sensor_values(26, 2)) == 24
    assert instance_of_tank(ROOM | sensor_values(26, 2)) == 26


def test_a_sensor_without_a_status_or_with_a_low_battery_is_believed() -> None:
    assert temperature_of(picture(TANK | {"temperature/24/Status": 5}), 24) == 48.5
    assert temperature_of(picture({"temperature/24/Temperature": 48.5}), 24) == 48.5


def test_the_rooms_sensor_does_not_stand_in_for_a_tanks_that_left(broker: Any, build: Any) -> None:
    generic = {**TANK, "temperature/24/TemperatureType": 2}
    with GxPeer(broker.port, generic, speed=10) as device:
        sensor = build()
        assert sensor.read() == 48.5
        device.remove("temperature/24")
        device.set(sensor_values(26, 2))
        with pytest.raises(Unreachable, match="temperature sensor 24 of the GX device has left"):
            wait_for(lambda: sensor.read() is None, "it raises")
