"""The table of docs/safety.md is what was measured of the faults that there are; a few of them are tried here."""

import json
from pathlib import Path

import pytest

from bench.faults.fault import Back, Expect, Seen
from bench.faults.kept import Kept
from bench.faults.measure import try_one
from bench.faults.page import BEGINS, ENDS, FIGURES, PAGE, block, rows_with
from bench.faults.table import GROUPS
from tests.warm_start import PROJECT

NAMED = [(group, fault) for group, faults in GROUPS.items() for fault in faults]
IN_SECONDS = ("SIGTERM",)
"""Faults that are over in seconds, one of each kind."""


def test_the_page_shows_the_figures_that_were_kept() -> None:
    page, rows = (PROJECT / PAGE).read_text(), json.loads((PROJECT / FIGURES).read_text())["faults"]
    names = [fault.name for _, fault in NAMED]
    assert page.partition(BEGINS)[2].partition(ENDS)[0].strip() == block(rows, names).strip()


def test_what_was_kept_is_of_faults_as_they_are_now_and_inside_their_bounds() -> None:
    faults = {fault.name: (group, fault) for group, fault in NAMED}
    assert len(faults) == len(NAMED), "no two have the same name"
    for row in json.loads((PROJECT / FIGURES).read_text())["faults"]:
        group, fault = faults[row["name"]]
        assert (row["group"], row["bound_s"], row["sum"]) == (group, round(fault.bound_s, 2), fault.sum), fault.name
        assert row["back"] == fault.back, fault.name
        assert row["wrong"] or row["measured_s"] - row["queued_s"] <= row["bound_s"], fault.name


def test_sums_add_up() -> None:
    for _, fault in NAMED:
        if "+" in fault.sum:
            parts = [float(part.strip().partition(" ")[0]) for part in fault.sum.split("+")]
            assert sum(parts) == pytest.approx(fault.bound_s), fault.name


def test_what_does_not_switch_is_said_to_go_on() -> None:
    for _, fault in NAMED:
        assert (fault.expects is Expect.STAYS) == (fault.back is Back.NEVER_LEFT), fault.name


def _seen(name: str, measured_s: float, wrong: str = "") -> Seen:
    return Seen(
        group="data", name=name, bound_s=31.6, sum="30 s age + 1 s + 0.6 s", expects="goes off", back="yes",
        measured_s=measured_s, queued_s=0.0, back_after_s=1.0, lost_s=0.0, wrong=wrong,
    )  # fmt: skip


def test_a_fault_that_ends_wrong_leaves_no_older_figure_behind() -> None:
    names = ["it is gone", "it is mute", "it lies"]
    before = rows_with([], [_seen("it is gone", 30.0), _seen("it is mute", 30.2)], names, seed=1, runs=3)
    rows = rows_with(before, [_seen("it is gone", 40.0, "off after 40.0 s [2026 log]")], names, seed=2, runs=1)
    text = block(rows, names)
    assert "The bench knows 3 faults. As promised: 1 in each of 3 tries. Not as promised: 1." in text
    assert "- it is gone: off after 40.0 s\n" in text
    assert "| it is gone |" not in text
    assert "| it is mute | 30 s age + 1 s + 0.6 s = 31.6 s | 30.2 s, worst of 3 | yes | nothing |" in text
    assert "Not tried, 1:\n- it lies" in text


def test_an_interrupted_run_makes_no_try_twice_and_believes_none_of_other_code(tmp_path: Path) -> None:
    file = tmp_path / "tries.jsonl"
    kept, gone, mute = Kept(file, "a"), _seen("it is gone", 30.0), _seen("it is mute", 31.0)
    kept.add("1 0 it is gone", gone)
    kept.add("1 0 it is mute", mute)
    file.write_text(file.read_text()[:-20])  # as by a power cut
    again = Kept(file, "a")
    assert (again.seen("1 0 it is gone"), again.seen("1 0 it is mute")) == (gone, None)
    again.add("1 0 it is mute", mute)
    assert Kept(file, "a").seen("1 0 it is mute") == mute
    assert Kept(file, "b").seen("1 0 it is gone") is None


@pytest.mark.process
@pytest.mark.parametrize("name", IN_SECONDS)
def test_a_fault_that_takes_seconds_ends_as_promised(name: str) -> None:
    group, fault = next((group, fault) for group, fault in NAMED if fault.name == name)
    seen = try_one(group, fault, "test")
    assert seen.wrong == ""
    assert seen.measured_s is not None
    assert seen.measured_s - seen.queued_s <= fault.bound_s
