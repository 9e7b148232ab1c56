"""What one life came to, for people and as JSON."""

from __future__ import annotations

import shlex
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from bench.torture.judge import Finding, Life, Promise, closed_spans

SHOWN = 20
"""Broken promises that are printed; JSON has all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Worst:
    """The longest time of one promise. Seconds are the program's."""

    promise: str
    judged: int
    seconds: float
    queued_s: float
    """Of these, those of this machine."""
    bound_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Torture:
    """What was seen."""

    seed: int
    hours: float
    """Of the program's clock."""
    speed: float
    real_s: float
    faults: int
    kinds: int
    by_group: dict[str, int]
    pin_changes: int
    closings: int
    heated_s: float
    queued_s: float
    """Real seconds in which program or peers waited for the processor."""
    worst: tuple[Worst, ...]
    wrong: tuple[str, ...]
    broken: tuple[str, ...]
    """Promises that were."""
    remarks: tuple[str, ...]

    @property
    def kept(self) -> bool:
        """Whether every promise was."""
        return not self.wrong

    def as_lines(self) -> list[str]:
        """For people."""
        groups = ", ".join(f"{count} {group}" for group, count in sorted(self.by_group.items()))
        return [
            f"Seed {self.seed}: {self.hours:.1f} h at {self.speed:g} times the pace, {self.real_s:.0f} s of this "
            f"machine, {self.queued_s:.0f} s of waiting for its processor.",
            f"{self.faults} times a fault, of {self.kinds} kinds: {groups}.",
            f"{self.pin_changes} changes of pins judged, {self.closings} closings, heated for {self.heated_s:.0f} s.",
            *(
                f"{one.promise}: at most {one.seconds:.1f} s, of which {one.queued_s:.1f} s waited for the processor; "
                f"bound {one.bound_s:.1f} s, {one.judged} times judged"
                for one in self.worst
            ),
            *self.remarks[:SHOWN],
            *self.wrong[:SHOWN],
            f"Broken promises: {len(self.wrong)}.",
        ]  # fmt: skip


def tortured(
    life: Life, findings: Sequence[Finding], *, seed: int, speed: float, only: str, real_s: float, names: Sequence[str],
    groups: Counter[str], stuck: Sequence[str], remarks: Sequence[str],
) -> Torture:  # fmt: skip
    """Of what was recorded and judged. `names` are of the faults, in order."""
    spans = list(closed_spans(life.pins, life.relays, life.end_s))
    broken = sorted((one for one in findings if one.broken), key=lambda one: one.at_s)
    words = f"--seed {seed} --speed {speed:g}" + (f" --only {shlex.quote(only)}" if only != "*" else "")
    wrong = [*stuck, *(_line(one, life, names, words) for one in broken)]
    return Torture(
        seed=seed, hours=real_s * speed / 3600, speed=speed, real_s=real_s, faults=len(names),
        kinds=len({each for name in names for each in name.split(" + ")}), by_group=dict(groups),
        pin_changes=len(life.pins), closings=len(spans), heated_s=sum(end - begin for begin, end in spans),
        queued_s=life.queued[-1][1] / speed if life.queued else 0.0,
        worst=tuple(_worst(promise, findings) for promise in Promise), wrong=tuple(wrong),
        broken=tuple(dict.fromkeys(str(one.promise) for one in broken)), remarks=tuple(remarks),
    )  # fmt: skip


def _worst(promise: Promise, findings: Sequence[Finding]) -> Worst:
    """The one that came nearest to its bound, or went furthest beyond; a knob's second is no time."""
    own = [one for one in findings if one.promise is promise]
    last = max(own, key=lambda one: one.seconds - one.queued_s - one.bound_s, default=None)
    seconds, queued_s, bound_s = (0.0, 0.0, 0.0) if last is None else (last.seconds, last.queued_s, last.bound_s)
    return Worst(promise=str(promise), judged=len(own), seconds=seconds, queued_s=queued_s, bound_s=bound_s)


def _line(one: Finding, life: Life, names: Sequence[str], words: str) -> str:
    number = one.fault if one.fault is not None else life.first
    name = names[number - life.first] if life.first <= number < life.first + len(names) else "?"
    begin_s = life.begins[0] if life.begins else 0.0
    return (
        f"Broken at {one.at_s - begin_s:.1f} s: {one.promise}, {one.seconds:.1f} s of which {one.queued_s:.1f} s "
        f"waited for the processor, bound {one.bound_s:.1f} s, by fault {number} ({name}). Again: "
        f"python main.py bench torture {words} --first {number} --faults 1"
    )
