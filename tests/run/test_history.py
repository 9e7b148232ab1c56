"""What a killed program's history knows, its state need not forget."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Any

from pv_heater import Controller
from pv_heater.config.load import load_config
from pv_heater.core.model.day_energies import Lost
from pv_heater.core.model.values import Inputs
from pv_heater.errors import HistoryTrouble
from pv_heater.io.system.clock import SystemClock
from pv_heater.run.home.history import history_of, history_path, with_newer_counts
from tests.builders import NOON, House, config, reading

DAY = {
    "date": "2026-06-21", "caught_wh": 3000.0, "lost_wh": {"min_off": 200.0}, "seen_s": 9000,
    "loads": {"heater": {"energy_wh": 3100.0, "sun_wh": 3000.0, "starts": 7}},
}  # fmt: skip


def saved() -> dict[str, Any]:
    house = House(config())
    for second in range(0, 1200, 10):
        house.at(second, consumption_w=2500.0)
    state: dict[str, Any] = json.loads(json.dumps(house.controller.state()))
    return state


def test_counters_that_the_history_saw_later_are_taken_up_and_none_goes_back() -> None:
    asked: list[date] = []

    def days(from_day: date, to_day: date) -> list[dict[str, Any]]:
        asked.extend([from_day, to_day])
        return [DAY]

    raised = with_newer_counts(saved(), days)
    assert asked == [date(2026, 6, 21)] * 2
    decision = Controller.from_config(config(), raised).step(NOON, reading(), None, Inputs(tick_s=1200.0))
    assert decision.today is not None
    assert (decision.today.caught_wh, decision.today.seen_s) == (3000.0, 9000)
    assert decision.today.lost_wh[Lost.MIN_OFF] == 200.0
    assert (decision.loads["heater"].energy_wh, decision.loads["heater"].starts) == (3100.0, 7 + 1), (
        "and it has just started once more"
    )
    older = {**DAY, "caught_wh": 1.0, "loads": {"heater": {"energy_wh": 1.0, "sun_wh": 1.0, "starts": 0}}}
    kept = with_newer_counts(saved(), lambda _from, _to: [older])
    assert kept is not None
    assert kept["loads"]["heater"] == saved()["loads"]["heater"]
    assert kept["today"]["caught_wh"] == saved()["today"]["caught_wh"]


def test_a_state_is_used_as_it_is_where_the_history_cannot_tell() -> None:
    def broken(_from: date, _to: date) -> list[dict[str, Any]]:
        raise HistoryTrouble("history.db: disk I/O error")

    state = saved()
    assert with_newer_counts(state, broken) == state
    assert with_newer_counts(state, lambda _from, _to: []) == state
    assert with_newer_counts(None, broken) is None
    for damaged in ({**state, "day": 7}, {**state, "loads": None, "today": 3}, {**state, "loads": {"heater": 1}}):
        assert Controller.from_config(config(), with_newer_counts(damaged, lambda _from, _to: [DAY]))


def test_the_history_is_kept_in_the_state_folder_unless_its_owner_says_otherwise(tmp_path: Path) -> None:
    clock = SystemClock()
    plain = load_config(config())
    path = history_path(plain, tmp_path)
    assert path == tmp_path / "history.db"
    assert history_of(plain, path, clock) is not None
    assert history_of(load_config(config(history="off")), path, clock) is None
    assert history_of(load_config(config(history={"keep": False})), path, clock) is None
    other = load_config(config(history={"file": "/mnt/stick/home.db", "seconds_days": 7}))
    assert history_path(other, tmp_path) == Path("/mnt/stick/home.db")
    assert other.history.seconds_days == 7
    clock.close()
