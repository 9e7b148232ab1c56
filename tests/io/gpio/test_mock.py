"""Relay and servo lines on gpiozero's mock pins, seen through the pin log."""

import json
import threading
from pathlib import Path

import pytest

from pv_heater.core.settings.pins import RelayPin, ServoPin
from pv_heater.errors import HardwareError
from pv_heater.io.gpio.pins import Pins


class Bench:
    """Mock pins whose log is read back after each call."""

    def __init__(self, folder: Path) -> None:
        self.log = folder / "pins.jsonl"
        self.now_s = 12.3456
        self.pins = Pins(factory="mock", pin_log=self.log, monotonic_s=lambda: self.now_s)

    def states(self, pin: str) -> list[float | None]:
        lines = [json.loads(line) for line in self.log.read_text().splitlines()]
        return [line["state"] for line in lines if line["pin"] == pin]


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


def test_each_change_is_in_the_log_before_the_call_returns(bench: Bench) -> None:
    relay = bench.pins.relay(RelayPin(pin="BOARD11", active_high=True))
    relay.close_contact()
    assert bench.log.read_text().splitlines() == [
        '{"mono_s": 12.346, "pin": "GPIO17", "state": 0.0}',
        '{"mono_s": 12.346, "pin": "GPIO17", "state": 1.0}',
    ]


def test_an_active_low_relay_is_high_from_first_to_last(bench: Bench) -> None:
    relay = bench.pins.relay(RelayPin(pin="GPIO17", active_high=False))
    relay.open_contact()
    bench.pins.close()
    assert bench.states("GPIO17") == [1.0, None]


def test_repeating_a_state_is_no_change(bench: Bench) -> None:
    relay = bench.pins.relay(RelayPin(pin="GPIO17", active_high=True))
    for _ in range(3):
        relay.close_contact()
    assert bench.states("GPIO17") == [0.0, 1.0]


def test_a_servo_is_silent_until_told_and_after_rest(bench: Bench) -> None:
    servo = bench.pins.servo(ServoPin(pin="GPIO21"))
    assert bench.states("GPIO21") == []
    servo.turn_to(180)
    assert servo.angle_deg == 180
    servo.rest()
    assert servo.angle_deg is None
    assert bench.states("GPIO21") == [0.125, None]


def test_an_angle_beyond_the_travel_is_refused(bench: Bench) -> None:
    servo = bench.pins.servo(ServoPin(pin="GPIO21", travel_deg=90, full_deg=90))
    with pytest.raises(ValueError, match="0 to 90 degrees, not 91"):
        servo.turn_to(91)


def test_lines_of_other_boards_keep_their_name_in_the_log(bench: Bench) -> None:
    bench.pins.relay(RelayPin(pin="gpiochip1/12", active_high=False))
    assert bench.states("gpiochip1/12") == [1.0]


def test_one_pin_serves_one_output(bench: Bench) -> None:
    bench.pins.relay(RelayPin(pin="BOARD11", active_high=True))
    with pytest.raises(HardwareError, match=r"GPIO17 \(GPIO17\) is already in use"):
        bench.pins.servo(ServoPin(pin="GPIO17"))


def test_two_sets_of_mock_pins_do_not_meet(tmp_path: Path) -> None:
    first, second = Bench(tmp_path / "a"), Bench(tmp_path / "b")
    first.pins.relay(RelayPin(pin="GPIO17", active_high=True)).close_contact()
    other = second.pins.relay(RelayPin(pin="GPIO17", active_high=True))
    assert not other.contact_closed
    assert second.states("GPIO17") == [0.0]


def test_a_tripped_relay_stays_open_until_reset(bench: Bench) -> None:
    relay = bench.pins.relay(RelayPin(pin="GPIO17", active_high=True))
    relay.close_contact()
    relay.trip()
    assert not relay.close_contact()
    assert not relay.contact_closed
    relay.reset()
    assert relay.close_contact()
    assert bench.states("GPIO17") == [0.0, 1.0, 0.0, 1.0]


def test_a_trip_from_another_thread_wins_over_a_closing_in_progress(tmp_path: Path) -> None:
    """The watchdog comes while the loop is stuck in the very write that closes the contact."""

    def clock() -> float:  # asked by the log, at the beginning of each write
        if relay is not None and relay.contact_closed and not watchdog.ident:
            watchdog.start()
            watchdog.join(timeout=0.3)
        return 0.0

    relay = None
    pins = Pins(factory="mock", pin_log=tmp_path / "log", monotonic_s=clock)
    relay = pins.relay(RelayPin(pin="GPIO17", active_high=True))
    watchdog = threading.Thread(target=relay.trip)
    assert not relay.close_contact()
    watchdog.join()
    assert not relay.contact_closed
    states = [json.loads(line)["state"] for line in (tmp_path / "log").read_text().splitlines()]
    assert states[-1] == 0.0


def test_a_log_that_cannot_be_written_is_a_hardware_error(tmp_path: Path) -> None:
    with pytest.raises(HardwareError, match="mock pins"):
        Pins(factory="mock", pin_log=tmp_path, monotonic_s=lambda: 0.0)
