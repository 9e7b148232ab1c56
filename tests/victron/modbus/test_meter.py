"""The meter against a real Modbus server that behaves as a GX device was observed to, faults included."""

from __future__ import annotations

import logging
from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import pytest

from bench.doubles.gx_modbus import OBSERVED_SYSTEM, SYSTEM_UNIT, ModbusGx
from pv_heater.config.load import load_config
from pv_heater.errors import BadReply, ConfigError, SourceError, Unreachable
from pv_heater.io.system.worker import Worker
from pv_heater.victron.modbus.meter import GxModbusMeter
from tests.silence import silent
from tests.source_tools import HandClock
from tests.victron.modbus.home import CHARGER, GRID_METER, PV_INVERTER, RS, Build, read_for


def test_building_the_meter_asks_nothing_and_needs_no_network(gx: ModbusGx, meter: GxModbusMeter, build: Build) -> None:
    build(host="no such host")
    assert gx.requests == []


def test_the_house_as_it_is(meter: GxModbusMeter, clock: HandClock) -> None:
    reading = read_for(meter, clock, 3)
    assert (reading.source, reading.taken_at.second, reading.interval_s) == ("gx_modbus", 2, 1)
    assert (reading.pv_w, reading.consumption_w, reading.grid_w, reading.grid_phase_w) == (2700, 998, 100, (100,))
    assert (reading.battery_w, reading.battery_v, reading.battery_soc_percent) == (1048, 52.5, 82)
    assert (reading.charger_state, reading.pv_throttled) == ("external control", False)
    assert (reading.grid_connected, reading.feed_in_allowed) == (True, False)


def test_the_observed_registers_are_read(gx: ModbusGx, build: Build, clock: HandClock) -> None:
    """As printed by a real systemcalc, whose grid power was not known at that moment: 0 on all phases."""
    gx.units = {}
    gx.write(SYSTEM_UNIT, 800, OBSERVED_SYSTEM)
    meter = build()
    with pytest.raises(Unreachable, match="grid still read 0"):
        meter.read()
    clock.advance(20)
    reading = meter.read()
    assert (reading.pv_w, reading.consumption_w, reading.grid_w) == (4197, 998, None)
    assert (reading.battery_w, reading.battery_v, reading.battery_soc_percent) == (2364, 52.5, 82)
    assert (reading.charger_state, reading.feed_in_allowed, reading.pv_throttled) == ("charging", None, None)


def test_three_phases_with_export_on_one(gx: ModbusGx, meter: GxModbusMeter) -> None:
    gx.house(grid=(-1200.0, 300.0, 1000.0), consumption=(300.0, 300.0, 398.0))
    reading = meter.read()
    assert (reading.grid_w, reading.grid_phase_w) == (100, (-1200, 300, 1000))


def test_a_phase_that_was_seen_still_exists_when_it_is_0(gx: ModbusGx, meter: GxModbusMeter) -> None:
    gx.house(grid=(50.0, 50.0, None), consumption=(500.0, 498.0, None))
    meter.read()
    gx.house(grid=(100.0, 0.0, None), consumption=(998.0, 0.0, None))
    assert meter.read().grid_phase_w == (100, 0)


def test_a_discharging_battery_is_a_word(gx: ModbusGx, meter: GxModbusMeter) -> None:
    gx.house(battery_w=-1800, battery_state=2, pv_dc=0, pv_on_grid=(0.0, None, None), grid=(10.0, None, None))
    gx.house(consumption=(1700.0, None, None))
    gx.solar_charger(CHARGER, pv_w=None, mode=None)
    gx.two_trackers(RS, pv_w=(0, 0), modes=(0, 0))
    reading = meter.read()
    assert (reading.charger_state, reading.battery_w, reading.pv_w) == ("discharging", -1800, 0)


def test_old_firmware_has_gaps_that_are_asked_around_and_remembered(
    gx: ModbusGx, meter: GxModbusMeter, clock: HandClock
) -> None:
    gx.old_firmware()
    reading = read_for(meter, clock, 8)
    assert (reading.pv_w, reading.consumption_w, reading.grid_w, reading.battery_v) == (2700, 998, 100, 52.5)
    gx.requests.clear()
    meter.read()
    assert (SYSTEM_UNIT, 800, 120) not in gx.requests
    assert len(gx.requests) <= 12
    clock.advance(60)
    meter.read()
    assert (SYSTEM_UNIT, 800, 120) in gx.requests


