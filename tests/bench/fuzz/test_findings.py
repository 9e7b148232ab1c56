"""What `bench fuzz` once found, each smallest payload by itself: it must stay refused, or harmless."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from bench.doubles import gx_examples
from bench.fuzz import seeds
from bench.fuzz.measure import objection_to
from bench.fuzz.table import parser_called
from pv_heater.core.model.values import Reading
from pv_heater.errors import PvHeaterError
from pv_heater.victron.mqtt.topics import GxValues

DEEP = b"[" * 40_000
ENDLESS = b"9" * 400
NIGHT_WITH_A_BROKEN_INVERTER = gx_examples.words_as_bytes(
    gx_examples.gx_words({811: 40_000, 891: 40_000, 850: 0}), gx_examples.GX_DEVICE_WORDS
)
"""AC PV that cannot be, and DC PV that the solar charger contradicts: the sum is left out only once."""


@pytest.mark.parametrize(
    ("name", "payload"),
    [
        pytest.param("config", b"meter: " + DEEP, id="brackets within brackets, which end the interpreter"),
        pytest.param("config", b"- " * 40_000, id="lists within lists in one line do so too"),
        pytest.param(
            "config", b"loads:\n  - - {y: {pin: GPIO7}}\n    - {z: {pin: GPIO7}}\n  - {}", id="a list for a load"
        ),
        pytest.param(
            "recording.readings", b"# pv-heater 1 kind=readings zone=U" + b".a" * 400, id="a zone of many dots"
        ),
        pytest.param("vrm.extended", b'{"records": [{"extended": 1.0}]}', id="a number in place of the list"),
        pytest.param(
            "forecast_solar.answer", b'{"result": {"2026-06-21 12:00:00": %b}}' % ENDLESS, id="an endless energy"
        ),
        pytest.param(
            "forecast_solar.answer", b'{"result": {"2026-06-21 12:00:00": 253402300800}}', id="energy of a power plant"
        ),
        pytest.param("recording.vrm", seeds.VRM_RECORDINGS[0].replace(b"60.0", ENDLESS), id="an endless second"),
    ],
)  # fmt: skip
def test_it_is_refused_in_a_sentence(name: str, payload: bytes, tmp_path: Path) -> None:
    with pytest.raises(PvHeaterError) as refused:
        parser_called(name).new(tmp_path)(payload)
    assert " " in str(refused.value)


@pytest.mark.parametrize("header", ["²".encode("latin-1"), ENDLESS, b"Jun 77777777777777777777 1:0 0"])
def test_a_header_that_asks_for_no_time_is_no_wish_to_wait(header: bytes, tmp_path: Path) -> None:
    assert parser_called("http.retry_after").new(tmp_path)(header + b"\n" + header) is None


@pytest.mark.parametrize("name", ["kept_forecast", "kept_units"])
def test_a_kept_file_of_brackets_is_as_good_as_none(name: str, tmp_path: Path) -> None:
    assert parser_called(name).new(tmp_path)(DEEP) is None


def test_a_saved_state_of_brackets_is_set_aside_with_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(PvHeaterError, match="it is damaged"):
        parser_called("state").new(tmp_path)(DEEP)


def test_an_endless_number_in_a_saved_state_costs_only_itself(tmp_path: Path) -> None:
    endless = seeds.STATES[0].replace(b"3000.0", ENDLESS)
    assert endless != seeds.STATES[0]
    parser_called("state").new(tmp_path)(endless)


def test_a_kept_forecast_that_no_home_has_is_ignored(tmp_path: Path) -> None:
    parser = parser_called("kept_forecast")
    assert parser.new(tmp_path)(parser.examples[0].replace(b"[100.0", b"[1e9")) is None


def test_a_battery_of_minus_a_volt_is_left_out_and_the_rest_counts(tmp_path: Path) -> None:
    body = seeds.VRM_DIAGNOSTICS[0].replace(b"52.4", b"-1")
    reading = parser_called("vrm.diagnostics").new(tmp_path)(body)
    assert isinstance(reading, Reading)
    assert (reading.battery_v, reading.battery_w) == (None, 1048.0)


def test_a_log_interval_of_decades_is_not_believed(tmp_path: Path) -> None:
    body = json.dumps({"records": {"devices": [{"loggingInterval": 1e9}]}}).encode()
    reading = parser_called("vrm.system_overview").new(tmp_path)(body)
    assert isinstance(reading, Reading)
    assert reading.interval_s == 60.0


def test_pv_that_is_doubted_for_two_reasons_is_left_out_without_a_crash(tmp_path: Path) -> None:
    reading = parser_called("gx_modbus.reading").new(tmp_path)(NIGHT_WITH_A_BROKEN_INVERTER)
    assert isinstance(reading, Reading)
    assert reading.pv_w is None
    assert objection_to(reading) is None


def test_a_topic_without_a_device_number_is_none_of_a_device() -> None:
    values = GxValues({"solarcharger/State": 2, "solarcharger/280/State": 3}, lambda text: None)
    assert list(values.ending(("solarcharger",), ("/State",))) == [("solarcharger/280", "solarcharger/280/State")]
