"""A GX relay as an output, over both ways, with a device that refuses, restarts, hangs and has other owners."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from bench.doubles.gx_modbus import SYSTEM_UNIT, ModbusGx
from bench.doubles.gx_mqtt import relay_values
from pv_heater.core.model.values import OFF
from pv_heater.errors import BadReply, ConfigError, SourceError, Unreachable
from pv_heater.loads.network.networked import GRACE_S
from pv_heater.victron.mqtt.session import GxBroker
from pv_heater.victron.relay import LOOK_S, OVERRULED_S, GxRelayDevice, objection_to
from pv_heater.victron.relay_modbus import ModbusContact
from pv_heater.victron.relay_mqtt import MqttContact
from tests.gx_device import PORTAL_ID, GxPeer, fast_broker
from tests.loads.mqtt_devices import confirmed, load_of, on
from tests.mqtt_brokers import BROKERS, AmqttBroker, Mosquitto, Peer, wait_for
from tests.source_tools import HandClock
from tests.waiting import WITHIN_S, Stopwatch, ended_after, promised

STATE = "system/0/Relay/0/State"
AT_START = "settings/0/Settings/Relay/0/InitialState"
SPEED = 4.0
each_broker = pytest.mark.parametrize("kind", BROKERS, ids=lambda kind: kind.__name__)


class Rig:
    """A GX device at a broker, and one of its relays as a device of ours, spoken to without a thread."""

    def __init__(self, broker: Mosquitto | AmqttBroker, gx: GxPeer, portal_id: str | None = PORTAL_ID) -> None:
        """`portal_id` None: it has to be found."""
        self.broker, self.gx = broker, gx
        self.clock = HandClock()
        self.contact = MqttContact(GxBroker(host="127.0.0.1", port=broker.port, portal_id=portal_id), 1)
        self.device = GxRelayDevice(self.contact, self.clock)

    def set_power(self, power_w: float) -> None:
        """The device on a busy machine: it may miss the two seconds of a word or two."""
        until_s = time.monotonic() + WITHIN_S
        while True:
            try:
                self.device.set_power(power_w)
            except Unreachable:
                if time.monotonic() > until_s:
                    raise
            else:
                return

    def write_as_other(self, topic: str, value: int) -> None:
        with Peer(self.broker.port) as other:
            other.publish(f"W/{self.gx.portal_id}/{topic}", f'{{"value": {value}}}')
            wait_for(lambda: self.gx.value(topic) == value, "written")


@pytest.fixture(scope="module")
def broker() -> Iterator[Mosquitto | AmqttBroker]:
    with fast_broker() as broker:
        yield broker


@pytest.fixture
def rig(broker: Mosquitto | AmqttBroker) -> Iterator[Rig]:
    with GxPeer(broker.port, {**relay_values(0), **relay_values(1)}, speed=SPEED) as gx:
        rig = Rig(broker, gx)
        yield rig
        rig.device.close()


def test_the_relay_closes_and_opens_and_that_is_read_back(rig: Rig) -> None:
    rig.set_power(1500.0)
    assert rig.gx.value(STATE) == 1
    rig.set_power(0.0)
    assert rig.gx.value(STATE) == 0
    assert [write for write in rig.gx.writes if write[0] == STATE] == [(STATE, 1), (STATE, 0)]


def test_the_second_relay_has_topics_of_its_own(rig: Rig) -> None:
    second = GxRelayDevice(MqttContact(GxBroker(host="127.0.0.1", port=rig.broker.port), 2), rig.clock)
    second.set_power(1500.0)
    assert (rig.gx.value(STATE), rig.gx.value("system/0/Relay/1/State")) == (0, 1)
    second.close()


def test_what_is_already_so_is_not_written_again(rig: Rig) -> None:
    for _ in range(3):
        rig.device.set_power(0.0)
    assert rig.gx.writes == []


def test_a_sleeping_device_is_not_woken() -> None:
    """At a broker of its own: at a shared one the last word of the test before may still be under way."""
    with fast_broker() as broker, GxPeer(broker.port, relay_values(0), speed=SPEED) as gx:
        rig = Rig(broker, gx)
        rig.device.set_power(1500.0)
        rig.device.close()
        assert not gx.is_awake


def test_after_closing_the_device_is_told_to_start_with_an_open_relay(rig: Rig) -> None:
    rig.device.set_power(1500.0)
    rig.device.set_power(1500.0)
    wait_for(lambda: rig.gx.value(AT_START) == 0, "open at its next start")
    rig.gx.restart()
    assert rig.gx.value(STATE) == 0


@pytest.mark.parametrize(
    ("function", "said"),
    [
        (-1, "its function is disabled; set it to Manual"),
        (0, "its function is alarm"),
        (1, "its function is generator start/stop"),
        (3, "its function is tank pump"),
        (4, "its function is temperature"),
        (9, "its function is function 9"),
    ],
)
def test_a_relay_in_other_use_is_refused_and_never_written(rig: Rig, function: int, said: str) -> None:
    rig.gx.set(relay_values(0, state=1, function=function))
    for power_w in (0.0, 1500.0):
        with pytest.raises(BadReply, match=said):
            rig.set_power(power_w)
    assert rig.gx.writes == [], "not even off: it may be a generator that runs"


def disable(rig: Rig) -> None:
    """As Victron's software does: the state is no longer told, the contact stays as it is."""
    rig.gx.set({"settings/0/Settings/Relay/Function": -1, STATE: None})


