"""A heater with a probe of its own: pulled, plugged in again, and a day on which only the probe is left."""

import logging
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from pv_heater.core.model.requests import Force, Mode
from pv_heater.core.model.values import Phase
from pv_heater.run.sources import LoadTemperatures
from pv_heater.sensors.ds18b20 import Ds18b20
from pv_heater.sim.clock import SimClock
from pv_heater.sim.recording_meter import RecordedHome
from pv_heater.sim.tank import TankSettings
from tests.scenarios.life import HOUR, Day, day_of, live
from tests.source_tools import tools_for

PROBE = "28-0316a2795eff"
SUNRISE = 5.0
INTERVAL_S, MAX_AGE_S = 10.0, 30.0


class Bus:
    """The 1-Wire bus of the home: a folder as the kernel makes it, in which the tank's temperature stands."""

    def __init__(self, folder: Path, pulled: tuple[float, float] = (0.0, 0.0)) -> None:
        self._folder = folder
        self._pulled = pulled
        sensor = Ds18b20(Ds18b20.Settings(folder=str(folder), interval_s=INTERVAL_S), tools_for(folder))
        assert sensor.max_age_s == MAX_AGE_S
        self._sensor = sensor

    def connect(self, clock: SimClock, life: RecordedHome) -> LoadTemperatures:
        """Reads it every 10 s from now on."""
        temperatures = LoadTemperatures({"heater": self._sensor}, clock.monotonic_s)

        def pass_time(from_s: float, to_s: float) -> None:
            if from_s // INTERVAL_S != to_s // INTERVAL_S:
                self._measure(to_s / HOUR, life.read().load_c["heater"])
                temperatures.poll_once()

        clock.on_advance(pass_time)
        return temperatures

    def _measure(self, hour: float, temperature_c: float) -> None:
        place = self._folder / PROBE
        if self._pulled[0] <= hour < self._pulled[1]:
            if place.exists():
                (place / "w1_slave").unlink()
                place.rmdir()
            return
        place.mkdir(exist_ok=True)
        bits = "72 01 4b 46 7f ff 0e 10 57"
        (place / "w1_slave").write_text(f"{bits} : crc=57 YES\n{bits} t={temperature_c * 1000:.0f}\n")


def day(
    bus: Bus,
    until_hour: float,
    *,
    start_c: float = 30.0,
    load: dict[str, Any] | None = None,
    from_hour: float = SUNRISE - 0.25,
    **changes: Any,
) -> Day:
    """From a quarter of an hour before the sun on, with what the night has left in the battery."""
    sunny = day_of([(0, 0, 300), (SUNRISE, 4000, 300)], until_hour=until_hour)
    tank = {"heater": TankSettings(start_c=start_c, thermostat_c=90.0, draws=())}
    return live(
        sunny, start_percent=70.0, from_hour=from_hour, tanks=tank,
        load={"max_c": 70, "hysteresis_c": 5, **(load or {})},
        temperatures=bus.connect, tells_loads=True, tampered=lambda reading, _: replace(reading, load_c={}), **changes,
    )  # fmt: skip


def test_a_probe_pulled_out_switches_off_within_its_age_and_heats_again_when_it_is_back(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """
    05:00  sun: 2 kW into a cold tank
    05:30  the probe is pulled out; off within 30 s and a tick, by the safety stop
    06:00  plugged in again: heating with the next value
    """
    caplog.set_level(logging.INFO)
    lived = day(Bus(tmp_path, pulled=(5.5, 6.0)), 6.1)
    assert lived.power_w(5.4) > 1500
    assert lived.off_after_s(5.5) <= MAX_AGE_S + 2 * INTERVAL_S
    assert lived.heated_s(5.5 + 60 / HOUR, 6.0) == 0
    assert next(decision for at_s, decision, _ in lived.seen if at_s > 5.7 * HOUR).loads["heater"].rule == "probe_lost"
    assert lived.on_after_s(6.0) <= 2 * INTERVAL_S
    said = [record.getMessage() for record in caplog.records if "The temperature of heater" in record.getMessage()]
    assert len(said) == 2


def test_the_tank_never_passes_its_maximum(tmp_path: Path) -> None:
    """Sun for an hour and a half and a thermostat that stands at 90 degC: the probe keeps it at 70."""
    lived = day(Bus(tmp_path), 6.5, start_c=65.0)
    hottest_c = max(decision.trace.load_c.get("heater", 0.0) for _, decision, _ in lived.seen)
    assert 69.9 < hottest_c < 70.5
    assert lived.heated_s(SUNRISE, 6.5) > HOUR / 4


def test_a_target_makes_it_full_and_the_sun_is_left_to_others(tmp_path: Path) -> None:
    lived = day(Bus(tmp_path), 6.5, start_c=51.0, load={"target_c": 55})
    phases = {decision.loads["heater"].phase for at_s, decision, _ in lived.seen if at_s > 6.0 * HOUR}
    assert Phase.FULL in phases
    assert max(decision.trace.load_c.get("heater", 0.0) for _, decision, _ in lived.seen) < 55.6


def test_a_load_forced_on_lives_by_its_probe_alone_when_the_meter_is_dead(tmp_path: Path) -> None:
    """
    01:00  forced on for five hours
    01:10  the meter falls silent for the rest of the day
    02:00  the probe is pulled out: off, although the owner wants it on
    """
    command = (1.0, Force(load="heater", mode=Mode.ON, for_s=5 * HOUR))
    bus = Bus(tmp_path, pulled=(2.0, 24.0))
    lived = day(bus, 3.0, commands=[command], silent=(1.0 + 10 / 60, 24.0), load={"max_c": 89}, from_hour=0.75)
    assert lived.heated_s(1.25, 2.0) == 0.75 * HOUR
    assert lived.off_after_s(2.0) <= MAX_AGE_S + 2 * INTERVAL_S
    assert lived.heated_s(2.0 + 60 / HOUR, 3.0) == 0
