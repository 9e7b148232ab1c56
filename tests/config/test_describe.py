from dataclasses import fields, replace

import pytest

from pv_heater import PROJECT_FOLDER
from pv_heater.commands.example.text import documented_example
from pv_heater.config.describe import describe
from pv_heater.config.load import Tables, adapter_class, load_config
from pv_heater.config.model import Config
from pv_heater.core.settings.home import PvPlane
from pv_heater.core.settings.load import BatteryShare, LoadSettings
from tests.config.stand_ins import TABLES, Regulator, Tape

SHIPPED = PROJECT_FOLDER / "Files" / "config.yaml"
REAL = Tables()
ROWS = [
    row
    for table in (
        REAL.meters,
        REAL.forecasts,
        REAL.strategies,
        REAL.loads,
        REAL.sensors,
        REAL.displays,
        REAL.tariffs,
        REAL.publishers,
        REAL.values,
    )
    for row in table.values()
]


def test_a_row_tells_unit_range_default_and_help():
    kwp, tilt, _ = describe(PvPlane)
    assert (kwp.name, kwp.unit, kwp.limits, kwp.default) == ("kwp", "kWp", "0.01 to 1000", None)
    assert kwp.facts == "kWp, 0.01 to 1000, must be given"
    assert tilt.facts == "degrees, 0 to 90, default 30"
    assert tilt.help == "tilt of the modules; 0 is flat"


def test_rows_of_a_group_carry_its_name():
    names = [row.name for row in describe(Regulator.Settings)]
    assert names[0] == "name"
    assert "relay.active_high" in names
    assert "servo.settle_s" in names
    assert "limits.daylight.from" in [row.name for row in describe(Config)]
    assert "site.pv[].kwp" in [row.name for row in describe(Config)]


def test_defaults_are_words_of_yaml():
    rows = {row.name: row for row in [*describe(Config), *describe(Tape.Settings), *describe(LoadSettings)]}
    assert rows["dry_run"].default == "false"
    assert rows["state_dir"].default == "auto"
    assert rows["log.max_bytes"].default == "10000000"
    assert rows["limits.daylight.to"].default == "sunset-30m"
    assert rows["hours"].default == "[]"
    assert rows["daily_max_wh"].default == ""
    assert rows["gpio.factory"].limits == "auto | lgpio | rpigpio | mock"


def test_the_example_loads_whichever_lines_are_switched_on(tmp_path):
    """Every line that is off, switched on alone in its block, is a setting the program takes."""
    path = tmp_path / "config.yaml"
    tables = replace(TABLES, meters={word: TABLES.meters[word] for word in ("vrm", "recording")})
    lines = documented_example(tables).splitlines()
    path.write_text("\n".join(lines), encoding="utf-8")
    (tmp_path / "vrm-token").write_text("abc", encoding="utf-8")
    assert load_config(path, tables=tables, environ={}).dry_run
    for index, line in enumerate(lines):
        indent = len(line) - len(line.lstrip())
        if indent and line.lstrip().startswith("# ") and line[indent + 2] not in " -" and line.count("# ") == 2:
            switched = f"{line[:indent]}{line[indent + 2 :]}"
            if switched.rstrip().endswith(":"):
                continue
            path.write_text("\n".join([*lines[:index], switched, *lines[index + 1 :]]), encoding="utf-8")
            assert load_config(path, tables=tables, environ={}).loads


def test_the_shipped_file_is_the_one_made_from_the_declarations():
    again = "it is out of date: python -m pv_heater.commands.example > Files/config.yaml"
    assert SHIPPED.read_text(encoding="utf-8") == documented_example(), again


@pytest.mark.parametrize("row", ROWS)
def test_every_setting_of_every_adapter_is_in_the_shipped_file(row):
    lines = [line.lstrip(" #-") for line in SHIPPED.read_text(encoding="utf-8").splitlines()]
    for setting in describe(adapter_class(row).Settings):
        key = setting.name.split(".")[-1]
        assert any(line.startswith(f"{key}:") and f"# {setting.facts} - {setting.help}" in line for line in lines), key


def test_every_setting_outside_the_adapters_is_in_the_shipped_file():
    typed = ("meter", "forecast", "strategy", "tariff", "loads", "display", "publish", "values")
    lines = SHIPPED.read_text(encoding="utf-8")
    for setting in [*describe(Config), *describe(BatteryShare)]:
        if setting.name not in (*typed, "messages.to"):
            assert f"# {setting.facts} - {setting.help}" in lines, setting.name
    assert set(typed) < {field.name for field in fields(Config)}


def test_the_shipped_file_loads_and_switches_nothing():
    config = load_config(SHIPPED, environ={})
    assert config.dry_run
    assert config.warnings == ()
    assert config.meter[0].type == "recording"
    assert config.strategy.type == "plan"
    assert config.loads[0].type == "servo_regulator"