def test_a_relay_that_is_disabled_while_it_is_closed_is_not_called_off(rig: Rig) -> None:
    rig.device.set_power(1500.0)
    disable(rig)
    for power_w in (1500.0, 0.0):
        with pytest.raises(BadReply, match=r"its function is disabled; set it to Manual .* may still be closed"):
            rig.device.set_power(power_w)
    assert "may still be closed" in str(rig.device.may_be_on())
    rig.gx.set({"settings/0/Settings/Relay/Function": 2, STATE: 1})
    rig.device.set_power(0.0)
    assert rig.gx.value(STATE) == 0
    assert rig.device.may_be_on() is None


def test_a_relay_that_was_open_when_it_was_disabled_is_known_to_be_open(rig: Rig) -> None:
    rig.device.set_power(0.0)
    disable(rig)
    with pytest.raises(
        BadReply, match=r"its function is disabled; set it to Manual in the device's menu \(Settings, Rel"
    ):
        rig.device.set_power(1500.0)
    assert rig.device.may_be_on() is None


def test_a_relay_that_was_disabled_before_we_came_may_be_closed(rig: Rig) -> None:
    disable(rig)
    with pytest.raises(BadReply, match="may still be closed"):
        rig.device.set_power(0.0)
    assert rig.device.may_be_on() is not None


def test_a_relay_that_does_not_open_for_its_other_use_may_be_closed(rig: Rig) -> None:
    rig.device.set_power(1500.0)
    rig.gx.set({"settings/0/Settings/Relay/Function": 1})
    rig.gx.refused = {STATE}
    with pytest.raises(BadReply, match="generator start/stop"):
        rig.device.set_power(0.0)
    assert "is closed" in str(rig.device.may_be_on())


def test_the_full_publishes_of_others_are_no_answer_and_open_nothing() -> None:
    """Each begins with the state: what is still missing then was not refused by anybody."""
    over = threading.Event()
    order = [STATE, "settings/0/Settings/Relay/Polarity", AT_START, "settings/0/Settings/Relay/Function"]

    def flood(gx: GxPeer) -> None:
        while not over.wait(0.01):
            for topic in order:
                gx.say(topic, json.dumps({"value": gx.value(topic)}))

    with fast_broker() as broker, GxPeer(broker.port, relay_values(0), speed=SPEED) as gx:
        rig = Rig(broker, gx)
        rig.set_power(1500.0)
        thread = threading.Thread(target=flood, args=(gx,))
        thread.start()
        try:
            for _ in range(150):
                rig.set_power(1500.0)
        finally:
            over.set()
            thread.join()
        # Before the end: a connection that ends with unread messages is torn, and then the broker does the last will.
        assert [write for write in gx.writes if write[0] == STATE] == [(STATE, 1)]
        rig.device.close()


