"""The mqtt meter at real brokers: what it reads, and everything a device or a broker can do wrong."""

from __future__ import annotations

import json
import logging
import threading
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any, Self

import pytest

from pv_heater.controller import Controller
from pv_heater.core.model.setting import Secret, SettingProblem
from pv_heater.core.model.values import Reading
from pv_heater.errors import BadReply, SourceError, Unreachable
from pv_heater.meters.mqtt import MqttMeter, MqttValue, MqttValues
from tests.mqtt_brokers import BROKERS, AmqttBroker, Peer, free_port, wait_for
from tests.source_tools import HandClock, tools_for
from tests.waiting import WITHIN_S, Stopwatch

each_broker = pytest.mark.parametrize("kind", BROKERS, ids=lambda kind: kind.__name__)

PV, USE = "smeter/pzem/PRODUCTION", "smeter/pzem/CONSOMMATION"
PAIR = MqttValues(pv_w=(MqttValue(topic=PV, path="power"),), consumption_w=(MqttValue(topic=USE, path="power"),))


class CountingMeter(MqttMeter):
    """Also tells how many messages it has taken."""

    taken = 0

    def _take(self, topic: str, payload: bytes) -> None:
        super()._take(topic, payload)
        self.taken += 1


class Reader:
    """A meter, and a thread that reads it as the program's worker does."""

    def __init__(
        self, port: int, state_dir: Path, values: MqttValues = PAIR, clock: HandClock | None = None, **broker: Any
    ) -> None:
        self.clock = clock or HandClock()
        settings = MqttMeter.Settings(host="127.0.0.1", port=port, values=values, **broker)
        self.meter = CountingMeter(settings, tools_for(state_dir, clock=self.clock), look_s=0.02)
        self.readings: list[Reading] = []
        self.errors: list[SourceError] = []
        self._closing = False
        self._thread = threading.Thread(target=self._run, daemon=True)

    def _run(self) -> None:
        while not self._closing:
            try:
                self.readings.append(self.meter.read())
            except SourceError as error:
                self.errors.append(error)
                time.sleep(0.01)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._closing = True
        self.meter.close()
        self._thread.join(5)
        assert not self._thread.is_alive(), "close must end a read that waits"

    @property
    def last(self) -> Reading:
        return self.readings[-1]

    def await_reading(self, wanted: Callable[[Reading], bool], publish: Callable[[], None] | None = None) -> Reading:
        """The newest reading once it is as `wanted`; `publish` is repeated, as a subscription takes its time."""

        def arrived() -> bool:
            if publish is not None:
                publish()
            return bool(self.readings) and wanted(self.last)

        wait_for(arrived, "the reading")
        if publish is not None:
            self._await_quiet()
        return self.last

    def await_error(self) -> SourceError:
        wait_for(lambda: self.errors, "an error")
        return self.errors[-1]

    def _await_quiet(self) -> None:
        """Until what was sent too often has come: no message for a while."""
        seen, since_s = self.meter.taken, time.monotonic()
        while time.monotonic() - since_s < 0.15:
            if self.meter.taken != seen:
                seen, since_s = self.meter.taken, time.monotonic()
            time.sleep(0.01)


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    with AmqttBroker() as broker:
        yield broker.port


@pytest.fixture
def peer(port: int) -> Iterator[Peer]:
    with Peer(port) as peer:
        yield peer


def power(watts: Any) -> str:
    return json.dumps({"power": watts})


def both(peer: Peer, pv_w: float, use_w: float) -> Callable[[], None]:
    def publish() -> None:
        peer.publish(PV, power(pv_w))
        peer.publish(USE, power(use_w))

    return publish


def said(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in caplog.records if record.name.startswith("pv_heater")]


@each_broker
def test_two_meters_make_one_reading(kind: type[AmqttBroker], tmp_path: Path) -> None:
    with kind() as broker, Peer(broker.port) as peer, Reader(broker.port, tmp_path) as reader:
        reading = reader.await_reading(lambda got: got.pv_w == 2000, both(peer, 2000, 300))
        assert (reading.consumption_w, reading.grid_w, reading.source) == (300.0, None, "mqtt")
        assert reading.taken_at == reader.clock.now()


