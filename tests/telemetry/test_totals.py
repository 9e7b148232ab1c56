"""Totals never go down, whatever a restart, a midnight or a full disk does to the counts they are made of."""

import logging
from collections.abc import Mapping
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest

from pv_heater import Controller
from pv_heater.core.model.day_energies import DayEnergies, LoadDay
from pv_heater.core.model.status import Status
from pv_heater.telemetry.totals import FILE_NAME, SAVE_S, EnergyTotals
from tests.builders import NOON, config, reading

TODAY = NOON.date()


class Counting:
    """A home that counts, and who tells of it; each look is a minute later."""

    def __init__(self, folder: Path, identities: Mapping[str, str] | None = None) -> None:
        self.now_s = 0.0
        self.totals = EnergyTotals(folder, identities or {"heater": "heater"}, lambda: self.now_s)

    def told(self, heater_wh: float, day: date | None = TODAY, caught_wh: float = 0.0) -> float | None:
        self.now_s += SAVE_S
        return self.totals.of(status_of(heater_wh, day, caught_wh)).loads.get("heater")


def status_of(heater_wh: float, day: date | None = TODAY, caught_wh: float = 0.0) -> Status:
    today = DayEnergies(
        day=day, caught_wh=caught_wh, lost_wh={}, hidden_wh=0, bought_wh=0, battery_drain_wh=0, feed_in_wh=0, pv_wh=0,
        house_wh=0, seen_s=0, pv_possible_w=None, loads={"heater": LoadDay(energy_wh=heater_wh, sun_wh=0, starts=0)},
    )  # fmt: skip
    return Status(now=NOON, decision=replace(DECISION, today=today), reading=None, forecast_source=None)


DECISION = Controller.from_config(config()).step(NOON, reading(), None)


def test_a_total_goes_on_over_midnight_and_a_restart(tmp_path: Path) -> None:
    home = Counting(tmp_path)
    assert [home.told(wh) for wh in (100, 250)] == [100, 250]
    assert home.told(10, TODAY + timedelta(days=1)) == 260
    assert Counting(tmp_path).told(30, TODAY + timedelta(days=1)) == 280


def test_a_count_that_came_back_older_is_not_added_again(tmp_path: Path) -> None:
    Counting(tmp_path).told(500)
    home = Counting(tmp_path)
    assert [home.told(wh) for wh in (450, 470)] == [500, 520], "what is drawn from there on is new"


def test_what_is_told_was_saved_before(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    home = Counting(tmp_path)
    assert home.told(100) == 100
    home.now_s += 1 - SAVE_S
    assert home.told(170) == 100, "not yet"
    (tmp_path / FILE_NAME).unlink()
    (tmp_path / FILE_NAME).mkdir()  # nothing can take its place
    assert [home.told(wh) for wh in (300, 400)] == [100, 100]
    assert len([text for text in caplog.messages if "the energy totals cannot be saved" in text]) == 1


def test_a_day_that_is_not_known_counts_nothing(tmp_path: Path) -> None:
    assert Counting(tmp_path).told(100, None) is None


@pytest.mark.parametrize(
    "text", ["", "[]", '{"day": 1, "seen": 5', '{"seen": {"load.heater": -1}, "sums": {"load.heater": "x"}}']
)
def test_a_damaged_file_begins_anew_and_is_kept(text: str, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.ERROR)
    (tmp_path / FILE_NAME).write_text(text)
    assert Counting(tmp_path).told(40) == 40
    if not text.endswith("}}"):
        assert "begin at 0 again" in caplog.text
        assert (tmp_path / FILE_NAME).with_suffix(".damaged").read_text() == text


def test_yesterday_is_the_day_before_and_no_other(tmp_path: Path) -> None:
    home = Counting(tmp_path)
    home.told(700)
    for days, wanted in ((1, {"heater": 700}), (3, {})):
        home.now_s += SAVE_S
        assert home.totals.of(status_of(5, TODAY + timedelta(days=days))).yesterday == wanted
