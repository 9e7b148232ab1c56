"""Fault after fault on one program, and what came of it."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from contextlib import ExitStack, suppress
from fnmatch import fnmatch
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

from bench.faults.fault import Back, Expect, Fault
from bench.faults.rig import Missed, Rig
from bench.torture.home import Named, possible, torture_home
from bench.torture.judge import Kind, judge
from bench.torture.recovery import PYTHON_S, START_S, Recovery
from bench.torture.report import Torture, tortured
from bench.torture.witness import Witness
from pv_heater.errors import PvHeaterError

_PEACE_S = (15.0, 120.0)
_SECOND = 0.3
"""So often another fault comes while one lasts."""
_BRIEF = 0.4
"""So often one is taken away before it must have had its effect."""
_METER, _PROGRAM = ("data", "false numbers", "network", "time"), ("process", "people", "state", "outputs")
"""What spoils the same meter: one would undo the other. What ends the program: nothing can be seen beside it."""
_REAL = ("process", "people", "outputs")
"""What ends such a fault takes seconds of this machine, not of the hurried clock: a start of Python, the watchdog."""
_FORCES = ("forced on", "commands without end: on")
_TAIL_LINES, _MOST_STUCK = 8, 5

Progress = Callable[[int, int], None]


def measure(
    seed: int, hours: float, speed: float, progress: Progress, *, first: int = 0, faults: int | None = None,
    only: str = "*", planted: str | None = None,
) -> Torture:  # fmt: skip
    """Live `hours` of the program's clock from fault `first` on, at most `faults`; takes hours / speed.

    `only` is a pattern for the first of two faults at once, `planted` the name of a bug.
    """
    with TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        rig = torture_home(Path(folder), str(seed), speed)
        try:
            if planted is not None:
                rig.door["planted"] = planted
            life = _Life(rig, seed, first, only)
            with life.witness.watching():
                begin_s = time.monotonic()
                life.live(begin_s + 3600.0 * hours / speed, faults, progress)
                took_s = time.monotonic() - begin_s
                recorded = life.witness.life()
        finally:
            rig.close()
    return tortured(recorded, judge(recorded), seed=seed, speed=speed, only=only, real_s=took_s, names=life.names,
                    groups=life.groups, stuck=life.stuck, remarks=life.witness.remarks)  # fmt: skip


def _is_real(group: str, fault: Fault) -> bool:
    return group in _REAL and fault.back is not Back.ITSELF


class _Life:
    """One program."""

    def __init__(self, rig: Rig, seed: int, first: int, only: str) -> None:
        self._rig, self._seed, self._pool = rig, seed, possible(rig)
        self._firsts = [(group, fault) for group, fault in self._pool if fnmatch(fault.name, only)]
        if not self._firsts:
            raise Missed(f"no fault that is possible here is called {only}")
        self.witness = Witness(rig, first)
        self._recovery = Recovery(rig, self.witness)
        self.names: list[str] = []
        self.groups: Counter[str] = Counter()
        self.stuck: list[str] = []
        """Why it did not go on by itself, or as it should."""

    def live(self, until_s: float, faults: int | None, progress: Progress) -> None:
        """Until that monotonic second."""
        begin_s = time.monotonic()
        self._rig.start()
        self._rig.heat()
        while time.monotonic() < until_s and (faults is None or len(self.names) < faults):
            progress(int(time.monotonic() - begin_s), int(until_s - begin_s))
            try:
                if self.stuck and not self._rig.on():
                    self._recovery.begin_anew()
                self._next()
            except KeyboardInterrupt:
                break
            except (Missed, PvHeaterError, OSError) as error:
                tail = " | ".join(self._rig.log().splitlines()[-_TAIL_LINES:])
                self.stuck.append(f"Fault {self.witness.fault} ({self.names[-1]}): {error} [{tail}]")
                if len(self.stuck) > _MOST_STUCK:
                    break
        progress(1, 1)

    def _next(self) -> None:
        """The fault with the next number, drawn by seed and number alone: it can be had again."""
        random = self._rig.random = Random(f"{self._seed} {self.witness.fault + 1}")
        group, fault = random.choice(self._firsts)
        second = self._beside(random, group) if random.random() < _SECOND else None
        both = [(group, fault)] if second is None else [(group, fault), second]
        self.names.append(" + ".join(one.name for _, one in both))
        self.groups.update(each for each, _ in both)
        self.witness.begins.append(self.witness.now_s())
        self._recovery.remember()
        with ExitStack() as ends:
            kept, self._rig.ends = self._rig.ends, ends
            try:
                self._suffer(group, fault, second, random)
            finally:
                self._rig.ends = kept
        self._recovery.recover(both, random)
        time.sleep(random.uniform(*_PEACE_S) / self._rig.speed)
        if not self._rig.on():
            self._recovery.heats(self.witness.now_s())

    def _beside(self, random: Random, group: str) -> Named:
        """Something that comes and goes beside the first, and touches another part."""
        return random.choice([
            (other, fault) for other, fault in self._pool
            if fault.back in (Back.ITSELF, Back.NEVER_LEFT) and fault.expects is not Expect.NEVER and other != group
            and other not in _PROGRAM and not (group in _METER and other in _METER and "told" not in fault.name)
        ])  # fmt: skip

    def _suffer(self, group: str, fault: Fault, second: Named | None, random: Random) -> None:
        """From the begin of the first until both have been taken away."""
        never = fault.expects is Expect.NEVER
        bound_s = fault.bound_s * self._rig.speed if _is_real(group, fault) else fault.bound_s
        lasts_s = random.uniform(2.0, bound_s) if random.random() < _BRIEF else bound_s + random.uniform(5.0, 40.0)
        if never:
            self._recovery.stop()
        spans = [self._begin(group, fault, bound_s)]
        if never:
            self._rig.start()
            lasts_s = random.uniform(20.0, 40.0) + START_S * self._rig.speed
        if second is not None:
            time.sleep(random.uniform(0.0, 5.0) / self._rig.speed)
            spans.append(self._begin(second[0], second[1], second[1].bound_s))
        time.sleep(lasts_s / self._rig.speed)
        for end in reversed(spans):
            end()

    def _begin(self, group: str, fault: Fault, bound_s: float) -> Callable[[], None]:
        """What ends it again."""
        rig, witness = self._rig, self.witness
        if fault.expects is Expect.OFF:
            witness.believes = False
        rig.moment_s = None
        begin_s = witness.now_s()
        with suppress(*((OSError,) if group == "state" else ())):  # what an earlier fault left of the history
            fault.does(rig)
        if fault.expects is Expect.NEVER:
            begin_s = witness.now_s()
        elif rig.moment_s is not None:
            begin_s = rig.program_s(rig.moment_s)

        def end() -> None:
            if fault.back is Back.START:
                rig.ended()
            end_s = witness.now_s()
            if fault.expects is Expect.NEVER:
                witness.span(Kind.STILL, begin_s, end_s)
            elif fault.expects is Expect.OFF:
                witness.span(Kind.OFF, begin_s, end_s, bound_s)
                if group == "false numbers":
                    witness.span(Kind.LATE, begin_s, end_s, bound_s)
            if fault.name.startswith(_FORCES):
                witness.span(Kind.FORCED, begin_s, end_s)
            if _is_real(group, fault):
                witness.span(Kind.SLOW, begin_s, end_s, max(bound_s, PYTHON_S * rig.speed))
            if fault.expects is Expect.NEVER and group == "people":  # it may have been too slow to see the bad settings
                self._recovery.stop()
            if fault.ends is not None:
                with suppress(PermissionError):  # limits that only a restart lifts
                    fault.ends(rig)

        return end
