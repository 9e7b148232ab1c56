"""Bugs planted in the core, one at a time and in a process of their own: does `bench invariants` find each of them?

A promise that nobody sees broken proves nothing. Each bug replaces one function or number of the core by a wrong one,
as a slip of a programmer would; then days are lived until one breaks the promise that belongs to it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context

from bench.invariants.bugs import BUGS
from bench.invariants.strange_days import live_strange_day


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What came of one bug."""

    bug: str
    day: str | None
    """The first day that showed it, as `live_strange_day` takes it; None: the bug got through."""
    sentence: str
    """What the promise said there."""


def hunt(bugs: Sequence[str], seeds: Sequence[str], *, jobs: int = 1) -> Iterator[Found]:
    """Live the days of `seeds` with each of `bugs` until one is found out, in `jobs` processes; each as it is done."""
    # A fresh interpreter for each: what was planted stays planted.
    with ProcessPoolExecutor(jobs, mp_context=get_context("spawn"), max_tasks_per_child=1) as pool:
        yield from pool.map(_hunt, bugs, [tuple(seeds)] * len(bugs))


TITLE = f"{'planted bug':34} {'found on day':12} by"


def as_line(one: Found) -> str:
    """A row of the table, for people."""
    return f"{one.bug:34} {'GOT THROUGH' if one.day is None else one.day:12} {one.sentence}"


def last_line(found: Sequence[Found]) -> str:
    """What it comes to."""
    return f"Bugs that got through: {sum(one.day is None for one in found)} of {len(found)}."


def _hunt(bug: str, seeds: tuple[str, ...]) -> Found:
    planted = BUGS[bug]
    planted.plant()
    for seed in seeds:
        for sentence in live_strange_day(seed).broken:
            if planted.promise in sentence:
                return Found(bug=bug, day=seed, sentence=sentence)
    return Found(bug=bug, day=None, sentence="")
