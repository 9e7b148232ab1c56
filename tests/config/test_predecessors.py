"""Files of three earlier systems: recognised, each line with its new name, nothing of them used by accident."""

import re
from pathlib import Path

import pytest

from pv_heater.config.load import load_config
from pv_heater.config.predecessors import BALANCER, EQUIPMENT, PVMONIT, ROUTER
from pv_heater.errors import ConfigError

CONFIG_INI = """\
; a comment
[mqtt]
broker_ip=192.168.1.2
topic_cons = smeter/pzem/CONSOMMATION
[domoticz]
idx_grid: 651
[fallback]
low_nrj_two_days_winter = 12000
[equipments]
ecs = water_heater
[ecs]
topic_set_power = regul/vload/ECS/cmd
json_on = {"command": "switchlight"}
colour = red
"""


def lines_of(folder: Path, text: str) -> tuple[str, ...]:
    path = folder / "settings"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError) as caught:
        load_config(path)
    assert caught.value.exit_code == 2
    return caught.value.problems


def test_each_line_of_the_balancers_file_is_answered_with_its_new_name(tmp_path: Path) -> None:
    head, *lines = lines_of(tmp_path, CONFIG_INI)
    assert head.startswith("is a config.ini of the MQTT load balancer")
    assert lines == [
        "line 3: [mqtt] broker_ip: is now meter.host, and broker.host of each load",
        "line 4: [mqtt] topic_cons: is now `consumption:` of `meter: {preset: pzem_power, ...}`",
        "line 6: [domoticz] idx_grid: is now devices.grid of `publish: {type: domoticz, ...}`",
        "line 8: [fallback] low_nrj_two_days_winter: is now two_days_min_wh in hot_water, or in one of its seasons",
        "line 10: [equipments] ecs: is now a row in `loads:`; water_heater and variable are `type: mqtt_variator`, "
        "constant is `type: mqtt_switch`",
        "line 12: [ecs] topic_set_power: is now `topic:` of the load",
        "line 13: [ecs] json_on: is now on_payload of the load",
        "line 14: [ecs] colour: nothing here has its meaning",
    ]


def test_the_ini_file_of_another_program_is_called_one(tmp_path: Path) -> None:
    (line,) = lines_of(tmp_path, "[other]\nprogram = yes\n")
    assert line.startswith("is an INI file, and these settings are YAML: copy Files/starter.yaml")


@pytest.mark.parametrize("text", ["[mqtt\nhost: x\n", "{not: yaml\n", "mqtt]: [\nhost=3\n"])
def test_another_file_that_is_no_yaml_is_not_taken_for_it(tmp_path: Path, text: str) -> None:
    assert "is not valid YAML" in lines_of(tmp_path, text)[0]


def test_each_key_of_pvmonits_relays_is_answered_with_its_new_name(tmp_path: Path) -> None:
    text = "domo:\n  relayNb: 8\n  relayWiringPi: {1: 4}\n  daemon: true\n  colour: red\nwww: {domo: true}\n"
    assert [line for line in lines_of(tmp_path, text) if "domo" in line or "www" in line] == [
        "line 1: domo: is a section of PvMonit (its relays); write a new file, docs/loads.md shows how",
        "line 2: domo.relayNb: is now one row in `loads:` for each relay",
        "line 3: domo.relayWiringPi: is now `relay: {pin: GPIO.., active_high: false}` of each load",
        "line 4: domo.daemon: is no longer needed: one program does it all",
        "line 5: domo.colour: nothing here has its meaning",
        "line 6: www: is a section of PvMonit (its page); write a new file, docs/loads.md shows how",
    ]


@pytest.mark.parametrize("domo", ["", " yes", " [1, 2]"])
def test_a_domo_that_is_no_group_is_answered_too(tmp_path: Path, domo: str) -> None:
    assert any(
        "line 1: domo: is a section of PvMonit" in line for line in lines_of(tmp_path, f"domo:{domo}\n" + "tick_s: 1\n")
    ) is bool(domo)


ROUTER_JSON = (
    '{"hostname":"192.168.1.254","port":8080,"apiKey":"","UseDomoticz":false,"UseJeedom":false,"IDX":"500",\n'
    '"IDXdimmer":"500","otapassword":"","delta":70,"deltaneg":-10,"cosphi":25,"readtime":555,"cycle":72,"sending":false,\n'
    '"autonome":true,"dimmer":"192.168.1.199","dimmerlocal":false,"facteur":0.86,"fuse":55,"mqtt":false,\n'
    '"mqttserver":"192.168.1.254","tmax":65,"resistance":1000}'
)
"""As it is shipped."""


def test_each_key_of_the_routers_file_is_answered_with_its_new_name(tmp_path: Path) -> None:
    lines = lines_of(tmp_path, ROUTER_JSON)
    both = (
        "is now `limits: {grid_target_w: 30}`, the middle of delta and deltaneg, and `dead_band_w: 40` of the load, "
        "half their distance"
    )
    assert f"line 2: delta: {both}" in lines
    assert f"line 2: deltaneg: {both}" in lines
    assert "line 4: resistance: is now max_power_w of the load" in lines
    assert [line for line in lines if "nothing here has its meaning" in line or "unknown" in line] == []
    assert len([line for line in lines if re.match(r"line [1-4]: \w+: (is|has)", line)]) == ROUTER_JSON.count(":")


@pytest.mark.parametrize(
    "numbers", ['"delta":"x","deltaneg":-10', '"delta":1e400,"deltaneg":-10', '"deltaneg":1,"fuse":2']
)
def test_a_router_s_file_with_rubbish_is_answered_too(tmp_path: Path, numbers: str) -> None:
    lines = lines_of(tmp_path, f'{{"resistance":1000,{numbers}}}')
    assert any("deltaneg: is now limits.grid_target_w" in line for line in lines)


def test_one_key_alone_is_no_router_s_file(tmp_path: Path) -> None:
    assert any(
        "line 1: delta: is not a known key" in line or "delta" in line for line in lines_of(tmp_path, "delta: 70\n")
    )
    assert not any("grid_target_w" in line for line in lines_of(tmp_path, "delta: 70\n"))


def test_successors_that_are_settings_exist() -> None:
    known = (Path(__file__).parents[2] / "Files/config.yaml").read_text(encoding="utf-8")
    successors = [text for section in (*BALANCER.values(), EQUIPMENT, PVMONIT, ROUTER) for text in section.values()]
    names = {name for text in successors for name in re.findall(r"\b[a-z]+(?:_[a-z]+)+\b", text)}
    names -= {"mqtt_variator", "mqtt_switch", "water_heater", "pzem_power", "burst_ssr", "http_dimmer"}
    assert len(names) > 10
    for name in names:
        assert re.search(rf"\b{name}\b", known), f"{name} is no setting"
