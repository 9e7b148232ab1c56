"""Tries faults on real programs side by side, and says what came of each."""

from __future__ import annotations

import multiprocessing
import os
import signal
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import replace
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

from bench.faults.fault import Back, Expect, Fault, Seen
from bench.faults.homes import build
from bench.faults.kept import Kept
from bench.faults.rig import STARTS_WITHIN_S, WARM, Missed, Rig
from bench.faults.table import GROUPS
from bench.faults.warm import WarmStart, load
from bench.stopwatch import Stopwatch
from pv_heater.errors import PvHeaterError

QUIET_S = 3.0
"""So long nothing may heat by itself where only `clear` may end it."""
LATER_S = 30.0
"""Beyond its bound a fault is still waited for, so that the table can say by how much it was missed."""
_TAIL_LINES = 12

Named = tuple[str, Fault]
"""Group, and one of its faults."""
Told = Callable[[Seen], None]


def measure(
    faults: Sequence[Named], seed: int, *, jobs: int, runs: int, told: Told, kept: Kept | None = None
) -> list[Seen]:
    """Each fault `runs` times, the worst of them; `told` hears of every try. In the order of the table.

    Tries that are `kept` already are not made again.
    """
    worst: dict[str, Seen] = {}
    tries = []
    for group, fault, words in ((group, fault, f"{seed} {run}") for run in range(runs) for group, fault in faults):
        before = None if kept is None else kept.seen(f"{words} {fault.name}")
        if before is None:
            tries.append((group, fault, words))
        else:
            worst[fault.name] = worse(worst.get(fault.name), before)
    tries.sort(key=lambda one: (one[2], -one[1].bound_s / one[1].speed))  # of each run what takes longest begins first
    load()
    context = multiprocessing.get_context("fork")
    workers = max(1, min(jobs, len(tries)))
    with ProcessPoolExecutor(max_workers=workers, mp_context=context, initializer=_warm) as pool:
        made = {pool.submit(try_named, group, fault.name, words): words for group, fault, words in tries}
        for one in as_completed(made):
            seen = one.result()
            told(seen)
            if kept is not None:
                kept.add(f"{made[one]} {seen.name}", seen)
            worst[seen.name] = worse(worst.get(seen.name), seen)
    return [worst[fault.name] for _, fault in faults]


def _warm() -> None:
    """At the begin of a process of the pool."""
    WARM[:] = [WarmStart()]


def try_named(group: str, name: str, seed: str) -> Seen:
    """In a process of the pool, which has a copy of the table: what a fault does cannot be sent there."""
    return try_one(group, next(fault for fault in GROUPS[group] if fault.name == name), seed)


def worse(one: Seen | None, other: Seen) -> Seen:
    """Of two tries of the same fault: what was wrong in either, and the longest times."""
    if one is None:
        return other
    longer = max(one, other, key=lambda each: each.measured_s or 0.0)
    return replace(
        one if one.wrong else other,
        measured_s=longer.measured_s,
        queued_s=longer.queued_s,
        back_after_s=_longest(one.back_after_s, other.back_after_s),
        lost_s=max(one.lost_s, other.lost_s),
    )


def _longest(*seconds: float | None) -> float | None:
    return max((each for each in seconds if each is not None), default=None)


def try_one(group: str, fault: Fault, seed: str) -> Seen:
    """In a folder of its own, which is gone afterwards."""
    seen = Seen(
        group=group, name=fault.name, bound_s=fault.bound_s, sum=fault.sum, expects=fault.expects, back=fault.back,
        measured_s=None, queued_s=0.0, back_after_s=None, lost_s=0.0, wrong="",
    )  # fmt: skip
    if fault.root and os.geteuid() != 0:
        return seen
    with TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        try:
            rig = build(fault.home, Path(folder), Random(f"{seed} {fault.name}"), speed=fault.speed)
        except (PvHeaterError, OSError) as error:
            return replace(seen, wrong=f"the home could not be built: {error}")
        try:
            return _tried(rig, fault, seen)
        except (Missed, PvHeaterError, OSError) as error:
            tail = " | ".join(rig.log().splitlines()[-_TAIL_LINES:])
            return replace(seen, wrong=f"{error} [{tail}]")
        finally:
            rig.close()


