"""The disk below state and log: full, read-only, slow, gone. File systems of the bench's own, so it takes root."""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
from contextlib import suppress
from pathlib import Path

from bench.faults.fault import Act, Back, Expect, Fault
from bench.faults.groups.acts import STOP_S, STOP_SUM
from bench.faults.rig import Rig

_PIPE_BYTES = 4096


def _run(*words: str) -> None:
    subprocess.run(words, check=True, capture_output=True)


def _small(rig: Rig) -> None:
    """State and log lie on a disk of four megabytes."""
    disk = rig.folder / "disk"
    disk.mkdir()
    _run("mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", str(disk))
    rig.ends.callback(subprocess.run, ["umount", "-l", str(disk)], check=False, capture_output=True)
    _live_on(rig, disk)


def _real(rig: Rig) -> None:
    """State and log lie on a file system that can be frozen: whoever writes waits."""
    image, disk = rig.folder / "image", rig.folder / "disk"
    disk.mkdir()
    with image.open("wb") as file:
        file.truncate(16_000_000)
    _run("mkfs.ext4", "-q", "-F", str(image))
    _run("mount", "-o", "loop", str(image), str(disk))
    rig.ends.callback(subprocess.run, ["umount", "-l", str(disk)], check=False, capture_output=True)
    rig.ends.callback(subprocess.run, ["fsfreeze", "-u", str(disk)], check=False, capture_output=True)
    _live_on(rig, disk)


def _live_on(rig: Rig, disk: Path) -> None:
    rig.settings["state_dir"] = str(disk / "state")
    rig.settings["log"] = {"file": str(disk / "heater.log")}


def _fill(rig: Rig) -> None:
    with (rig.folder / "disk" / "filler").open("ab", buffering=0) as file:
        for size in (65_536, 4096, 1):
            with suppress(OSError):
                while file.write(b"\0" * size):
                    pass


def _filled_before(rig: Rig) -> None:
    _small(rig)
    _fill(rig)


def _over(rig: Rig) -> None:
    """Another that cannot be written is put in its place."""
    disk = str(rig.folder / "disk")
    _run("mount", "-t", "tmpfs", "-o", "ro,size=4k", "tmpfs", disk)
    rig.ends.callback(subprocess.run, ["umount", "-l", disk], check=False, capture_output=True)


def _gone(rig: Rig) -> None:
    _run("umount", "-l", str(rig.folder / "disk"))


def _frozen(rig: Rig) -> None:
    _run("fsfreeze", "-f", str(rig.folder / "disk"))


def _thawed(rig: Rig) -> None:
    with suppress(subprocess.CalledProcessError):
        _run("fsfreeze", "-u", str(rig.folder / "disk"))


def _log_deleted(rig: Rig) -> None:
    Path(rig.settings["log"]["file"]).unlink()


def _log_is_a_folder(rig: Rig) -> None:
    _log_deleted(rig)
    Path(rig.settings["log"]["file"]).mkdir()


def _state_deleted(rig: Rig) -> None:
    shutil.rmtree(rig.state)


def _full_pipe(rig: Rig) -> None:
    """Nobody reads what it prints."""
    reading, writing = os.pipe()
    fcntl.fcntl(writing, fcntl.F_SETPIPE_SZ, _PIPE_BYTES)
    os.write(writing, b"x" * _PIPE_BYTES)
    rig.stdout = writing
    rig.ends.callback(os.close, reading)
    rig.ends.callback(os.close, writing)


def _closed_pipe(rig: Rig) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    rig.stdout = writing
    rig.ends.callback(os.close, writing)


def _fault(name: str, does: Act, prepares: Act | None = None, *, ends: Act | None = None, root: bool = True) -> Fault:
    return Fault(name=name, home="told", prepares=prepares, does=does, ends=ends, bound_s=STOP_S, sum=STOP_SUM,
                 expects=Expect.STAYS, back=Back.NEVER_LEFT, hold_s=25.0, root=root)  # fmt: skip


def _nothing(rig: Rig) -> None:
    """It was there before."""


FAULTS: tuple[Fault, ...] = (
    _fault("the disk is full", _fill, _small),
    _fault("the disk was full before the start", _nothing, _filled_before),
    _fault("the disk is read-only", _over, _small),
    _fault("the disk is gone", _gone, _small),
    _fault("the disk hangs: whoever writes waits", _frozen, _real, ends=_thawed),
    _fault("the log file is deleted", _log_deleted, root=False),
    _fault("a folder stands where the log file was", _log_is_a_folder, root=False),
    _fault("the state folder is deleted", _state_deleted, root=False),
    _fault("nobody reads standard output", _nothing, _full_pipe, root=False),
    _fault("standard output is closed", _nothing, _closed_pipe, root=False),
)
