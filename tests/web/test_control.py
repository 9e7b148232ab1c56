"""Commands from the page: the same handler, the same refusals, and a number to wait for."""

from typing import Any

import pytest

from tests.builders import heater
from tests.web.rig import WebHome

MODE = "/api/v1/loads/heater/mode"


@pytest.fixture
def house() -> WebHome:
    home = WebHome()
    home.tick(pv_w=600.0)
    return home


def load(house: WebHome, index: int = 0) -> Any:
    return house.get("/api/v1/status").json["loads"][index]


def test_a_forced_mode_is_taken_by_the_next_tick_and_ends_by_itself(house: WebHome) -> None:
    reply = house.post(MODE, {"mode": "on", "for_s": 600, "power_w": 1200})
    assert (reply.status, reply.json["id"]) == (202, 1)
    assert reply.json["message"].startswith("heater: on with 1.2 kW until 13:10")
    assert reply.json["until_at"] == "2026-06-21T13:10:01+02:00"
    assert house.get("/api/v1/status").json["commands_seen"] == 0
    house.tick()
    assert house.get("/api/v1/status").json["commands_seen"] == 1
    assert (load(house)["mode"], load(house)["power_w"]) == ("on", 1200)
    house.post(MODE, {"mode": "auto"})
    house.tick()
    assert (load(house)["mode"], load(house)["power_w"]) == ("auto", 100)


def test_a_mode_may_last_until_an_hour_or_until_it_has_had_enough(house: WebHome) -> None:
    until_at = "2026-06-21T14:00:00+02:00"
    assert house.post(MODE, {"mode": "off", "until_at": until_at}).json["until_at"] == until_at
    house.tick()
    assert load(house)["mode"] == "off"
    assert house.post(MODE, {"mode": "on", "until": "target"}).status == 202
    house.tick()
    assert (load(house)["mode"], load(house)["why"]["rule"], load(house)["power_w"]) == ("auto", "boost", 2000)
    house.tick(load_c={"heater": 60.5})
    house.tick()
    assert load(house)["why"]["rule"] != "boost"


def test_a_boost_goes_to_a_temperature(house: WebHome) -> None:
    assert house.post("/api/v1/loads/heater/boost", {"for_s": 3600, "to_c": 50}).status == 202
    house.tick()
    assert load(house)["why"]["because"] == "boost to 50 degC, it has 41.5 degC"


def test_everything_off_is_at_once_and_stays_until_each_is_cleared(house: WebHome) -> None:
    house.post(MODE, {"mode": "on"})
    house.tick()
    reply = house.post("/api/v1/loads/off", {})
    assert reply.status == 202
    assert [output.trips for output in house.outputs] == [1, 1]  # at once, not with the next tick
    house.tick()
    document = house.get("/api/v1/status").json
    assert [one["phase"] for one in document["loads"]] == ["fault", "fault"]
    assert document["alarms"][0]["text"] == "switched off by the page (127.0.0.1); ends only by `clear heater`"
    assert document["commands_seen"] == reply.json["id"]
    assert house.post(MODE, {"mode": "on"}).status == 422
    assert house.post("/api/v1/loads/heater/clear", {}).status == 202
    house.tick()
    assert load(house)["fault"] is None
    assert load(house, 1)["fault"] is not None


def test_all_off_works_before_the_first_tick_and_all_else_waits_for_it() -> None:
    early = WebHome()
    assert early.post(MODE, {"mode": "on"}).status == 503
    assert early.post("/api/v1/loads/off", {}).status == 202


def test_an_output_that_is_tried_can_be_let_go_of(house: WebHome) -> None:
    reply = house.post("/api/v1/loads/heater/try", {"what": "end"})
    assert (reply.status, reply.json["id"]) == (202, None)
    assert reply.json["message"] == "heater: whatever is tried ends now"


def test_a_vacation_has_an_end_and_can_be_ended(house: WebHome) -> None:
    until_at = "2026-06-28T18:00:00+02:00"
    reply = house.post("/api/v1/vacation", {"until_at": until_at})
    assert reply.json["message"] == "vacation until 2026-06-28 18:00: nothing heats by itself before"
    assert reply.json["until_at"] == until_at
    house.tick(pv_w=3000.0)
    assert house.get("/api/v1/status").json["flags"]["vacation_until_at"] == until_at
    assert load(house)["power_w"] == 0
    assert house.post("/api/v1/vacation", {"until_at": None}).json["message"].startswith("the vacation is over")
    house.tick()
    assert load(house)["power_w"] > 0