def test_a_message_becomes_a_reading_within_milliseconds(port: int, peer: Peer, tmp_path: Path) -> None:
    values = MqttValues(grid_w=(MqttValue(topic="quick/grid"),))
    with Reader(port, tmp_path, values) as reader:
        reader.await_reading(lambda got: got.grid_w == 0, lambda: peer.publish("quick/grid", "0"))
        waits_s = []
        for watts in range(1, 51):
            reader.clock.advance(1)
            watch = Stopwatch()
            peer.publish("quick/grid", str(watts))
            while reader.last.grid_w != watts:
                assert time.monotonic() - watch.began_s < WITHIN_S
                time.sleep(0.0002)
            waits_s.append(watch.took_s())
        assert sorted(waits_s)[25] < 0.05


def test_a_pair_is_dated_by_its_older_half_and_is_new_only_when_both_are(port: int, peer: Peer, tmp_path: Path) -> None:
    with Reader(port, tmp_path) as reader:
        reader.await_reading(lambda got: got.pv_w == 1, both(peer, 1, 1))
        taken = reader.meter.taken
        reader.clock.advance(2)
        peer.publish(PV, power(1000))
        wait_for(lambda: reader.meter.taken > taken, "it was taken")
        time.sleep(0.05)
        assert (reader.last.pv_w, reader.last.consumption_w) == (1.0, 1.0), "half a pair is nothing new"
        reader.clock.advance(0.5)
        peer.publish(USE, power(500))
        reading = reader.await_reading(lambda got: got.consumption_w == 500)
        assert (reading.pv_w, reader.clock.now() - reading.taken_at) == (1000.0, timedelta(seconds=0.5))


def test_the_pace_is_the_observed_one(port: int, peer: Peer, tmp_path: Path) -> None:
    values = MqttValues(grid_w=(MqttValue(topic="pace/grid"),))
    with Reader(port, tmp_path, values) as reader:
        reader.await_reading(lambda got: got.grid_w == 0, lambda: peer.publish("pace/grid", "0"))
        for watts in range(1, 8):
            reader.clock.advance(5)
            peer.publish("pace/grid", str(watts))
            reader.await_reading(lambda got, watts=watts: got.grid_w == watts)  # type: ignore[misc]
        assert reader.last.interval_s == 5.0


def test_units_scales_phases_and_one_topic_for_several_values(port: int, peer: Peer, tmp_path: Path) -> None:
    values = MqttValues(
        grid_phase_w=tuple(MqttValue(topic="many/grid", path=f"l[{phase}]", unit="kW", scale=-1) for phase in range(3)),
        battery_w=(MqttValue(topic="many/battery", path="w"),),
        battery_soc_percent=(MqttValue(topic="many/battery", path="soc"),),
    )

    def publish() -> None:
        peer.publish("many/grid", '{"l": [0.1, 0.2, -1]}')
        peer.publish("many/battery", '{"w": -50, "soc": "77.5"}')

    with Reader(port, tmp_path, values) as reader:
        reading = reader.await_reading(lambda got: got.grid_w is not None, publish)
        assert reading.grid_phase_w == (-100.0, -200.0, 1000.0)
        assert (reading.grid_w, reading.battery_w, reading.battery_soc_percent) == (700.0, -50.0, 77.5)


@each_broker
def test_what_a_broker_had_kept_is_not_fresh(kind: type[AmqttBroker], tmp_path: Path) -> None:
    with kind() as broker, Peer(broker.port, PV, USE) as peer:
        for topic in (PV, USE):
            peer.publish(topic, power(9999), retain=True)
        wait_for(lambda: len(peer.received) == 2, "the broker has both")
        with Reader(broker.port, tmp_path) as reader:
            wait_for(lambda: reader.meter._retained, "the broker has told what it kept")
            reader.clock.advance(11)
            error = reader.await_error()
            assert isinstance(error, Unreachable)
            assert "has sent nothing for 11 s" in str(error)
            assert "what it had kept from before is of no known age and does not count" in str(error)
            for topic in (PV, USE):
                peer.publish(topic, power(5), retain=True)
            assert reader.await_reading(lambda got: got.pv_w == 5), "published now, it counts, kept or not"


