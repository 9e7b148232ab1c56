"""What clients of earlier systems hear and ask: bodies and content types to the letter, and what cannot be refused."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import quote

import pytest

from pv_heater.config.load import load_config
from pv_heater.errors import ConfigError
from pv_heater.web.earlier.home import MOST_COMMANDS
from tests.builders import config, heater
from tests.web.rig import Reply, WebHome

NOBODY_KNOWS = {"FID": None, "EIB": None, "MPC": None, "REE": None, "POR": None, "SPL": None, "VO2": 0}
PUMP = {"name": "pump", "type": "relay", "max_power_w": 800, "relay": {"pin": "GPIO17", "active_high": True}}


def home(*clients: str, **settings: Any) -> WebHome:
    earlier = {"clients": list(clients), **settings.pop("earlier", {})}
    return WebHome(web={"earlier": earlier}, **settings)


def body_of(reply: Reply) -> tuple[int, str, str]:
    return reply.status, reply.headers["content-type"], reply.body.decode()


def modes(house: WebHome) -> list[str]:
    house.tick()
    return [load["mode"] for load in house.get("/api/v1/status").json["loads"]]


PATHS = ["/api/routeur", "/api/info", "/state", "/stateshort", "/puissance", "/config", "/get",
         "/domo.php?action=printRefresh"]  # fmt: skip


@pytest.mark.parametrize("path", PATHS)
def test_nothing_of_it_is_there_unless_the_settings_name_it(path: str) -> None:
    house = WebHome()
    house.tick()
    assert house.get(path).status == 404


def test_a_mk2_router_tells_surplus_above_0_and_the_watts_it_routes() -> None:
    house = home("esp_router")
    assert house.get("/api/routeur").json == NOBODY_KNOWS
    house.tick(pv_w=1500.0, grid_w=-90.4)
    status, kind, body = body_of(house.get("/api/routeur"))
    power_w = house.get("/api/v1/status").json["loads"][0]["power_w"]
    assert (status, kind) == (200, "application/json")
    assert list(json.loads(body)) == ["FID", "EIB", "MPC", "REE", "POR", "SPL", "VO2"]
    assert json.loads(body) == {
        "FID": 5000, "EIB": None, "MPC": 60, "REE": 90.4, "POR": power_w, "SPL": None, "VO2": 0,
    }  # fmt: skip
    assert power_w == 1000
    assert body_of(house.get("/api/info")) == (200, "application/json", '{"VO2":0}')


def test_what_a_meter_said_long_ago_is_not_said_again() -> None:
    house = home("esp_router", "pv_router")
    house.tick(grid_w=-90.0)
    assert house.get("/state").status == 200
    house.fields = {}
    for _ in range(181):  # its age limit
        house.tick()
    assert house.get("/api/routeur").json["REE"] is None
    for path in ("/state", "/puissance"):
        assert (house.get(path).status, house.get(path).headers["retry-after"]) == (503, "5")


def test_a_ratio_is_a_forced_mode_that_ends_and_0_gives_it_back() -> None:
    house = home("esp_router", earlier={"forced_for_s": 600})
    house.tick()
    reply = house.ask("POST", "/api/param", b'{"ratio": 50}')  # no Content-Type: the client asked for none
    assert body_of(reply) == (200, "application/json", '{"ratio":50,"error":0}')
    assert modes(house) == ["on", "auto"]
    row = house.get("/api/v1/status").json["loads"][0]
    assert (row["power_w"], row["until_at"]) == (1000, "2026-06-21T13:10:01+02:00")
    assert house.post("/api/param", {"ratio": 0}).json == {"ratio": 0, "error": 0}
    assert modes(house) == ["auto", "auto"]


@pytest.mark.parametrize(
    "body", [b"", b"{}", b'{"ratio": 101}', b'{"ratio": -1}', b'{"ratio": 1.5}', b'{"ratio": "x"}', b'{"ratio": null}',
             b'{"ratio": true}', b'{"ratio": 1e400}', b'{"ratio": NaN}', b'{"ratio": 1}', b"\xff", b"[1]",
             b'{"ratio": 50, "for_s": 1}', b"ratio=50", b"[" * 9000],
)  # fmt: skip
def test_garbage_is_no_ratio(body: bytes) -> None:
    """1 % of this heater is less than it can be run at."""
    house = home("esp_router")
    house.tick()
    assert house.ask("POST", "/api/param", body).status in (400, 422)
    assert modes(house) == ["auto", "auto"]


def test_pv_router_tells_import_above_0_between_two_semicolons() -> None:
    house = home("pv_router", limits={"grid_target_w": 0})
    for grid_w, state in ((-120.4, "Injection"), (150.0, "Linky"), (40.0, "Stabilise")):
        house.tick(pv_w=1300.0, grid_w=grid_w)
        percent = round(house.get("/api/v1/status").json["loads"][0]["power_w"] / 20)
        assert body_of(house.get("/state")) == (200, "text/plain", f"{state};{round(grid_w)};{percent}")
    assert body_of(house.get("/puissance")) == (200, "text/plain", "40.00")


def test_its_settings_are_twenty_fields_empty_where_there_is_no_such_thing() -> None:
    house = home("pv_router")
    house.tick()
    fields = house.get("/config").body.decode().split(";")
    assert (len(fields), fields[5], fields[18], fields[19]) == (20, "100", "-100", "2000")
    assert house.get("/get").body == house.get("/config").body
    assert house.get("/get").headers["content-type"] == "text/html"
    assert house.get("/get?save=1").status == 200
    assert modes(house) == ["auto", "auto"]


def test_a_power_by_get_is_a_forced_mode_and_the_autonomous_mode_ends_it() -> None:
    house = home("pv_router")
    house.tick()
    assert house.get("/get?POWER=25").status == 200
    assert modes(house) == ["on", "auto"]
    assert house.get("/api/v1/status").json["loads"][0]["power_w"] == 500
    house.get("/get?POWER=0")
    assert modes(house) == ["off", "auto"]
    house.get("/get?servermode=Autonome")
    assert modes(house) == ["auto", "auto"]


@pytest.mark.parametrize(
    ("query", "says"),
    [
        ("POWER=101", "0 to 100"), ("POWER=-5", "0 to 100"), ("POWER=%D9%A3", "0 to 100"), ("POWER=", "0 to 100"),
        ("POWER=1", "60 W or more"), ("POWER=20&POWER=30", "given twice"), ("servermode=MQTT", "must be Autonome"),
        ("servermode=Autonome&POWER=20", "without POWER"), ("cosphi=23", "nothing takes its place"),
        ("fuse=90", "max_power_w of the load takes its place"), ("unheard=1", "Unknown parameter"),
        ("reset", "nothing"),
        ("delta=x", "whole watts"), ("delta=10&deltaneg=20", "must not be above"), ("delta=1e9", "whole watts"),
    ],
)  # fmt: skip
def test_what_that_router_can_be_told_and_this_home_cannot_is_refused_with_what_means_it(query: str, says: str) -> None:
    house = home("pv_router")
    house.tick()
    reply = house.get(f"/get?{query}")
    assert (reply.status, says in reply.json["detail"]) == (422, True), reply.json
    assert modes(house) == ["auto", "auto"]


def test_its_successor_tells_the_same_as_json() -> None:
    house = home("pv_router_esp32")
    house.tick(pv_w=1500.0, grid_w=-120.4)
    status, kind, body = body_of(house.get("/state"))
    row = json.loads(body)
    assert (status, kind) == (200, "application/json")
    assert (row["state"], row["watt"], row["dimmer"], row["temperature"]) == ("Injection", -120, 1000, 41.5)
    assert (row["dallas"], row["security"], row["minuteur"], row["relay1"], row["RSSI"]) == (
        False,
        False,
        False,
        0,
        None,
    )
    assert house.get("/stateshort").json == {"watt": -120, "dimmer": 1000, "temperature": 41.5}


def test_pvmonit_sees_the_loads_as_relays_and_switches_them_by_number() -> None:
    house = home("pvmonit")
    assert house.get("/domo.php?action=printRefresh").status == 503
    house.tick(pv_w=1500.0)
    html = "text/html; charset=UTF-8"
    answer = house.get("/domo.php?action=printRefresh&_=1700000000")
    assert body_of(answer) == (200, html, '{"etat":{"1":1,"2":0},"mod":{"1":2,"2":1}}')
    for word, number in (("on", 3), ("off", 0), ("auto", 1)):
        reply = house.get(f"/domo.php?action=changeMod&idRelay=2&changeTo={word}")
        assert body_of(reply) == (200, html, '{"result":0}')
        house.tick(pv_w=500.0)
        assert house.get("/domo.php?action=printRefresh").json["mod"]["2"] == number
    form = b"action=changeMod&idRelay=1&changeTo=off"
    reply = house.ask("POST", "/domo.php", form, content_type="application/x-www-form-urlencoded; charset=UTF-8")
    assert reply.body == b'{"result":0}'
    assert modes(house) == ["off", "auto"]


@pytest.mark.parametrize(
    "query",
    [
        "", "action=", "action=changeMod", "action=changeMod&idRelay=2", "action=changeMod&idRelay=2&changeTo=3",
        "action=changeMod&idRelay=9&changeTo=on", "action=changeMod&idRelay=0&changeTo=on",
        "action=changeMod&idRelay=pump&changeTo=on", "action=changeMod&idRelay=&changeTo=on",
        "action=changeMod&idRelay=1&idRelay=2&changeTo=on",
        "action=printRefresh&action=changeMod&idRelay=1&changeTo=on",
        "action=changeMod&idRelay=1&changeTo=on&for=ever", f"action=changeMod&idRelay={quote('1;2')}&changeTo=on",
        "action=%ff&idRelay=1&changeTo=on",
    ],
)  # fmt: skip
def test_what_is_no_command_of_that_page_changes_nothing(query: str) -> None:
    """It wrote null for a word it did not know, and any relay into its file."""
    house = home("pvmonit")
    house.tick()
    assert house.get(f"/domo.php?{query}").status in (400, 422)
    assert modes(house) == ["auto", "auto"]


def test_a_mode_is_for_good_as_it_was_there_where_the_load_may_be_forced_so() -> None:
    pump = {"name": "pump", "type": "dry_run", "max_power_w": 500, "forced_without_end": True}
    house = home("pvmonit", loads=[heater(), pump])
    house.tick()
    ends = []
    for word in ("on", "off", "auto"):
        for relay in (1, 2):
            reply = house.get(f"/domo.php?action=changeMod&idRelay={relay}&changeTo={word}")
            assert body_of(reply)[2] == '{"result":0}'
        house.tick()
        ends += [(load["mode"], load["until_at"] is None) for load in house.get("/api/v1/status").json["loads"]]
    assert ends == [("on", False), ("on", True), ("off", False), ("off", True), ("auto", True), ("auto", True)]


def test_a_hurried_hand_is_told_to_wait_and_all_the_others_with_it() -> None:
    house = home("pvmonit", "pv_router")
    house.tick()
    change = "/domo.php?action=changeMod&idRelay=1&changeTo=off"
    assert [house.get(change).status for _ in range(MOST_COMMANDS)] == [200] * MOST_COMMANDS
    late = house.get("/get?POWER=50")
    assert (late.status, late.headers["retry-after"]) == (429, "60")
    assert house.get("/domo.php?action=printRefresh").status == 200
    house.real_s += 61
    assert house.get(change).status == 200


def test_who_still_asks_is_said_once_a_day(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO", "pv_heater.web.earlier")
    house = home("esp_router", "pvmonit")
    house.tick()
    for _ in range(5):
        house.get("/api/routeur")
        house.get("/domo.php?action=printRefresh")
    assert [line.split("asks ")[1].split(";")[0] for line in caplog.messages] == [
        "/api/routeur as a client of esp_router",
        "/domo.php as a client of pvmonit",
    ]
    house.real_s += 86_401
    house.get("/api/routeur")
    assert len(caplog.messages) == 3


def test_the_dimmer_may_be_another_than_the_first() -> None:
    loads = [PUMP, heater(), heater("floor", max_power_w=1000)]
    house = home("pv_router", loads=loads)
    house.tick()
    house.get("/get?POWER=50")
    assert modes(house) == ["auto", "on", "auto"]
    house = home("pv_router", loads=loads, earlier={"dimmer": "floor"})
    house.tick()
    house.get("/get?POWER=50")
    assert modes(house) == ["auto", "auto", "on"]


WRONG = [
    ({"clients": ["fax"]}, "must be of esp_router, pv_router, pv_router_esp32, pvmonit, not 'fax'"),
    ({"clients": ["pv_router", "pv_router_esp32"]}, "they answer at the same addresses"),
    ({"clients": ["pvmonit"], "dimmer": "heeter"}, "there is no load 'heeter'; did you mean heater?"),
    ({"clients": ["pvmonit"], "pages": ["192.168.1.20"]}, "such as http://192.168.1.20"),
    ({"clients": ["pvmonit"], "pages": ["http://192.168.1.20/pvmonit"]}, "without a path"),
    ({}, "clients"),
]


@pytest.mark.parametrize(("earlier", "says"), WRONG)
def test_settings_that_cannot_be_are_refused(earlier: dict[str, Any], says: str) -> None:
    with pytest.raises(ConfigError) as caught:
        load_config(config(web={"earlier": earlier}))
    assert says in str(caught.value)
