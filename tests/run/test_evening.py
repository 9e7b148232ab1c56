"""The account of a day in the evening: beside the loop, kept, said once, and made whole after midnight."""

import logging
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from threading import Event

import pytest

from pv_heater.config.load import load_config
from pv_heater.core.model.values import Decision
from pv_heater.history.kept import KeptHistory
from pv_heater.io.background import Breather, Stopped
from pv_heater.report.foresight import no_breath
from pv_heater.run.home.evening import EveningReport
from tests.builders import config, heater
from tests.history.life import BEGIN, Life, some_decision
from tests.waiting import until

DAY = date(2026, 6, 1)
HOME = load_config(config(loads=[heater("tank")]))


def afternoon(path: Path) -> Life:
    """Four hours of a minute's pace."""
    life = Life(path)
    life.live(4 * 3600.0, step_s=60.0, looks_s=3600.0)
    return life


def at(life: Life, *, daylight: bool) -> Decision:
    """As the loop would tell it now."""
    decision = some_decision("tank")
    return replace(decision, today=life.counts, trace=replace(decision.trace, daylight=daylight, clock_trusted=None))


def see(evening: EveningReport, life: Life, *, daylight: bool) -> None:
    evening.report(life.now, at(life, daylight=daylight), None, None)


def reports(kept: KeptHistory) -> list[dict[str, object]]:
    return kept.reports(DAY - timedelta(days=1), DAY + timedelta(days=2))


def test_the_end_of_the_day_is_accounted_for_kept_and_said(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    life = afternoon(tmp_path / "history.db")
    evening = EveningReport(HOME, life.kept)
    with caplog.at_level(logging.INFO):
        see(evening, life, daylight=True)
        evening.work(no_breath)
        assert evening.newest() is None
        see(evening, life, daylight=False)
        evening.work(no_breath)
        see(evening, life, daylight=False)
        evening.work(no_breath)
    newest = evening.newest()
    assert newest is not None
    assert newest["caught_wh"] + sum(newest["lost_wh"].values()) == newest["possible_wh"]
    assert newest["seen_s"] == 4 * 3600.0 - 60.0
    # Nobody knows of the six hours and a minute before the first tick.
    assert newest["unknown_s"] == 6 * 3600.0 + 60.0
    [line] = [record.getMessage() for record in caplog.records if record.getMessage().startswith("report: ")]
    assert "against the same day without the heater" in line
    assert line.endswith("of 6 h 1 min nothing is known")
    life.live(600.0)
    assert reports(life.kept) == [newest]
    assert life.kept.days(DAY, DAY)[0]["report"] == newest


def test_after_midnight_the_whole_day_takes_its_place_without_a_word(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    life = afternoon(tmp_path / "history.db")
    evening = EveningReport(HOME, life.kept)
    see(evening, life, daylight=True)
    see(evening, life, daylight=False)
    evening.work(no_breath)
    before = evening.newest()
    life.live(15 * 3600.0, step_s=300.0, looks_s=3600.0)
    assert life.counts.day == DAY + timedelta(days=1)
    with caplog.at_level(logging.INFO):
        see(evening, life, daylight=False)
        evening.work(no_breath)
    newest = evening.newest()
    assert before is not None
    assert newest is not None
    assert newest["day"] == before["day"] == DAY.isoformat()
    assert newest["seen_s"] + newest["unknown_s"] == 86_400.0
    assert not caplog.records


def test_a_thread_does_it_and_the_loop_only_notes_it(tmp_path: Path) -> None:
    life = afternoon(tmp_path / "history.db")
    evening = EveningReport(HOME, life.kept, settles_s=0.0)
    evening.start()
    try:
        see(evening, life, daylight=True)
        see(evening, life, daylight=False)
        until(lambda: evening.newest() is not None, "no report came")
    finally:
        evening.stop()
    life.writer.look()
    life.kept.close()
    assert [row["day"] for row in reports(life.kept)] == ["2026-06-01"]


def test_after_a_start_the_newest_account_is_known(tmp_path: Path) -> None:
    life = Life(tmp_path / "history.db")
    life.live(600.0)
    recent = datetime.now(UTC).date() - timedelta(days=1)
    life.kept.keep_report(recent, {"because": "of a test"})
    life.kept.close()
    evening = EveningReport(HOME, life.kept)
    evening.start()
    try:
        until(lambda: evening.newest() is not None, "what was kept was not read")
    finally:
        evening.stop()
    assert evening.newest() == {"because": "of a test", "day": recent.isoformat()}


def test_a_new_home_has_no_account_and_no_trouble(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    life = Life(tmp_path / "history.db")
    life.kept.path.unlink(missing_ok=True)
    evening = EveningReport(HOME, life.kept, settles_s=0.0)
    evening._guarded(evening._recall)
    assert evening.newest() is None
    assert caplog.text == ""


def test_work_in_the_background_rests_as_long_as_it_works_and_ends_with_the_program() -> None:
    ends = Event()
    breathe = Breather(ends)
    breathe()
    ends.set()
    with pytest.raises(Stopped):
        breathe()


@contextmanager
def opened(path: Path) -> Iterator[sqlite3.Connection]:
    connection = sqlite3.connect(path)
    try:
        with connection:
            yield connection
    finally:
        connection.close()


def test_a_history_of_the_version_before_gets_its_reports_and_loses_nothing(tmp_path: Path) -> None:
    path = tmp_path / "history.db"
    life = Life(path)
    life.live(600.0)
    life.kept.close()
    with opened(path) as database:  # as the version before had it
        database.execute("DROP TABLE reports")
        database.execute("PRAGMA user_version = 1")
    before = life.kept.columns(BEGIN, life.now, 10), life.kept.days(DAY, DAY)
    assert reports(life.kept) == []
    again = Life(path, begin=life.now, counts=life.counts)
    again.kept.keep_report(DAY, {"because": "of a test"})
    again.kept.close()
    assert reports(again.kept) == [{"because": "of a test", "day": "2026-06-01"}]
    assert again.kept.columns(BEGIN, life.now, 10) == before[0]
    [figures] = again.kept.days(DAY, DAY)
    assert figures == {**before[1][0], "report": {"because": "of a test", "day": "2026-06-01"}}
    with opened(path) as database:
        assert database.execute("PRAGMA user_version").fetchone() == (2,)
    assert not list(tmp_path.glob("*.damaged-*"))
