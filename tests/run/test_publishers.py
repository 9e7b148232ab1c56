"""Other systems beside the loop: what goes wrong with them stays with them."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from pv_heater import load_config
from pv_heater.run.home.publishers import STALE_S, Publishers, Telling
from tests.builders import config
from tests.http_server import ScriptedServer
from tests.source_tools import tools_for
from tests.telemetry.home import ToldHome
from tests.waiting import until


class Listener:
    """Notes what it is told; asks for what it is told to ask for."""

    interval_s = 30.0

    def __init__(self) -> None:
        self.heard: list[Mapping[str, Any] | None] = []
        self.wishes: Sequence[Mapping[str, Any]] = ()

    def tell(self, document: Mapping[str, Any] | None, at_s: float) -> Sequence[Mapping[str, Any]]:
        self.heard.append(document)
        return self.wishes

    def close(self) -> None: ...


def telling(house: ToldHome, listener: Listener) -> Telling:
    return Telling("publish other", listener, house.newest, house.home.ask, lambda: house.real_s)


def test_a_tick_is_told_until_it_is_too_old_to_be_true() -> None:
    house, listener = ToldHome(), Listener()
    turns = telling(house, listener)
    turns.turn()
    assert turns.interval_s == 1.0
    house.tick()
    turns.turn()
    assert turns.interval_s == listener.interval_s
    house.real_s += STALE_S
    turns.turn()
    house.real_s += 0.5
    turns.turn()
    assert [heard is not None for heard in listener.heard] == [False, True, True, False]


def test_what_is_asked_for_is_done_and_what_cannot_be_is_said_once(caplog: pytest.LogCaptureFixture) -> None:
    house, listener = ToldHome(), Listener()
    turns = telling(house, listener)
    house.tick()
    listener.wishes = [
        {"command": "force", "load": "boiler", "mode": "on"},
        {"command": "force", "load": "heater", "mode": "off", "for_s": 600.0, "who": "other"},
    ]
    with caplog.at_level(logging.INFO):
        turns.turn()
        turns.turn()
    house.tick()
    assert house.document()["loads"][0]["mode"] == "off"
    said = [record.getMessage() for record in caplog.records if "publish other" in record.getMessage()]
    assert len([line for line in said if "cannot be" in line]) == 1
    assert len([line for line in said if "publish other asks: heater" in line]) == 2


def test_one_that_hangs_delays_neither_a_tick_nor_the_end_nor_its_neighbour(tmp_path: Path) -> None:
    house = ToldHome()
    house.tick()
    with ScriptedServer() as hung, ScriptedServer() as well:
        hung.hanging = True
        well.answers["post"] = {"success": True}
        rows = [{"type": "emoncms", "url": server.url, "apikey": "key", "interval_s": 5} for server in (hung, well)]
        publishers = Publishers(load_config(config(publish=rows)), house.home, tools_for(tmp_path))
        publishers.start()
        until(lambda: hung.asked and well.asked, "both are told")
        for _ in range(20):
            house.tick()
        until(lambda: publishers.status()[1].last_success_age_s is not None, "the other took it")
        publishers.close()
        assert not any(status.next_try_s for status in publishers.status())
        assert house.home.status() is not None
    assert [status.name for status in publishers.status()] == ["publish emoncms", "publish emoncms_2"]


def test_trouble_is_one_line_and_its_end_another(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    house = ToldHome()
    house.tick()
    with ScriptedServer() as server:
        row = {"type": "emoncms", "url": server.url, "apikey": "0123456789", "interval_s": 5}
        publishers = Publishers(load_config(config(publish=row)), house.home, tools_for(tmp_path))
        server.status = 500
        with caplog.at_level(logging.INFO):
            for _ in range(3):
                publishers.poll_once()
            server.status, server.answers["post"] = None, {"success": True}
            publishers.poll_once()
    said = [record.getMessage() for record in caplog.records if record.name.startswith("pv_heater")]
    assert said == [
        "publish emoncms: Emoncms has a fault of its own (500): {}. Next try in 1 s.",
        "publish emoncms answers again; 3 attempts failed in 0 s, the last one: "
        "Emoncms has a fault of its own (500): {}",
    ]
    assert publishers.status()[0].trouble is None


def test_where_nobody_is_told_there_is_nothing(tmp_path: Path) -> None:
    publishers = Publishers(load_config(config()), ToldHome().home, tools_for(tmp_path))
    publishers.start()
    publishers.close()
    assert publishers.status() == []