@pytest.mark.parametrize(
    ("single", "rs", "expected"),
    [
        pytest.param(1, (2, 2), True, id="the single tracker is held back"),
        pytest.param(2, (2, 1), True, id="one of two trackers is held back"),
        pytest.param(2, (2, 0), False, id="one is off"),
        pytest.param(None, (0, 0), False, id="night; the PV inverter is not limited"),
    ],
)
def test_throttling(
    gx: ModbusGx, meter: GxModbusMeter, clock: HandClock, single: int | None, rs: tuple[int, int], expected: bool | None
) -> None:
    gx.solar_charger(CHARGER, pv_w=1500, mode=single)
    gx.two_trackers(RS, pv_w=(500, 300), modes=rs)
    assert read_for(meter, clock, 2).pv_throttled is expected


def test_trackers_that_are_off_tell_nothing(gx: ModbusGx, build: Build) -> None:
    gx.solar_charger(CHARGER, pv_w=2300, mode=0)
    meter = build(solar_charger_units=(CHARGER,), pv_inverter_units=())
    assert meter.read().pv_throttled is None


def test_a_pv_inverter_that_ess_limits_is_throttled(gx: ModbusGx, meter: GxModbusMeter) -> None:
    gx.write(PV_INVERTER, 1052, [0, 400, 0, 5000, 0, 400])
    gx.write(SYSTEM_UNIT, 2709, [1])
    reading = meter.read()
    assert (reading.pv_throttled, reading.feed_in_allowed) == (True, False)


def test_a_multi_rs_tells_its_modes(gx: ModbusGx, build: Build, clock: HandClock) -> None:
    gx.units[RS] = {}
    gx.write(RS, 4543, [0])
    gx.write(RS, 4605, [2, 1, 0, 0])
    meter = build(solar_charger_units=(RS,), pv_inverter_units=(), grid_meter_units=())
    read_for(meter, clock, 1)
    assert meter.read().pv_throttled is True


def test_feeding_in_is_not_known_without_ess(gx: ModbusGx, meter: GxModbusMeter, clock: HandClock) -> None:
    gx.write(SYSTEM_UNIT, 2707, [1])
    assert meter.read().feed_in_allowed is True
    gx.without_service = {2709, 2711, 2716}
    clock.advance(10)
    assert meter.read().feed_in_allowed is None
    gx.without_service = set()
    clock.advance(60)
    assert meter.read().feed_in_allowed is True


@pytest.mark.parametrize(
    ("source", "word", "connected"),
    [
        (1, "grid", True),
        (3, "shore", True),
        (2, "generator", False),
        (240, "none", False),
        (77, None, None),
    ],
)
def test_what_feeds_the_house(
    gx: ModbusGx, meter: GxModbusMeter, source: int, word: str | None, connected: bool | None
) -> None:
    gx.house(source=source)
    reading = meter.read()
    assert (reading.ac_source, reading.grid_connected) == (word, connected)


def test_on_a_generator_the_meter_of_the_grid_says_nothing(gx: ModbusGx, meter: GxModbusMeter) -> None:
    gx.house(source=2, grid=(290.0, None, None), genset=(1500.0, None, None), battery_w=2500)
    reading = meter.read()
    assert (reading.ac_source, reading.grid_w, reading.grid_phase_w) == ("generator", None, ())


def test_a_grid_that_failed_leaves_its_last_power_behind(gx: ModbusGx, meter: GxModbusMeter) -> None:
    gx.house(source=240, grid=(-700.0, None, None))
    reading = meter.read()
    assert (reading.grid_connected, reading.grid_w, reading.grid_phase_w) == (False, None, ())


def test_the_clock_of_the_gx_device_is_compared_with_ours(gx: ModbusGx, meter: GxModbusMeter, clock: HandClock) -> None:
    assert meter.clock_offset_s is None
    now_s = int(clock.now().timestamp()) + 90
    gx.write(SYSTEM_UNIT, 832, [now_s >> 16, now_s & 0xFFFF])
    meter.read()
    assert meter.clock_offset_s == 90
    gx.write(SYSTEM_UNIT, 832, [0, 1000])
    assert meter.read().taken_at == clock.now()
    assert meter.clock_offset_s is None


# --- devices


