"""Which units the Modbus meter finds, keeps, misses and refuses, against a real server."""

from __future__ import annotations

import json
import logging
import re
from pathlib import Path
from typing import Any

import pytest

from bench.doubles.gx_modbus import SYSTEM_UNIT, ModbusGx
from pv_heater.errors import BadReply
from tests.source_tools import HandClock
from tests.victron.modbus.home import CHARGER, GRID_METER, PV_INVERTER, RS, Build, read_for


def test_devices_are_found_a_few_requests_at_a_time(gx: ModbusGx, build: Build, clock: HandClock) -> None:
    meter = build()
    assert meter.read().pv_throttled is None
    counts = []
    for _ in range(70):
        gx.requests.clear()
        reading = read_for(meter, clock, 1)
        counts.append(len(gx.requests))
    assert max(counts) <= 25
    assert (reading.pv_throttled, reading.charger_state) == (False, "external control")


def test_after_the_first_round_the_search_is_slow_and_still_finds(gx: ModbusGx, build: Build, clock: HandClock) -> None:
    meter = build()
    late = gx.units.pop(CHARGER)
    read_for(meter, clock, 130)
    gx.requests.clear()
    gx.units[CHARGER] = late
    assert read_for(meter, clock, 10).pv_throttled is False
    assert len(gx.requests) <= 60
    gx.write(CHARGER, 791, [1])
    for _ in range(1000):
        if read_for(meter, clock, 1).pv_throttled:
            break
    assert meter.read().pv_throttled is True


def test_what_was_found_is_kept_for_the_next_start(
    gx: ModbusGx, build: Build, clock: HandClock, tmp_path: Path
) -> None:
    read_for(build(), clock, 35)
    kept = json.loads((tmp_path / "gx_modbus_units.json").read_text())
    assert kept == {
        "gx": "c0619ab0a001",
        "units": {
            "grid_meter": [30],
            "solar_charger": [RS, CHARGER],
            "multi_rs": [],
            "pv_inverter": [20],
            "inverter": [],
        },
    }
    del gx.units[GRID_METER]
    with pytest.raises(BadReply, match=r"grid meter \(unit 30\) is lost"):
        build().read()


def test_another_gx_device_has_other_devices(gx: ModbusGx, build: Build, clock: HandClock) -> None:
    meter = build()
    read_for(meter, clock, 3)
    gx.write(SYSTEM_UNIT, 805, [0x3032])
    del gx.units[GRID_METER]
    with pytest.raises(BadReply, match="ESS is set up with a grid meter"):
        meter.read()
    gx.write(SYSTEM_UNIT, 2718, [1])
    clock.advance(10)
    assert meter.read().grid_w == 100


@pytest.mark.parametrize(
    "text", ["", "null", "[1]", '{"gx": "c0619ab0a001", "units": {"grid_meter": [true, "30", 999]}}']
)
def test_a_damaged_file_of_units_is_no_trouble(build: Build, tmp_path: Path, text: str) -> None:
    (tmp_path / "gx_modbus_units.json").write_text(text)
    assert build().read().grid_w == 100


def test_a_unit_that_is_given_twice_counts_once(gx: ModbusGx, build: Build, clock: HandClock) -> None:
    meter = build(solar_charger_units=(CHARGER, CHARGER), grid_meter_units=(), pv_inverter_units=())
    read_for(meter, clock, 2)
    gx.requests.clear()
    meter.read()
    assert [request[:2] for request in gx.requests].count((CHARGER, 789)) == 1


# --- faults


def test_a_grid_meter_that_comes_back_under_another_unit_is_found(
    gx: ModbusGx, build: Build, clock: HandClock, tmp_path: Path
) -> None:
    """A reboot gives a replaced meter a new instance."""
    meter = build()
    read_for(meter, clock, 5)
    gx.units[33] = gx.units.pop(GRID_METER)
    with pytest.raises(BadReply, match=r"grid meter \(unit 30\) is lost"):
        meter.read()
    clock.advance(1)
    assert meter.read().grid_w == 100
    assert json.loads((tmp_path / "gx_modbus_units.json").read_text())["units"]["grid_meter"] == [33]
    gx.units[GRID_METER] = gx.units.pop(33)
    with pytest.raises(BadReply, match=r"grid meter \(unit 33\) is lost"):
        meter.read()
    assert meter.read().grid_w == 100, "and back again"


def test_of_two_grid_meters_that_were_found_one_may_leave(gx: ModbusGx, build: Build, clock: HandClock) -> None:
    gx.grid_meter(31, 100, None, None)
    meter = build()
    read_for(meter, clock, 5)
    del gx.units[31]
    assert read_for(meter, clock, 5).grid_w == 100
    del gx.units[GRID_METER]
    with pytest.raises(BadReply, match="is lost"):
        meter.read()


