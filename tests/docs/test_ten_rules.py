"""The rules that people want, as docs/rules.md writes them, each on a day that shows it."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from functools import cache
from math import pi, sin
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import yaml

from pv_heater import Controller, Forecast, Inputs, Reading
from pv_heater.cli.text import next_moment
from pv_heater.core.model.requests import Boost, Command
from pv_heater.core.model.trace import OwnValue
from tests.warm_start import PROJECT

VIENNA = ZoneInfo("Europe/Vienna")
MONDAY = datetime(2026, 6, 22, tzinfo=VIENNA)
PACE_S = 120
HOUSE_W = 300.0
BATTERY_WH = 4800.0
SITE = {
    "latitude": 47.05,
    "longitude": 15.44,
    "timezone": "Europe/Vienna",
    "feed_in": False,
    "battery": {"capacity_wh": BATTERY_WH, "max_charge_w": 2400},
}


@cache
def rules() -> dict[str, dict[str, Any]]:
    """Heading to the settings below it."""
    text = (PROJECT / "docs" / "rules.md").read_text(encoding="utf-8")
    section = text.split("## Ten that people want\n")[1].split("\n## ")[0]
    found = re.findall(r"### ([^\n]+)\n\n```yaml\n(.*?)```", section, flags=re.DOTALL)
    return {heading: yaml.safe_load(block.replace("mode: on", "mode: 'on'")) for heading, block in found}


def settings(word: str) -> dict[str, Any]:
    """Those of the rule whose heading has `word`, with the switching of a test."""
    (given,) = (block for heading, block in rules().items() if word in heading.lower())
    loads = [{"start_delay_s": 0, **row} for row in given["loads"]]
    for row in loads:
        if row["type"] == "relay":
            row["type"] = "dry_run"
            row["min_power_w"] = row["max_power_w"]
            del row["relay"]
    return {**given, "site": SITE, "strategy": {"type": "balance", "filter_s": 0}, "loads": loads}


@dataclass(kw_only=True)
class Day:
    """A day in a house with a battery and this much sun at noon; what every step decided."""

    word: str
    sun_w: float = 0.0
    soc_percent: float = 50.0
    begins: datetime = MONDAY
    hours: float = 24.0
    forecast_w: float | None = None
    load_c: Callable[[float], float | None] = lambda _hour: None
    values: Callable[[float], dict[str, OwnValue]] = lambda _hour: {}
    commands: tuple[Command, ...] = ()
    """Of its first step."""
    without: tuple[str, ...] = ()
    """Settings of the load that are left out."""
    on: list[float] = field(default_factory=list)
    """The hours, since it began, of every step in which the load was on."""
    power_w: dict[float, float] = field(default_factory=dict)
    rules: dict[float, str] = field(default_factory=dict)

    def live(self) -> Day:
        given = settings(self.word)
        given["loads"] = [{key: row[key] for key in row if key not in self.without} for row in given["loads"]]
        controller = Controller.from_config(given)
        (name,) = controller.policies
        soc, own_w = self.soc_percent, 0.0
        for step in range(int(self.hours * 3600 / PACE_S)):
            hour = step * PACE_S / 3600
            now = self.begins + timedelta(hours=hour)
            clock = now.hour + now.minute / 60
            pv_w = self.sun_w * max(0.0, sin(pi * (clock - 6) / 14)) if 6 < clock < 20 else 0.0
            battery_w = max(-2400.0 if soc > 20 else 0.0, min(2400.0 if soc < 100 else 0.0, pv_w - HOUSE_W - own_w))
            reading = Reading(
                taken_at=now, source="test", pv_w=pv_w, consumption_w=HOUSE_W + own_w, battery_w=battery_w,
                grid_w=max(0.0, HOUSE_W + own_w + battery_w - pv_w), battery_soc_percent=soc, interval_s=PACE_S,
                load_c={name: at} if (at := self.load_c(hour)) is not None else {},
            )  # fmt: skip
            expected = None if self.forecast_w is None else forecast(now.date(), self.forecast_w)
            inputs = Inputs(values=self.values(hour), commands=self.commands if step == 0 else ())
            decision = controller.step(now, reading, expected, inputs)
            own_w = decision.setpoints[name].power_w
            soc = min(100.0, max(0.0, soc + battery_w * PACE_S / 3600 / BATTERY_WH * 100))
            self.power_w[hour], self.rules[hour] = own_w, decision.loads[name].rule
            if own_w > 0:
                self.on.append(hour)
        return self

    @property
    def energy_wh(self) -> float:
        return sum(self.power_w.values()) * PACE_S / 3600


@cache
def forecast(day: date, power_w: float) -> Forecast:
    """The same sun on three days from six to eight."""
    begin = datetime.combine(day, time(0), VIENNA)
    steps = [(begin + timedelta(hours=hour), power_w if 6 <= hour % 24 < 20 else 0.0) for hour in range(72)]
    return Forecast(issued_at=begin, source="test", step_s=3600, steps=tuple(steps))


def own(**numbers: float | None) -> dict[str, OwnValue]:
    return {name: OwnValue(value=number, age_s=1.0) for name, number in numbers.items() if number is not None}


def test_each_rule_is_here() -> None:
    assert len(rules()) == 10


def test_the_washing_machine_waits_for_eleven_the_battery_and_tomorrow() -> None:
    day = Day(word="washing", sun_w=4000, soc_percent=96, forecast_w=1000).live()
    assert 11.0 <= day.on[0] < 11.1
    assert day.on[-1] - day.on[0] == pytest.approx(2.0, abs=0.1), "one run, to its end"
    assert not Day(word="washing", sun_w=4000, soc_percent=96, forecast_w=500).live().on, "7 kWh tomorrow"
    assert not Day(word="washing", sun_w=0, soc_percent=90, forecast_w=1000).live().on


def test_the_pool_pump_runs_four_hours_with_sun_and_without() -> None:
    sunny, dark = Day(word="pool", sun_w=4000).live(), Day(word="pool", soc_percent=30).live()
    assert sunny.energy_wh == pytest.approx(3200, abs=30)
    assert min(sunny.on) > 6
    assert dark.energy_wh == pytest.approx(3200, abs=60)
    assert max(dark.on) < 20


def test_the_dehumidifier_goes_by_its_thresholds_and_off_when_the_probe_is_silent() -> None:
    def humidity(hour: float) -> dict[str, OwnValue]:
        return own(humidity=None if hour > 13 else 70 if hour > 11 else 50 if hour > 10 else 60 if hour > 9 else 66)

    day = Day(word="dehumid", sun_w=1000, soc_percent=80, begins=MONDAY + timedelta(hours=6), values=humidity).live()
    assert day.on[0] < 2.1
    gaps = [(before, after) for before, after in zip(day.on, day.on[1:], strict=False) if after - before > 0.1]
    assert [round(before) for before, _ in gaps] == [10]
    assert day.on[-1] <= 13.1, "not known is off"


def test_the_heat_pump_runs_half_an_hour_at_least() -> None:
    day = Day(word="heat pump", sun_w=1800, soc_percent=79.0).live()
    runs, begin = [], day.on[0]
    for before, after in zip(day.on, [*day.on[1:], 99.0], strict=True):
        if after - before > 0.1:
            runs.append(before - begin)
            begin = after
    assert runs
    assert min(runs) >= 0.5 - 2 * PACE_S / 3600


def test_the_car_takes_whole_amps_above_six_and_waits_for_the_battery() -> None:
    day = Day(word="car", sun_w=4000, soc_percent=40).live()
    amps = {round(power_w / 230, 2) for power_w in day.power_w.values()}
    assert amps - {0.0} <= {float(number) for number in range(6, 17)}
    assert len(amps) > 4
    assert day.on[0] > 7, "from 40 to 60 % the battery comes first"


def test_a_low_price_buys_six_kilowatt_hours_at_most() -> None:
    day = Day(word="five cents", soc_percent=15).live()
    assert day.energy_wh == pytest.approx(6000, abs=100)
    assert max(day.on) < 5.1


def test_a_negative_price_is_used_within_its_bound() -> None:
    day = Day(word="negative", soc_percent=15).live()
    assert 0 < day.energy_wh <= 4100
    assert min(day.on) >= 12.0
    assert max(day.on) <= 15.1
    assert "negative_price" in day.rules.values()


def test_frost_is_kept_off_at_night_from_the_limit_to_three_degrees_above() -> None:
    day = Day(word="frost", soc_percent=10, load_c=lambda hour: 6.0 if hour < 2 else 4.5 if hour < 3 else 8.1).live()
    assert day.on
    assert 2.0 <= day.on[0] < 2.1
    assert day.on[-1] < 3.1


def test_the_heater_waits_for_the_oven() -> None:
    def oven(hour: float) -> dict[str, OwnValue]:
        return own(oven_w=None if hour >= 15 else 2200.0 if 12 <= hour < 13 else 300.0 if hour < 13.5 else 50.0)

    day = Day(word="oven", sun_w=4500, soc_percent=97, values=oven).live()
    assert any(10 < hour < 12 for hour in day.on)
    assert not any(12.2 < hour < 13.5 for hour in day.on), "300 W after 2200 W are still the oven"
    assert any(13.6 < hour < 15 for hour in day.on)
    assert not any(hour > 15.2 for hour in day.on), "not known is off"


def test_saturday_at_four_and_other_targets_on_weekdays() -> None:
    saturday = MONDAY + timedelta(days=5)
    tank = Day(word="saturdays", begins=saturday, soc_percent=30, load_c=lambda _: 50.0).live()
    assert 16.0 <= tank.on[0] < 16.1
    assert tank.on[-1] < 18.1
    weekday = Day(word="saturdays", sun_w=4500, soc_percent=97, load_c=lambda _: 50.0).live()
    assert not weekday.on, "50 degrees are enough on a Monday"
    weekend = Day(word="saturdays", begins=saturday, sun_w=4500, soc_percent=97, load_c=lambda _: 50.0, hours=15).live()
    assert weekend.on


def test_a_boost_for_saturday_at_four_heats_then_and_once() -> None:
    """As the page writes the command, given on Friday at noon; timers are left out, which would heat then as well."""
    text = (PROJECT / "docs" / "rules.md").read_text(encoding="utf-8")
    asked = re.search(r"`python main\.py boost tank --at \"([^\"]+)\"`", text)
    assert asked is not None
    friday_noon = MONDAY + timedelta(days=4, hours=12)
    boost = Boost(load="tank", at=next_moment(asked[1], friday_noon))
    day = Day(
        word="saturdays", begins=friday_noon, hours=40, commands=(boost,), without=("timers",), load_c=lambda _: 50.0
    ).live()
    assert 28.0 <= day.on[0] < 28.1
    assert day.on[-1] == pytest.approx(30.0, abs=0.1)
    assert set(day.rules.values()) >= {"boost"}
