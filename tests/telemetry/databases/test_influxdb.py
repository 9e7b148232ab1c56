"""InfluxDB 1, 2 and 3: Debian's own where it is installed, and servers on loopback that answer as the others do."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from werkzeug import Request, Response

from pv_heater import load_config
from pv_heater.core.model.setting import Secret
from pv_heater.errors import AuthRejected, BadReply, ConfigError, SourceError, Unreachable
from pv_heater.telemetry.databases.influxdb import BATCH_S, InfluxDb
from tests.builders import config
from tests.http_server import ScriptedServer
from tests.source_tools import tools_for
from tests.telemetry.databases.influxd import INFLUXD, Influxd
from tests.telemetry.home import ToldHome, living

V2 = {"version": 2, "organisation": "us", "bucket": "sun", "token": Secret("secret-token")}


class Database(ScriptedServer):
    """Takes whatever it is told, until it is told otherwise."""

    def reset(self) -> None:
        super().reset()
        self.lines: list[str] = []
        self.refuses: Response | None = None

    def answer(self, request: Request) -> Any:
        if self.refuses is not None:
            return self.refuses
        self.lines += request.get_data(as_text=True).splitlines()
        return Response(status=204)


@pytest.fixture(scope="module")
def server() -> Iterator[Database]:
    with Database() as database:
        yield database


@pytest.fixture
def database(server: Database) -> Database:
    server.reset()
    return server


class Written:
    """A home, its database, and the seconds."""

    def __init__(self, folder: Path, url: str, house: ToldHome | None = None, **settings: Any) -> None:
        self.house = house or living()
        limits = {name: settings.pop(name) for name in ("most_lines", "whole_s") if name in settings}
        self.influxdb = InfluxDb(InfluxDb.Settings(url=url, **settings), tools_for(folder), **limits)
        self.at_s = 0.0

    def live(self, seconds: float) -> None:
        """Told as often as it wants to be. Raises what it raises."""
        until_s = self.at_s + seconds
        while self.at_s < until_s:
            self.house.tick()
            self.at_s += self.influxdb.interval_s
            self.house.clock.wait_until(self.house.clock.monotonic_s() + self.influxdb.interval_s - 1.0)
            self.influxdb.tell(self.house.document(), self.at_s)

    def in_vain(self, seconds: float) -> set[str]:
        """What goes wrong meanwhile."""
        found = set()
        until_s = self.at_s + seconds
        while self.at_s < until_s:
            try:
                self.live(self.influxdb.interval_s)
            except SourceError as error:
                found.add(f"{type(error).__name__}: {error}")
        return found


def test_once_a_minute_it_gets_what_was_noted_every_ten_seconds(database: Database, tmp_path: Path) -> None:
    home = Written(tmp_path, database.url, **V2)
    home.live(BATCH_S)
    assert database.lines == []
    home.live(20.0)
    first, heater, pump = database.lines[:3]
    assert database.requests == ["POST /api/v2/write?org=us&bucket=sun&precision=s"]
    assert database.asked[0].headers["Authorization"] == "Token secret-token"
    assert first.startswith("pv_heater,site=Home pv_w=2500.0,")
    assert ",battery_soc_percent=97.0," in first
    assert heater.startswith("pv_heater_load,load=heater,site=Home power_w=2")
    assert 'phase="heating"' in heater
    assert "load=pump," in pump
    assert pump.endswith(first.rpartition(" ")[2])
    assert len(database.lines) == 3 * 7


@pytest.mark.parametrize(
    ("settings", "request_line", "authorization"),
    [
        ({"version": 1, "database": "home"}, "POST /write?db=home&precision=s", None),
        (
            {"version": 1, "database": "home", "username": "me", "password": Secret("pw")},
            "POST /write?db=home&precision=s",
            "Basic bWU6cHc=",
        ),
        (
            {"version": 3, "database": "home", "token": Secret("abc")},
            "POST /api/v3/write_lp?db=home&precision=second",
            "Bearer abc",
        ),
        ({"version": 3, "database": "home"}, "POST /api/v3/write_lp?db=home&precision=second", None),
    ],
)
def test_each_version_is_asked_in_its_own_way(
    database: Database, tmp_path: Path, settings: dict[str, Any], request_line: str, authorization: str | None
) -> None:
    Written(tmp_path, database.url, **settings).live(BATCH_S + 10.0)
    assert database.requests == [request_line]
    assert database.asked[0].headers.get("Authorization") == authorization


def test_a_reading_that_is_lost_leaves_no_flows_and_a_clock_that_was_never_set_no_line(
    database: Database, tmp_path: Path
) -> None:
    house = ToldHome()
    home = Written(tmp_path, database.url, house=house, version=1, database="home")
    for _ in range(2):
        house.tick()
    document = house.document()
    document["state"]["word"] = "lost"
    home.influxdb.tell(document, 0.0)
    document["now"] = "1970-01-01T00:05:00+00:00"
    home.influxdb.tell(document, 10.0)
    home.influxdb.tell(None, 70.0)
    assert len(database.lines) == 3
    assert "pv_w" not in database.lines[0]
    assert 'state="lost"' in database.lines[0]


def test_a_database_that_refuses_us_gets_all_of_it_later(database: Database, tmp_path: Path) -> None:
    home = Written(tmp_path, database.url, **V2)
    database.refuses = Response('{"code":"unauthorized","message":"token secret-token is wrong"}', status=401)
    (why,) = home.in_vain(120.0)
    assert why.startswith("AuthRejected: InfluxDB refused access (401)")
    assert "secret-token" not in why
    database.refuses = None
    home.live(10.0)
    assert len(database.lines) == 3 * 13


def test_lines_that_it_will_never_take_are_told_and_not_sent_again(database: Database, tmp_path: Path) -> None:
    home = Written(tmp_path, database.url, version=1, database="home")
    database.refuses = Response('{"error":"partial write: field type conflict dropped=1"}', status=400)
    with pytest.raises(BadReply, match=r"type conflict dropped=1\"\}\. These 21 lines are not sent again"):
        home.live(BATCH_S + 10.0)
    database.refuses = None
    home.live(10.0)
    assert len(database.lines) == 3


def test_a_page_in_place_of_a_database_has_written_nothing(database: Database, tmp_path: Path) -> None:
    home = Written(tmp_path, database.url, version=1, database="home")
    database.refuses = Response("<html>Welcome to the hotel</html>", status=200)
    assert home.in_vain(80.0) == {
        "BadReply: InfluxDB answered 200 where it should say 204; is the address right? <html>Welcome to the "
        "hotel</html>"
    }
    database.refuses = None
    home.live(10.0)
    assert len(database.lines) == 3 * 9


def test_one_that_hangs_costs_its_time_limit_and_nothing_is_lost(database: Database, tmp_path: Path) -> None:
    home = Written(tmp_path, database.url, version=1, database="home", whole_s=0.2)
    home.live(BATCH_S)
    database.hanging = True
    with pytest.raises(Unreachable):
        home.live(10.0)
    database.reset()
    home.influxdb = patient(home.influxdb, database.url, tmp_path)
    home.live(10.0)
    # What the database took without a word is sent again: the same point twice is one.
    assert len(set(database.lines)) == 3 * 8


def patient(impatient: InfluxDb, url: str, folder: Path) -> InfluxDb:
    """The same with all the time of a busy machine for an answer."""
    other = InfluxDb(InfluxDb.Settings(url=url, version=1, database="home"), tools_for(folder))
    impatient._client.close()
    impatient._client = other._client
    return impatient


def test_of_what_waits_for_too_long_the_oldest_is_let_go_and_counted(
    database: Database, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    home = Written(tmp_path, database.url, version=1, database="home", most_lines=30)
    database.refuses = Response("busy", status=503)
    (why,) = home.in_vain(200.0)
    assert "has a fault of its own (503)" in why
    database.refuses = None
    with caplog.at_level(logging.WARNING):
        home.live(10.0)
    assert len(database.lines) == 30
    # 21 looks of three lines each.
    assert [record.getMessage() for record in caplog.records if record.name.startswith("pv_heater")] == [
        "InfluxDB was away for too long: the oldest 33 lines that waited were let go, the last 30 are sent."
    ]


def test_what_does_not_belong_to_a_version_is_said_with_its_place() -> None:
    with pytest.raises(ConfigError) as caught:
        load_config(config(publish=[{"type": "influxdb", "url": "http://127.0.0.1:1", "version": 2, "database": "x"}]))
    assert caught.value.problems == (
        "publish[0].database: is not for InfluxDB 2, which knows bucket, organisation, token",
    )
    with pytest.raises(ConfigError, match=r"publish\[0\]\.bucket: is missing; InfluxDB 2 needs it"):
        load_config(
            config(publish=[{"type": "influxdb", "url": "http://127.0.0.1:1", "version": 2, "organisation": "us"}])
        )


@pytest.mark.skipif(INFLUXD is None, reason="InfluxDB 1 is not installed")
def test_debians_influxdb_keeps_it_through_a_power_cut_of_its_own(tmp_path: Path) -> None:
    settings = {"version": 1, "database": "home", "username": "me", "password": Secret("pw")}
    with Influxd(tmp_path, login=True) as influxd:
        influxd.ask("CREATE USER me WITH PASSWORD 'pw' WITH ALL PRIVILEGES")
        me = {"u": "me", "p": "pw"}
        stranger = Written(tmp_path, influxd.url, **{**settings, "password": Secret("other")})
        assert "AuthRejected: InfluxDB refused access (401)" in str(stranger.in_vain(70.0))
        home = Written(tmp_path, influxd.url, **settings)
        for other, why in ((stranger, AuthRejected), (home, BadReply)):
            with pytest.raises(why):
                other.influxdb.ask()
        assert "BadReply: InfluxDB did not accept the request (404)" in str(home.in_vain(70.0))
        influxd.ask("CREATE DATABASE home", **me)
        assert home.influxdb.ask() == "takes lines for home"
        home.live(10.0)
        assert influxd.ask("SELECT count(pv_w) FROM pv_heater", **me)[0]["count"] == 8
        influxd.stop()
        assert "Unreachable: InfluxDB cannot be reached" in str(home.in_vain(70.0))
        influxd.start()
        home.live(10.0)
        assert influxd.ask("SELECT count(pv_w) FROM pv_heater", **me)[0]["count"] == 16
        row = influxd.ask("SELECT * FROM pv_heater_load WHERE load = 'heater' LIMIT 1", **me)[0]
        assert (row["site"], row["phase"], row["mode"]) == ("Home", "heating", "auto")
        # A whole number once, a broken one now: one type, or the database would refuse it.
        home.house.tick(pv_w=2501.5)
        home.live(70.0)
        assert influxd.ask("SELECT last(pv_w) FROM pv_heater", **me)[0]["last"] == 2501.5
