"""The first screen as one document."""

import gzip
import json
from datetime import datetime, timedelta

import pytest

from pv_heater.core.model.requests import Vacation
from pv_heater.core.model.steering import By, Does, Steering
from tests.builders import config, heater
from tests.web.rig import WebHome


def test_the_status_tells_flows_loads_reasons_and_ages_with_units_in_their_names() -> None:
    house = WebHome(site={"name": "Barn", "timezone": "Europe/Vienna", "pv": [{"kwp": 4.4}]})
    house.tick()
    document = house.get("/api/v1/status").json
    assert document["site"] == {
        "name": "Barn", "timezone": "Europe/Vienna", "latitude_known": False, "pv_peak_w": 4400.0,
        "has_battery": False, "off_grid": False,
    }  # fmt: skip
    assert document["state"]["word"] == "live"
    assert document["state"]["source"] == "test"
    assert document["flows"] == {
        "pv_w": 2500.0, "house_w": 500.0, "loads_w": 0.0, "battery_w": 0.0, "battery_soc_percent": 97.0, "grid_w": 0.0,
        "pv_possible_w": 2500.0,
    }  # fmt: skip
    load = document["loads"][0]
    assert (load["name"], load["kind"], load["phase"], load["mode"]) == ("heater", "dry_run", "heating", "auto")
    assert (load["temperature_c"], load["target_c"], load["max_c"], load["regulated"]) == (41.5, 60.0, 75.0, True)
    assert load["power_w"] == pytest.approx(1990, abs=30)
    assert load["why"]["margins"] == {"surplus_w": pytest.approx(-1930, abs=60)}
    assert load["why"]["flip"].endswith("W less")
    assert load["why"]["locked"] is False
    assert (document["now"], document["why"], document["alarms"]) == ("2026-06-21T13:00:01+02:00", None, [])


def test_what_the_meter_does_not_tell_is_null() -> None:
    house = WebHome()
    house.tick(pv_w=None, grid_w=None, battery_w=None, load_c={})
    flows = house.get("/api/v1/status").json["flows"]
    assert (flows["pv_w"], flows["grid_w"], flows["battery_w"]) == (None, None, None)


def test_the_sun_that_is_possible_and_the_day_so_far_are_the_cores_own_figures() -> None:
    house = WebHome()
    for _ in range(30):
        house.tick(pv_throttled=False)
    document = house.get("/api/v1/status").json
    assert document["flows"]["pv_possible_w"] == 2500.0
    assert document["today"].keys() == {
        "caught_wh", "possible_wh", "lost_wh", "bought_wh", "bought_money", "saved_money"
    }  # fmt: skip
    assert document["today"]["caught_wh"] > 10
    assert document["today"]["possible_wh"] >= document["today"]["caught_wh"]


def test_a_reading_grows_old_and_is_lost_though_no_tick_says_so() -> None:
    house = WebHome(limits={"max_reading_age_s": 30})
    house.tick()
    words = []
    for later_s in (0.0, 8.0, 20.0, 31.0):
        house.real_s = 1.0 + later_s  # the loop hangs
        state = house.get("/api/v1/status").json["state"]
        words.append((state["word"], state["age_s"]))
    assert words == [("live", 0.0), ("live", 8.0), ("holding", 20.0), ("lost", 31.0)]


def test_before_the_first_tick_everything_is_there_and_says_nothing() -> None:
    house = WebHome()
    early = house.get("/api/v1/status").json
    house.tick()
    assert early["state"]["word"] == "starting"
    late = house.get("/api/v1/status").json
    assert early.keys() == late.keys()
    assert all(early[part].keys() == late[part].keys() for part in ("flags", "flows", "state", "site"))


def test_a_fault_is_an_alarm_with_what_to_do_until_it_is_cleared() -> None:
    house = WebHome()
    house.tick()
    house.home.ask({"command": "off"})
    house.tick()
    document = house.get("/api/v1/status").json
    alarm = document["alarms"][0]
    assert (alarm["code"], alarm["load"]) == ("hardware", "heater")
    assert "clear the fault" in alarm["help"]
    assert document["loads"][0]["fault"] == alarm["text"]
    assert document["loads"][0]["why"]["locked"] is True
    house.troubles["state_not_saved"] = "the state cannot be saved: No space left on device"
    house.tick()
    assert house.get("/api/v1/status").json["alarms"][-1]["code"] == "state_not_saved"


def test_it_is_made_once_a_tick_and_unchanged_is_304() -> None:
    house = WebHome()
    house.tick()
    first = house.get("/api/v1/status", accept_encoding="gzip, br")
    assert (first.headers["content-encoding"], first.headers["vary"]) == ("gzip", "Accept-Encoding")
    assert json.loads(gzip.decompress(first.body)) == house.get("/api/v1/status").json
    again = house.get("/api/v1/status", if_none_match=f"W/{first.headers['etag']}")
    assert (again.status, again.body, again.headers["etag"]) == (304, b"", first.headers["etag"])
    house.tick()
    assert house.get("/api/v1/status", if_none_match=first.headers["etag"]).status == 200
    assert house.get("/api/v1/status", accept_encoding="gzip;q=0").headers.get("content-encoding") is None


