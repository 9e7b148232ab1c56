"""`bench fuzz`: no parser lets anything out but our own errors and plausible values; the bench itself would notice."""

from __future__ import annotations

import json
from pathlib import Path
from random import Random

import pytest
from typer.testing import CliRunner

from bench.fuzz import measure as fuzz
from bench.fuzz.measure import objection_to
from bench.fuzz.mutations import mutated
from bench.fuzz.parser import Parser
from bench.fuzz.seeds import NOON
from bench.fuzz.table import parser_called, parser_names
from pv_heater.cli.app import cli
from pv_heater.core.model.values import Forecast, Reading
from pv_heater.errors import BadReply
from pv_heater.forecasts import FORECASTS
from pv_heater.meters import METERS
from pv_heater.sensors import SENSORS
from pv_heater.tariffs import TARIFFS

COMPUTED = {"forecasts/clear_sky"}
"""Reads nothing from outside."""


@pytest.mark.parametrize("name", parser_names())
def test_damaged_payloads_bring_out_nothing_else(name: str) -> None:
    """Some of the 100,000 that `bench fuzz` tries, so that what breaks all of them is seen here."""
    for payloads in (40, 100):
        result = fuzz.fuzz_parser(name, 2026, 0, payloads)
        assert result.findings == ()
        if result.answered:
            return
    pytest.fail("not one payload gave a value")


@pytest.mark.parametrize("name", parser_names())
def test_the_first_example_of_every_parser_is_good(name: str, tmp_path: Path) -> None:
    parser = parser_called(name)
    assert objection_to(parser.new(tmp_path)(parser.examples[0]), parser.within) is None


def test_every_meter_forecast_and_sensor_is_fuzzed() -> None:
    tables = {"meters": METERS, "forecasts": FORECASTS, "sensors": SENSORS, "tariffs": TARIFFS}
    rows = {f"{table}/{word}" for table, words in tables.items() for word in words}
    fuzzed = {row for name in parser_names() for row in parser_called(name).rows}
    assert rows - COMPUTED == fuzzed


def test_the_same_seed_makes_the_same_payloads_and_another_one_others() -> None:
    payloads = [fuzz.payload_of(f"{seed} gx.payload {number}") for seed in (1, 1, 2) for number in range(50)]
    assert payloads[:50] == payloads[50:100] != payloads[100:]


def test_damage_is_done_to_most_payloads_and_none_gets_endless() -> None:
    example = b'{"value": [1, 2.5, "x", null]}'
    payloads = [mutated([example], Random(number)) for number in range(300)]
    assert sum(payload != example for payload in payloads) > 285
    assert max(map(len, payloads)) <= 250_000
    assert b"" in payloads


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (Reading(taken_at=NOON, source="x", grid_w=1e7), "grid_w is 1e+07 W"),
        (Reading(taken_at=NOON, source="x", grid_phase_w=(1.0, -1e9)), "grid_phase_w[1] is -1e+09 W"),
        (Reading(taken_at=NOON, source="x", battery_soc_percent=101.0), "battery_soc_percent is 101"),
        (Reading(taken_at=NOON, source="x", battery_v=-1.0), "battery_v is -1 V"),
        (Forecast(issued_at=NOON, source="x", step_s=900, steps=((NOON, -5.0),)), "-5 W"),
        (float("nan"), "nan"),
        (130.0, "not within 0 to 110"),
    ],
)
def test_what_no_home_has_is_an_objection(value: object, said: str) -> None:
    assert said in str(objection_to(value, (0.0, 110.0)))


def test_a_parser_that_breaks_is_found_with_a_payload_made_small() -> None:
    def parse(payload: bytes) -> object:
        if b"7" in payload:
            raise IndexError("seven")
        if not payload:
            raise BadReply("nothing came")
        return 1.0

    broken = Parser(examples=(b"1234567890" * 20,), new=lambda _folder: parse)
    result = fuzz.fuzz_with(broken, "broken", 1, 0, 50)
    (finding,) = result.findings
    assert "IndexError" in finding.what
    assert finding.payload == "b'7'"
    assert finding.seed.startswith("1 broken ")


def test_the_command_counts_payloads_and_says_the_seed() -> None:
    done = CliRunner().invoke(
        cli, ["bench", "fuzz", "--payloads", "50", "--seed", "7", "--parser", "gx.p*", "--jobs", "1"]
    )
    assert done.exit_code == 0, done.output
    assert "gx.payload: 50 payloads, seed 7" in done.stdout
    done = CliRunner().invoke(cli, ["bench", "fuzz", "--payloads", "50", "--parser", "gx.p*", "--jobs", "1", "--json"])
    assert json.loads(done.stdout)["parsers"][0]["findings"] == []


def test_the_command_knows_the_names_of_its_parsers() -> None:
    done = CliRunner().invoke(cli, ["bench", "fuzz", "--parser", "moon*"])
    assert done.exit_code == 2
    assert "no parser is called moon*" in " ".join(done.output.split())
