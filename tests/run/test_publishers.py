"""Other systems beside the loop: what goes wrong with them stays with them."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from pv_heater import load_config
from pv_heater.run.home.publishers import STALE_S, Telling, publishers_of
from pv_heater.run.home.telemetry import telemetry_of
from pv_heater.telemetry.told import Told
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


def telling(house: ToldHome, listener: Listener, folder: Path) -> Telling:
    return Telling("publish other", listener, house.told(folder))


def test_a_tick_is_told_until_it_is_too_old_to_be_true(tmp_path: Path) -> None:
    house, listener = ToldHome(), Listener()
    turns = telling(house, listener, tmp_path)
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


def test_each_load_is_told_with_all_that_it_ever_took_over_a_restart(tmp_path: Path) -> None:
    house, listener = ToldHome(), Listener()
    house.tick()
    telling(house, listener, tmp_path).turn()
    for _ in range(120):
        house.tick()
    telling(house, listener, tmp_path).turn()
    first, later = (heard["loads"][0]["energy_total_wh"] for heard in listener.heard if heard is not None)
    assert first == 0.0
    assert later == pytest.approx(house.document()["loads"][0]["energy_wh"], abs=1.0)
    assert later > 50.0


def test_what_is_asked_for_is_done_and_what_cannot_be_is_said_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    house, listener = ToldHome(), Listener()
    turns = telling(house, listener, tmp_path)
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
        slow, quick = publishers_of(load_config(config(publish=rows)), house.told(tmp_path), tools_for(tmp_path))
        slow.start()
        quick.start()
        until(lambda: hung.asked and well.asked, "both are told")
        for _ in range(20):
            house.tick()
        until(lambda: quick.status().last_success_age_s is not None, "the other took it")
        slow.close()
        quick.close()
        assert (slow.status().next_try_s, quick.status().next_try_s) == (None, None)
    assert (slow.status().name, quick.status().name) == ("publish emoncms", "publish emoncms_2")


def test_trouble_is_one_line_and_its_end_another(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    house = ToldHome()
    house.tick()
    with ScriptedServer() as server:
        row = {"type": "emoncms", "url": server.url, "apikey": "0123456789", "interval_s": 5}
        (one,) = publishers_of(load_config(config(publish=row)), house.told(tmp_path), tools_for(tmp_path))
        server.status = 500
        with caplog.at_level(logging.INFO):
            for _ in range(3):
                one.poll_once()
            server.status, server.answers["post"] = None, {"success": True}
            one.poll_once()
    said = [record.getMessage() for record in caplog.records if record.name.startswith("pv_heater")]
    assert said == [
        "publish emoncms: Emoncms has a fault of its own (500): {}. Next try in 1 s.",
        "publish emoncms answers again; 3 attempts failed in 0 s, the last one: "
        "Emoncms has a fault of its own (500): {}",
    ]
    assert one.status().trouble is None


def test_what_the_settings_do_not_ask_for_is_not_made(tmp_path: Path) -> None:
    house = ToldHome()

    def never() -> Told:
        raise AssertionError("nobody is told")

    nobody = telemetry_of(load_config(config()), never, tools_for(tmp_path))
    assert list(nobody.status()) == []
    row = {"type": "emoncms", "url": "http://127.0.0.1:9", "apikey": "0123456789"}
    one = telemetry_of(load_config(config(publish=row)), lambda: house.told(tmp_path), tools_for(tmp_path))
    assert [status.name for status in one.status()] == ["publish emoncms"]
    one.close()