def test_parts_of_it_can_be_asked_for() -> None:
    house = WebHome()
    house.tick()
    assert list(house.get("/api/v1/status?fields=flows,loads").json) == ["flows", "loads"]
    for query in ("fields=flows,nonsense", "fields=", "field=flows", "fields=flows&fields=loads"):
        assert house.get(f"/api/v1/status?{query}").status == 422, query


def test_health_is_one_word_for_a_watchdog() -> None:
    house = WebHome(limits={"max_reading_age_s": 30})
    assert (house.get("/health").status, house.get("/health").body) == (503, b"starting")
    house.tick()
    assert (house.get("/health").status, house.get("/health").body) == (200, b"ok")
    house.real_s += 16.0
    assert (house.get("/health").status, house.get("/health").body) == (503, b"hangs")
    house.fields.clear()
    for _ in range(40):
        house.tick()
    assert (house.get("/health").status, house.get("/health").body) == (503, b"blind")


def test_who_else_steers_the_battery_is_in_it() -> None:
    house = WebHome()
    house.tick()
    assert house.get("/api/v1/status").json["flags"]["steering"] is None
    until_at = datetime.fromisoformat("2026-06-21T17:00:00+00:00")
    sells = Steering(by=By.DYNAMIC_ESS, does=Does.SELLS, target_percent=40.0, until_at=until_at, opportunity_loads=True)
    house.fields |= {"steering": sells, "battery_w": -2100.0, "grid_w": -2100.0}
    house.tick()
    flags = house.get("/api/v1/status").json["flags"]
    assert flags["opportunity_loads"] is True
    assert flags["steering"] == {
        "by": "dynamic_ess",
        "does": "sells",
        "power_w": 2100.0,
        "target_percent": 40.0,
        "until_at": "2026-06-21T19:00:00+02:00",
        "because": "Dynamic ESS sells 2.1 kW from the battery until 19:00; not counted as sun",
    }


def test_a_vacation_and_a_tank_are_in_it() -> None:
    house = WebHome(loads=[heater(hot_water={"volume_l": 150})])
    until_at = datetime.fromisoformat("2026-06-25T18:00:00+02:00")
    house.tick()
    house.loop.submit(Vacation(until_at=until_at))
    house.tick()
    document = house.get("/api/v1/status").json
    assert document["flags"]["vacation_until_at"] == "2026-06-25T18:00:00+02:00"
    assert document["why"]["rule"] == "vacation"
    assert datetime.fromisoformat(document["now"]) + timedelta(days=4) < until_at
    assert document["loads"][0]["tank"]["percent"] > 0
    assert document["commands_seen"] == 1


def test_a_tank_that_should_have_been_hot_by_now_is_an_alarm_and_its_record_is_data() -> None:
    house = WebHome(
        loads=[heater(max_c=75, hot_water={"volume_l": 150, "mixing_valve": True, "hygiene": {"every_days": 2}})]
    )
    house.tick()
    record = house.get("/api/v1/status").json["loads"][0]["tank"]["hygiene_record"]
    assert record == {"at_c": 60.0, "due_on": "2026-06-23", "held_s": 0, "cycles": []}
    assert not house.get("/api/v1/status").json["alarms"]
    house.clock.wait_until(house.clock.monotonic_s() + 3 * 86_400.0)
    house.tick()
    alarm = house.get("/api/v1/status").json["alarms"][0]
    assert (alarm["code"], alarm["load"], alarm["margins"]) == ("hygiene_overdue", "heater", {})
    assert "2026-06-23" in alarm["text"]


def test_the_plan_is_in_it_in_whole_watts_and_made_once() -> None:
    house = WebHome(strategy={"type": "plan"}, site={**config()["site"], "pv": [{"kwp": 4.4}]})
    house.tick(pv_throttled=False)
    plan = house.get("/api/v1/status").json["plan"]
    decision = house.home.status().decision  # type: ignore[union-attr]
    assert decision.plan is not None
    assert plan["step_s"] == 900
    assert plan["start_at"] == "2026-06-21T13:00:00+02:00"
    assert len(plan["sun_w"]) == len(plan["battery_percent"]) == len(plan["loads_w"]["heater"])
    assert plan["sun_w"][1] == round(decision.plan.sun_w[1])
    assert plan["text"] == decision.plan.text
    assert [run["energy_wh"] for run in plan["runs"]] == [round(run.energy_wh) for run in decision.plan.runs]
    assert plan["runs"][0]["from_at"] == "2026-06-21T13:00:01+02:00"
    assert (plan["purchases"], plan["sun_error"]) == ([], None)
    house.tick()
    assert house.get("/api/v1/status?fields=plan").json["plan"] == plan
