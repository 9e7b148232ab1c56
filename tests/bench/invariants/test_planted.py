"""Bugs planted in the core: the promises of `bench invariants` find them; the whole table is `--planted`."""

import json
from multiprocessing import get_context

from typer.testing import CliRunner

from bench.invariants.bugs import BUGS
from bench.invariants.planted import Found, as_line, hunt, last_line
from pv_heater.cli.app import cli
from tests.waiting import WITHIN_S

ONCE_GOT_THROUGH = (
    "only the first phase is watched", "max_c plus hysteresis", "allocator forgets what is held", "age limit doubled",
    "reserve not at once", "grid alarm at 50 times", "inverter limit doubled", "minimum on time ignored",
)  # fmt: skip
QUICK = ("a restart counts as rest", "31 0")
"""A bug, and a day that is known to show it: one load, a step in five minutes."""


def test_what_once_got_through_is_in_the_table() -> None:
    assert set(ONCE_GOT_THROUGH) < set(BUGS)
    assert len(BUGS) >= 23


def test_a_planted_bug_is_found_and_named_with_its_day() -> None:
    bug, day = QUICK
    (found,) = hunt([bug], [day])
    assert (found.bug, found.day) == (bug, day)
    assert BUGS[bug].promise in found.sentence


def test_a_bug_that_gets_through_is_named() -> None:
    found = [Found(bug="a", day="1 3", sentence="x"), Found(bug="b", day=None, sentence="")]
    assert as_line(found[0]).split() == ["a", "1", "3", "x"]
    assert "GOT THROUGH" in as_line(found[1])
    assert last_line(found) == "Bugs that got through: 1 of 2."


def test_the_command_ends_with_1_where_a_bug_gets_through_and_knows_its_names() -> None:
    """A day on which nothing starts anew shows nothing of it."""
    command = ["bench", "invariants", "--planted", "a restart*", "--days", "1", "--seed", "69", "--jobs", "1", "--json"]
    done = CliRunner().invoke(cli, command)
    assert done.exit_code == 1, done.output
    (bug,) = json.loads(done.stdout)["bugs"]
    assert (bug["bug"], bug["day"]) == ("a restart counts as rest", None)
    assert CliRunner().invoke(cli, ["bench", "invariants", "--planted", "moon*"]).exit_code == 2


def test_every_bug_can_still_be_planted() -> None:
    """Each in a copy of this process; what the core no longer has would be a LookupError."""
    context = get_context("fork")
    for bug, planted in BUGS.items():
        child = context.Process(target=planted.plant)
        child.start()
        child.join(WITHIN_S)
        assert child.exitcode == 0, bug
