from __future__ import annotations

from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.doubles.gx_modbus import OBSERVED_ESS, OBSERVED_SYSTEM, narrow, wide
from pv_heater.errors import SourceError
from pv_heater.victron.modbus.limits import FeedIn, feed_in_allowed, feed_in_of, inverter_held_back, pv_throttled
from pv_heater.victron.modbus.plausibility import Witness, believed
from pv_heater.victron.modbus.registers import charger_of, grid_meter_w, system_of

OBSERVED = dict(enumerate(OBSERVED_SYSTEM, 800))
OPEN = FeedIn(dc_allowed=True, ac_allowed=True, limiting=False)


def with_words(*changes: tuple[int, list[int]]) -> dict[int, int]:
    words = dict(OBSERVED)
    for address, given_words in changes:
        words.update(enumerate(given_words, address))
    return words


def test_the_observed_words_are_the_observed_values() -> None:
    system = system_of(OBSERVED, pytest.fail)
    assert (system.serial_number, system.clock_s) == ("c0619ab0a001", 27393 * 65536 + 10879)
    assert (system.pv_dc_w, system.pv_ac_w, system.consumption_w, system.grid_w) == (3797, 400, 998, 0)
    assert (system.battery_v, system.battery_w, system.battery_soc_percent) == (52.5, 2364, 82)
    assert (system.active_input, system.battery_state, system.phases_in_use) == (1, 1, 1)


def test_ac_pv_counts_at_all_three_positions_and_on_all_phases() -> None:
    words = with_words((808, [100, 200, 300, 10, 20, 30, 1, 2, 3]))
    assert system_of(words, pytest.fail).pv_ac_w == 666


@pytest.mark.parametrize(
    ("power_w", "expected_w"),
    [
        pytest.param(40_000, None, id="an integer that stopped at the end"),
        pytest.param(-40_000, None, id="an integer that stopped at the other end"),
        pytest.param(-2300.5, -2301.0, id="an export"),
        pytest.param(32_000.0, 32_000.0, id="just inside"),
    ],
)
def test_grid_power_in_16_bits(power_w: float, expected_w: float | None) -> None:
    said: list[str] = []
    system = system_of(with_words((820, [narrow(power_w, signed=True)])), said.append)
    assert system.grid_w == expected_w
    assert len(said) == (expected_w is None)


@pytest.mark.parametrize(
    ("power_w", "expected_w"),
    [
        pytest.param(-5.5, -6.0, id="minus 6 W that reads 65530"),
        pytest.param(-5, 0.0, id="an integer below 0 stops at 0"),
        pytest.param(45_000.0, None, id="45 kW on one phase"),
        pytest.param(65_000, None, id="65 kW as an integer"),
    ],
)
def test_ac_pv_in_16_bits(power_w: float, expected_w: float | None) -> None:
    said: list[str] = []
    system = system_of(with_words((811, [narrow(power_w, signed=False)])), said.append)
    assert system.pv_ac_w == expected_w
    assert ["no home has" in text for text in said] == [True] * (expected_w is None)


@pytest.mark.parametrize("power_w", [70_000.5, 40_000, 70_000, 12.0, -5.5, 0])
@pytest.mark.parametrize(("narrow_at", "wide_at", "signed"), [(820, 908, True), (817, 902, False), (811, 890, False)])
def test_32_bits_settle_what_16_bits_cannot_hold(power_w: float, narrow_at: int, wide_at: int, signed: bool) -> None:
    words = with_words(
        (884, [0] * 36),
        (810, [0, 0]),
        (817, [0]),
        (narrow_at, [narrow(power_w, signed=signed)]),
        (wide_at, wide(power_w, signed=signed)),
    )
    system = system_of(words, pytest.fail)
    found_w = {820: system.grid_w, 817: system.consumption_w, 811: system.pv_ac_w}[narrow_at]
    assert found_w == pytest.approx(power_w, abs=0.5)


def test_a_large_export_is_whole_in_32_bits() -> None:
    words = with_words((884, [0] * 36), (820, [narrow(-40_000.5, signed=True)]), (908, wide(-40_000.5, signed=True)))
    assert system_of(words, pytest.fail).grid_w == -40_001


def test_32_bits_that_hold_something_else_are_not_believed() -> None:
    reserved = system_of(with_words((884, [0xFFFF] * 36)), pytest.fail)
    empty = system_of(with_words((884, [0] * 36)), pytest.fail)
    assert reserved.consumption_w == empty.consumption_w == 998


@pytest.mark.parametrize(
    ("words", "what"),
    [
        pytest.param([(884, [0x7FFF, 0xFFF0]), (808, [0xFFF0])], "AC PV", id="two gigawatts"),
        pytest.param([(843, [101])], "charge", id="101 %"),
        pytest.param([(811, [63536]), (890, [65535, 63536])], "AC PV", id="minus 2000 W of AC PV in 32 bits"),
    ],
)
def test_what_no_home_has_is_left_out_and_said(words: list[tuple[int, list[int]]], what: str) -> None:
    said: list[str] = []
    system = system_of(with_words((884, [0] * 36), *words), said.append)
    assert (system.pv_ac_w is None) == (what == "AC PV")
    assert (system.battery_soc_percent is None) == (what == "charge")
    assert [what in text for text in said] == [True]


@pytest.mark.parametrize("unix_s", [0, 1000, 2**63])
def test_a_clock_that_is_not_set_is_none(unix_s: int) -> None:
    words = with_words((830, [unix_s >> shift & 0xFFFF for shift in (48, 32, 16, 0)]))
    assert system_of(words, pytest.fail).clock_s is None


def test_half_of_the_registers_is_half_of_the_values() -> None:
    system = system_of({address: word for address, word in OBSERVED.items() if address < 822}, pytest.fail)
    assert (system.consumption_w, system.grid_w, system.battery_w, system.active_input) == (998, None, None, None)