def test_two_chargers_of_which_one_is_reborn_under_another_unit(
    gx: ModbusGx, build: Build, clock: HandClock, caplog: pytest.LogCaptureFixture
) -> None:
    meter = build()
    assert read_for(meter, clock, 25).pv_throttled is False
    caplog.set_level(logging.INFO)
    gx.units[224] = gx.units.pop(CHARGER)
    assert read_for(meter, clock, 1).pv_throttled is None
    assert read_for(meter, clock, 25).pv_throttled is False, "17 minutes at the pace of a search that is over"
    assert "GX: found a solar charger at unit 224, in place of the one at unit 226 that is lost." in caplog.messages


def test_a_home_whose_grid_meter_is_lost_at_the_start_has_no_reading(
    gx: ModbusGx, build: Build, clock: HandClock
) -> None:
    """ESS is set up with a grid meter: what is shown is the inverter's input, -237 W of it in truth +50 W."""
    words = gx.units.pop(GRID_METER)
    gx.house(grid=(-237.0, None, None), consumption=(467.0, None, None), battery_w=1996)
    meter = build()
    for _ in range(3):
        with pytest.raises(BadReply, match="ESS is set up with a grid meter, but the GX device has none"):
            meter.read()
        clock.advance(10)
    gx.units[GRID_METER] = words
    gx.house(grid=(100.0, None, None), consumption=(998.0, None, None), battery_w=1802)
    assert meter.read().grid_w == 100


@pytest.mark.parametrize("source", [240, 2])
def test_on_battery_and_on_a_generator_no_grid_meter_is_missed(gx: ModbusGx, build: Build, source: int) -> None:
    del gx.units[GRID_METER]
    gx.house(source=source)
    assert build().read().grid_connected is False


def test_where_the_inverter_stands_in_for_a_meter_none_is_missed(gx: ModbusGx, build: Build) -> None:
    del gx.units[GRID_METER]
    gx.write(SYSTEM_UNIT, 2718, [1])
    assert build().read().grid_w == 100
    gx.write(SYSTEM_UNIT, 2718, [0])
    assert build(grid_meter_units=()).read().grid_w == 100, "the owner says that there is none"


@pytest.mark.parametrize(
    ("settings", "text"),
    [
        ({"solar_charger_units": (GRID_METER,)}, "solar_charger_units names unit 30, but that is a grid meter"),
        ({"pv_inverter_units": (GRID_METER,)}, "pv_inverter_units names unit 30, but that is a grid meter"),
        ({"solar_charger_units": (CHARGER, PV_INVERTER)}, "names unit 20, but that is a PV inverter"),
        ({"grid_meter_units": (CHARGER,)}, "is lost"),
        ({"solar_charger_units": (225,)}, "names unit 225, but that is a battery monitor"),
    ],
    ids=["a grid meter", "as a PV inverter", "one of two", "a charger as the grid meter", "a battery monitor"],
)
def test_a_unit_that_is_something_else_is_refused(
    gx: ModbusGx, build: Build, settings: dict[str, Any], text: str
) -> None:
    gx.write(225, 259, [5245])
    with pytest.raises(BadReply, match=re.escape(text)):
        build(**settings).read()


def test_a_unit_at_which_nothing_answers_may_be_off(gx: ModbusGx, build: Build) -> None:
    assert build(solar_charger_units=(CHARGER, 5)).read().pv_throttled is False


def test_a_unit_of_the_owners_is_his_to_correct(gx: ModbusGx, build: Build) -> None:
    with pytest.raises(BadReply, match="correct grid_meter_units") as caught:
        build(grid_meter_units=(239,)).read()
    assert "gx_modbus_units.json" not in str(caught.value)


def test_behind_a_slow_line_the_search_does_not_delay_readings(
    gx: ModbusGx, build: Build, clock: HandClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With 1.5 s an answer there was one reading in 20 s, and the loads were off."""
    meter, answer = build(), gx.answer

    def late(unit: int, address: int, count: int) -> Any:
        clock.advance(1.5)
        return answer(unit, address, count)

    meter.read()
    monkeypatch.setattr(gx, "answer", late)
    ages_s, polls_s = [], []
    for _ in range(12):
        began_s = clock.monotonic_s()
        reading = meter.read()
        polls_s.append(clock.monotonic_s() - began_s)
        ages_s.append((clock.now() - reading.taken_at).total_seconds())
        clock.advance(1)
    assert max(ages_s[1:]) < 10
    assert sum(polls_s) / len(polls_s) < 10
