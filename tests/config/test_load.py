from dataclasses import FrozenInstanceError
from pathlib import Path

import pytest

from pv_heater import PROJECT_FOLDER
from pv_heater.config.load import load_config
from pv_heater.config.places import choose_config_path
from pv_heater.core.settings.home import Limits, Site
from pv_heater.core.settings.load import BatteryShare
from pv_heater.strategies.plan import Plan
from tests.config.files import COMPLETE, loaded
from tests.config.stand_ins import TABLES, Nothing, Tape


def test_the_least_file_gets_the_defaults(tmp_path):
    config = loaded(tmp_path, COMPLETE)
    assert (config.site, config.limits, config.forecast, config.tariff) == (Site(), Limits(), (), ())
    assert (config.schema, config.tick_s, config.dry_run) == (1, 1.0, False)
    assert (config.gpio.factory, config.gpio.pin_log, config.log.max_bytes) == ("auto", None, 10_000_000)
    assert (config.state_dir, config.web, config.mqtt, config.warnings) == (None, None, None, ())
    assert (config.strategy.type, config.strategy.settings) == ("plan", Plan.Settings())
    assert config.path == tmp_path / "config.yaml"


def test_a_typed_section_knows_its_word_its_class_and_its_settings(tmp_path):
    config = loaded(tmp_path, COMPLETE)
    assert (config.meter[0].type, config.meter[0].cls, config.meter[0].settings.path) == ("recording", Tape, "day.csv")
    assert (config.loads[0].cls, config.loads[0].settings.max_power_w) == (Nothing, 1000.0)
    assert isinstance(config.strategy.build(), Plan)


def test_the_battery_may_stand_among_the_loads(tmp_path):
    rows = "  - {type: battery, until_percent: 70}\n  - {name: pump, type: dry_run, max_power_w: 900}\n"
    loads = loaded(tmp_path, COMPLETE + rows).loads
    assert loads[1] == BatteryShare(until_percent=70)
    assert loads[2].settings.name == "pump"


def test_settings_cannot_be_changed(tmp_path):
    with pytest.raises(FrozenInstanceError):
        loaded(tmp_path, COMPLETE).tick_s = 2.0


def test_page_and_broker_need_no_more_than_their_names(tmp_path):
    config = loaded(tmp_path, COMPLETE + "web: {}\nmqtt: {host: broker, password: p}\n")
    assert config.web.listen == "127.0.0.1:8080"
    mqtt = config.mqtt
    assert (mqtt.address, mqtt.topic, mqtt.commands, mqtt.balancer) == ("broker:1883", "pv_heater", False, None)
    assert config.warnings == ()


def test_commands_from_a_broker_without_a_password_are_doubted(tmp_path):
    [doubt] = loaded(tmp_path, COMPLETE + "mqtt: {commands: true}\n").warnings
    assert "mqtt.commands: is true and there is no password" in doubt
    assert loaded(tmp_path, COMPLETE + "mqtt: {commands: true, password: p}\n").warnings == ()


@pytest.mark.parametrize(
    ("text", "topics"),
    [("true", ("regul/status", "regul/mode")), ("{force_topic: a/b}", ("regul/status", "a/b")), ("false", None)],
)
def test_the_topics_of_an_earlier_balancer_may_be_a_word(tmp_path, text, topics):
    balancer = loaded(tmp_path, COMPLETE + f"mqtt: {{balancer: {text}}}\n").mqtt.balancer
    assert (None if balancer is None else (balancer.status_topic, balancer.force_topic)) == topics


@pytest.mark.parametrize(
    ("text", "own"),
    [("true", ("homeassistant", "device")), ("{discovery: single, prefix: ha}", ("ha", "single")), ("off", None)],
)
def test_home_assistant_may_be_a_word(tmp_path, text, own):
    found = loaded(tmp_path, COMPLETE + f"mqtt: {{home_assistant: {text}}}\n").mqtt.home_assistant
    assert (None if found is None else (found.prefix, found.discovery)) == own


def test_the_law_that_needs_a_forecast_warns_without_one(tmp_path):
    law = "strategy: {type: forecast_gap}\n"
    assert "works as balance does" in loaded(tmp_path, COMPLETE + law).warnings[0]
    assert loaded(tmp_path, COMPLETE + law + "forecast: {type: forecast_solar}\n").warnings == ()


def test_the_file_is_the_named_one_else_the_environments_else_the_shipped_one():
    assert choose_config_path("mine.yaml", {"CONFIG_FILE": "other.yaml"}) == Path("mine.yaml")
    assert choose_config_path(None, {"CONFIG_FILE": "other.yaml"}) == Path("other.yaml")
    private = PROJECT_FOLDER / "Files" / "config-private.yaml"
    shipped = PROJECT_FOLDER / "Files" / "config.yaml"
    assert choose_config_path(None, {"CONFIG_FILE": ""}) == (private if private.exists() else shipped)


def test_a_relative_path_is_sought_beside_the_configuration_and_then_in_the_project(tmp_path):
    config = loaded(tmp_path, COMPLETE)
    (tmp_path / "curve.csv").touch()
    assert config.resolve("curve.csv") == tmp_path / "curve.csv"
    assert config.resolve("pv_heater/errors.py").samefile(PROJECT_FOLDER / "pv_heater" / "errors.py")
    assert config.resolve("no-such-file.csv") == PROJECT_FOLDER / "no-such-file.csv"
    assert config.resolve(tmp_path / "x") == tmp_path / "x"
    assert load_config({"loads": [{"name": "a", "type": "dry_run", "max_power_w": 900}]}, tables=TABLES).path is None


def test_the_schema_may_be_stated(tmp_path):
    assert loaded(tmp_path, COMPLETE + "schema: 1\n").schema == 1
    assert loaded(tmp_path, COMPLETE + "schema: 0\nmax_grid_draw: 50\n").limits.max_grid_w == 50
    assert loaded(tmp_path, COMPLETE + "schema: 1\nmax_grid_draw: 50\n").limits.max_grid_w == 50
