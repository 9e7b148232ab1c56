"""What a day writes to the card: the fullest home, all sources and all told, on a file system of its own.

Two counts, both the kernel's. What the process dirtied (`write_bytes` in /proc/PID/io) is in whole pages, as the card
gets them. What the disk was sent is more: journal and table of files of ext4, which each file that is replaced and each
flush costs anew. For that the folder lies on an ext4 in a file; only root can mount one, and for everybody else that
figure is missing.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from bench.cost.footprint import MAIN
from bench.cost.footprint_homes import told_home
from pv_heater.errors import NotRunning

MOST_MB_A_DAY = 5.0
SETTLES_S = 330.0
"""Tables and files are made at the start and never again, the tables at the first commit of the history."""
_IMAGE_BYTES = 300_000_000
_SECTOR_BYTES = 512
_DAY_S = 86_400.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """Of one home, once it has settled."""

    watched_s: float
    process_bytes: int
    disk_bytes: int | None
    """None where no file system of its own could be mounted."""
    log_lines: int
    """In that time. Each wakes the disk; a quiet home says some fifty a day."""
    files: tuple[tuple[str, int], ...]
    """How often each file was written anew, as far as a look every second sees it; the most often first."""

    @property
    def mb_a_day(self) -> float:
        """By the count of the process."""
        return self.process_bytes / 1e6 * _DAY_S / self.watched_s

    @property
    def kept(self) -> bool:
        """Whether it stays within what is aimed at."""
        return self.mb_a_day <= MOST_MB_A_DAY

    def as_lines(self) -> list[str]:
        """For people."""
        hours = self.watched_s / 3600
        disk = "not known (only root can mount a file system for it)"
        if self.disk_bytes is not None:
            disk = (
                f"{self.disk_bytes / 1e6 * _DAY_S / self.watched_s:.1f} MB a day, journal and table of files included"
            )
        return [
            f"all sources, all told, {hours:.2f} h: the process wrote {self.process_bytes / 1e6:.2f} MB, which is "
            f"{self.mb_a_day:.1f} MB a day (aim {MOST_MB_A_DAY:g})",
            f"  the disk was sent {disk}",
            f"  {self.log_lines} log lines; written anew: "
            + ", ".join(f"{name} {count}" for name, count in self.files),
        ]


def measure(watch_s: float) -> Card:
    """Raises NotRunning where the program ends meanwhile."""
    with TemporaryDirectory() as outside, _own_disk(Path(outside)) as (folder, device), told_home(str(folder)) as home:
        config = Path(outside) / "config.yaml"
        config.write_text(json.dumps({**home, "gpio": {"factory": "mock"}, "guard": False}))
        command = [sys.executable, str(MAIN), "--config", str(config)]
        with subprocess.Popen(command, stdout=subprocess.DEVNULL) as process:
            try:
                _watch(process, SETTLES_S, folder)
                os.sync()
                before, sent, lines = _written(process), _sent(device), _lines(folder)
                counts = _watch(process, watch_s, folder)
                os.sync()
                return Card(
                    watched_s=watch_s,
                    process_bytes=_written(process) - before,
                    disk_bytes=None if device is None else _sent(device) - sent,
                    log_lines=_lines(folder) - lines,
                    files=tuple(sorted(counts.items(), key=lambda item: -item[1])[:8]),
                )
            finally:
                process.terminate()


@contextmanager
def _own_disk(outside: Path) -> Iterator[tuple[Path, str | None]]:
    """A folder on an ext4 of its own with the name of its device, or a usual folder."""
    image, folder = outside / "disk.img", outside / "card"
    folder.mkdir()
    with image.open("wb") as file:
        file.truncate(_IMAGE_BYTES)
    made = os.geteuid() == 0 and all(
        subprocess.run(command, capture_output=True, check=False).returncode == 0
        for command in (["mkfs.ext4", "-q", "-F", str(image)], ["mount", "-o", "loop", str(image), str(folder)])
    )
    if not made:
        yield folder, None
        return
    try:
        number = os.stat(folder).st_dev
        yield folder, f"{os.major(number)}:{os.minor(number)}"
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=False)


def _watch(process: subprocess.Popen[bytes], seconds: float, folder: Path) -> dict[str, int]:
    counts: dict[str, int] = {}
    known: dict[str, int] = {}
    ends_s = time.monotonic() + seconds
    while time.monotonic() < ends_s:
        if process.poll() is not None:
            raise NotRunning(f"the program ended with exit code {process.returncode}")
        for path in folder.rglob("*"):
            with suppress(OSError):  # a draft that has taken its place meanwhile
                at_ns = path.stat().st_mtime_ns
                counts[path.name] = counts.get(path.name, 0) + (known.get(path.name, at_ns) != at_ns)
                known[path.name] = at_ns
        time.sleep(1.0)
    return {name: count for name, count in counts.items() if count and not name.startswith(".")}


def _written(process: subprocess.Popen[bytes]) -> int:
    lines = Path(f"/proc/{process.pid}/io").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("write_bytes"))


def _sent(device: str | None) -> int:
    if device is None:
        return 0
    return int(Path(f"/sys/dev/block/{device}/stat").read_text(encoding="ascii").split()[6]) * _SECTOR_BYTES


def _lines(folder: Path) -> int:
    return sum(len(path.read_text(encoding="utf-8").splitlines()) for path in folder.glob("*.log"))
