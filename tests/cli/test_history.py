"""`main.py history`: exports and copies of what was kept."""

from __future__ import annotations

import csv
from datetime import timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner

from pv_heater.cli.app import cli
from tests.history.life import BEGIN, Life


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """Settings beside a history of two days."""
    (tmp_path / "state").mkdir()
    life = Life(tmp_path / "state" / "history.db", begin=BEGIN - timedelta(hours=1))
    life.live(86_400 + 7200, step_s=60, looks_s=3600)
    life.kept.close()
    path = tmp_path / "config.yaml"
    path.write_text(
        "site: {timezone: Europe/Vienna}\nmeter: {type: vrm, token: abc, installation_id: 1}\n"
        f"state_dir: {tmp_path / 'state'}\nloads: [{{name: tank, type: dry_run, max_power_w: 1000}}]\n",
        encoding="utf-8",
    )
    return path


def rows_of(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(line for line in text.splitlines() if not line.startswith("#")))


def test_a_time_is_exported_by_the_clocks_of_the_home(config: Path, tmp_path: Path) -> None:
    file = tmp_path / "day.csv"
    span = ["--from", "2026-06-01T06:00", "--to", "2026-06-01T08:00", "--step", "60", "--series", "pv_w"]
    done = CliRunner().invoke(cli, ["history", "export", "--config", str(config), *span, "--csv", str(file)])
    assert done.exit_code == 0, done.output
    rows = rows_of(file.read_text(encoding="utf-8"))
    assert len(rows) == 120
    assert rows[0]["at"] == "2026-06-01T06:00:00+02:00"
    assert list(rows[0]) == ["at", "pv_w"]


def test_days_are_exported_with_causes_and_loads(config: Path) -> None:
    span = ["--from", "2026-05-30", "--to", "2026-06-03", "--step", "day"]
    done = CliRunner().invoke(cli, ["history", "export", "--config", str(config), *span])
    assert done.exit_code == 0, done.output
    rows = rows_of(done.stdout)
    assert [row["date"] for row in rows] == ["2026-06-01", "2026-06-02"]
    assert float(rows[0]["caught_wh"]) + float(rows[0]["lost:heater_too_small_wh"]) == pytest.approx(
        float(rows[0]["possible_wh"]), abs=0.11
    )
    assert float(rows[0]["load:tank:energy_wh"]) > 0


def test_a_copy_is_made_and_its_path_printed(config: Path) -> None:
    done = CliRunner().invoke(cli, ["history", "backup", "--config", str(config)])
    assert done.exit_code == 0, done.output
    assert Path(done.stdout.replace("\n", "")).read_bytes()[:6] == b"SQLite"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--from", "yesterday"], "neither a date nor a time"),
        (["--step", "7"], "10, 60, 900, day"),
        (["--from", "2026-06-02", "--to", "2026-06-01"], "later than"),
        (["--from", "2026-06-01", "--to", "2026-06-02", "--series", "sun"], "there is no series"),
    ],
)
def test_a_wrong_word_is_named(config: Path, words: list[str], said: str) -> None:
    done = CliRunner().invoke(cli, ["history", "export", "--config", str(config), *words])
    assert done.exit_code == 2
    assert said in " ".join(done.output.replace("│", " ").split())
