"""An output behind a network: a device that answers, falls silent and comes back, under a hand-moved clock."""

import logging
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from pv_heater.core.model.values import OFF, Setpoint
from pv_heater.core.settings.load import LoadSettings
from pv_heater.errors import Unreachable
from pv_heater.loads.network.networked import GRACE_S, LONGEST_OFF_S, NetworkedLoad
from tests.mqtt_brokers import wait_for
from tests.source_tools import HandClock
from tests.waiting import WITHIN_S

ON = Setpoint(on=True, power_w=700.0)


class Dimmer:
    refresh_s = 0.05

    def __init__(self) -> None:
        self.power_w = 0.0
        self.silent = self.closed = False
        self.under_way, self.free = threading.Event(), threading.Event()
        self.free.set()

    def set_power(self, power_w: float) -> None:
        self.under_way.set()
        self.free.wait(WITHIN_S)
        if self.silent:
            raise Unreachable("the dimmer does not answer")
        self.power_w = power_w

    def close(self) -> None:
        self.closed = True


class Rig:
    def __init__(self, expires_s: float | None = None) -> None:
        self.dimmer, self.clock = Dimmer(), HandClock()
        policy = LoadSettings(name="boiler", max_power_w=1000)
        self.load = NetworkedLoad(policy, self.dimmer, self.clock, expires_s=expires_s)

    def confirmed(self, power_w: float) -> None:
        wait_for(lambda: self.load.power_w() == self.dimmer.power_w == power_w, f"{power_w} W confirmed")


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[Rig]:
    rig = Rig()
    yield rig
    rig.load.close()


def test_the_setpoint_counts_when_the_device_has_taken_it(rig: Rig) -> None:
    assert rig.load.power_w() == 0.0
    assert rig.load.apply(ON, 0.0) is None
    rig.confirmed(700.0)
    rig.load.apply(OFF, 1.0)
    rig.confirmed(0.0)


def test_a_silent_device_counts_as_unreachable_after_its_grace_and_as_drawing_nothing(rig: Rig) -> None:
    rig.load.apply(ON, 0.0)
    rig.confirmed(700.0)
    rig.dimmer.silent = True
    wait_for(lambda: rig.load.power_w() == 0.0, "no longer counted")
    assert rig.load.trouble() is None, "one missed word is no trouble"
    rig.clock.advance(GRACE_S)
    # A question that is just under way is spoken of first.
    wait_for(lambda: rig.load.trouble() == "the dimmer does not answer", "unreachable")
    rig.dimmer.silent = False
    rig.confirmed(700.0)
    assert rig.load.trouble() is None


def test_a_device_that_holds_the_first_word_is_unreachable_while_it_does(rig: Rig) -> None:
    rig.load.apply(ON, 0.0)
    rig.confirmed(700.0)
    rig.dimmer.free.clear()
    rig.dimmer.under_way.clear()
    assert rig.dimmer.under_way.wait(WITHIN_S)
    assert rig.load.trouble() is None
    rig.clock.advance(GRACE_S)
    assert rig.load.trouble() == "it was told something more than 5 s ago and has not answered"
    rig.dimmer.free.set()
    wait_for(lambda: rig.load.trouble() is None, "heard again")


def test_a_safety_stop_waits_for_the_confirmation_but_not_for_ever(rig: Rig) -> None:
    rig.load.apply(ON, 0.0)
    rig.confirmed(700.0)
    rig.dimmer.silent = True
    assert rig.load.safe(10.0) == pytest.approx(10.1)
    assert rig.load.safe(10.0 + LONGEST_OFF_S) is None
    rig.dimmer.silent = False
    wait_for(lambda: rig.dimmer.power_w == 0.0, "off as soon as it can be told", 5)
    assert rig.load.safe(20.0) is None


def test_a_stop_is_not_over_while_an_older_word_can_still_switch_it_on(rig: Rig) -> None:
    rig.load.apply(OFF, 0.0)
    rig.confirmed(0.0)
    rig.dimmer.free.clear()
    rig.dimmer.under_way.clear()
    rig.load.apply(ON, 1.0)
    assert rig.dimmer.under_way.wait(WITHIN_S)
    assert rig.load.safe(2.0) is not None, "off was confirmed, but before the word that is on its way"
    rig.dimmer.free.set()
    wait_for(lambda: rig.load.confirmed_off, "off after the older word")
    assert rig.dimmer.power_w == 0.0
    assert rig.load.safe(3.0) is None


@pytest.mark.parametrize(
    ("expires_s", "said"),
    [(None, "Switch it off by hand."), (300.0, "It goes off by itself 300 s after the last word")],
)
def test_a_device_that_never_confirmed_being_off_is_named_at_the_end(
    expires_s: float | None, said: str, caplog: pytest.LogCaptureFixture
) -> None:
    rig = Rig(expires_s)
    rig.dimmer.silent = True
    rig.load.safe(0.0)
    wait_for(lambda: rig.load.safe(LONGEST_OFF_S) is None and "does not answer" in rig.load.doubt(), "the wait is over")
    with caplog.at_level(logging.ERROR):
        rig.load.close()
        rig.load.close()
    (line,) = [record.getMessage() for record in caplog.records if record.levelno == logging.ERROR]
    assert line.startswith("boiler: it did not confirm that it is off (the dimmer does not answer)")
    assert said in line


def test_a_trip_holds_it_off_whatever_is_asked_until_the_reset(rig: Rig) -> None:
    rig.load.apply(ON, 0.0)
    rig.confirmed(700.0)
    rig.load.trip()
    rig.confirmed(0.0)
    rig.load.apply(ON, 1.0)
    rig.load.apply(ON, 2.0)
    assert rig.dimmer.power_w == 0.0
    rig.load.reset()
    rig.load.apply(ON, 3.0)
    rig.confirmed(700.0)


def test_closing_ends_the_connection_and_may_be_repeated(rig: Rig) -> None:
    rig.load.close()
    rig.load.close()
    assert rig.dimmer.closed