def test_a_charger_that_is_killed_leaves_the_rest(gx: ModbusGx, meter: GxModbusMeter, clock: HandClock) -> None:
    read_for(meter, clock, 2)
    del gx.units[CHARGER]
    gx.house(pv_dc=800, battery_w=-400)
    reading = read_for(meter, clock, 1)
    assert (reading.pv_w, reading.pv_throttled) == (1200, None)
    gx.requests.clear()
    read_for(meter, clock, 9)
    assert not [request for request in gx.requests if request[0] == CHARGER and request[1] == 789]
    gx.solar_charger(CHARGER, pv_w=1500, mode=1)
    clock.advance(2)
    assert meter.read().pv_throttled is True


def test_a_lost_grid_meter_is_a_false_export_and_ends_the_readings(gx: ModbusGx, meter: GxModbusMeter) -> None:
    assert meter.read().grid_w == 100
    del gx.units[GRID_METER]
    gx.house(grid=(-300.0, None, None))
    with pytest.raises(BadReply, match=r"grid meter \(unit 30\) is lost \(exception 10\).*correct grid_meter_units"):
        meter.read()
    gx.grid_meter(GRID_METER, 100, None, None)
    gx.house(grid=(100.0, None, None))
    assert meter.read().grid_w == 100


def test_a_grid_meter_that_died_with_the_grid_is_not_missed(gx: ModbusGx, meter: GxModbusMeter) -> None:
    meter.read()
    del gx.units[GRID_METER]
    gx.house(source=240)
    assert meter.read().grid_connected is False


def test_a_grid_meter_that_was_set_and_never_seen_is_missed(gx: ModbusGx, build: Build) -> None:
    with pytest.raises(BadReply, match="unit 31"):
        build(grid_meter_units=(31,)).read()


def test_without_systemcalc_there_are_no_readings(gx: ModbusGx, meter: GxModbusMeter, clock: HandClock) -> None:
    read_for(meter, clock, 30)
    system = gx.units.pop(SYSTEM_UNIT)
    with pytest.raises(Unreachable, match=r"not for its system \(exception 10 at unit 100"):
        meter.read()
    gx.units[SYSTEM_UNIT] = dict.fromkeys(system, 0)
    with pytest.raises(SourceError):
        meter.read()
    gx.units[SYSTEM_UNIT] = system
    assert meter.read().battery_soc_percent == 82


def test_a_restart_is_refusals_then_exceptions_then_zeros_then_values(
    gx: ModbusGx, meter: GxModbusMeter, clock: HandClock
) -> None:
    read_for(meter, clock, 30)
    whole = {address: dict(words) for address, words in gx.units.items()}
    gx.stop()
    said = []
    for stage in ("broken", "refused", "exceptions", "zeros", "all zeros"):
        if stage == "exceptions":
            gx.start()
            gx.units.clear()
        elif stage == "zeros":
            gx.units.update({unit: dict(words) for unit, words in whole.items()})
            gx.house(soc=None, grid=(None, None, None), pv_dc=None)
        elif stage == "all zeros":
            gx.write(SYSTEM_UNIT, 806, [0] * 114)
        with pytest.raises(SourceError) as caught:
            meter.read()
        said.append(str(caught.value))
        clock.advance(1)
    assert ["broke" in said[0], "refuses" in said[1], "exception 10" in said[2]] == [True, True, True]
    assert "battery and grid still read 0" in said[3]
    assert "battery and grid and consumption still read 0" in said[4]
    gx.units.update(whole)
    assert meter.read().grid_w == 100


@pytest.mark.parametrize("restarted", ["the server of the registers", "systemcalc"])
def test_a_zero_is_no_measurement_when_something_restarted(
    gx: ModbusGx, meter: GxModbusMeter, clock: HandClock, restarted: str
) -> None:
    read_for(meter, clock, 30)
    gx.house(grid=(0.0, None, None), battery_w=2100)
    gx.grid_meter(GRID_METER, 0, None, None)
    assert read_for(meter, clock, 1).grid_w == 0
    system = gx.units[SYSTEM_UNIT]
    if restarted == "systemcalc":
        del gx.units[SYSTEM_UNIT]
    else:
        gx.stop()
    with pytest.raises(Unreachable):
        meter.read()
    if restarted == "systemcalc":
        gx.units[SYSTEM_UNIT] = system
    else:
        gx.start()
    with pytest.raises(Unreachable, match="may have just started: grid still read 0"):
        meter.read()
    clock.advance(20)
    assert meter.read().grid_w == 0


