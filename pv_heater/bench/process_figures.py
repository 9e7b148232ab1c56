"""What the kernel tells of a process, by its folder in /proc."""

from __future__ import annotations

import os
import re
from pathlib import Path


def resident_mib(process: Path) -> float:
    """Memory that it has in RAM."""
    return _mib(process, "VmRSS")


def peak_mib(process: Path) -> float:
    """The most that it ever had."""
    return _mib(process, "VmHWM")


def busy_s(process: Path) -> float:
    """Processor time that it took so far, its children's not counted."""
    fields = (process / "stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def open_files(process: Path) -> int:
    """Files, sockets and pipes."""
    return len(list((process / "fd").iterdir()))


def _mib(process: Path, key: str) -> float:
    match = re.search(rf"{key}:\s+(\d+) kB", (process / "status").read_text())
    return int(match[1]) / 1024 if match else 0.0