@pytest.mark.parametrize("lost", ["settings/0/Settings/Relay/Function", "settings/0/Settings/Relay/Polarity"])
def test_an_answer_that_does_not_come_opens_nothing_and_off_is_obeyed_all_the_same(rig: Rig, lost: str) -> None:
    rig.device.set_power(1500.0)
    rig.gx._values.pop(lost)
    if lost.endswith("Function"):
        with pytest.raises(Unreachable, match="did not say what it is used for"):
            rig.device.set_power(1500.0)
    else:
        rig.device.set_power(1500.0)
    assert rig.gx.value(STATE) == 1
    rig.device.set_power(0.0)
    assert rig.gx.value(STATE) == 0


def test_a_relay_whose_use_is_unknown_is_left_as_it_is(rig: Rig) -> None:
    rig.gx.set({STATE: 1})
    rig.gx._values.pop("settings/0/Settings/Relay/Function")
    for power_w in (0.0, 1500.0):
        with pytest.raises(Unreachable, match="did not say what it is used for"):
            rig.device.set_power(power_w)
    assert rig.gx.writes == []


def test_a_stop_with_a_disabled_relay_says_that_it_may_be_closed(
    rig: Rig, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    gx = {"host": "127.0.0.1", "port": rig.broker.port, "portal_id": PORTAL_ID}
    load = load_of(tmp_path, 0, type="gx_relay", broker=None, gx=gx)
    confirmed(load, on(2000.0))
    disable(rig)
    load.safe(0.0)
    wait_for(lambda: "disabled" in load.doubt(), "noticed")
    assert not load.confirmed_off
    load.close()
    assert "may still be closed" in caplog.text


def test_a_normally_closed_relay_is_refused(rig: Rig) -> None:
    rig.gx.set(relay_values(0, polarity=1))
    with pytest.raises(BadReply, match="it would heat while the device has no power"):
        rig.device.set_power(1500.0)


@pytest.mark.parametrize(
    ("function", "polarity", "refused"),
    [(2, 0, False), (2, None, False), (2, 1, True), (None, 0, True), ("2", 0, True), (True, 0, True), ([2], 0, True)],
)
def test_only_a_manual_normally_open_relay_may_be_moved(function: object, polarity: object, refused: bool) -> None:
    assert (objection_to(function, polarity) is not None) == refused


def test_a_relay_that_opportunity_loads_uses_is_not_ours_and_that_is_said() -> None:
    said = "its function is opportunity loads; set it to Manual in the device's menu (Settings, Relay)"
    assert objection_to(6, 0) == said


def test_a_relay_that_is_given_another_use_while_we_heat_is_opened_first(rig: Rig) -> None:
    rig.device.set_power(1500.0)
    rig.gx.set({"settings/0/Settings/Relay/Function": 1})
    with pytest.raises(BadReply, match="generator start/stop"):
        rig.device.set_power(1500.0)
    wait_for(lambda: rig.gx.value(STATE) == 0, "opened")


def test_a_write_that_is_refused_without_a_word_is_noticed(rig: Rig) -> None:
    rig.gx.refused = {STATE}
    with pytest.raises(SourceError, match=r"relay 1 .* did not close within 1 s; the device refused without a word"):
        rig.device.set_power(1500.0)


def test_a_relay_that_another_owner_opens_again_is_left_alone_for_a_while(rig: Rig) -> None:
    rig.device.set_power(1500.0)
    rig.write_as_other(STATE, 0)
    with pytest.raises(BadReply, match=r"relay 1 of .* was opened by something else 0 s ago; it is left alone for 300"):
        rig.device.set_power(1500.0)
    rig.device.set_power(0.0)
    with pytest.raises(BadReply, match="left alone"):
        rig.device.set_power(1500.0)
    assert rig.gx.writes.count((STATE, 1)) == 1
    rig.clock.advance(OVERRULED_S)
    rig.device.set_power(1500.0)
    assert rig.gx.value(STATE) == 1


def test_the_temperature_function_that_puts_the_relay_back_is_noticed() -> None:
    """It was seen to do so after 0.8 s. The owner takes the relay over in the moment between our look and our write."""
    with fast_broker() as broker, GxPeer(broker.port, relay_values(0), speed=SPEED) as gx:
        rig = Rig(broker, gx)
        rig.device.set_power(0.0)
        gx.set({"settings/0/Settings/Relay/Function": 4})
        rig.contact.move(True)
        wait_for(lambda: gx.value(STATE) == 1, "closed")
        wait_for(lambda: gx.value(STATE) == 0, "put back", 2)
        with pytest.raises(BadReply, match="its function is temperature"):
            rig.device.set_power(1500.0)
        rig.device.close()


def test_a_relay_that_something_else_closes_is_opened_every_time(rig: Rig, caplog: pytest.LogCaptureFixture) -> None:
    rig.device.set_power(0.0)
    for _ in range(2):
        rig.write_as_other(STATE, 1)
        rig.device.set_power(0.0)
        assert rig.gx.value(STATE) == 0
    assert "was closed by something else; it is opened again" in caplog.text


@pytest.mark.parametrize("value", [True, 5, "1"])
def test_a_state_of_another_type_counts_as_closed(rig: Rig, value: object) -> None:
    rig.device.set_power(0.0)
    rig.gx.set({STATE: value})
    rig.device.set_power(0.0)
    assert rig.gx.value(STATE) == 0


def test_a_relay_that_is_not_there_is_a_sentence() -> None:
    with fast_broker() as broker, GxPeer(broker.port, {"system/0/Ac/Grid/L1/Power": 1}) as gx:
        rig = Rig(broker, gx)
        with pytest.raises(SourceError, match=r"did not answer within 2 s, asked for system/0/Relay/0/State"):
            rig.device.set_power(1500.0)
        rig.device.close()


def test_the_portal_id_is_found_and_two_are_not_guessed_between() -> None:
    with fast_broker() as broker, GxPeer(broker.port, relay_values(0)) as gx:
        alone = Rig(broker, gx, portal_id=None)
        alone.device.set_power(1500.0)
        alone.device.close()
        assert gx.value(STATE) == 1
        with GxPeer(broker.port, relay_values(0), portal_id="c0619ab0a002"):
            rig = Rig(broker, gx, portal_id=None)
            with pytest.raises(SourceError, match="two devices speak there, c0619ab0a001 and c0619ab0a002; name one"):
                rig.device.set_power(1500.0)
            rig.device.close()


def test_old_firmware_is_asked_and_written_in_the_same_way() -> None:
    with fast_broker() as broker, GxPeer(broker.port, relay_values(0), old=True) as gx:
        rig = Rig(broker, gx)
        rig.device.set_power(1500.0)
        assert gx.value(STATE) == 1
        rig.device.close()


def test_a_device_that_hangs_is_unreachable_and_closed_again_afterwards(rig: Rig) -> None:
    rig.device.set_power(1500.0)
    rig.gx.hang()
    with pytest.raises(SourceError, match="did not answer within 2 s"):
        rig.device.set_power(1500.0)
    rig.gx.hang(False)
    rig.gx.restart()
    rig.device.set_power(1500.0)
    assert rig.gx.value(STATE) == 1, "a restart of the device is nobody's will: it may be closed again"


@each_broker
def test_a_killed_program_leaves_the_relay_open(kind: type[AmqttBroker], tmp_path: Path) -> None:
    program = (
        "import sys, time; from pathlib import Path; from tests.loads.mqtt_devices import load_of, on\n"
        "row = {'type': 'gx_relay', 'broker': None, 'gx': {'host': '127.0.0.1', 'port': int(sys.argv[2])}}\n"
        "load = load_of(Path(sys.argv[1]), 0, **row)\n"
        "while True: load.apply(on(2000.0), 0.0); time.sleep(0.1)"
    )
    with kind() as broker, GxPeer(broker.port, relay_values(0)) as gx:
        command = [sys.executable, "-c", program, str(tmp_path), str(broker.port)]
        with ended_after(subprocess.Popen(command)) as controller:
            wait_for(lambda: gx.value(STATE) == 1, "it heats")
            controller.send_signal(signal.SIGKILL)
        promised(lambda: gx.value(STATE) == 0, "its last will", 5)


@each_broker
def test_a_gx_device_that_restarts_in_the_middle_comes_back(kind: type[AmqttBroker], tmp_path: Path) -> None:
    with kind() as broker, GxPeer(broker.port, relay_values(0), speed=SPEED) as gx:
        load = load_of(tmp_path, 0, type="gx_relay", broker=None, gx={"host": "127.0.0.1", "port": broker.port})
        confirmed(load, on(2000.0))
        broker.stop()
        gx.restart()
        wait_for(lambda: load.power_w() == 0.0, "its watts no longer count", LOOK_S + 2)
        broker.start()
        load.apply(OFF, 1.0)
        wait_for(lambda: load.confirmed_off and gx.value(STATE) == 0, "open, and confirmed", 15)
        load.close()


def modbus_device(gx: ModbusGx, number: int = 1) -> GxRelayDevice:
    return GxRelayDevice(ModbusContact("127.0.0.1", gx.port, number), HandClock())


@pytest.fixture
def modbus() -> Iterator[ModbusGx]:
    with ModbusGx() as gx:
        gx.reset()
        yield gx


def test_over_modbus_the_relay_closes_and_opens_and_is_read_back(modbus: ModbusGx) -> None:
    device = modbus_device(modbus, 2)
    device.set_power(1500.0)
    device.set_power(0.0)
    device.close()
    assert modbus.writes == [(SYSTEM_UNIT, 807, 1), (SYSTEM_UNIT, 807, 0)]


def test_over_modbus_a_disabled_relay_that_takes_every_write_is_noticed(modbus: ModbusGx) -> None:
    modbus.disabled_relays = {806}
    device = modbus_device(modbus)
    with pytest.raises(SourceError, match="did not close within 1 s"):
        device.set_power(1500.0)
    device.close()


def test_over_modbus_another_owner_is_noticed(modbus: ModbusGx) -> None:
    device = modbus_device(modbus)
    device.set_power(1500.0)
    modbus.write(SYSTEM_UNIT, 806, [0])
    with pytest.raises(BadReply, match="something else opened it, or its function was set to disabled"):
        device.set_power(1500.0)
    assert "reads open and was not opened from here" in str(device.may_be_on())
    device.close()


def test_over_modbus_a_relay_that_may_be_disabled_while_closed_is_not_confirmed_off(
    modbus: ModbusGx, tmp_path: Path
) -> None:
    row: dict[str, Any] = {"broker": None, "host": "127.0.0.1", "port": modbus.port, "relay_is_manual": True}
    load = load_of(tmp_path, 0, HandClock(), type="gx_relay_modbus", **row)
    confirmed(load, on(2000.0))
    modbus.write(SYSTEM_UNIT, 806, [0])
    load.safe(0.0)
    wait_for(lambda: "reads open and was not opened from here" in load.doubt(), "noticed")
    assert not load.confirmed_off
    assert load.still_on() is not None
    load.close()


def test_over_modbus_a_silent_device_is_unreachable(modbus: ModbusGx, tmp_path: Path) -> None:
    clock = HandClock()
    row: dict[str, Any] = {"broker": None, "host": "127.0.0.1", "port": modbus.port, "relay_is_manual": True}
    load = load_of(tmp_path, 0, clock, type="gx_relay_modbus", **row)
    confirmed(load, on(2000.0))
    modbus.stop()
    wait_for(lambda: load.power_w() == 0.0, "its watts no longer count", LOOK_S + 2)
    clock.advance(GRACE_S)
    # A question that is just under way is spoken of first.
    wait_for(lambda: "The GX device at 127.0.0.1" in str(load.trouble()), "it is unreachable", LOOK_S + 2)
    watch = Stopwatch()
    load.apply(OFF, 1.0)
    assert watch.took_s() < 0.05
    modbus.start()
    wait_for(lambda: load.confirmed_off, "off", 8)
    load.close()


def test_over_modbus_the_owner_has_to_say_that_the_relay_is_manual(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"relay_is_manual: must be true: look at the device's menu"):
        load_of(tmp_path, 0, type="gx_relay_modbus", broker=None)
