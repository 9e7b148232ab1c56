"""A load keeps its identity under another name, and never gets that of another one."""

import json
import logging
from pathlib import Path
from typing import Any

import pytest

from pv_heater.telemetry.identities import FILE_NAME, identities_of, vanished
from tests.builders import heater
from tests.web.rig import WebHome


def relay(name: str, pin: int, **more: Any) -> dict[str, Any]:
    return heater(name, "relay", relay={"pin": f"GPIO{pin}", "active_high": True}, **more)


def names(folder: Path, *loads: dict[str, Any]) -> dict[str, str]:
    return dict(identities_of(WebHome(loads=list(loads)).home, folder))


def test_a_load_that_is_renamed_is_the_same_to_others(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    assert names(tmp_path, relay("boiler", 17), relay("pool", 27)) == {"boiler": "boiler", "pool": "pool"}
    assert names(tmp_path, relay("kitchen", 17, min_on_s=60), relay("pool", 27)) == {
        "kitchen": "boiler",
        "pool": "pool",
    }
    assert "kitchen was called boiler before: other systems go on knowing it as boiler." in caplog.messages
    assert names(tmp_path, relay("bath", 17), relay("pool", 27)) == {"bath": "boiler", "pool": "pool"}


def test_another_output_is_another_load(tmp_path: Path) -> None:
    names(tmp_path, relay("boiler", 17))
    assert names(tmp_path, relay("heat_pump", 22)) == {"heat_pump": "heat_pump"}
    assert vanished(tmp_path, {"heat_pump": "heat_pump"}) == ("boiler",)
    assert names(tmp_path, relay("boiler", 17), relay("heat_pump", 22)) == {
        "boiler": "boiler",
        "heat_pump": "heat_pump",
    }


def test_a_name_that_was_anothers_is_not_taken_twice(tmp_path: Path) -> None:
    names(tmp_path, relay("boiler", 17))
    names(tmp_path, relay("kitchen", 17))
    assert names(tmp_path, relay("kitchen", 17), relay("boiler", 22)) == {"kitchen": "boiler", "boiler": "boiler_2"}


def test_of_two_that_could_be_meant_none_is(tmp_path: Path) -> None:
    names(tmp_path, heater("a"), heater("b"))
    assert names(tmp_path, heater("c"), heater("d")) == {"c": "c", "d": "d"}


@pytest.mark.parametrize(
    "text",
    ["{", '{"boiler": 5, "x": {"name": "kitchen"}}', '{"a/#": {"name": "kitchen", "type": "relay", "output": ""}}'],
)
def test_a_damaged_file_costs_old_names_only(text: str, tmp_path: Path) -> None:
    (tmp_path / FILE_NAME).write_text(text)
    assert names(tmp_path, relay("kitchen", 17)) == {"kitchen": "kitchen"}
    assert json.loads((tmp_path / FILE_NAME).read_text())["kitchen"]["name"] == "kitchen"


def test_nothing_is_written_where_nothing_is_new(tmp_path: Path) -> None:
    names(tmp_path, relay("boiler", 17))
    before = (tmp_path / FILE_NAME).stat().st_mtime_ns
    names(tmp_path, relay("boiler", 17))
    assert (tmp_path / FILE_NAME).stat().st_mtime_ns == before


def test_a_file_that_cannot_be_written_is_said(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    assert names(tmp_path / "no such folder", relay("boiler", 17)) == {"boiler": "boiler"}
    assert "the identities of the loads cannot be saved" in caplog.text