BAD_PAYLOADS: dict[str, str | bytes] = {
    "truncated": '{"power": 12',
    "empty": "",
    "null": '{"power": null}',
    "a word": '{"power": "unavailable"}',
    "a truth": '{"power": true}',
    "a list": '{"power": [12]}',
    "another key": '{"watts": 12}',
    "NaN": '{"power": NaN}',
    "1e9 W": '{"power": 1e9}',
    "a sign flipped into a wrapped register": '{"power": 4294967176}',
    "no UTF-8": b"\xff\xfe\x00",
    "100 kB": b"9" * 100_000,
    "very deep": "[" * 60_000,
}


@pytest.mark.parametrize("case", BAD_PAYLOADS)
def test_a_bad_payload_is_one_clear_line_and_leaves_no_value(
    port: int, peer: Peer, tmp_path: Path, case: str, caplog: pytest.LogCaptureFixture
) -> None:
    with Reader(port, tmp_path) as reader:
        reader.await_reading(lambda got: got.pv_w == 1, both(peer, 1, 1))
        for _ in range(3):
            peer.publish(PV, BAD_PAYLOADS[case])
        wait_for(lambda: said(caplog), "a line")
        reader.clock.advance(31)
        peer.publish(USE, power(2))
        reading = reader.await_reading(lambda got: got.consumption_w == 2)
        assert reading.pv_w is None, "the value from before has passed its age limit"
        lines = [line for line in said(caplog) if "nothing usable came" not in line]
        assert len(lines) == 1
        assert lines[0].startswith(f"mqtt: pv_w: {PV}: ")
        assert lines[0].endswith("; it is left out.")
        assert len(lines[0]) < 400
        both(peer, 7, 7)()
        reader.await_reading(lambda got: got.pv_w == 7)


def test_when_all_that_comes_is_bad_the_error_says_what_came(port: int, peer: Peer, tmp_path: Path) -> None:
    with Reader(port, tmp_path) as reader:
        wait_for(lambda: peer.publish(PV, '{"watts": 3}') or reader.meter._problem is not None, "it was heard")
        reader.clock.advance(11)
        error = reader.await_error()
        assert isinstance(error, BadReply)
        assert "pv_w: smeter/pzem/PRODUCTION: there is no power in what came, only watts" in str(error)


def test_a_device_whose_clock_says_1970_does_not_date_the_reading(port: int, peer: Peer, tmp_path: Path) -> None:
    payload = '{"Time": "1970-01-01T00:00:09", "power": 3}'
    with Reader(port, tmp_path) as reader:
        reading = reader.await_reading(
            lambda got: got.pv_w == 3, lambda: peer.publish(PV, payload) or peer.publish(USE, payload)
        )
        assert reading.taken_at == reader.clock.now()


def test_two_devices_at_one_topic_give_the_newest_value_and_no_more(port: int, peer: Peer, tmp_path: Path) -> None:
    values = MqttValues(grid_w=(MqttValue(topic="twins/grid"),))
    with Peer(port) as other, Reader(port, tmp_path, values) as reader:
        reader.await_reading(lambda got: got.grid_w == 1, lambda: peer.publish("twins/grid", "1"))
        reader.clock.advance(1)
        other.publish("twins/grid", "2")
        assert reader.await_reading(lambda got: got.grid_w == 2).taken_at == reader.clock.now()


def test_at_a_topic_that_many_share_only_the_own_device_counts(port: int, peer: Peer, tmp_path: Path) -> None:
    values = MqttValues(
        grid_w=(MqttValue(topic="domoticz/out", path="svalue1", idx="359"),),
        pv_w=(MqttValue(topic="domoticz/out", path="svalue1", idx="360"),),
    )
    with Reader(port, tmp_path, values) as reader:

        def publish() -> None:
            for idx, watts in ((359, 100), (360, 2000), (36, 7), (3590, 8)):
                peer.publish("domoticz/out", f'{{"idx": {idx}, "svalue1": "{watts}"}}')
            peer.publish("domoticz/out", "9")

        assert reader.await_reading(lambda got: got.grid_w is not None, publish).pv_w == 2000
        assert reader.last.grid_w == 100


