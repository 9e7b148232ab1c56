"""Many days with many settings: side by side, ended and gone on with, on whatever does the work."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Executor, Future
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from pv_heater.commands.whatif.campaign import How, live_all
from pv_heater.commands.whatif.executor import Here, NoCluster, executor_of
from pv_heater.commands.whatif.one_day import DayFigures
from pv_heater.sim.recording import HomeRecording
from tests.commands.whatif.homes import config, noon

Lived = dict[str, tuple[tuple[DayFigures, ...], ...]]


@dataclass
class Noons:
    """A chain of short days, each made when it is asked for."""

    days: list[HomeRecording]
    name: str = "noons"
    start_percent: float | None = 80.0

    def __len__(self) -> int:
        return len(self.days)

    def day(self, number: int) -> HomeRecording:
        return self.days[number]


class Counting(Executor):
    """Works here; the user ends it after so many days."""

    def __init__(self, ends_after: int = 99) -> None:
        self._ends_after = ends_after
        self.days = 0

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        if self.days == self._ends_after:
            raise KeyboardInterrupt
        self.days += 1
        return Here().submit(fn, *args, **kwargs)


def three_days() -> Noons:
    return Noons([noon(0), noon(1, pv_w=3000.0), noon(2)])


def live(folder: Path, chain: Noons, executor: Executor, *, keep: bool = True) -> Lived:
    settings = {"today": config(folder), "changed": config(folder, loads__heater__max_power_w="2500")}
    how = How(feed="live", seeds=1, tick_s=300.0, folder=folder if keep else None)
    return live_all(settings, [chain], how, executor)


def test_a_call_that_was_ended_goes_on_and_gives_what_a_whole_one_gives(tmp_path: Path) -> None:
    whole = live(tmp_path, three_days(), Counting(), keep=False)
    with pytest.raises(KeyboardInterrupt):
        live(tmp_path, three_days(), Counting(4))
    second = Counting()
    assert live(tmp_path, three_days(), second) == whole
    assert second.days == 2
    third = Counting()
    assert live(tmp_path, three_days(), third) == whole
    assert third.days == 0
    assert {file.stat().st_mode & 0o777 for file in tmp_path.glob("whatif-*")} == {0o600}


def test_more_days_cost_only_what_is_new_and_other_days_are_lived_anew(tmp_path: Path) -> None:
    live(tmp_path, three_days(), Counting())
    longer, other = Counting(), Counting()
    live(tmp_path, Noons([*three_days().days, noon(3)]), longer)
    assert longer.days == 2
    live(tmp_path, Noons([noon(0), noon(1, pv_w=2000.0), noon(2)]), other)
    assert other.days == 6


def test_a_file_that_was_cut_off_costs_its_days_and_nothing_else(tmp_path: Path) -> None:
    whole = live(tmp_path, three_days(), Counting())
    lines = sorted(tmp_path.glob("whatif-*.jsonl"))[0]
    lines.write_text(lines.read_text(encoding="utf-8")[:50], encoding="utf-8")
    again = Counting()
    assert live(tmp_path, three_days(), again) == whole
    assert again.days == 3


def test_a_folder_that_is_taken_away_costs_what_is_kept_and_no_result(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    folder = tmp_path / "kept"
    how = How(feed="live", seeds=1, tick_s=300.0, folder=folder)
    lived = live_all({"today": config(tmp_path)}, [three_days()], how, Counting())
    assert len(lived["today"][0]) == 3
    assert "no longer kept" in caplog.text


def test_processes_side_by_side_give_the_same_figures(tmp_path: Path) -> None:
    chain = Noons([noon(0), noon(1)])
    with executor_of(2, None) as pool:
        assert live(tmp_path, chain, pool, keep=False) == live(tmp_path, chain, Here(), keep=False)


def test_a_cluster_gives_the_same_figures(tmp_path: Path) -> None:
    distributed = pytest.importorskip(
        "distributed", reason="distributed is not installed, so --dask was not tried: pip install 'pv-heater[cluster]'"
    )
    chain = Noons([noon(0), noon(1)])
    quiet = {"dashboard_address": None, "silence_logs": 50}
    with (
        distributed.LocalCluster(n_workers=1, threads_per_worker=1, processes=False, **quiet) as cluster,
        executor_of(1, cluster.scheduler_address) as executor,
    ):
        assert live(tmp_path, chain, executor, keep=False) == live(tmp_path, chain, Here(), keep=False)


def test_a_cluster_that_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(NoCluster, match=r"distributed|answers"), executor_of(1, "tcp://127.0.0.1:1"):
        pass


def test_a_bug_in_a_day_is_not_swallowed(tmp_path: Path) -> None:
    broken = Noons([replace(noon(0), pv_w=("much",))])  # type: ignore[arg-type]
    with pytest.raises(TypeError):
        live(tmp_path, broken, Here(), keep=False)
