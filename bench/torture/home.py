"""The home of a long life: a meter, a tank with a probe, a page, others that are told; and what may befall it."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from copy import deepcopy
from dataclasses import replace
from pathlib import Path
from random import Random

from bench.faults.fault import Act, Back, Expect, Fault
from bench.faults.homes import build, hurry, tell_everybody
from bench.faults.rig import Rig
from bench.faults.table import GROUPS

MAX_HOUSE_W, MAX_C = 4500.0, 70.0
HEATER, LAMP = "water_heater", "lamp"
_WITH_THE_DISK = ("the disk is full", "the disk is read-only")
"""They need a disk of its own below state and log, so root."""
_ANY_HOME = ("process", "state")
"""What they do they do to any home."""
_NOT_HERE = (
    "SIGSTOP",  # a program that is stopped opens nothing; for so long that it matters is for the table
    "no memory is left",  # what is left depends on the other homes
)
_LONGEST_S = 400.0

Named = tuple[str, Fault]
"""Group, and one of its faults."""


def torture_home(folder: Path, seed: str, speed: float) -> Rig:
    """Nothing of its program started yet. To be closed."""
    rig = build("tank", folder, Random(f"torture {seed}"))
    try:
        tell_everybody(rig)
        rig.settings["limits"]["max_house_w"] = MAX_HOUSE_W
        rig.settings["loads"].append({"name": LAMP, "type": "dry_run", "max_power_w": 100})
        if os.geteuid() == 0:
            _a_disk_of_its_own(rig)
        rig.speed = speed
        if speed != 1.0:
            hurry(rig)
        rig.door |= {
            "wall": str(folder / "wall"),
            "synchronised": False,
            "paced": True,
            "threads": str(folder / "thread"),
        }
        rig.door["bugs"] = {place: str(folder / f"bug{n}") for n, place in enumerate(_places(rig))}
    except BaseException:
        rig.close()
        raise
    return rig


def possible(rig: Rig) -> list[Named]:
    """The faults of the table that can come and go in one life of this home, by name."""
    return [
        (group, _here(fault, rig))
        for group, faults in GROUPS.items()
        for fault in faults
        if _may_be(group, fault) and _is_prepared(fault, rig)
    ] + [("process", _stopped_for_5_s(rig.speed))]


def _may_be(group: str, fault: Fault) -> bool:
    own = fault.home in ("http", "tank", "told") or (fault.home == "vrm" and group in _ANY_HOME)
    root = fault.root and not (fault.name in _WITH_THE_DISK and os.geteuid() == 0)
    return (
        own and not root and fault.speed == 1.0 and fault.bound_s < _LONGEST_S and fault.done_when is None
        and not fault.name.startswith(_NOT_HERE) and not (fault.expects is Expect.NEVER and fault.back is Back.HANDS)
    )  # fmt: skip


def _is_prepared(fault: Fault, rig: Rig) -> bool:
    """Whether this home has already what the fault's own would be given before its start."""
    if fault.prepares is None or fault.name in _WITH_THE_DISK:
        return True
    own = rig.settings["loads"]
    with _as_prepared(fault, rig) as asked:
        loads, door = asked.settings["loads"], rig.door | asked.door | {"bugs": None}
        names = {row["name"] for row in own}
        has_them = loads[: len(own)] == own and all(row["name"] in names for row in loads)  # the lamp may come again
        same = asked.stdout == rig.stdout and asked.settings | {"loads": own} == rig.settings
        return same and has_them and door == {**rig.door, "bugs": None}


def _here(fault: Fault, rig: Rig) -> Fault:
    """The same, with those of our bugs that it is about."""
    places = () if fault.prepares is None or fault.name in _WITH_THE_DISK else _asked_places(fault, rig)
    if not places:
        return replace(fault, prepares=None)

    def only_these(act: Act) -> Act:
        def acts(each: Rig) -> None:
            door = each.door
            each.door = door | {"bugs": {place: door["bugs"][place] for place in places}}
            try:
                act(each)
            finally:
                each.door = door

        return acts

    ends = None if fault.ends is None else only_these(fault.ends)
    return replace(fault, prepares=None, does=only_these(fault.does), ends=ends)


def _places(rig: Rig) -> list[str]:
    """All methods in which something is to happen."""
    chosen = [fault for faults in GROUPS.values() for fault in faults if fault.prepares is not None]
    found = [place for fault in chosen if fault.home in ("http", "told") and not fault.root
             for place in _asked_places(fault, rig)]  # fmt: skip
    return sorted(set(found))


def _asked_places(fault: Fault, rig: Rig) -> tuple[str, ...]:
    with _as_prepared(fault, rig) as asked:
        return tuple(asked.door.get("bugs", {}))


@contextmanager
def _as_prepared(fault: Fault, rig: Rig) -> Iterator[Rig]:
    """What the fault makes of a copy of this home before its start."""
    assert fault.prepares is not None
    with ExitStack() as ends:
        asked = Rig(
            folder=rig.folder,
            random=Random(0),
            settings=deepcopy(rig.settings),
            peers=dict(rig.peers),
            ends=ends,
            relays=rig.relays,
        )
        fault.prepares(asked)
        (rig.folder / "wall").unlink(missing_ok=True)
        yield asked


def _a_disk_of_its_own(rig: Rig) -> None:
    """Below state and log, of 64 megabytes."""
    disk = rig.folder / "disk"
    disk.mkdir()
    words = ["mount", "-t", "tmpfs", "-o", "size=64m", "tmpfs", str(disk)]
    if subprocess.run(words, check=False, capture_output=True).returncode == 0:
        rig.ends.callback(subprocess.run, ["umount", "-l", str(disk)], check=False, capture_output=True)
    rig.settings |= {"state_dir": str(disk / "state"), "log": {"file": str(disk / "heater.log")}}


def _stopped_for_5_s(speed: float) -> Fault:
    def does(rig: Rig) -> None:
        rig.signal(signal.SIGSTOP)
        time.sleep(5.0 / speed)
        rig.signal(signal.SIGCONT)

    named = next(fault for fault in GROUPS["process"] if fault.name == "SIGSTOP for 5 s")
    return replace(named, does=does)
