"""A load's own probe in the settings: `temperature_from:`."""

from pathlib import Path
from typing import Any

import pytest

from pv_heater.config.load import load_config
from pv_heater.errors import ConfigError
from tests.builders import config, heater

HEAD = """\
meter: {type: recording, path: day.csv}
loads:
  - name: boiler
    type: dry_run
    max_power_w: 1000
"""

MISTAKES = {
    "no group": ("    temperature_from: ds18b20\n", "line 6: loads[0].temperature_from: must be a group with `type:`"),
    "no type": ("    temperature_from: {id: auto}\n", "loads[0].temperature_from.type: is missing; one of ds18b20"),
    "another type": (
        "    temperature_from: {type: ds1820}\n", "must be one of ds18b20, mqtt, http, gx, not 'ds1820'; did you mean"),
    "another key": (
        "    temperature_from:\n      type: ds18b20\n      gpio: 4\n",
        "line 8: loads[0].temperature_from.gpio: is not a setting"),
    "an id that is none": (
        "    temperature_from: {type: ds18b20, id: 28-0316A2795EFF}\n", "temperature_from.id: must be the probe's"),
    "an age below the pace": (
        "    temperature_from: {type: ds18b20, interval_s: 30, max_age_s: 30}\n",
        "temperature_from.max_age_s: must be more than interval_s (30 s), not 30"),
    "a topic with wildcards": (
        "    temperature_from: {type: mqtt, host: box, topic: tele/+/SENSOR}\n",
        "temperature_from.topic: must be one topic without + and #"),
    "a path that is none": (
        "    temperature_from: {type: http, url: 'http://box/state', path: 'a[x'}\n",
        "temperature_from.path: must be a path such as"),
    "an address that is none": (
        "    temperature_from: {type: http, url: box/state}\n", "temperature_from.url: must be an address such as"),
    "half a login": (
        "    temperature_from: {type: http, url: 'http://box/state', username: me}\n",
        "temperature_from.password: is missing; a login needs username and password"),
    "a lost value that is not a number": (
        "    temperature_from: {type: http, url: 'http://box/state', lost: [off]}\n", "temperature_from.lost"),
    "an instance that is none": ("    temperature_from: {type: gx, instance: -1}\n", "temperature_from.instance"),
    "a preset that is none": (
        "    temperature_from: {preset: xlyric_dimer, host: box}\n", "did you mean xlyric_dimmer?"),
}  # fmt: skip


@pytest.mark.parametrize(("lines", "says"), MISTAKES.values(), ids=MISTAKES)
def test_a_mistake_is_told_with_its_place(tmp_path: Path, lines: str, says: str) -> None:
    path = tmp_path / "config.yaml"
    path.write_text(HEAD + lines, encoding="utf-8")
    with pytest.raises(ConfigError) as caught:
        load_config(path, environ={})
    (problem,) = caught.value.problems
    assert says in problem


@pytest.mark.parametrize("nothing", ["", "    temperature_from:\n"])
def test_without_a_probe_there_is_none(tmp_path: Path, nothing: str) -> None:
    path = tmp_path / "config.yaml"
    path.write_text(HEAD + nothing, encoding="utf-8")
    assert load_config(path, environ={}).temperatures == {}


def test_the_probes_are_found_by_the_names_of_their_loads() -> None:
    rows = [
        heater("boiler", temperature_from={"type": "ds18b20", "max_age_s": 60}),
        heater("pool"),
        {"type": "battery", "until_percent": 80},
        heater("ecs", temperature_from={"preset": "xlyric_dimmer", "host": "192.168.1.199"}),
    ]
    temperatures = load_config(config(loads=rows)).temperatures
    assert {name: row.type for name, row in temperatures.items()} == {"boiler": "ds18b20", "ecs": "http"}
    assert temperatures["boiler"].settings.max_age_s == 60
    dimmer: Any = temperatures["ecs"].settings
    assert (dimmer.url, dimmer.lost) == ("http://192.168.1.199/state", (0.0, 99.9))


def test_a_password_of_a_probe_never_shows() -> None:
    probe = {"type": "mqtt", "host": "box", "topic": "a/b", "username": "me", "password": "hunter2"}
    loaded = load_config(config(loads=[heater(temperature_from=probe)]))
    assert "hunter2" not in repr(loaded)
    assert loaded.temperatures["heater"].settings.password.reveal() == "hunter2"
