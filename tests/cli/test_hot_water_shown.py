"""What people see of a tank: `status`, the log, `check`, and what `boost` answers."""

import logging
from datetime import UTC, datetime
from typing import Any

import pytest

from pv_heater.cli.status_text import status_lines
from pv_heater.commands.check import check_all
from pv_heater.config.load import load_config
from pv_heater.core.model.lean import to_jsonable
from pv_heater.core.model.status import Status
from pv_heater.run.transition_log import TransitionLog
from pv_heater.sim.tank import TankSettings
from tests.builders import NOON, House, config, heater, reading
from tests.run.test_requests import Running
from tests.scenarios.hot_water import VIENNA, Life

WATER = {"hot_water": {"volume_l": 150, "mixing_valve": True, "hygiene": {"every_days": 1}}}
MONDAY = datetime(2026, 1, 12, tzinfo=VIENNA)


def shown(decision: Any) -> list[str]:
    status = Status(now=NOON, decision=decision, reading=None, forecast_source=None)
    return status_lines({"status": to_jsonable(status)}, False, UTC)


def test_status_tells_how_full_a_tank_is_when_it_is_ready_and_its_hygiene() -> None:
    house = House(config(loads=[heater(**WATER)]))
    decision = house.at(0, pv_w=3000.0, load_c={"heater": 36.0})
    assert shown(decision)[3] == (
        "  tank: 50 %, 4.2 kWh to go; full at 2026-06-21 13:05 at this power; 60 degC not yet held, next by 2026-06-22"
    )


def test_status_says_that_an_estimate_is_one() -> None:
    house = House(config(loads=[heater(hot_water={"volume_l": 150})]))
    assert shown(house.at(0))[3] == "  tank: not known until its thermostat has opened once"
    for second in (60, 120, 180):
        decision = house.at(second, pv_w=4000.0, load_w={"heater": 0.0})
    assert shown(decision)[3] == "  tank: about 100 %, about 0.0 kWh to go"


def test_a_load_without_a_tank_has_no_line_of_one() -> None:
    assert len(shown(House().at(0))) == 3


def test_the_log_says_once_what_came_of_a_cycle(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    life = Life(start=MONDAY, load=WATER, tank=TankSettings(start_c=55.0, thermostat_c=75.0, draws=()))
    life.live(48)
    report = TransitionLog({"heater": 2000.0})
    for at, decision, _ in life.seen:
        report.report(at, decision, reading(), None)
    said = [record.getMessage() for record in caplog.records if "hygiene done" in record.getMessage()]
    assert len(said) == 1
    assert said[0].startswith("heater hygiene done: 60 degC held on 2026-01-13 (with ")


def test_a_boost_is_taken_and_its_end_is_said() -> None:
    running = Running()
    running.loop.tick()
    answer = running.ask({"command": "boost", "load": "heater", "for_s": 600})
    assert answer["message"] == "heater: on with up to 2.0 kW until 13:10, starts now"
    assert answer["until_at"] == "2026-06-21T13:10:00+02:00"
    running.loop.tick()
    state = running.ask({"command": "status"})["status"]["decision"]["loads"]["heater"]
    assert (state["rule"], state["power_w"]) == ("boost", 2000)
    running.ask({"command": "force", "load": "heater", "mode": "auto"})
    running.loop.tick()
    assert running.ask({"command": "status"})["status"]["decision"]["loads"]["heater"]["rule"] != "boost"


@pytest.mark.parametrize("wrong", [{"for_s": 0}, {"to_c": "hot"}, {"load": ""}, {"load": "sauna"}])
def test_a_boost_that_makes_no_sense_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"must be a number above 0|is missing|there is no load"):
        Running().ask({"command": "boost", "load": "heater", **wrong})


def says(load: dict[str, Any]) -> list[tuple[str, int]]:
    vrm = {"type": "vrm", "token": "abc", "installation_id": 1, "base_url": "http://127.0.0.1:9"}
    report = check_all(load_config(config(meter=vrm, loads=[heater(**load)])))
    return [(item.says, item.exit_code) for item in report.findings if item.what.startswith("loads.heater")]


def test_check_recommends_a_cycle_where_there_is_a_probe_and_none() -> None:
    probe = {"temperature_from": {"type": "http", "url": "http://127.0.0.1:9/state", "path": "t"}}
    (text, code), _ = sorted(says({"hot_water": {"volume_l": 150}, **probe}), key=lambda item: item[1])
    assert text.startswith("its tank is never heated through against legionella: add `hygiene: {every_days: 7")
    assert code == 0


def test_check_says_that_a_cycle_without_a_probe_never_begins() -> None:
    ((text, code),) = says(WATER)
    assert code == 2
    assert "hot_water.hygiene needs the load's temperature" in text
    assert "it would never begin" in text


def test_a_state_of_an_earlier_version_loads() -> None:
    house = House(config(loads=[heater(**WATER)]))
    house.at(0)
    state = house.controller.state()
    del state["duties"]
    again = House(config(loads=[heater(**WATER)]), state=state)
    assert again.at(60, load_c={"heater": 36.0}).loads["heater"].tank is not None


@pytest.mark.parametrize(
    "damage", [[], {"loads": 3}, {"loads": {"heater": {"hygiene": {"ledger": {"cycles": [{}]}}}}}, {"house_w": "much"}]
)
def test_a_damaged_part_of_the_state_costs_its_memory_and_no_more(damage: Any) -> None:
    house = House(config(loads=[heater(**WATER)]))
    house.at(0)
    again = House(config(loads=[heater(**WATER)]), state={**house.controller.state(), "duties": damage})
    assert again.at(60, load_c={"heater": 36.0}).setpoints["heater"].power_w >= 0