def _tried(rig: Rig, fault: Fault, seen: Seen) -> Seen:
    if fault.prepares is not None:
        fault.prepares(rig)
    if fault.expects is Expect.NEVER:
        seen = _never(rig, fault, seen)
    else:
        rig.start()
        rig.heat()
        time.sleep(rig.random.random() / rig.speed)
        if not rig.on():
            raise Missed("it went off before the fault")
        seen = _stays(rig, fault, seen) if fault.expects is Expect.STAYS else _goes_off(rig, fault, seen)
    if fault.says:
        rig.until(lambda: fault.says in rig.log(), STARTS_WITHIN_S, f"the log says: {fault.says}")
    return seen


def _goes_off(rig: Rig, fault: Fault, seen: Seen) -> Seen:
    before = rig.today().get("seen_s", 0.0)
    measured_s, queued_s, wrong = _timed(rig, fault, fault.does)
    seen = replace(seen, measured_s=measured_s, queued_s=queued_s, wrong=wrong)
    seen = replace(seen, back_after_s=_is_back(rig, fault))
    after = rig.today().get("seen_s", before) if fault.back is not Back.HANDS else before
    return replace(seen, lost_s=max(0.0, before - after))


def _stays(rig: Rig, fault: Fault, seen: Seen) -> Seen:
    fault.does(rig)
    ends_s = time.monotonic() + fault.hold_s
    while time.monotonic() < ends_s:
        if not rig.runs():
            raise Missed("the program has ended")
        if not rig.on() and not fault.may_go_off:
            raise Missed("it went off, though nothing had to be switched")
        time.sleep(0.1)
    measured_s, queued_s, wrong = _timed(rig, fault, lambda rig: rig.signal(signal.SIGTERM))
    if fault.ends is not None:
        fault.ends(rig)
    rig.ended()
    return replace(seen, measured_s=measured_s, queued_s=queued_s, wrong=wrong)


def _never(rig: Rig, fault: Fault, seen: Seen) -> Seen:
    fault.does(rig)
    rig.start()
    rig.until(lambda: rig.today() or not rig.runs(), STARTS_WITHIN_S, "it has begun")
    began_s = time.monotonic()
    while time.monotonic() < began_s + fault.hold_s:
        if rig.on():
            raise Missed(f"it heated {time.monotonic() - began_s:.1f} s after its start")
        time.sleep(0.05)
    seen = replace(seen, measured_s=0.0)
    return replace(seen, back_after_s=_is_back(rig, fault))


def _timed(rig: Rig, fault: Fault, act: Callable[[Rig], None]) -> tuple[float, float, str]:
    """Seconds until everything was off, those of them in which the program had to wait for others to leave the
    processor to it, and what was wrong with that."""
    watch = rig.watch = Stopwatch(rig.pid, ours=False)
    act(rig)
    began_s = rig.moment_s or watch.began_s
    within_s = fault.bound_s + LATER_S * rig.speed
    if fault.done_when is None or fault.expects is not Expect.OFF:
        measured_s = rig.opened_after_s(began_s, within_s)
    else:
        done = fault.done_when
        rig.until(lambda: done(rig), within_s / rig.speed, "what the fault comes to")
        measured_s = (time.monotonic() - began_s) * rig.speed
    queued_s = min((time.monotonic() - watch.began_s - watch.took_s()) * rig.speed, measured_s)
    rig.watch = None
    if measured_s - queued_s > fault.bound_s:
        return measured_s, queued_s, f"off after {measured_s:.1f} s, promised within {fault.bound_s:g} s"
    return measured_s, queued_s, ""


def _is_back(rig: Rig, fault: Fault) -> float | None:
    """Seconds until it heats again; None where that is not tried."""
    if fault.back in (Back.HANDS, Back.NEVER_LEFT):
        return None
    if fault.back is Back.START:
        rig.ended()
    if fault.ends is not None:
        fault.ends(rig)
    began_s = time.monotonic()
    if fault.back is Back.START:
        rig.start()
    elif fault.back is Back.CLEAR:
        while time.monotonic() < began_s + QUIET_S:
            if rig.on():
                raise Missed("it heats again, and nobody has cleared the fault")
            time.sleep(0.05)
        began_s = time.monotonic()
        rig.clear()
    rig.heat()
    return time.monotonic() - began_s