@given(
    st.dictionaries(st.integers(800, 919), st.integers(0, 65535)),
    st.booleans(),
    st.sampled_from([None, 0.0, 60.0]),
    st.sampled_from([None, 0.0, 3000.0]),
)
def test_no_words_break_the_parsers(words: dict[int, int], full: bool, soc: float | None, witness_w: Any) -> None:
    system = system_of({**(OBSERVED if full else {}), **words}, lambda _text: None)
    witness = Witness(soc_before_percent=soc, grid_meter_w=witness_w, tracker_w=witness_w)
    with suppress(SourceError):
        values = believed(system, witness, lambda _text: None)
        assert values.battery_soc_percent is None or 0 <= values.battery_soc_percent <= 100


@pytest.mark.parametrize(
    ("words", "trackers", "pv_w", "modes"),
    [
        pytest.param([30019, 991, 2, 0, 3002], [], 3002, (2,), id="as observed"),
        pytest.param([4469, 991, 1, 0, 7001], [], 7001, (1,), id="7000 W that read 447"),
        pytest.param([30019, 991, 2], [], 3001.9, (2,), id="older firmware"),
        pytest.param([0, 991, 0, 0, 0], [800, 2, 2], 800, (0, 2, 2), id="two trackers"),
        pytest.param([0, 0, 0, 0xFFFF, 0xFFFA], [], 0, (0,), id="minus 6 W as 4.29 GW"),
    ],
)
def test_a_charger(words: list[int], trackers: list[int], pv_w: float, modes: tuple[int, ...]) -> None:
    charger = charger_of(dict(enumerate(words, 789)), dict(enumerate(trackers, 3730)))
    assert (charger.pv_w, charger.modes) == (pv_w, modes)


def test_the_grid_meter_itself() -> None:
    assert grid_meter_w({2600: 100, 2601: narrow(-2300.5, signed=True), 2602: 0}) == 100 - 2301
    assert grid_meter_w({2600: 32766, 2601: 0, 2602: 0}) is None
    assert grid_meter_w({2600: 5}) is None


@pytest.mark.parametrize(
    ("modes", "held_back", "expected"),
    [
        ((), (), None),
        ((0, 0), (None,), None),
        ((2, 0), (), False),
        ((2, 1), (), True),
        ((255, 3), (), None),
        ((2,), (True,), True),
        ((), (False,), False),
    ],
)
def test_throttled(modes: tuple[int, ...], held_back: tuple[bool | None, ...], expected: bool | None) -> None:
    assert pv_throttled(modes, inverters_held_back=held_back) is expected


@pytest.mark.parametrize(
    ("most_w", "limit_w", "limiting", "expected"),
    [
        (5000, 2000, True, True),
        (5000, 2000, False, False),
        (5000, 5000, True, False),
        (0, 2000, True, None),
        (5000, 0, True, None),
    ],
)
def test_a_pv_inverter_is_held_back(most_w: int, limit_w: int, limiting: bool, expected: bool | None) -> None:
    words = dict(enumerate([0, 400, *wide(most_w, signed=True), *wide(limit_w, signed=True)], 1052))
    assert inverter_held_back(words, limiting=limiting) is expected


def ess(**changes: int) -> dict[int, int]:
    words = dict(enumerate(OBSERVED_ESS, 2700))
    return {**words, **{int(name.removeprefix("r")): word for name, word in changes.items()}}


@pytest.mark.parametrize(
    ("words", "dc", "ac", "grid_w", "expected"),
    [
        pytest.param(ess(), True, False, 0.0, False, id="DC PV must not"),
        pytest.param(ess(), False, True, 0.0, True, id="AC PV may"),
        pytest.param(ess(), True, True, 0.0, False, id="one of two may not"),
        pytest.param(ess(), True, True, -900.0, False, id="the one that may does"),
        pytest.param(ess(r2707=1), True, True, 0.0, True, id="both may"),
        pytest.param(ess(r2707=1, r2708=1), True, True, 0.0, False, id="AC PV must not"),
        pytest.param(ess(r2707=1, r2709=1), True, False, 0.0, False, id="ESS is limiting now"),
        pytest.param(ess(r2707=1, r2722=0, r2723=0), True, False, 0.0, False, id="a limit of nothing"),
        pytest.param(ess(r2707=1, r2722=0, r2723=3000), True, False, 0.0, True, id="a limit of 3 kW"),
        pytest.param(ess(), True, False, -2000.0, None, id="forbidden, and yet it is exported"),
        pytest.param(ess(), False, False, 0.0, None, id="no PV seen yet"),
        pytest.param({2709: 0}, True, False, 0.0, None, id="no settings"),
    ],
)
def test_feeding_in(words: dict[int, int], dc: bool, ac: bool, grid_w: float, expected: bool | None) -> None:
    feed_in = feed_in_of(words, ess_runs=True)
    assert feed_in_allowed(feed_in, has_dc_pv=dc, has_ac_pv=ac, grid_connected=True, grid_w=grid_w) is expected, feed_in


def test_nothing_is_known_of_feeding_in_without_ess_and_without_a_grid() -> None:
    assert feed_in_of(ess(r2707=1), ess_runs=False) is None
    assert feed_in_allowed(OPEN, has_dc_pv=True, has_ac_pv=False, grid_connected=False, grid_w=None) is None


def test_without_2722_the_rounded_limit_says_something_only_above_0() -> None:
    words = {2706: 0, 2707: 1, 2708: 0}
    assert getattr(feed_in_of(words, ess_runs=True), "limit_w", 1) is None
    assert getattr(feed_in_of({**words, 2706: 30}, ess_runs=True), "limit_w", 1) == 3000
