"""Totals never go down, whatever a restart, a midnight or a full disk does to the counts they are made of."""

import logging
from collections.abc import Mapping
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from pv_heater.core.model.day_energies import LoadDay
from pv_heater.telemetry.totals import FILE_NAME, SAVE_S, EnergyTotals
from tests.builders import NOON
from tests.history.life import NOTHING

TODAY = NOON.date()


class Counting:
    """A home whose counts are on the disk, and who tells of it."""

    def __init__(self, folder: Path) -> None:
        self.now_s = 0.0
        self.kept: Mapping[str, Any] | None = None
        self.totals = EnergyTotals(folder, {"heater": "heater"}, lambda: self.kept, lambda: self.now_s)

    def told(self, heater_wh: float, day: date | None = TODAY, *, later_s: float = 60.0) -> float | None:
        self.now_s += later_s
        self.kept = counts_of(heater_wh, day)
        return self.totals.newest().loads.get("heater")


def counts_of(heater_wh: float, day: date | None = TODAY) -> Mapping[str, Any]:
    heater = LoadDay(energy_wh=heater_wh, sun_wh=0, starts=0)
    return replace(NOTHING, day=day, loads={"heater": heater}).as_json()


def test_a_total_goes_on_over_midnight_and_a_restart(tmp_path: Path) -> None:
    home = Counting(tmp_path)
    assert [home.told(wh) for wh in (100, 250)] == [100, 250]
    assert home.told(10, TODAY + timedelta(days=1)) == 260
    assert Counting(tmp_path).told(30, TODAY + timedelta(days=1)) == 280


def test_a_count_that_came_back_older_is_not_added_again(tmp_path: Path) -> None:
    Counting(tmp_path).told(500)
    home = Counting(tmp_path)
    assert [home.told(wh) for wh in (450, 470)] == [500, 520], "what is drawn from there on is new"


def test_before_counts_are_on_the_disk_nothing_new_is_told(tmp_path: Path) -> None:
    home = Counting(tmp_path)
    assert home.totals.newest().loads == {}
    assert home.told(100) == 100


def test_what_was_told_is_there_after_a_power_cut_though_the_sums_were_saved_long_before(tmp_path: Path) -> None:
    home = Counting(tmp_path)
    assert [home.told(wh) for wh in (100, 300, 470)] == [100, 300, 470]
    after = Counting(tmp_path)
    assert after.told(470) == 470, "the counts of the last minute come back, and with them the total"
    overnight = Counting(tmp_path)
    overnight.told(900)
    assert overnight.told(0, TODAY + timedelta(days=1)) == 900
    assert Counting(tmp_path).told(20, TODAY + timedelta(days=1)) == 920, "they are saved at midnight"


def test_sums_that_cannot_be_saved_are_not_told(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    home = Counting(tmp_path)
    assert home.told(100) == 100
    draft = tmp_path / f".{FILE_NAME}.new"
    draft.mkdir()  # nothing can be written there
    assert home.told(300, later_s=SAVE_S) == 100
    assert [home.told(400), home.told(500, later_s=SAVE_S)] == [100, 100]
    assert len([text for text in caplog.messages if "the energy totals cannot be saved" in text]) == 1
    draft.rmdir()
    assert home.told(600, later_s=SAVE_S) == 600


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
        home.told(5, TODAY + timedelta(days=days))
        assert home.totals.newest().yesterday == wanted
