"""Values in even steps, with holes -> the stretch without holes that holds a given moment. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

_BRIDGED_S = 3600
"""Holes up to an hour are filled by a straight line; what is longer is not known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Steps:
    """Values one behind the other, each for `step_s` seconds; None where nothing is known."""

    start_s: int
    """Unix seconds at which the first begins."""
    step_s: int
    values: tuple[float | None, ...]

    @property
    def end_s(self) -> int:
        """Unix seconds at which the last ends."""
        return self.start_s + self.step_s * len(self.values)


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """Values one behind the other, none missing."""

    start_s: int
    step_s: int
    values: tuple[float, ...]

    @property
    def end_s(self) -> int:
        """Unix seconds at which the last ends."""
        return self.start_s + self.step_s * len(self.values)


def run_around(steps: Steps, at_s: float) -> Run | None:
    """The longest stretch without a hole that holds `at_s`, short holes filled; None when nothing is known there."""
    values = bridged(steps.values, _BRIDGED_S // steps.step_s)
    index = int((at_s - steps.start_s) // steps.step_s)
    if not 0 <= index < len(values) or values[index] is None:
        return None
    first = last = index
    while first > 0 and values[first - 1] is not None:
        first -= 1
    while last + 1 < len(values) and values[last + 1] is not None:
        last += 1
    known = tuple(value for value in values[first : last + 1] if value is not None)
    return Run(start_s=steps.start_s + first * steps.step_s, step_s=steps.step_s, values=known)


def bridged(values: Sequence[float | None], most: int) -> list[float | None]:
    """The values, with holes of at most `most` in a row filled by a straight line between their neighbours."""
    filled = list(values)
    before: int | None = None
    for index, value in enumerate(values):
        if value is None:
            continue
        missing = 0 if before is None else index - before - 1
        start = None if before is None else values[before]
        if before is not None and start is not None and 0 < missing <= most:
            slope = (value - start) / (missing + 1)
            for number in range(1, missing + 1):
                filled[before + number] = start + slope * number
        before = index
    return filled
