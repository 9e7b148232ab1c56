"""Outputs behind an MQTT broker, with real brokers and devices that answer, fall silent, start again and lie."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from pv_heater.core.model.values import OFF
from pv_heater.errors import ConfigError, SourceError
from pv_heater.loads.network.mqtt_loads import MqttVariatorSettings, curve_of, variator_language
from pv_heater.loads.network.mqtt_output import ANSWER_S, ECHO_S, LOOK_S, MqttOutput
from pv_heater.loads.network.mqtt_settings import OutputBroker
from pv_heater.loads.network.networked import GRACE_S
from tests.loads.mqtt_devices import Device, confirmed, load_of, on, running
from tests.mqtt_brokers import BROKERS, MOSQUITTO, AmqttBroker, Mosquitto, Peer, wait_for
from tests.source_tools import HandClock
from tests.waiting import Stopwatch, promised

each_broker = pytest.mark.parametrize("kind", BROKERS, ids=lambda kind: kind.__name__)
needs_mosquitto = pytest.mark.skipif(MOSQUITTO is None, reason="mosquitto is not installed")

CMD, ACK = "scr/1/in", "scr/1/out"
VARIATOR: dict[str, Any] = {"type": "mqtt_variator", "topic": CMD, "shape": "linear"}
SWITCH: dict[str, Any] = {"type": "mqtt_switch", "topic": "plug/set"}

patient = pytest.mark.usefixtures("patient_links")


def acknowledges(topic: str, text: str) -> list[tuple[str, str]]:
    return [(ACK, text)]


def heard(device: Device, *commands: str) -> None:
    wait_for(lambda: device.commands == list(commands), f"it hears {commands}, no more and no less")


@pytest.fixture
def broker() -> Iterator[AmqttBroker | Mosquitto]:
    with BROKERS[-1]() as broker:
        yield broker


@patient
@each_broker
def test_a_variator_is_told_percent_as_float_text_and_nothing_is_retained(
    kind: type[AmqttBroker], tmp_path: Path
) -> None:
    with kind() as broker, Device(broker.port, CMD) as device, running(tmp_path, broker.port, **VARIATOR) as load:
        confirmed(load, on(1249.4))
        heard(device, "62.47")
        confirmed(load, OFF)
        heard(device, "62.47", "0.00")
        with Peer(broker.port, CMD) as late:
            late.publish("mark")
            device.publish(CMD, "0.00")
            wait_for(lambda: late.received, "what a client sees that comes later")
            assert late.received == [(CMD, b"0.00")], "only what was published after it came"


@patient
def test_a_measured_curve_gives_the_percent(broker: Mosquitto, tmp_path: Path) -> None:
    curve = tmp_path / "ecs.csv"
    curve.write_text("0;0\n20;116\n50;1150\n100;2298.5\n")
    row = {**VARIATOR, "curve": str(curve), "max_power_w": 2298}
    with Device(broker.port, CMD) as device, running(tmp_path, broker.port, **row) as load:
        confirmed(load, on(1150.0))
        heard(device, "50.00")


@patient
def test_without_a_curve_a_late_fired_triac_is_assumed(broker: Mosquitto, tmp_path: Path) -> None:
    row = {"type": "mqtt_variator", "topic": CMD, "max_power_w": 2298}
    with Device(broker.port, CMD) as device, running(tmp_path, broker.port, **row) as load:
        confirmed(load, on(1149.0))
        confirmed(load, on(112.0))
        wait_for(lambda: [round(float(text)) for text in device.commands] == [50, 20], "116 W at 20 %, measured once")


@patient
def test_a_switch_sends_whatever_text_its_device_wants(broker: Mosquitto, tmp_path: Path) -> None:
    payloads = [f'{{"command":"switchlight","idx":359,"switchcmd":"{word}"}}' for word in ("On", "Off")]
    row = {**SWITCH, "topic": "domoticz/in", "on_payload": payloads[0], "off_payload": payloads[1]}
    with Device(broker.port, "domoticz/in") as device, running(tmp_path, broker.port, **row) as load:
        confirmed(load, on(2000.0))
        device.publish("domoticz/in", '{"idx":648,"nvalue":0,"svalue":"-1700"}')
        confirmed(load, OFF)
        wait_for(lambda: device.level == payloads[1], "off")
        commands = [text for text in device.commands if "switchlight" in text]
        assert commands == payloads, "what others send there is none of ours"


@each_broker
def test_a_killed_program_leaves_its_device_off(kind: type[AmqttBroker], tmp_path: Path) -> None:
    program = (
        "import sys, time; from pathlib import Path; from tests.loads.mqtt_devices import load_of, on\n"
        "row = {'type': 'mqtt_variator', 'topic': 'scr/1/in', 'shape': 'linear'}\n"
        "load = load_of(Path(sys.argv[1]), int(sys.argv[2]), **row)\n"
        "while True: load.apply(on(1000.0), 0.0); time.sleep(0.1)"
    )
    with kind() as broker, Device(broker.port, CMD) as device:
        with subprocess.Popen([sys.executable, "-c", program, str(tmp_path), str(broker.port)]) as controller:
            wait_for(lambda: device.level == "50.00", "it heats")
            controller.send_signal(signal.SIGKILL)
        promised(lambda: device.level == "0.00", "its last will", 5)


@pytest.mark.process
@needs_mosquitto
def test_a_frozen_program_or_a_pi_without_power_leaves_its_device_off_within_fifteen_seconds(tmp_path: Path) -> None:
    program = (
        "import sys, time; from pathlib import Path; from tests.loads.mqtt_devices import load_of, on\n"
        "row = {'type': 'mqtt_switch', 'topic': 'plug/set'}\n"
        "load = load_of(Path(sys.argv[1]), int(sys.argv[2]), **row)\n"
        "while True: load.apply(on(2000.0), 0.0); time.sleep(0.1)"
    )
    with (
        Mosquitto() as broker,
        Device(broker.port, "plug/set") as device,
        subprocess.Popen([sys.executable, "-c", program, str(tmp_path), str(broker.port)]) as controller,
    ):
        wait_for(lambda: device.level == "ON", "it heats")
        controller.send_signal(signal.SIGSTOP)
        try:
            # 1.5 x 4 s of silence, and mosquitto looks every 5 s.
            promised(lambda: device.level == "OFF", "the last will of a frozen one", 15)
        finally:
            controller.kill()


@each_broker
def test_a_broker_that_restarts_gets_the_command_again(kind: type[AmqttBroker], tmp_path: Path) -> None:
    with kind() as broker, running(tmp_path, broker.port, **VARIATOR) as load:
        confirmed(load, on(1000.0))
        broker.stop()
        wait_for(lambda: load.power_w() == 0.0, "its watts no longer count", 2 * LOOK_S)
        broker.start()
        with Device(broker.port, CMD) as device:
            wait_for(lambda: device.level == "50.00", "told again", 8)
            wait_for(lambda: load.power_w() == 1000.0, "confirmed again", 8)


def test_a_broker_that_is_gone_is_trouble_and_a_sentence_after_its_grace(broker: Mosquitto, tmp_path: Path) -> None:
    clock = HandClock()
    with running(tmp_path, broker.port, clock, **VARIATOR) as load:
        confirmed(load, on(1000.0))
        broker.stop()
        wait_for(lambda: load.power_w() == 0.0, "its watts no longer count", 2 * LOOK_S)
        assert load.trouble() is None, "a broker may restart"
        clock.advance(GRACE_S)
        gone = f"the broker at 127.0.0.1:{broker.port} c"  # closed the connection, or cannot be reached
        wait_for(lambda: gone in str(load.trouble()), "named", more=lambda: str(load.trouble()))


@needs_mosquitto
def test_a_broker_that_hangs_is_noticed_with_the_next_command(tmp_path: Path) -> None:
    clock = HandClock()
    with Mosquitto() as broker, running(tmp_path, broker.port, clock, **VARIATOR) as load:
        confirmed(load, on(1000.0))
        broker.pause()
        load.apply(on(500.0), 1.0)
        wait_for(lambda: load.power_w() == 0.0, "its watts no longer count", ECHO_S + 1)
        clock.advance(GRACE_S)
        # A command that is just under way is spoken of first.
        said = "did not pass our command at scr/1/in on within 1.5 s"
        wait_for(lambda: said in str(load.trouble()), said, ECHO_S + 1)
        broker.resume()
        wait_for(lambda: load.power_w() == 500.0 and load.trouble() is None, "well again", 12)


@patient
def test_a_device_that_starts_is_told_again(broker: Mosquitto, tmp_path: Path) -> None:
    row = {**VARIATOR, "boot_topic": "scr/1/boot"}
    with Device(broker.port, CMD) as device, running(tmp_path, broker.port, **row) as load:
        confirmed(load, on(1000.0))
        device.publish("scr/1/boot", "Online")
        wait_for(lambda: device.commands == ["50.00", "50.00"], "told again", 2 * LOOK_S + 1)


@patient
def test_the_command_is_sent_again_every_refresh_and_not_in_between(broker: Mosquitto, tmp_path: Path) -> None:
    row = {**VARIATOR, "refresh_s": 2}
    with Device(broker.port, CMD) as device, running(tmp_path, broker.port, **row) as load:
        confirmed(load, on(1000.0))
        began_s = time.monotonic()
        wait_for(lambda: len(device.commands) == 3, "two refreshes")
        assert time.monotonic() - began_s >= 3.5


def test_an_acknowledgement_counts_and_an_old_one_does_not(broker: Mosquitto, tmp_path: Path) -> None:
    row = {**VARIATOR, "answer_topic": ACK}
    with Device(broker.port, CMD) as device:
        device.publish(ACK, "50.00", retain=True)
        with running(tmp_path, broker.port, **row) as load:
            load.apply(on(1000.0), 0.0)
            wait_for(lambda: device.level == "50.00", "told")
            time.sleep(0.3)
            assert load.power_w() == 0.0, "what was acknowledged to somebody long ago is no confirmation"
            device.publish(ACK, "50.4")
            wait_for(lambda: load.power_w() == 1000.0, "its own answer")


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (None, r"did not answer 50.00 at scr/1/in within 0.3 s; nothing came at scr/1/out"),
        ("30", r"does not obey 50.00 at scr/1/in: it answered the number 30 at scr/1/out"),
        ("overheat", r"does not obey 50.00 at scr/1/in: it answered the text 'overheat' at scr/1/out"),
        ("[" * 100_000, r"does not obey 50.00 .*: it answered the text"),
    ],
)
def test_a_device_that_does_not_obey_is_not_believed(broker: Mosquitto, answer: str | None, said: str) -> None:
    settings = MqttVariatorSettings(
        name="boiler",
        max_power_w=2000,
        broker=OutputBroker(port=broker.port),
        topic=CMD,
        shape="linear",
        answer_topic=ACK,
    )
    output = MqttOutput(settings, variator_language(settings, curve_of(settings)), HandClock(), answer_s=0.3)
    with Device(broker.port, CMD, reply=lambda _topic, _text: [(ACK, answer)] if answer else []) as device:
        with pytest.raises(SourceError, match=said):
            output.set_power(1000.0)
        device.reply = acknowledges
        output.set_power(1000.0)
    output.close()


def test_an_off_behind_an_on_that_nobody_confirms_goes_out_within_four_seconds(
    broker: Mosquitto, tmp_path: Path
) -> None:
    with (
        Device(broker.port, CMD) as device,
        running(tmp_path, broker.port, **VARIATOR, answer_topic=ACK) as load,
    ):
        load.apply(on(1000.0), 0.0)
        wait_for(lambda: device.level == "50.00", "on")
        load.safe(1.0)
        wait_for(lambda: device.level == "0.00", "off", ECHO_S + ANSWER_S)


def test_half_a_percent_is_not_off(broker: Mosquitto, tmp_path: Path) -> None:
    row = {**VARIATOR, "answer_topic": ACK}
    with (
        Device(broker.port, CMD, reply=lambda _topic, text: [(ACK, "0.5" if text == "0.00" else text)]),
        running(tmp_path, broker.port, **row) as load,
    ):
        confirmed(load, on(1000.0))
        load.apply(OFF, 1.0)
        time.sleep(1.0)
        assert not load.confirmed_off


@patient
def test_a_device_that_is_switched_by_hand_is_brought_back(broker: Mosquitto, tmp_path: Path) -> None:
    row = {**SWITCH, "answer_topic": "plug", "answer_path": "state"}
    with (
        Device(broker.port, "plug/set", reply=lambda _topic, text: [("plug", f'{{"state":"{text}"}}')]) as device,
        running(tmp_path, broker.port, **row) as load,
    ):
        confirmed(load, OFF)
        device.publish("plug", '{"state":"ON","power":1900}')
        wait_for(lambda: device.commands == ["OFF", "OFF"], "off again", 3)
        wait_for(lambda: load.confirmed_off, "and confirmed")


def test_another_program_that_commands_the_device_is_overruled_and_named_once(
    broker: Mosquitto, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with Device(broker.port, CMD) as device, running(tmp_path, broker.port, **VARIATOR) as load:
        confirmed(load, OFF)
        for _ in range(3):
            device.publish(CMD, "80")
            wait_for(lambda: device.level == "0.00", "off again", 3)
            wait_for(lambda: "something else commands the same device" in caplog.text, "named")
    assert len([text for text in caplog.messages if "something else commands the same device" in text]) == 1


def test_a_power_that_an_earlier_program_left_with_the_broker_is_deleted(
    broker: Mosquitto, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with Peer(broker.port) as balancer:
        balancer.publish(CMD, "62.47", retain=True)
    with running(tmp_path, broker.port, **VARIATOR) as load:
        confirmed(load, OFF)
        wait_for(lambda: "kept the command 62.47 at scr/1/in" in caplog.text, "said")
        with Device(broker.port, CMD) as started:
            wait_for(lambda: started.publish("mark") or load.confirmed_off, "settled")
            load.apply(on(1000.0), 1.0)
            wait_for(lambda: started.level == "50.00", "told")
            assert "62.47" not in started.commands


def test_closing_ends_a_wait_and_may_be_repeated(broker: Mosquitto, tmp_path: Path) -> None:
    load = load_of(tmp_path, broker.port, **VARIATOR, answer_topic=ACK)
    load.apply(on(1000.0), 0.0)
    time.sleep(0.3)
    watch = Stopwatch()
    load.close()
    load.close()
    assert watch.took_s() < 1.0


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ({**VARIATOR, "topic": "a/#"}, "must be one topic without"),
        ({**VARIATOR, "payload": "{power}"}, r"must contain \{percent\} once"),
        ({**VARIATOR, "boot_topic": CMD}, "must be another topic"),
        ({**VARIATOR, "answer_topic": CMD}, "must be another topic"),
        ({**VARIATOR, "ask_topic": "x"}, "needs answer_topic"),
        ({**VARIATOR, "expires_s": 15}, "at least twice refresh_s"),
        ({**VARIATOR, "shape": "round"}, "must be one of phase_cut, linear"),
        ({**SWITCH, "on_payload": "off", "off_payload": "OFF"}, "must differ from on_payload"),
        ({**SWITCH, "on_answer": "OFF"}, "must differ from on_answer"),
    ],
)
def test_settings_that_cannot_be_meant_are_refused(tmp_path: Path, row: dict[str, Any], said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        load_of(tmp_path, 1, **row)


def test_a_curve_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"curve: .*nowhere.csv cannot be read"):
        load_of(tmp_path, 1, **VARIATOR, curve="nowhere.csv")
