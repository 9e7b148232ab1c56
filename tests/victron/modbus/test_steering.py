"""Who else steers the battery, by a GX device's registers: what there is, and that the rest is unknown."""

from __future__ import annotations

import pytest

from bench.doubles.gx_modbus import SYSTEM_UNIT, ModbusGx
from pv_heater.core.model.steering import By, Does, Steering
from pv_heater.victron.modbus.steering import steering_by
from tests.source_tools import HandClock
from tests.victron.modbus.home import Build, read_for

OFF = dict.fromkeys(range(5400, 5408), 0)


@pytest.mark.parametrize(
    ("dess", "expected"),
    [
        ({5400: 1, 5406: 0, 5407: 60, 5403: 150}, Steering(by=By.DYNAMIC_ESS, target_percent=60)),
        ({5400: 1, 5406: 1}, Steering(by=By.DYNAMIC_ESS, does=Does.FOLLOWS)),
        ({5400: 1, 5406: 3, 5407: 65_535}, Steering(by=By.DYNAMIC_ESS)),
        ({5400: 0, 5407: 60, 5404: 3}, None),
        ({5400: 65_535}, Steering(by=By.DYNAMIC_ESS)),
    ],
)
def test_dynamic_ess_by_its_registers(dess: dict[int, int], expected: Steering | None) -> None:
    assert steering_by({**OFF, **dess}, {}, ess_runs=True) == expected


@pytest.mark.parametrize(
    ("mode", "expected"),
    [
        ({2900: 10, 2902: 2}, None),
        ({2900: 9}, Steering(by=By.KEEP_CHARGED, does=Does.HOLDS)),
        ({2900: 7, 2902: 1}, Steering(by=By.SUSTAIN, does=Does.CHARGES)),
        ({2900: 12}, Steering(by=By.RECHARGE, does=Does.CHARGES)),
        ({2902: 3}, Steering(by=By.EXTERNAL_CONTROL)),
        ({}, None),
    ],
)
def test_the_modes_of_an_ess_that_runs(mode: dict[int, int], expected: Steering | None) -> None:
    assert steering_by({}, mode, ess_runs=True) == expected
    assert steering_by({}, mode, ess_runs=False) is None


def test_it_comes_with_the_reading_within_twenty_seconds(gx: ModbusGx, build: Build, clock: HandClock) -> None:
    gx.units[SYSTEM_UNIT] |= OFF
    meter = build()
    assert read_for(meter, clock, 12).steering is None
    gx.write(SYSTEM_UNIT, 5400, [1])
    gx.write(SYSTEM_UNIT, 5407, [80])
    assert read_for(meter, clock, 22).steering == Steering(by=By.DYNAMIC_ESS, target_percent=80)
    gx.write(SYSTEM_UNIT, 5400, [0])
    assert read_for(meter, clock, 22).steering is None


def test_old_firmware_is_hardly_asked(gx: ModbusGx, build: Build, clock: HandClock) -> None:
    meter = build()
    assert read_for(meter, clock, 60).steering is None
    assert sum(address in (5400, 2900) for _, address, _ in gx.requests) == 2