def test_a_flood_of_messages_is_survived_and_the_last_one_counts(port: int, peer: Peer, tmp_path: Path) -> None:
    values = MqttValues(grid_w=(MqttValue(topic="flood/grid", path="power"),))
    with Reader(port, tmp_path, values) as reader:
        reader.await_reading(lambda got: got.grid_w == 0, lambda: peer.publish("flood/grid", power(0)))
        cpu_s, taken = time.process_time(), reader.meter.taken
        for watts in range(1, 1001):
            reader.clock.advance(0.001)
            peer.publish("flood/grid", power(watts) if watts % 2 == 0 else f'{{"power": "garbage {watts}"}}')
        wait_for(lambda: reader.meter.taken == taken + 1000, "all was taken")
        reader.clock.advance(1)
        peer.publish("flood/grid", power(-7))
        reader.await_reading(lambda got: got.grid_w == -7)
        assert time.process_time() - cpu_s < 5
        assert len(reader.meter._said._said) == 1, "a thousand kinds of garbage are remembered as one"


def test_without_the_battery_that_is_measured_there_is_no_reading(port: int, peer: Peer, tmp_path: Path) -> None:
    values = MqttValues(grid_w=(MqttValue(topic="lost/grid"),), battery_w=(MqttValue(topic="lost/battery"),))
    with Reader(port, tmp_path, values) as reader:

        def publish() -> None:
            peer.publish("lost/battery", "100")
            peer.publish("lost/grid", "-5")

        reader.await_reading(lambda got: got.grid_w == -5, publish)
        reader.clock.advance(31)
        lost_at = reader.clock.now()

        def is_named() -> bool:
            """The grid goes on being heard, and time goes on, whenever the reader may have begun to wait."""
            taken = reader.meter.taken
            peer.publish("lost/grid", "-6")
            wait_for(lambda: reader.meter.taken > taken, "it was taken")
            reader.clock.advance(3)
            return any(str(error).endswith("s at lost/battery") for error in reader.errors)

        wait_for(is_named, "the battery is named")
        assert all(reading.taken_at < lost_at for reading in reader.readings)


def test_a_broker_that_is_not_there_is_said_and_awaited(tmp_path: Path) -> None:
    port = free_port()
    with Reader(port, tmp_path) as reader:
        wait_for(lambda: reader.meter._link.trouble == "cannot be reached: Connection refused", "tried")
        reader.clock.advance(11)
        assert str(reader.await_error()) == f"the broker at 127.0.0.1:{port} cannot be reached: Connection refused"
        with AmqttBroker(port), Peer(port) as peer:
            reader.await_reading(lambda got: got.pv_w == 4, both(peer, 4, 4))


@each_broker
def test_a_broker_that_goes_is_said_and_its_return_heals(kind: type[AmqttBroker], tmp_path: Path) -> None:
    with kind() as broker, Reader(broker.port, tmp_path) as reader:
        with Peer(broker.port) as peer:
            reader.await_reading(lambda got: got.pv_w == 1, both(peer, 1, 1))
        broker.stop()
        wait_for(lambda: reader.meter._link.trouble is not None, "noticed")
        reader.clock.advance(11)
        assert isinstance(reader.await_error(), Unreachable)
        count = len(reader.readings)
        broker.start()
        with Peer(broker.port) as peer:
            reader.await_reading(lambda got: got.pv_w == 2, both(peer, 2, 2))
        assert len(reader.readings) > count


def test_building_needs_no_broker_and_closing_may_be_repeated(tmp_path: Path) -> None:
    settings = MqttMeter.Settings(host="no.such.host.invalid", password=Secret("sesame"), values=PAIR)
    meter = MqttMeter(settings, tools_for(tmp_path))
    meter.close()
    meter.close()
    with pytest.raises(Unreachable, match="closed"):
        meter.read()
    assert "sesame" not in repr(settings)


