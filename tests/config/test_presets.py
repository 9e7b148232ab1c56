"""Presets: how a known device's settings are found, filled in and overruled, and what is said when they cannot be."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from pv_heater.config.load import load_config
from pv_heater.config.presets import PRESETS_FOLDER, preset_words, with_preset
from pv_heater.config.structure import suggestion
from pv_heater.core.model.setting import SettingProblem
from pv_heater.errors import ConfigError

LOADS = [{"name": "boiler", "type": "dry_run", "max_power_w": 1000}]


def settings(meter: dict[str, Any]) -> Any:
    return load_config({"meter": meter, "loads": LOADS}, environ={"SHELLY": "192.168.1.7"}).meter[0].settings


def problem(meter: dict[str, Any]) -> str:
    with pytest.raises(ConfigError) as caught:
        settings(meter)
    [sentence] = caught.value.problems
    return sentence


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "things").mkdir()
    (tmp_path / "things" / "lamp.yaml").write_text(
        "type: http\nport: 80\nurl: 'http://{host}:{port}/${KEY}'\nlist: [a, '{host}']\ngroup: {inner: {x: 1, y: 2}}\n"
    )
    return tmp_path


def test_a_preset_fills_in_the_type_and_everything_else() -> None:
    config = load_config({"meter": {"preset": "shelly_em", "host": "192.168.1.50"}, "loads": LOADS})
    assert config.meter[0].type == "http"
    assert config.meter[0].settings.url == "http://192.168.1.50/status"
    assert config.meter[0].settings.values.grid_w[0].path == "emeters[0].power"


def test_the_users_own_keys_win_and_groups_are_joined() -> None:
    own = settings(
        {
            "preset": "shelly_em",
            "host": "h",
            "channel": 1,
            "interval_s": 5,
            "values": {"pv_w": {"path": "emeters[0].power"}},
        }
    )
    assert own.interval_s == 5
    assert own.values.grid_w[0].path == "emeters[1].power"
    assert own.values.pv_w[0].path == "emeters[0].power"


def test_the_environment_may_fill_a_place() -> None:
    assert settings({"preset": "shelly_em", "host": "${SHELLY}"}).url == "http://192.168.1.7/status"


def test_places_are_filled_everywhere_and_only_in_the_presets_own_texts(folder: Path) -> None:
    filled = with_preset({"preset": "lamp", "host": "h", "note": "{port}"}, "things", folder=folder)
    assert filled.values["url"] == "http://h:80/${KEY}"
    assert filled.values["list"] == ["a", "h"]
    assert filled.values["note"] == "{port}"
    assert filled.blanks == {"host", "port"}


def test_groups_are_joined_as_deep_as_they_go(folder: Path) -> None:
    given = {"preset": "lamp", "host": "h", "group": {"inner": {"y": "3"}}, "list": []}
    filled = with_preset(given, "things", folder=folder)
    assert filled.values["group"] == {"inner": {"x": "1", "y": "3"}}
    assert filled.values["list"] == []


def test_settings_without_a_preset_stay_as_they_are(folder: Path) -> None:
    assert with_preset({"type": "http"}, "things", folder=folder).values == {"type": "http"}


@pytest.mark.parametrize(
    ("meter", "said"),
    [
        ({"preset": "shelly_pro3em"}, "'shelly_pro3em' is not a preset; did you mean shelly_pro_3em? known here: esp_"),
        ({"preset": "xyzzy", "host": "h"}, "'xyzzy' is not a preset; known here: esp_router_pv, "),
        ({"preset": "../meters/shelly_em", "host": "h"}, " is not a preset; "),
        ({"preset": None, "host": "h"}, "nothing is not a preset; "),
        ({"preset": ["shelly_em"], "host": "h"}, "a list is not a preset; "),
        ({"preset": "shelly_em", "type": "mqtt", "host": "h"}, "shelly_em is for `type: http`, not 'mqtt'"),
    ],
)  # fmt: skip
def test_a_preset_that_cannot_be_used_is_named_with_what_could(meter: dict[str, Any], said: str) -> None:
    sentence = problem(meter)
    assert sentence.startswith("meter.preset: ")
    assert said in sentence


def test_a_place_that_nobody_fills_is_said_by_its_name() -> None:
    assert problem({"preset": "shelly_em"}) == "meter.host: is missing; the preset shelly_em needs it"
    assert problem({"preset": "shelly_em", "host": {}}) == "meter.host: is missing; the preset shelly_em needs it"


def test_an_address_with_http_is_not_put_behind_another_http() -> None:
    sentence = problem({"preset": "shelly_em", "host": "http://192.168.1.50"})
    assert sentence.endswith("not 'http://192.168.1.50'; write 192.168.1.50")


def test_a_key_that_is_neither_a_setting_nor_a_place_is_an_error() -> None:
    assert "is not a setting" in problem({"preset": "shelly_em", "host": "h", "chanel": 1})


def test_a_section_without_presets_says_so() -> None:
    with pytest.raises(
        ConfigError, match=r"forecast\.preset: cannot be used here: there are no presets for this section"
    ):
        load_config({"forecast": {"preset": "x"}, "loads": LOADS})


def test_mistakes_carry_the_line_of_the_users_file(tmp_path: Path) -> None:
    path = tmp_path / "config.yaml"
    load = "loads: [{name: boiler, type: dry_run, max_power_w: 1000}]\n"
    for lines, said in (
        ("meter:\n  host: h\n  preset: shely_em\n", "line 3: meter.preset: 'shely_em' is not a preset"),
        ("site: {}\nmeter: {preset: shelly_em}\n", "line 2: meter.host: is missing"),
        ("meter:\n  host: h\n  preset: shelly_em\n  interval_s: 0\n", "line 4: meter.interval_s: must be between"),
    ):
        path.write_text(lines + load, encoding="utf-8")
        with pytest.raises(ConfigError) as caught:
            load_config(path)
        assert caught.value.problems[0].startswith(said)


def test_presets_lie_beside_the_program_and_are_found_from_anywhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert PRESETS_FOLDER.is_absolute()
    assert settings({"preset": "tasmota", "host": "h"}).url == "http://h/cm?cmnd=Status%208"


def test_the_presets_of_a_type_are_listed() -> None:
    words = preset_words("meters", "mqtt")
    assert "pzem_power" in words
    assert "shelly_em" not in words
    assert not preset_words("no such table")


def test_a_user_cannot_name_a_setting_of_the_table_itself() -> None:
    with pytest.raises(SettingProblem):
        with_preset({"preset": "meters"}, "..", folder=PRESETS_FOLDER / "meters")


def test_the_words_of_a_preset_in_another_order_are_recognised() -> None:
    assert suggestion("shelly_3em_pro", ["shelly_3em", "shelly_pro_3em"]) == "did you mean shelly_pro_3em?"
