"""Settings changed from outside the file: by the documented path, checked as the file would be."""

from __future__ import annotations

from pathlib import Path

import pytest

from pv_heater.config.load import load_config
from pv_heater.errors import ConfigError

TEXT = """\
site: {battery: {capacity_wh: 4800}}
meter: {type: recording, path: day.csv}
loads:
  - {type: dry_run, name: heater, max_power_w: 2000}
  - name: pump
    type: relay
    max_power_w: 500
    relay: {pin: GPIO17, active_high: true, pull: external}
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "config.yaml"
    path.write_text(TEXT, encoding="utf-8")
    return path


def refused(file: Path, **changes: str) -> tuple[str, ...]:
    with pytest.raises(ConfigError) as caught:
        load_config(file, changes={path.replace("__", "."): value for path, value in changes.items()})
    return caught.value.problems


def test_values_are_put_where_the_documentation_names_them_and_the_file_stays(file: Path) -> None:
    changes = {
        "loads.pump.min_on_s": "120",
        "limits.daylight.to": "sunset-1h",
        "site.battery.capacity_wh": "9600",
        "loads.heater.hot_water": "{volume_l: 150, min_c: 40}",
    }
    changed = load_config(file, changes=changes)
    heater, pump = changed.policies
    assert (pump.min_on_s, heater.min_on_s) == (120.0, 300.0)
    assert changed.site.battery is not None
    assert changed.site.battery.capacity_wh == 9600.0
    assert heater.hot_water is not None
    assert heater.hot_water.min_c == 40.0
    assert changed.path == file
    assert file.read_text(encoding="utf-8") == TEXT
    assert load_config(file).policies[1].min_on_s == 300.0


@pytest.mark.parametrize(
    ("path", "value", "sentence"),
    [
        ("loads__pump__max_power", "600", "loads.pump.max_power: is not a setting; did you mean max_power_w?"),
        ("loads__pumpe__min_on_s", "1", "there is no pumpe in loads; name a load: did you mean pump?"),
        ("loads__pump__min_on_s", "-4", "loads.pump.min_on_s: must be between 0 and 86400 s, not -4"),
        ("loads__pump__max_power_w", "3kW", "loads.pump.max_power_w: must be a number of watts, not '3kW'; write 3000"),
        ("limts__max_grid_w", "50", "limts: is not a setting; did you mean limits?"),
        ("tick_s__pump", "1", "tick_s: must be a number of seconds, not a group of settings"),
        ("meter__path__x", "1", "meter.path.x: meter.path is a single value; there is nothing below it"),
        ("limits__", "1", "limits.: is no path of a setting, such as loads.water_heater.min_on_s or limits.max_grid_w"),
    ],
)  # fmt: skip
def test_what_cannot_be_is_refused_with_what_was_probably_meant(
    file: Path, path: str, value: str, sentence: str
) -> None:
    assert any(sentence in problem for problem in refused(file, **{path: value}))


def test_what_check_refuses_is_refused_and_no_line_is_blamed_for_it(file: Path) -> None:
    (problem,) = refused(file, loads__heater__hot_water="{volume_l: 150, hot_c: 30, cold_c: 30}")
    assert problem == "loads.heater.hot_water.hot_c: must be above cold_c (30 degC), but is 30"


def test_several_mistakes_come_at_once(file: Path) -> None:
    assert len(refused(file, loads__pump__min_on_s="soon", limits__max_grid_w="many", site__zone="here")) == 3
