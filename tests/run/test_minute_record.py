"""A power cut costs a minute of the day's counts at most, and a quiet night hardly a page."""

import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest

from pv_heater import Controller
from pv_heater.config.load import load_config
from pv_heater.core.model.day_energies import DayEnergies, LoadDay
from pv_heater.core.model.values import Phase
from pv_heater.io.system.state_file import StateFile
from pv_heater.run.home.history import with_newer_counts
from pv_heater.run.home.minute_record import EVERY_S, FILE_NAME, QUIET_S, MinuteRecord
from pv_heater.run.live import STATE_NAME, _controller
from tests.builders import NOON, config, reading
from tests.history.life import NOTHING
from tests.waiting import until

TODAY = NOON.date()
DECISION = Controller.from_config(config()).step(NOON, reading(), None)


class Lived:
    """A home whose heater takes 10 Wh a minute while it heats; each look is a second later."""

    def __init__(self, folder: Path) -> None:
        self.now_s = 0.0
        self.heater_wh = 0.0
        self.record = MinuteRecord(folder, lambda: self.now_s)

    def lives(self, seconds: float, *, heats: bool, day: date = TODAY) -> int:
        """How many of the counts were handed over."""
        handed = 0
        for _ in range(int(seconds)):
            self.now_s += 1.0
            self.heater_wh += 10 / 60 if heats else 0.0
            self.record.report(NOON, replace(DECISION, today=counted(self.heater_wh, day)), None, None)
            handed += self.record._pending is not None
            self.record._pending = None
        return handed


def counted(heater_wh: float, day: date = TODAY) -> DayEnergies:
    heater = LoadDay(energy_wh=heater_wh, sun_wh=0, starts=1)
    return replace(NOTHING, day=day, caught_wh=heater_wh, loads={"heater": heater})


@contextmanager
def recording(folder: Path) -> Iterator[MinuteRecord]:
    record = MinuteRecord(folder, lambda: 0.0)
    record.start()
    try:
        yield record
    finally:
        record.stop()


def test_once_a_minute_while_a_load_draws_and_every_five_minutes_else(tmp_path: Path) -> None:
    home = Lived(tmp_path)
    assert home.lives(3600, heats=True) == 3600 / EVERY_S
    assert home.lives(3600, heats=False) == 3600 / QUIET_S
    assert home.lives(EVERY_S + 1, heats=True) >= 1, "the first minute of heating is not lost to the quiet before"
    assert home.lives(EVERY_S + 1, heats=False, day=TODAY + timedelta(days=1)) >= 1, "a day that has begun"


def test_after_a_cut_the_state_gets_the_counts_of_the_last_minute(tmp_path: Path) -> None:
    with recording(tmp_path) as record:
        record.report(NOON, replace(DECISION, today=counted(840.0)), None, None)
        until(lambda: record.kept(), "the counts are on the disk")
    after = MinuteRecord(tmp_path, lambda: 0.0)
    saved = {"day": TODAY.isoformat(), "today": {"caught_wh": 700.0}, "loads": {"heater": {"energy_wh": 700.0}}}
    state = with_newer_counts(saved, after.days)
    assert state is not None
    assert (state["today"]["caught_wh"], state["loads"]["heater"]["energy_wh"]) == (840.0, 840.0)
    older = {**saved, "day": (TODAY - timedelta(days=1)).isoformat()}
    assert with_newer_counts(older, after.days) == older, "of another day"


@pytest.mark.parametrize("damaged", ["{", "[]", '{"schema": [', '{"loads": {}}', '{"a": 1, "a": 2}'])
def test_a_state_that_cannot_be_read_costs_no_counts_that_stand_elsewhere(tmp_path: Path, damaged: str) -> None:
    with recording(tmp_path) as record:
        record.report(NOON, replace(DECISION, today=counted(840.0)), None, None)
        until(lambda: record.kept(), "the counts are on the disk")
    (tmp_path / STATE_NAME).write_text(damaged)
    newer = [MinuteRecord(tmp_path, lambda: 0.0).days, lambda _from, _to: [{"date": "x", "loads": 3}]]
    home = load_config(config())
    controller, _ = _controller(home, StateFile(tmp_path / STATE_NAME), frozenset(), newer, TODAY)
    decision = controller.step(NOON, reading(), None)
    heater = decision.loads["heater"]
    assert (heater.phase, heater.energy_wh, heater.starts) == (Phase.FAULT, 840.0, 1)
    assert decision.today is not None
    assert decision.today.caught_wh == 840.0
    tomorrow, _ = _controller(home, StateFile(tmp_path / STATE_NAME), frozenset(), newer[:1], TODAY + timedelta(days=1))
    assert tomorrow.step(NOON + timedelta(days=1), None, None).loads["heater"].energy_wh == 0.0


@pytest.mark.parametrize(("waits", "is_kept"), [([1, 2, 3], True), ([*range(100_000)], False)])
def test_rows_that_wait_are_kept_where_there_is_room(tmp_path: Path, waits: list[int], is_kept: bool) -> None:
    record = MinuteRecord(tmp_path, lambda: 0.0, lambda: {"samples": waits})
    record.start()
    record.report(NOON, replace(DECISION, today=counted(840.0)), None, None)
    until(lambda: record.kept(), "the counts are on the disk")
    record.stop()
    after = MinuteRecord(tmp_path, lambda: 0.0)
    assert after.left == ({"samples": waits} if is_kept else {})
    assert after.days(TODAY, TODAY)[0]["caught_wh"] == 840.0


def test_a_file_that_cannot_be_written_is_said_once_and_tried_again(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING)
    os.mkfifo(tmp_path / FILE_NAME)
    now_s = [0.0]
    record = MinuteRecord(tmp_path, lambda: now_s[0])
    record.start()
    for minute in (1, 2, 3):
        now_s[0] = minute * EVERY_S
        record.report(NOON, replace(DECISION, today=counted(10.0 * minute)), None, None)
        if minute == 1:
            until(lambda: "cannot be written" in caplog.text, "it is said")
            assert record.kept() is None
        if minute == 2:
            until(lambda: record._pending is None, "it was tried again")
            (tmp_path / FILE_NAME).unlink()
    until(lambda: record.kept(), "it is written")
    record.stop()
    assert len([text for text in caplog.messages if "cannot be written" in text]) == 1
