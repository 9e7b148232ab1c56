"""The thread that brings setpoints to slow devices, with a device that a test makes slow, deaf or broken."""

import logging
import threading
import time
from collections.abc import Iterator

import pytest

from pv_heater.errors import Unreachable
from pv_heater.io.system.sender import Sender
from tests.mqtt_brokers import wait_for
from tests.waiting import WITHIN_S, Stopwatch

LOG = logging.getLogger("tests.sender")


class Device:
    def __init__(self) -> None:
        self.got: list[float] = []
        self.error: Exception | None = None
        self.free = threading.Event()
        self.free.set()

    def take(self, value: float) -> None:
        self.free.wait(WITHIN_S)
        if self.error is not None:
            raise self.error
        self.got.append(value)


@pytest.fixture
def device() -> Device:
    return Device()


@pytest.fixture
def sender(device: Device) -> Iterator[Sender[float]]:
    sender: Sender[float] = Sender("dimmer", device.take, refresh_s=0.2, monotonic_s=time.monotonic, log=LOG)
    yield sender
    sender.stop()
    device.free.set()


def test_a_wish_is_brought_at_once_and_again_before_the_device_forgets(sender: Sender[float], device: Device) -> None:
    sender.want(500.0)
    wait_for(lambda: sender.confirmed == 500.0, "confirmed")
    wait_for(lambda: device.got == [500.0] * 3, "two refreshes", 2)


def test_asking_for_the_same_again_sends_nothing_more(sender: Sender[float], device: Device) -> None:
    for _ in range(100):
        sender.want(500.0)
    wait_for(lambda: sender.confirmed == 500.0, "confirmed")
    assert device.got == [500.0]


def test_a_slow_device_delays_nobody_and_gets_the_newest_wish_only(sender: Sender[float], device: Device) -> None:
    device.free.clear()
    watch = Stopwatch()
    for value in range(50):
        sender.want(float(value))
    assert watch.took_s() < 0.05
    device.free.set()
    wait_for(lambda: sender.confirmed == 49.0, "the newest")
    assert len(device.got) <= 3


def test_a_failure_is_said_once_tried_again_and_ends_by_itself(
    sender: Sender[float], device: Device, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    sender.want(500.0)
    wait_for(lambda: sender.confirmed == 500.0, "confirmed")
    device.error = Unreachable("dimmer: no answer")
    wait_for(lambda: sender.trouble == "dimmer: no answer", "trouble")
    assert sender.confirmed is None, "what it draws now nobody knows"
    assert sender.unheard_since_s is not None
    device.error = ValueError("a bug in an adapter")
    wait_for(lambda: str(sender.trouble).startswith("unexpected ValueError"), "the bug", 4)
    device.error = None
    wait_for(lambda: sender.confirmed == 500.0, "healed", 4)
    assert sender.trouble is None
    assert len(caplog.messages) == 2
    assert "dimmer answers again" in caplog.messages[1]


def test_a_device_that_was_not_heard_is_so_from_the_moment_it_was_spoken_to(
    sender: Sender[float], device: Device
) -> None:
    device.free.clear()
    began_s = time.monotonic()
    sender.want(500.0)
    wait_for(lambda: sender.unheard_since_s is not None, "the try is under way")
    assert sender.trouble is None
    assert sender.unheard_since_s == pytest.approx(began_s, abs=1)
    device.free.set()
    wait_for(lambda: sender.unheard_since_s is None, "heard")


def test_what_failed_is_sent_again_at_once_when_it_is_asked_for(device: Device) -> None:
    sender: Sender[float] = Sender("dimmer", device.take, refresh_s=3600.0, monotonic_s=time.monotonic, log=LOG)
    device.error = Unreachable("dimmer: no answer", retry_after_s=3600.0)
    sender.want(0.0)
    wait_for(lambda: sender.trouble is not None, "failed")
    device.error = None
    sender.want(0.0, at_once=True)
    wait_for(lambda: sender.delivered, "sent again long before the next try", 5)
    sender.stop()


def test_a_stopped_one_sends_nothing_more(sender: Sender[float], device: Device) -> None:
    sender.want(1.0)
    wait_for(lambda: device.got, "one")
    sender.stop()
    sender.want(2.0)
    time.sleep(0.05)
    assert device.got == [1.0]
