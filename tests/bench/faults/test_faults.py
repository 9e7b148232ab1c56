"""The table of docs/safety.md is what was measured of the faults that there are; a few of them are tried here."""

import json

import pytest

from bench.faults.fault import Back, Expect
from bench.faults.measure import try_one
from bench.faults.page import BEGINS, ENDS, FIGURES, PAGE, block
from bench.faults.table import GROUPS
from tests.warm_start import PROJECT

NAMED = [(group, fault) for group, faults in GROUPS.items() for fault in faults]
IN_SECONDS = ("SIGTERM",)
"""Faults that are over in seconds, one of each kind."""


def test_the_page_shows_the_figures_that_were_kept() -> None:
    page, rows = (PROJECT / PAGE).read_text(), json.loads((PROJECT / FIGURES).read_text())["faults"]
    assert page.partition(BEGINS)[2].partition(ENDS)[0].strip() == block(rows).strip()


def test_what_was_kept_is_of_faults_as_they_are_now_and_inside_their_bounds() -> None:
    faults = {fault.name: (group, fault) for group, fault in NAMED}
    assert len(faults) == len(NAMED), "no two have the same name"
    for row in json.loads((PROJECT / FIGURES).read_text())["faults"]:
        group, fault = faults[row["name"]]
        assert (row["group"], row["bound_s"], row["sum"]) == (group, round(fault.bound_s, 2), fault.sum), fault.name
        assert row["measured_s"] - row["queued_s"] <= row["bound_s"], fault.name
        assert (row["back"], row["wrong"]) == (fault.back, ""), fault.name


def test_sums_add_up() -> None:
    for _, fault in NAMED:
        if "+" in fault.sum:
            parts = [float(part.strip().partition(" ")[0]) for part in fault.sum.split("+")]
            assert sum(parts) == pytest.approx(fault.bound_s), fault.name


def test_what_does_not_switch_is_said_to_go_on() -> None:
    for _, fault in NAMED:
        assert (fault.expects is Expect.STAYS) == (fault.back is Back.NEVER_LEFT), fault.name


@pytest.mark.process
@pytest.mark.parametrize("name", IN_SECONDS)
def test_a_fault_that_takes_seconds_ends_as_promised(name: str) -> None:
    group, fault = next((group, fault) for group, fault in NAMED if fault.name == name)
    seen = try_one(group, fault, "test")
    assert seen.wrong == ""
    assert seen.measured_s is not None
    assert seen.measured_s - seen.queued_s <= fault.bound_s
