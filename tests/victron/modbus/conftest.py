from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from bench.doubles.gx_modbus import ModbusGx
from pv_heater.victron.modbus.meter import GxModbusMeter
from tests.silence import PATIENT_S
from tests.source_tools import HandClock, tools_for
from tests.victron.modbus.home import CHARGER, GRID_METER, PV_INVERTER, RS, WITH_BATTERY, Build


@pytest.fixture(scope="module")
def running_gx() -> Iterator[ModbusGx]:
    with ModbusGx() as gx:
        yield gx


@pytest.fixture
def gx(running_gx: ModbusGx) -> ModbusGx:
    """A plant with a grid meter, two trackers and AC PV, all well, that adds up."""
    running_gx.reset()
    running_gx.house(battery_w=1048)
    running_gx.grid_meter(GRID_METER, 100, None, None)
    running_gx.solar_charger(CHARGER, pv_w=1500, mode=2)
    running_gx.two_trackers(RS, pv_w=(500, 300), modes=(2, 2))
    running_gx.write(PV_INVERTER, 1026, [0])
    running_gx.write(PV_INVERTER, 1052, [0, 400, 0, 5000, 0, 5000])
    return running_gx


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture
def build(gx: ModbusGx, clock: HandClock, tmp_path: Path) -> Iterator[Build]:
    meters: list[GxModbusMeter] = []

    def build_one(site: Any = WITH_BATTERY, **settings: Any) -> GxModbusMeter:
        settings = {"host": "127.0.0.1", "port": gx.port, **settings}
        tools = tools_for(tmp_path, clock=clock, site=site)
        meters.append(GxModbusMeter(GxModbusMeter.Settings(**settings), tools, timeout_s=PATIENT_S))
        return meters[-1]

    yield build_one
    for meter in meters:
        meter.close()


@pytest.fixture
def meter(build: Build) -> GxModbusMeter:
    return build(solar_charger_units=(CHARGER, RS), pv_inverter_units=(PV_INVERTER,), grid_meter_units=(GRID_METER,))