WRONG: list[tuple[str, Any, int]] = [
    ("/api/v1/loads/cellar/mode", {"mode": "on"}, 404),
    ("/api/v1/loads/cellar/clear", {}, 404),
    (MODE, {}, 422),
    (MODE, {"mode": "warm"}, 422),
    (MODE, {"mode": True}, 422),
    (MODE, {"mode": "on", "for_s": 10**400}, 422),
    (MODE, {"mode": "on", "for_s": 8 * 86_400}, 422),
    (MODE, {"mode": "on", "for_s": "600"}, 422),
    (MODE, {"mode": "on", "for_s": 600, "until": "full"}, 422),
    (MODE, {"mode": "auto", "for_s": 600}, 422),
    (MODE, {"mode": "off", "until": "full"}, 422),
    (MODE, {"mode": "on", "until": "noon"}, 422),
    (MODE, {"mode": "on", "until": ["full"]}, 422),
    (MODE, {"mode": "on", "until": "full", "power_w": 500}, 422),
    (MODE, {"mode": "on", "until_at": "2026-06-21T10:00:00Z"}, 422),
    (MODE, {"mode": "on", "until_at": "2026-06-21T23:00:00"}, 422),
    (MODE, {"mode": "on", "until_at": 5}, 422),
    (MODE, {"mode": "on", "power_w": 9000}, 422),
    (MODE, {"mode": "on", "hours": 1}, 422),
    ("/api/v1/loads/pump/mode", {"mode": "on", "until": "target"}, 422),
    ("/api/v1/loads/heater/boost", {"to_c": 90}, 422),
    ("/api/v1/loads/pump/boost", {"to_c": 50}, 422),
    ("/api/v1/loads/heater/clear", {}, 422),
    ("/api/v1/loads/heater/clear", {"load": "pump"}, 422),
    ("/api/v1/loads/heater/try", {"what": "click"}, 422),
    ("/api/v1/loads/heater/try", {"what": "position", "percent": 10**400, "mains_is_off": True}, 422),
    ("/api/v1/loads/heater/try", {"what": "click", "who": "somebody else"}, 422),
    ("/api/v1/loads/cellar/try", {"what": "click"}, 404),
    ("/api/v1/vacation", {}, 422),
    ("/api/v1/vacation", {"until_at": "2026-06-21T10:00:00+02:00"}, 422),
    ("/api/v1/vacation", {"until_at": "9999-01-01T00:00:00+00:00"}, 422),
    ("/api/v1/vacation", {"until_at": "soon"}, 422),
]


@pytest.mark.parametrize(("path", "body", "status"), WRONG)
def test_what_cannot_be_is_refused_and_nothing_is_queued(house: WebHome, path: str, body: Any, status: int) -> None:
    reply = house.post(path, body)
    assert (reply.status, reply.headers["content-type"]) == (status, "application/problem+json")
    house.tick()
    document = house.get("/api/v1/status").json
    assert document["commands_seen"] == 0
    assert [one["mode"] for one in document["loads"]] == ["auto", "auto"]


def test_no_get_commands_anything(house: WebHome) -> None:
    for table in house.tables:
        for route in table:
            if route.method == "GET":
                house.get(route.path.replace("<name>", "heater"))
            else:
                assert house.get(route.path.replace("<name>", "heater")).status in (200, 404, 405)
    house.tick()
    assert house.get("/api/v1/status").json["commands_seen"] == 0


def test_a_mode_is_for_good_only_where_the_settings_allow_it(house: WebHome) -> None:
    refused = house.post(MODE, {"mode": "on", "for_good": True})
    assert refused.status == 422
    assert "forced_without_end" in refused.json["detail"]
    home = WebHome(loads=[heater(forced_without_end=True)])
    home.tick()
    for body in ({"mode": "on", "for_good": True, "for_s": 60}, {"mode": "auto", "for_good": True},
                 {"mode": "on", "for_good": True, "until": "full"}, {"mode": "on", "for_good": "yes"},
                 {"mode": "on", "for_good": 1}):  # fmt: skip
        assert home.post(MODE, body).status == 422, body
    reply = home.post(MODE, {"mode": "on", "for_good": True, "power_w": 700})
    assert (reply.status, reply.json["until_at"]) == (202, None)
    home.tick()
    row = load(home)
    assert (row["mode"], row["until_at"], row["forced_without_end"], row["power_w"]) == ("on", None, True, 700)
    assert home.post(MODE, {"mode": "on", "for_good": False}).json["until_at"] is not None
    home.tick()
    assert load(home)["until_at"] is not None
