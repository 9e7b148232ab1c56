"""A copy of the history over the API."""

import sqlite3
from pathlib import Path

from pv_heater.web.calls import Scope
from tests.history.life import Life
from tests.web.rig import WebHome

PATH = "/api/v1/backup"


def test_a_copy_is_a_whole_database_of_its_own(tmp_path: Path) -> None:
    life = Life(tmp_path / "history.db")
    life.live(600)
    reply = WebHome(history=life.kept).get(PATH)
    assert reply.status == 200
    assert reply.headers["content-type"] == "application/vnd.sqlite3"
    assert "attachment" in reply.headers["content-disposition"]
    copy = tmp_path / "copy.db"
    copy.write_bytes(reply.body)
    with sqlite3.connect(copy) as database:
        assert database.execute("PRAGMA integrity_check").fetchone() == ("ok",)


def test_without_a_history_there_is_nothing_to_copy_and_a_copy_is_for_the_owner_only(tmp_path: Path) -> None:
    house = WebHome()
    assert house.get(PATH).status == 404
    assert [route.scope for table in house.tables for route in table if route.path == PATH] == [Scope.ADMIN]
    assert WebHome(history=Life(tmp_path / "nowhere" / "history.db").kept).get(PATH).status == 503
