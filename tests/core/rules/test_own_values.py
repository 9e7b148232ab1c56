"""Values of the owner's own in conditions, in rule files' picture, in the trace and in the history."""

from __future__ import annotations

from typing import Any

import pytest

from pv_heater.config.load import load_config
from pv_heater.core.model.trace import OwnValue
from pv_heater.errors import ConfigError
from pv_heater.history.rows import short, values_of
from tests.builders import House, config, heater

HUMIDITY = {"type": "file", "file": "/run/humidity", "unit": "%"}


def home(values: dict[str, Any] | None = None, **rule: str) -> House:
    return House(config(values=values or {"humidity": HUMIDITY}, loads=[heater(**rule)]))


def fresh(value: float) -> dict[str, Any]:
    return {"values": {"humidity": OwnValue(value=value, age_s=3.0, unit="%")}}


LOST = {"values": {"humidity": OwnValue(because="nothing has come yet", unit="%")}}


def test_a_condition_goes_by_it_and_heats_nothing_while_it_is_not_known() -> None:
    house = home(when="humidity > 65")
    assert house.at(0, inputs=fresh(70.0)).setpoints["heater"].on
    assert not house.at(10, inputs=fresh(60.0)).setpoints["heater"].on
    assert house.at(20, inputs=fresh(70.0)).setpoints["heater"].on
    lost = house.at(30, inputs=LOST)
    assert not lost.setpoints["heater"].on
    assert "waits for humidity" in lost.trace.rule_remarks["heater"]
    assert not house.at(40).setpoints["heater"].on, "nobody said anything of it at all"


def test_what_is_not_known_heats_nothing_either_way_round() -> None:
    for text in ("humidity > 65", "not humidity > 65", "humidity <= 65", "held(humidity > 0, 0)"):
        assert not home(only_when=text).at(0, inputs=LOST).setpoints["heater"].on
    assert home(when="known(humidity) or soc > 50").at(0, inputs=LOST).setpoints["heater"].on


def test_rule_files_trace_and_history_have_it() -> None:
    house = home()
    decision = house.at(0, inputs=fresh(61.2345))
    picture = house.controller.rules.picture()
    assert picture is not None
    assert picture["home"]["humidity"] == 61.2345
    assert decision.trace.values["humidity"].age_s == 3.0
    assert values_of(decision)["value:humidity"] == 61.2345
    assert short("value:humidity", 61.2345) == 61.234
    assert "value:humidity" not in values_of(house.at(10, inputs=LOST))


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("soc", "already"), ("this", "already"), ("winter", "already"), ("held", "already"), ("start_timer", "already"),
        ("Oven", "small letters"), ("oven w", "small letters"), ("1st", "small letters"), ("if", "small letters"),
        ("a" * 41, "small letters"), ("heater", "name of a load"), ("", "small letters"),
    ],
)  # fmt: skip
def test_a_name_that_means_something_already_is_refused(name: str, said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        load_config(config(values={name: HUMIDITY}))


def test_mistakes_in_conditions_come_with_their_place_and_a_suggestion() -> None:
    with pytest.raises(ConfigError) as refused:
        load_config(config(values={"humidity": HUMIDITY}, loads=[heater(when="humidty > 65", max_power_w=-1)]))
    assert "did you mean humidity?" in str(refused.value)
    assert "max_power_w" in str(refused.value), "all mistakes come at once"
    for values in (7, ["humidity"], {"humidity": 7}, {"humidity": {"type": "fax"}}, {"humidity": {}}):
        with pytest.raises(ConfigError, match="values"):
            load_config(config(values=values))


def test_numbers_that_are_none_are_refused_at_the_border() -> None:
    for value in (float("nan"), float("inf")):
        with pytest.raises(ValueError, match="finite"):
            OwnValue(value=value)
