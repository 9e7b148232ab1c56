"""A disk that is full, or a file that is gone under the history: said once, and it goes on by itself."""

from __future__ import annotations

import logging
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.history.life import BEGIN, Life
from tests.history.test_trouble import seconds_kept
from tests.small_disk import SmallDisk, small_disk


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[SmallDisk]:
    with small_disk(tmp_path / "disk") as found:
        yield found


def said(caplog: pytest.LogCaptureFixture, words: str) -> int:
    return sum(words in record.getMessage() for record in caplog.records)


def test_a_disk_that_is_really_full_is_said_once_and_nothing_is_lost(
    disk: SmallDisk, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    life = Life(disk.folder / "history.db")
    life.live(1200, looks_s=60)
    disk.fill()
    life.live(3600, looks_s=60)
    assert life.kept.trouble is not None
    assert said(caplog, "history is not written") == 1
    disk.empty()
    life.live(310, looks_s=60)
    assert life.kept.trouble is None
    life.kept.close()
    assert seconds_kept(life) == round(life.at_s / 10)
    assert not list(disk.folder.glob("*.damaged*"))


def test_a_disk_that_is_full_from_the_start_keeps_no_history_until_there_is_space(disk: SmallDisk) -> None:
    disk.fill()
    life = Life(disk.folder / "history.db")
    life.live(900, looks_s=60)
    assert life.kept.trouble is not None
    disk.empty()
    life.live(310, looks_s=60)
    life.kept.close()
    assert seconds_kept(life) == round(life.at_s / 10)


def test_a_disk_that_cannot_be_written_for_a_while_costs_nothing(
    disk: SmallDisk, caplog: pytest.LogCaptureFixture
) -> None:
    life = Life(disk.folder / "history.db")
    life.live(610, looks_s=60)
    with disk.read_only():
        life.live(900, looks_s=60)
        assert "Read-only" in (life.kept.trouble or "")
    life.live(310, looks_s=60)
    assert life.kept.trouble is None
    life.kept.close()
    assert said(caplog, "history is not written") == 1
    assert seconds_kept(life) == round(life.at_s / 10)


@pytest.mark.parametrize("how", ["removed", "renamed", "another", "rubbish", "folder"])
def test_a_file_that_is_taken_away_while_it_is_in_use_is_begun_anew(
    tmp_path: Path, how: str, caplog: pytest.LogCaptureFixture
) -> None:
    folder = tmp_path / "state"
    folder.mkdir()
    path = folder / "history.db"
    life = Life(path)
    life.live(610, looks_s=60)
    if how == "removed":
        path.unlink()
    elif how == "renamed":
        path.rename(folder / "old.db")
    elif how == "folder":
        shutil.rmtree(folder)
    else:
        other = tmp_path / "other.db"
        if how == "another":
            Life(other).live(310)
        else:
            other.write_bytes(b"rubbish " * 5000)
        other.replace(path)
    life.live(310, looks_s=60)
    if how == "folder":
        assert life.kept.trouble is not None
        folder.mkdir()
        life.live(310, looks_s=60)
    assert life.kept.trouble is None
    life.kept.close()
    assert said(caplog, "taken away or replaced") == 1
    assert seconds_kept(life) >= 30, "what came after it is in the file that has its name"
    assert len(life.kept.days(BEGIN.date(), BEGIN.date())) == 1
    set_aside = len(list(folder.glob("history.db.damaged-*")))
    assert set_aside <= (how == "rubbish"), "or its log still had all of it"
