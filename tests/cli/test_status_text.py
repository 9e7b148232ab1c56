"""What `status` and `why` say to people: the house with its ages, each load with its day, no ids and no ISO times."""

from __future__ import annotations

import json
import re
from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from pv_heater.cli.rule_words import WORDS, rule_text
from pv_heater.cli.status_text import house_text, status_lines
from pv_heater.core.model.lean import to_jsonable
from pv_heater.core.model.requests import Force, Mode, Vacation
from pv_heater.core.model.rule_id import Rule
from pv_heater.core.model.status import Status
from pv_heater.run.day_summary import DaySummary
from pv_heater.strategies import STRATEGIES
from tests.builders import NOON, House, config, forecast, heater

VIENNA = ZoneInfo("Europe/Vienna")


def shown(house: House, *, why: bool = False) -> list[str]:
    seconds, decision = house.decisions[-1]
    status = Status(now=NOON + timedelta(seconds=seconds), decision=decision, reading=None, forecast_source=None)
    answer = json.loads(json.dumps({"status": to_jsonable(status)}))
    return status_lines(answer, why, VIENNA)


def test_the_house_adds_up_and_each_load_says_what_it_had_and_why() -> None:
    house = House(config(loads=[heater(target_c=60)]))
    warm = {"load_c": {"heater": 54.0}}
    house.at(0, inputs=warm)
    house.at(1800, battery_w=500.0, consumption_w=2500.0, inputs=warm)
    assert shown(house) == [
        "13:30:00 sun 3.0 kW, house 500 W + loads 2.0 kW, grid 0 W, battery 97 % takes 500 W (test, 0 s old)",
        "heater: heating 2.0 kW, mode auto, today 1.00 kWh, 1 start, 54.0 degC",
        "  2.5 kW spare, battery 97 % needs nothing",
    ]


def test_a_forced_mode_says_until_when_and_a_rest_what_is_waited_for() -> None:
    house = House(config(loads=[heater(min_off_s=300)]))
    house.at(0)
    house.at(10, pv_w=0.0, consumption_w=2500.0)
    house.at(20, pv_w=0.0, inputs={"commands": (Force(load="heater", mode=Mode.ON, for_s=1200.0),)})
    assert shown(house)[1:] == [
        "heater: cooldown, mode on until 13:20, today 6 Wh, 1 start",
        "  290 s of 300 s minimum off time are left",
    ]


def test_a_mode_for_good_is_called_so() -> None:
    house = House(config(loads=[heater(forced_without_end=True)]))
    house.at(0, inputs={"commands": (Force(load="heater", mode=Mode.OFF, for_good=True),)})
    assert shown(house)[1].startswith("heater: off, mode off for good, today ")


def test_the_night_says_when_it_ends_and_a_vacation_too_in_local_time() -> None:
    house = House()
    house.at(0, now=NOON + timedelta(hours=12))
    answer = {"status": to_jsonable(
        Status(now=NOON + timedelta(hours=12), decision=house.decisions[-1][1], reading=None, forecast_source=None)
    )}  # fmt: skip
    assert "no automatic heating: outside the daylight hours, until 05:33" in status_lines(answer, False, VIENNA)
    away = House()
    away.at(0, inputs={"commands": (Vacation(until_at=NOON + timedelta(days=2)),)})
    assert "no automatic heating: nobody is home (vacation), until 2026-06-23 13:00" in shown(away)


@pytest.mark.parametrize(
    ("fields", "text"),
    [
        ({"grid_w": -400.0}, "grid takes 400 W"),
        ({"grid_w": 60.0}, "grid gives 60 W"),
        ({"battery_w": -250.0}, "battery 97 % gives 250 W"),
        ({"battery_w": None}, "battery 97 %"),
        ({"pv_throttled": True}, "sun 3.0 kW (throttled)"),
        ({"battery_w": None, "battery_soc_percent": None}, "grid 0 W (test, 0 s old)"),
    ],
)
def test_flows_have_a_direction_in_words(fields: dict[str, Any], text: str) -> None:
    decision = House().at(0, **fields)
    assert text in house_text(json.loads(json.dumps(to_jsonable(decision.trace))))


def test_without_a_reading_it_says_so() -> None:
    house = House()
    house.at(0, silent=True)
    assert shown(house)[0].endswith("no reading yet")


def test_the_plan_is_a_line() -> None:
    house = House(config(strategy={"type": "plan"}))
    house.at(0, with_forecast=forecast())
    assert any(line.startswith("plan: target charge ") for line in shown(house))


def test_what_is_expected_is_a_line() -> None:
    house = House(config(strategy={"type": "balance"}), foresees=True)
    house.at(0, with_forecast=forecast())
    (line,) = [line for line in shown(house) if line.startswith("expected: ")]
    assert re.fullmatch(r"expected: battery \d+ % at sunset 20:56; heating about [\d.]+ kWh", line)


def test_why_has_no_internal_words_and_no_iso_times() -> None:
    house = House(config(strategy={"type": "plan"}))
    house.at(0, with_forecast=forecast())
    text = "\n".join(shown(house, why=True))
    for word in ("surplus_w", "target_percent", "forced_on", "rule ", "no guard", "+00:00", "T1", "would flip"):
        assert word not in text
    assert "target charge" in text


def test_every_rule_and_strategy_has_words() -> None:
    named = {str(rule) for rule in Rule} | set(STRATEGIES)
    assert named - set(WORDS) == set()
    assert rule_text("something_new") == "something new"


def test_a_load_is_off_since_the_start_of_the_program_and_not_of_the_machine() -> None:
    house = House()
    decision = house.at(5000.0, pv_w=0.0)
    assert decision.loads["heater"].since_at == NOON + timedelta(seconds=5000)


def test_the_price_of_now_is_a_line_with_what_it_came_to_today() -> None:
    house = House(
        config(
            tariff={"type": "fixed", "import_per_kwh": 0.31, "export_per_kwh": 0.05}, loads=[heater(daily_max_wh=900)]
        )
    )
    house.at(0)
    (line,) = [line for line in shown(house) if line.startswith("price")]
    assert line == "price: a bought kWh 0.310, a sold one 0.050"
    for at_s in range(10, 1810, 10):
        house.at(at_s, consumption_w=2500.0, load_w={"heater": 2000.0})
    (line,) = [line for line in shown(house) if line.startswith("price")]
    assert line.endswith("; today sun worth 0.28 in the loads, 0.00 bought")
    assert "price of a bought kWh 0.310, of a sold one 0.050" in "\n".join(shown(house, why=True))


def test_the_day_ends_with_what_it_came_to_in_money() -> None:
    summary, house = DaySummary(), House(config(tariff={"type": "fixed", "import_per_kwh": 0.31}))
    lines: list[str] = []
    for at_s in (*range(0, 1801, 60), 30_000):
        lines += summary.note(house.at(at_s, consumption_w=500.0 if at_s == 0 else 2500.0, load_w={"heater": 2000.0}))
    assert "today: sun worth 0.31 went into loads, 0.00 was paid for them" in lines
