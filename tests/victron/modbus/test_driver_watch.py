"""What the Modbus meter makes of an inverter that is lost or hangs, against a real server."""

from __future__ import annotations

import pytest

from bench.doubles.gx_modbus import ModbusGx
from pv_heater.core.model.power_balance import house_w
from pv_heater.errors import BadReply
from pv_heater.victron.modbus.meter import GxModbusMeter
from tests.source_tools import HandClock
from tests.victron.modbus.home import CHARGER, GRID_METER, RS, Build, read_for


def lose_inverter(gx: ModbusGx) -> None:
    """The figures seen: of 760 W of house 71 W were told."""
    gx.house(source=0, consumption=(71.0, None, None), grid=(50.0, None, None), pv_dc=1300)
    gx.house(pv_on_grid=(None, None, None), battery_w=590)
    gx.grid_meter(GRID_METER, 50, None, None)


def test_what_hangs_beside_a_lost_inverter_is_not_the_house(
    gx: ModbusGx, meter: GxModbusMeter, clock: HandClock
) -> None:
    read_for(meter, clock, 30)
    lose_inverter(gx)
    for _ in range(5):
        with pytest.raises(BadReply, match="reports nothing of its inverter"):
            meter.read()
        clock.advance(1)
    reading = read_for(meter, clock, 20)
    assert (reading.consumption_w, reading.ac_source, reading.grid_connected) == (None, None, None)
    assert house_w(reading) == 760
    gx.house(source=1, consumption=(998.0, None, None), pv_on_grid=(400.0, None, None), pv_dc=2300, battery_w=1048)
    assert meter.read().consumption_w == 998


def test_a_program_that_starts_while_the_inverter_is_lost_counts_the_others_too(
    gx: ModbusGx, meter: GxModbusMeter, clock: HandClock
) -> None:
    lose_inverter(gx)
    with pytest.raises(BadReply, match="it is starting"):
        meter.read()
    clock.advance(5)
    assert house_w(meter.read()) == 760


def test_an_inverter_that_measured_the_grid_takes_it_along(gx: ModbusGx, build: Build, clock: HandClock) -> None:
    meter = build(grid_meter_units=(), solar_charger_units=(), pv_inverter_units=())
    read_for(meter, clock, 30)
    lose_inverter(gx)
    for _ in range(3):
        with pytest.raises(BadReply, match="grid power is not measured by another device"):
            meter.read()
        clock.advance(10)


def test_a_phase_that_is_lost_reads_0_and_the_sum_lacks_it(
    gx: ModbusGx, meter: GxModbusMeter, clock: HandClock, caplog: pytest.LogCaptureFixture
) -> None:
    gx.house(consumption=(300.0, 698.0, None), battery_w=1750)
    assert read_for(meter, clock, 3).consumption_w == 998
    gx.house(consumption=(300.0, 0.0, None))
    reading = read_for(meter, clock, 3)
    assert (reading.consumption_w, house_w(reading)) == (None, 1050)
    assert "consumption power reads 300 W" in caplog.messages[0]
    gx.house(consumption=(300.0, 0.0, None), battery_w=2448)
    assert meter.read().consumption_w == 300, "a phase on which nothing runs now: the powers add up"


def moved(gx: ModbusGx, second: int) -> None:
    gx.house(battery_w=1048 + second % 3, grid=(100.0 + second % 2, None, None))
    gx.grid_meter(GRID_METER, 100 + second % 2, None, None)
    gx.write(GRID_METER, 2616, [2300 + second % 5, 4, 0, 0, 0, 0])


@pytest.mark.parametrize("device", ["charger", "grid meter"])
def test_a_driver_that_hangs_ends_readings(gx: ModbusGx, build: Build, clock: HandClock, device: str) -> None:
    meter = build(solar_charger_units=(CHARGER,), pv_inverter_units=(), grid_meter_units=(GRID_METER,))
    gx.write(GRID_METER, 2616, [2300, 4, 0, 0, 0, 0])
    for second in range(59):
        if device == "charger":
            moved(gx, second)
        else:
            gx.house(battery_w=1048 + second % 3)
            gx.write(CHARGER, 771, [5245 + second % 4, 100])
        meter.read()
        clock.advance(1)
    gx.house(battery_w=1049)
    clock.advance(6)
    with pytest.raises(BadReply, match="hangs, so what it does now is unknown"):
        meter.read()
    gx.write(CHARGER, 771, [5300, 101])
    gx.write(GRID_METER, 2616, [2311])
    clock.advance(5)
    meter.read()


def test_a_hung_inverter_leaves_the_balance(gx: ModbusGx, build: Build, clock: HandClock) -> None:
    """As seen: consumption stayed at 2758 W of 4270 W, and the battery gave 1220 W for it."""
    gx.write(227, 3, [0] * 29)
    gx.write(227, 15, [2301])
    gx.write(227, 23, [247])
    gx.write(227, 26, [5241, 250, 1, 0, 0, 252])
    meter = build(grid_meter_units=(GRID_METER,))
    for second in range(90):
        moved(gx, second)
        gx.write(CHARGER, 771, [5245 + second % 4, 100])
        gx.write(RS, 771, [5245 + second % 4, 100])
        reading = read_for(meter, clock, 1)
    assert (reading.consumption_w, reading.ac_source) == (None, None)
    assert house_w(reading) == (reading.pv_w or 0) + (reading.grid_w or 0) - (reading.battery_w or 0)
    gx.write(227, 23, [397])
    clock.advance(5)
    assert meter.read().consumption_w == 998