def test_a_grid_power_of_0_is_held_against_the_grid_meter(
    gx: ModbusGx, meter: GxModbusMeter, clock: HandClock, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING)
    read_for(meter, clock, 30)
    gx.house(grid=(None, None, None), battery_w=2100)
    gx.grid_meter(GRID_METER, -900, None, None)
    assert read_for(meter, clock, 30).grid_w is None
    assert [record.getMessage() for record in caplog.records] == [
        "GX: grid power reads 0 W, but the grid meter itself says -900 W; it is left out."
    ]


def test_zeros_that_stay_after_the_start_are_judged_by_themselves(
    gx: ModbusGx, build: Build, clock: HandClock, caplog: pytest.LogCaptureFixture
) -> None:
    gx.house(soc=None, grid=(None, None, None), battery_w=2095)
    meter = build(grid_meter_units=())
    with pytest.raises(Unreachable, match="battery and grid still read 0"):
        meter.read()
    clock.advance(20)
    caplog.set_level(logging.WARNING)
    reading = read_for(meter, clock, 30)
    assert (reading.battery_soc_percent, reading.grid_w) == (None, 0)
    assert [record.getMessage() for record in caplog.records] == [
        "GX: the state of charge is 0 % at 52.5 V, which no empty battery shows; it is left out."
    ]


def test_a_lost_battery_monitor_shows_only_the_chargers(gx: ModbusGx, meter: GxModbusMeter, clock: HandClock) -> None:
    read_for(meter, clock, 30)
    gx.house(soc=None, battery_w=2295)
    with pytest.raises(BadReply, match="the battery monitor is lost"):
        meter.read()


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        pytest.param({"grid": (40_000.5, None, None), "consumption": (41_652.0, None, None)}, 40_001, id="40 kW"),
        pytest.param({"grid": (-40_000.5, None, None), "pv_on_grid": (40_500.0, None, None)}, -40_001, id="-40 kW"),
        pytest.param({"pv_on_grid": (-5.5, None, None), "battery_w": 642}, 100, id="AC PV of -5.5 W"),
        pytest.param({"consumption": (70_000.5, None, None), "grid": (69_000.0, None, None)}, 69_000, id="70 kW"),
    ],
)
def test_doubles_that_wrap_are_whole_in_32_bits(
    gx: ModbusGx, meter: GxModbusMeter, changes: dict[str, Any], expected: float
) -> None:
    gx.house(**changes)
    gx.grid_meter(GRID_METER, None, None, None)
    assert meter.read().grid_w == expected


def test_a_double_that_wrapped_in_16_bits_is_no_reading(gx: ModbusGx, meter: GxModbusMeter) -> None:
    gx.old_firmware()
    gx.house(grid=(40_000.5, None, None), consumption=(41_652.0, None, None))
    with pytest.raises(BadReply, match="power cannot be right"):
        meter.read()


@pytest.mark.parametrize(
    ("battery_w", "text"), [(-1852, "3654 W more come in than are used"), (4000, "2198 W more are used than come in")]
)
def test_powers_that_do_not_add_up_for_a_minute_are_said_once(
    gx: ModbusGx, meter: GxModbusMeter, clock: HandClock, caplog: pytest.LogCaptureFixture, battery_w: int, text: str
) -> None:
    """A battery monitor the wrong way round, for one."""
    caplog.set_level(logging.WARNING)
    gx.house(battery_w=battery_w)
    assert read_for(meter, clock, 59, every_s=4).battery_w == battery_w
    gx.house(battery_w=1048)
    read_for(meter, clock, 1)
    gx.house(battery_w=battery_w)
    read_for(meter, clock, 59, every_s=4)
    assert caplog.records == []
    read_for(meter, clock, 60, every_s=4)
    assert [text in record.getMessage() for record in caplog.records] == [True]


def bad(fault: Callable[[ModbusGx], Any], text: str, name: str) -> Any:
    return pytest.param(fault, text, id=name)


