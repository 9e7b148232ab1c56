"""`main.py report`: the bundled day, from a history and from its recording, accounted to the Wh."""

import gzip
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import thread_time

import pytest

from pv_heater.commands.play.days import play_recording
from pv_heater.commands.play.report import of_history, of_recording
from pv_heater.config.load import Config, load_config
from pv_heater.errors import HistoryTrouble
from pv_heater.report.account import DayReport
from pv_heater.report.causes import Cause
from pv_heater.report.text import account_text, table_of

PROJECT = Path(__file__).parents[3]
pytestmark = pytest.mark.xdist_group("played")
END = datetime(2017, 5, 28, 22, 59, 30, tzinfo=UTC)
"""The bundled day is at UTC+1."""


def by_the_minute(history_file: Path) -> Config:
    config = load_config(PROJECT / "Files" / "config.yaml")
    meter = replace(config.meter[0], settings=replace(config.meter[0].settings, step_s=60.0))
    site = replace(config.site, timezone="Etc/GMT-1")
    return replace(config, site=site, meter=(meter,), history=replace(config.history, file=str(history_file)))


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Config:
    """Settings whose history has the bundled day."""
    config = by_the_minute(tmp_path_factory.mktemp("kept") / "history.db")
    play_recording(config, dry_run=True, history_file=Path(config.history.file or ""))
    return config


def test_the_bundled_day_of_a_history_adds_up_to_the_wh_and_takes_no_time(kept: Config) -> None:
    began_s = thread_time()
    [report] = of_history(kept, 3, END)
    spent_s = thread_time() - began_s
    assert isinstance(report, DayReport)
    assert report.caught_wh + sum(report.lost_wh.values()) == report.possible_wh
    assert 0.9 * report.possible_wh < report.caught_wh < report.possible_wh
    assert report.heat_wh >= report.caught_wh > 5_000
    assert report.lost_wh[Cause.FORECAST] > 0
    assert Cause.UNKNOWN not in report.lost_wh
    assert (report.seen_s, report.unknown_s) == (86_400.0, 0.0)
    # The model of the report has lived the day as the software home did.
    assert report.soc_model_percent == pytest.approx(report.soc_end_percent, abs=1.5)
    # A Pi of the first kind is some forty times slower, and has a minute; here it is mostly 0.3 s.
    assert spent_s < 1.5


def test_the_table_says_what_it_compares_with_and_the_log_has_one_line(kept: Config) -> None:
    reports = of_history(kept, 3, END)
    heads, row, *rest = table_of(reports)
    figures = dict(zip(heads.split(), row.split(), strict=True))
    causes = [figures[cause] for cause in Cause if cause in figures]
    assert int(figures["possible"]) - int(figures["caught"]) == int(figures["lost"]) == sum(map(int, causes))
    assert "beyond the same day replayed without the heater" in " ".join(rest)
    line = account_text(reports[0].as_json())
    assert line.startswith("caught ")
    assert "against the same day without the heater" in line
    assert "\n" not in line


def test_a_recording_is_played_for_its_report(tmp_path: Path) -> None:
    """Its first eleven hours, with the sun as it was recorded."""
    bundled = gzip.decompress((PROJECT / "Files" / "recordings" / "summer.csv.gz").read_bytes()).decode()
    morning = tmp_path / "morning.csv"
    morning.write_text("\n".join(line for line in bundled.splitlines() if line < "2017-05-28T11" or line[0] in "#t"))
    [report] = of_recording(by_the_minute(tmp_path / "unused.db"), morning, None)
    assert isinstance(report, DayReport)
    assert report.caught_wh + sum(report.lost_wh.values()) == report.possible_wh > 0
    assert report.unknown_s + report.seen_s == 86_400.0
    assert report.seen_s == pytest.approx(timedelta(hours=11).total_seconds(), abs=600)
    assert report.estimated_wh == 0


def test_without_a_day_there_is_no_empty_table() -> None:
    [line] = table_of([])
    assert line.startswith("No day can be accounted for yet")


def test_without_a_history_it_says_where_it_looked(tmp_path: Path) -> None:
    config = by_the_minute(tmp_path / "none.db")
    with pytest.raises(HistoryTrouble, match=r"There is no history yet: .*none.db is not there"):
        of_history(config, 7, END)
