"""No load is calibrated that has a latched fault, or may have one."""

import json
from pathlib import Path
from typing import Any

import pytest

from pv_heater.commands.calibrate import _refuse_fault
from pv_heater.errors import ConfigError

LOAD = {"phase": "off", "fault": None}


@pytest.mark.parametrize(
    "state",
    [
        "{", "[]", "", "[" * 100_000,
        {"schema": 2, "unreadable": "it is damaged"},
        {"schema": 2, "faults": {"heater": "welded"}, "loads": {"heater": LOAD}},
        {"schema": 2, "faults": {}, "loads": {"heater": {"fault": "welded"}}},
        {"schema": 2, "faults": None, "loads": {"heater": {}}},
    ],
)  # fmt: skip
def test_a_load_that_has_or_may_have_a_fault_is_refused(tmp_path: Path, state: Any) -> None:
    path = tmp_path / "state.json"
    path.write_text(state if isinstance(state, str) else json.dumps(state))
    with pytest.raises(ConfigError):
        _refuse_fault(path, "heater")


def test_a_load_without_one_is_not(tmp_path: Path) -> None:
    path = tmp_path / "state.json"
    _refuse_fault(path, "heater")
    path.write_text(json.dumps({"schema": 2, "faults": {"other": "welded"}, "loads": {"heater": LOAD}}))
    _refuse_fault(path, "heater")
    _refuse_fault(path, "new")