@pytest.mark.parametrize("topic", ["", "a/#", "a/+/b"])
def test_a_topic_that_is_none_is_refused(topic: str) -> None:
    check = MqttValue.__dataclass_fields__["topic"].metadata["check"]
    with pytest.raises(SettingProblem, match="one whole topic"):
        check(topic)


# What the balancer before this program got wrong.


def heating_controller() -> Controller:
    """A home without battery, one heater of 2 kW, off the clock's business."""
    return Controller.from_config(
        {
            "limits": {"daylight": {"from": "00:00", "to": "23:59"}, "min_battery_percent": 0},
            "site": {"feed_in": "true", "latitude": 47.05, "longitude": 15.44},
            "strategy": {"type": "balance"},
            "meter": {"preset": "pzem_power", "host": "127.0.0.1"},
            "loads": [{"name": "ecs", "type": "dry_run", "max_power_w": 2000, "min_on_s": 0, "min_off_s": 0}],
        }
    )


@pytest.mark.parametrize("silent", [{PV, USE}, {PV}, {USE}], ids=["both", "production", "consumption"])
def test_defect_with_meters_silent_the_loads_stayed_on(
    port: int, peer: Peer, tmp_path: Path, silent: set[str], caplog: pytest.LogCaptureFixture
) -> None:
    """The balancer decided only when a message came: with both meters silent for an hour it heated on."""
    controller = heating_controller()
    with Reader(port, tmp_path) as reader:
        reader.await_reading(lambda got: got.pv_w == 3000, both(peer, 3000, 500))
        own_w = 0.0

        def go_on(topic: str) -> None:
            taken = reader.meter.taken
            peer.publish(topic, power(3000 if topic == PV else 500 + own_w))
            wait_for(lambda: reader.meter.taken > taken, "it was taken")

        for _ in range(40):
            own_w = controller.step(reader.clock.now(), reader.last, None).setpoints["ecs"].power_w
            reader.clock.advance(2)
            both(peer, 3000, 500 + own_w)()
            now = reader.clock.now()
            reader.await_reading(lambda got, now=now: got.taken_at == now)  # type: ignore[misc]
        assert own_w > 1000, "it heats"
        silent_s = 0
        while controller.step(reader.clock.now(), reader.last, None).setpoints["ecs"].on:
            reader.clock.advance(2)
            silent_s += 2
            assert silent_s <= 60, "it must be off by now"
            for topic in {PV, USE} - silent:
                go_on(topic)
        assert silent_s <= 32
        reader.clock.advance(10)
        if len(silent) == 2:
            assert "has sent nothing" in str(reader.await_error())
            return
        go_on(*({PV, USE} - silent))
        wait_for(lambda: said(caplog), "a line")
        [line] = said(caplog)
        assert "nothing usable came for 30 s; it is left out." in line


def test_defect_a_malformed_payload_ended_the_process(
    port: int, peer: Peer, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """The balancer died in its own error handler, and the broker kept its last command."""
    caplog.set_level(logging.INFO)
    with Reader(port, tmp_path) as reader:
        reader.await_reading(lambda got: got.pv_w == 1, both(peer, 1, 1))
        peer.publish(PV, "{not json")
        reader.clock.advance(1)
        both(peer, 2, 2)()
        reader.await_reading(lambda got: got.pv_w == 2)


def test_defect_a_meter_over_mqtt_that_never_expires(port: int, peer: Peer, tmp_path: Path) -> None:
    """The ESP32 router held a Shelly's last watts valid for ever, and climbed on."""
    values = MqttValues(grid_w=(MqttValue(topic="shelly/grid"),))
    with Reader(port, tmp_path, values) as reader:
        reader.await_reading(lambda got: got.grid_w == -500, lambda: peer.publish("shelly/grid", "-500"))
        count = len(reader.readings)
        reader.clock.advance(31)
        assert isinstance(reader.await_error(), Unreachable)
        assert len(reader.readings) == count