@pytest.mark.parametrize(
    ("fault", "text"),
    [
        bad(lambda gx: setattr(gx, "silent", True), "gave no usable answer within 0.3 s", "silence"),
        bad(lambda gx: gx.units.pop(SYSTEM_UNIT), "exception 10", "no system"),
        bad(lambda gx: gx.units.update({SYSTEM_UNIT: {0: 0}}), "exception 2", "a system without registers"),
        bad(lambda gx: gx.write(SYSTEM_UNIT, 800, [0] * 120), "battery monitor is lost", "all zeros"),
        bad(lambda gx: gx.write(SYSTEM_UNIT, 806, [0xFFFF] * 114), "battery monitor is lost", "all ones"),
        bad(
            lambda gx: gx.write(SYSTEM_UNIT, 806, [0x7FFF] * 114),
            "battery monitor is lost",
            "the greatest number everywhere",
        ),
        bad(lambda gx: gx.units.pop(GRID_METER), "is lost", "the grid meter gone"),
    ],
)
def test_a_fault_is_one_line_and_no_reading_until_it_ends(
    gx: ModbusGx,
    meter: GxModbusMeter,
    clock: HandClock,
    caplog: pytest.LogCaptureFixture,
    fault: Callable[[ModbusGx], Any],
    text: str,
) -> None:
    worker = Worker(
        "gx_modbus", meter.read, lambda: meter.interval_s, clock.monotonic_s, clock.wake, logging.getLogger("meter")
    )
    for _ in range(30):
        clock.advance(worker.poll_once())
    before = worker.latest()
    assert before is not None
    caplog.set_level(logging.INFO)
    whole = {unit: dict(words) for unit, words in gx.units.items()}
    fault(gx)
    with silent(gx, meter._client) if gx.silent else nullcontext():
        for _ in range(4):
            clock.advance(worker.poll_once())
    gx.units = whole
    assert worker.latest() is before
    for _ in range(2):  # after a longer silence the first answer may be what was slept through
        clock.advance(worker.poll_once())
    assert worker.latest() is not before
    lines = [record.getMessage() for record in caplog.records if record.name == "meter"]
    assert [text in lines[0], "answers again" in lines[-1]] == [True, True]
    # "All zeros" at first looks like a start and later like a lost battery monitor: two kinds, a line each.
    assert len(lines) <= 3


def test_a_hundred_polls_in_a_row_are_no_trouble(gx: ModbusGx, meter: GxModbusMeter) -> None:
    for _ in range(100):
        assert meter.read().grid_w == 100


def test_the_settings_of_units_are_lists_or_auto(tmp_path: Path) -> None:
    def load(units: str) -> GxModbusMeter.Settings:
        path = tmp_path / "config.yaml"
        path.write_text(
            "site: {name: Home, latitude: 47, longitude: 15, timezone: Europe/Vienna, pv: [{kwp: 4}]}\n"
            f"meter: {{type: gx_modbus, grid_meter_units: {units}}}\n"
            "loads:\n  - {name: try_out, type: dry_run, max_power_w: 1000}\n"
        )
        settings: GxModbusMeter.Settings = load_config(path).meter[0].settings
        return settings

    assert load("auto").grid_meter_units is None
    assert load("[30, 31]").grid_meter_units == (30, 31)
    assert load("[]").grid_meter_units == ()
    with pytest.raises(ConfigError, match="holds 300, but unit ids are 0 to 247"):
        load("[30, 300]")


# --- what Victron's own programs did, run with stand-ins for devices


def test_dc_loads_are_told_once_there_were_any(gx: ModbusGx, meter: GxModbusMeter, clock: HandClock) -> None:
    assert read_for(meter, clock, 1).dc_load_w is None, "a device that knows of none says 0"
    gx.write(SYSTEM_UNIT, 860, [800])
    assert read_for(meter, clock, 1).dc_load_w == 800
    gx.write(SYSTEM_UNIT, 860, [65_536 - 120])
    assert read_for(meter, clock, 1).dc_load_w == -120
    gx.write(SYSTEM_UNIT, 860, [0])
    assert read_for(meter, clock, 1).dc_load_w == 0


def test_a_device_that_slept_is_believed_after_three_seconds(
    gx: ModbusGx, meter: GxModbusMeter, clock: HandClock
) -> None:
    read_for(meter, clock, 3)
    with silent(gx, meter._client), pytest.raises(Unreachable):
        meter.read()
    clock.advance(75)
    for _ in range(3):
        with pytest.raises(Unreachable, match="may still work off what it slept through"):
            meter.read()
        clock.advance(1)
    assert meter.read().grid_w == 100
