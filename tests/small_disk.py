"""A file system of two megabytes that can really be full, and taken away; only root can mount one."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

SIZE_BYTES = 2_000_000


class SmallDisk:
    """Mounted at `folder`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._filler = folder / "filler"

    def fill(self) -> None:
        """Not a byte is left."""
        with self._filler.open("ab", buffering=0) as file:
            for size in (65_536, 4096, 1):
                try:
                    while file.write(b"\0" * size):
                        pass
                except OSError:
                    continue

    def empty(self) -> None:
        """There is space again."""
        self._filler.unlink()

    @contextmanager
    def read_only(self) -> Iterator[None]:
        """In its place stands another that nobody can write."""
        command = ["mount", "-t", "tmpfs", "-o", "ro,size=4k", "tmpfs", str(self.folder)]
        subprocess.run(command, capture_output=True, check=True)
        try:
            yield
        finally:
            subprocess.run(["umount", "-l", str(self.folder)], check=False)


@contextmanager
def small_disk(folder: Path) -> Iterator[SmallDisk]:
    """Skips the test where nothing can be mounted."""
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", f"size={SIZE_BYTES}", "tmpfs", str(folder)]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        pytest.skip("there is no mount here")
    if done.returncode != 0:
        pytest.skip(f"nothing can be mounted here: {done.stderr.strip()[:100]}")
    try:
        yield SmallDisk(folder)
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=False)
