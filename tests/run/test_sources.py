"""Temperatures of the loads: what is too old is left out, and it is said once."""

import logging
import os
import time
from pathlib import Path

import pytest

from pv_heater.errors import Unreachable
from pv_heater.run.sources import LoadTemperatures
from pv_heater.sensors.ds18b20 import Ds18b20
from tests.mqtt_brokers import wait_for
from tests.source_tools import HandClock, tools_for
from tests.waiting import Stopwatch


class Probe:
    """Satisfies `ports.Sensor`; says what a test lays down, None: pulled out."""

    interval_s = 10.0
    max_age_s = 30.0

    def __init__(self, temperature_c: float | None = 48.6) -> None:
        self.temperature_c = temperature_c
        self.closed = 0

    def read(self) -> float:
        if self.temperature_c is None:
            raise Unreachable("the probe is pulled out")
        return self.temperature_c

    def close(self) -> None:
        self.closed += 1


def lines(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in caplog.records if record.getMessage().startswith("The temperature of")]


def test_a_value_counts_up_to_its_age_limit_and_its_loss_and_return_are_said_once(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO)
    probe, clock = Probe(), HandClock()
    temperatures = LoadTemperatures({"boiler": probe}, clock.monotonic_s)
    temperatures.poll_once()
    clock.advance(30)
    assert temperatures.latest() == {"boiler": 48.6}
    probe.temperature_c = None
    temperatures.poll_once()
    for _ in range(100):
        clock.advance(1)
        assert temperatures.latest() == {}
    assert lines(caplog) == [
        "The temperature of boiler is lost, 48.6 degC was 31 s ago and the limit is 30 s: the probe is pulled out"
    ]
    probe.temperature_c = 40.0
    temperatures.poll_once()
    for _ in range(3):
        assert temperatures.latest() == {"boiler": 40.0}
    assert lines(caplog)[1:] == ["The temperature of boiler is known again: 40.0 degC."]


def test_a_probe_that_never_answered_is_said_once_after_its_limit(caplog: pytest.LogCaptureFixture) -> None:
    clock = HandClock()
    temperatures = LoadTemperatures({"boiler": Probe(None), "pool": Probe(20.0)}, clock.monotonic_s)
    temperatures.poll_once()
    assert temperatures.latest() == {"pool": 20.0}
    assert not lines(caplog)
    clock.advance(31)
    temperatures.poll_once()
    assert temperatures.latest() == temperatures.latest() == {"pool": 20.0}
    assert lines(caplog) == [
        "The temperature of boiler is lost, nothing has come for 31 s and the limit is 30 s: the probe is pulled out"
    ]


def test_its_status_names_the_load_and_what_is_wrong() -> None:
    temperatures = LoadTemperatures({"boiler": Probe(None)}, HandClock().monotonic_s)
    temperatures.poll_once()
    (status,) = temperatures.status()
    assert (status.name, status.trouble) == ("temperature of boiler", "the probe is pulled out")


def test_sensors_are_read_on_threads_and_closed_at_the_end() -> None:
    probe = Probe()
    temperatures = LoadTemperatures({"boiler": probe}, time.monotonic)
    temperatures.start()
    wait_for(lambda: temperatures.latest() == {"boiler": 48.6}, "read")
    temperatures.close()
    temperatures.close()
    assert probe.closed == 2
    assert temperatures.status()[0].next_try_s is None


def test_a_read_that_hangs_for_ever_delays_nobody(tmp_path: Path) -> None:
    """A pipe that nobody writes to stands for a 1-Wire bus whose driver hangs."""
    folder = tmp_path / "28-0316a2795eff"
    folder.mkdir()
    os.mkfifo(folder / "w1_slave")
    hung = Ds18b20(Ds18b20.Settings(folder=str(tmp_path)), tools_for(tmp_path))
    temperatures = LoadTemperatures({"boiler": hung, "pool": Probe(20.0)}, time.monotonic)
    temperatures.start()
    wait_for(lambda: temperatures.latest() == {"pool": 20.0}, "the other one is read")
    watch = Stopwatch()
    temperatures.latest()
    temperatures.close()
    assert watch.took_s() < 0.1
    (folder / "w1_slave").write_text("")  # lets the thread end
