"""What is an alarm, beside faults: tests/web/test_status.py has those."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from pv_heater import Controller, load_config
from pv_heater.core.model.requests import Force, Mode
from pv_heater.core.model.values import Inputs
from tests.builders import NOON, House, config, heater
from tests.web.rig import WebHome


def codes(house: WebHome) -> list[tuple[str, str | None]]:
    return [(alarm["code"], alarm["load"]) for alarm in house.get("/api/v1/alarms").json]


def test_a_mode_that_was_forced_half_a_day_ago_is_an_alarm_until_it_ends() -> None:
    house = WebHome()
    house.tick()
    house.home.ask({"command": "force", "load": "pump", "mode": "off", "for_s": 30 * 3600})
    house.tick()
    house.clock.wait_until(house.clock.monotonic_s() + 11.9 * 3600)
    house.tick()
    assert ("forced_long", "pump") not in codes(house)
    house.home.ask({"command": "force", "load": "pump", "mode": "off", "for_s": 30 * 3600})  # no new beginning
    house.tick()
    house.clock.wait_until(house.clock.monotonic_s() + 0.1 * 3600)
    house.tick()
    assert ("forced_long", "pump") in codes(house)
    (alarm,) = [alarm for alarm in house.get("/api/v1/alarms").json if alarm["code"] == "forced_long"]
    assert alarm["text"].startswith("it was forced off 12 h ago, until 2026-06-23 0")
    house.home.ask({"command": "force", "load": "pump", "mode": "auto"})
    house.tick()
    assert ("forced_long", "pump") not in codes(house)


def test_a_mode_for_good_stays_an_alarm_that_says_so() -> None:
    house = WebHome(loads=[heater(forced_without_end=True)])
    house.tick()
    house.home.ask({"command": "force", "load": "heater", "mode": "off", "for_good": True})
    house.tick()
    house.clock.wait_until(house.clock.monotonic_s() + 300 * 3600)
    house.tick()
    (alarm,) = [alarm for alarm in house.get("/api/v1/alarms").json if alarm["code"] == "forced_long"]
    assert alarm["text"] == "it was forced off 300 h ago, for good"


def test_how_long_a_mode_has_been_forced_survives_a_restart() -> None:
    house = House()
    force = Force(load="heater", mode=Mode.ON, for_s=72 * 3600)
    began = house.at(0, inputs={"commands": (force,)}).loads["heater"].mode_since_at
    house.at(6 * 3600)
    saved = house.controller.state()
    again = Controller(load_config(config()), saved)
    state = again.step(NOON + timedelta(hours=8), None, None, Inputs(tick_s=5.0)).loads["heater"]
    assert began is not None
    assert state.mode_since_at is not None
    assert abs(state.mode_since_at - began) < timedelta(seconds=2)


def test_a_meter_that_never_answered_is_an_alarm_once_the_start_is_over() -> None:
    house = WebHome(loads=[heater()])
    house.fields = {}
    house.tick()
    assert codes(house) == []
    house.clock.wait_until(house.clock.monotonic_s() + 181)
    house.tick()
    assert codes(house) == [("no_reading", None)]


def test_a_guarantee_that_was_missed_is_an_alarm_until_the_next_is_kept() -> None:
    load: dict[str, Any] = heater(daily_min_wh=2000, ready_by="14:00")
    house = House(config(loads=[load]))
    hours = 3600.0
    dark = {"pv_w": 0.0, "battery_soc_percent": 97.0}
    decision = house.at(0, inputs={"unreachable": {"heater": "it is off"}}, **dark)
    for hour in range(1, 3):
        decision = house.at(hour * hours, inputs={"unreachable": {"heater": "it is off"}}, **dark)
    assert "2000 Wh were missing at 2026-06-21 14:00" in str(decision.loads["heater"].missed)
    saved = house.controller.state()
    assert House(config(loads=[load]), saved).at(2 * hours + 60, **dark).loads["heater"].missed is not None
    for minute in range(180, 26 * 60, 10):
        decision = house.at(minute * 60.0, pv_w=3000.0)
    assert decision.loads["heater"].missed is None


def test_a_silent_probe_is_an_alarm_also_where_no_maximum_needs_it() -> None:
    probe = {"type": "ds18b20"}
    guarded = heater("pool", max_c=70, temperature_from=probe)
    house = WebHome(loads=[heater(target_c=60, temperature_from=probe), heater("boiler", target_c=60), guarded])
    house.tick(load_c={"heater": 41.5, "pool": 41.5})
    house.clock.wait_until(house.clock.monotonic_s() + 181)
    house.tick()
    assert codes(house) == []
    house.tick(load_c={})
    assert codes(house) == [("probe_lost", "pool"), ("temperature_lost", "heater")]


@pytest.mark.parametrize("code", ["low_voltage", "state_not_saved"])
def test_what_is_wrong_with_the_machine_is_an_alarm(code: str) -> None:
    house = WebHome()
    house.tick()
    house.troubles[code] = "it is"
    house.tick()
    assert codes(house) == [(code, None)]
