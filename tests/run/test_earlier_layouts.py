"""Files that earlier versions have left: they load with everything in them, and those of a newer one are not spoilt.

What lies in tests/fixtures/kept is never changed or removed. A new layout gets a file of its own there.
"""

import json
import re
import sqlite3
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from pv_heater import Controller
from pv_heater.config.layout import MIGRATIONS as OF_SETTINGS
from pv_heater.config.layout import SCHEMA as SETTINGS
from pv_heater.config.load import load_config
from pv_heater.core.loads.saved import SCHEMA as STATE
from pv_heater.core.model.requests import Mode
from pv_heater.core.model.values import Phase
from pv_heater.history.store import SCHEMA as HISTORY
from tests.core.loads.test_saved import WELDED, home, step
from tests.history.life import BEGIN, Life
from tests.warm_start import PROJECT

KEPT = PROJECT / "tests" / "fixtures" / "kept"


def test_there_is_a_file_of_every_layout_and_the_page_names_the_newest() -> None:
    names = {path.stem for path in KEPT.iterdir()}
    assert {f"settings-{number}" for number in range(SETTINGS + 1)} <= names
    assert {f"state-{number}" for number in range(1, STATE + 1)} <= names
    assert {f"history-{number}" for number in range(1, HISTORY + 1)} <= names
    page = (PROJECT / "docs" / "update.md").read_text()
    assert re.findall(r"^\| (?:settings|`state.json`|`history.db`) \| (\d+) \|", page, re.MULTILINE) == [
        str(SETTINGS),
        str(STATE),
        str(HISTORY),
    ]
    assert set(OF_SETTINGS) == set(range(SETTINGS))


@pytest.mark.parametrize("path", sorted(KEPT.glob("state-*.json")), ids=lambda path: path.stem)
def test_a_state_loads_with_faults_modes_energies_and_what_was_learned(path: Path) -> None:
    saved = json.loads(path.read_text())
    controller = Controller(home(), saved)
    assert controller.remarks == ()
    decision = step(controller, 400)
    assert WELDED in decision.loads["welded"].because
    assert (decision.loads["forced"].mode, decision.loads["boosted"].phase) == (Mode.ON, Phase.COOLDOWN)
    again = json.loads(json.dumps(controller.state()))
    assert again["schema"] == STATE
    for name, load in saved["loads"].items():
        assert again["loads"][name]["energy_wh"] >= load["energy_wh"]
        assert again["loads"][name]["closings"] >= load["closings"]
    for part in ("curves", "ahead", "strategy", "powers", "duties"):
        assert again[part].keys() == saved[part].keys(), part


@pytest.mark.parametrize("path", sorted(KEPT.glob("history-*.sql")), ids=lambda path: path.stem)
def test_a_history_goes_on_where_it_ended(path: Path, tmp_path: Path) -> None:
    _played_back(path, tmp_path / "history.db")
    life = Life(tmp_path / "history.db", begin=BEGIN + timedelta(hours=1))
    before = life.kept.columns(BEGIN, BEGIN + timedelta(minutes=20), 10)["series"]
    assert sum(value is not None for value in before["pv_w"]) >= 118
    assert "load:tank:power_w" in before
    life.live(900)
    assert life.kept.trouble is None
    after = life.kept.columns(BEGIN, BEGIN + timedelta(minutes=20), 10)["series"]
    assert after["pv_w"] == before["pv_w"]
    assert life.kept.transitions(BEGIN, BEGIN + timedelta(hours=2))
    (day,) = life.kept.days(BEGIN.date(), BEGIN.date())
    assert day["caught_wh"] > 0
    life.kept.close()


def _played_back(path: Path, to: Path) -> None:
    with closing(sqlite3.connect(to)) as file:
        file.executescript(path.read_text())
        file.execute(f"PRAGMA user_version = {path.stem.partition('-')[2]}")
        file.commit()


@pytest.mark.parametrize("path", sorted(KEPT.glob("settings-*.yaml")), ids=lambda path: path.stem)
def test_settings_load_and_mean_the_same(path: Path) -> None:
    config = load_config(path, environ={"TOKEN": "a1" * 32})
    assert (config.schema, config.policies[0].name, config.policies[0].max_power_w) == (SETTINGS, "water_heater", 2000)
    assert (config.site.latitude, config.limits.max_grid_w) == (48.2, 50)
    assert bool(config.warnings) == path.stem.endswith("-0"), "each old key is answered with its new name"


@pytest.mark.parametrize(("key", "value"), [("schema", SETTINGS + 1), ("of_a_newer_version", True)])
def test_newer_settings_are_refused_with_a_sentence(key: str, value: Any, tmp_path: Path) -> None:
    text = (KEPT / f"settings-{SETTINGS}.yaml").read_text()
    (tmp_path / "config.yaml").write_text(re.sub(r"^schema:.*\n", "", text, flags=re.MULTILINE) + f"{key}: {value}\n")
    with pytest.raises(ValueError, match=key):
        load_config(tmp_path / "config.yaml", environ={"TOKEN": "a1" * 32})
