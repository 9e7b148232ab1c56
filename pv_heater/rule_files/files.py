"""Which rule files there are, and when they change."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Self

Stamp = tuple[int, int]
"""Time of change in nanoseconds and size: together they tell two versions apart within one second too."""

FOLDER = "rules"


class RuleFiles:
    """The files in `folder` that are called like a load. A load that had one is never without a rule again."""

    def __init__(self, folder: Path, loads: Iterable[str]) -> None:
        self._paths = {name: folder / f"{name}.py" for name in loads}
        self._had: set[str] = set()

    @classmethod
    def none(cls) -> Self:
        """For settings that are no file: there is no place where rule files could lie."""
        return cls(Path(), ())

    def path(self, load: str) -> Path:
        """Where the rule file of `load` is, or was."""
        return self._paths[load]

    def look(self) -> dict[str, Stamp | None]:
        """The loads with a rule file and its stamp; None where it has gone since the start, or cannot be looked at."""
        stamps: dict[str, Stamp | None] = {}
        for name, path in self._paths.items():
            try:
                stat = path.stat()
                stamps[name] = (stat.st_mtime_ns, stat.st_size)
                self._had.add(name)
            except OSError:
                if name in self._had:
                    stamps[name] = None
        return stamps


def strays(folder: Path, loads: Iterable[str]) -> list[Path]:
    """Rule files that belong to no load."""
    names = set(loads)
    return sorted(path for path in folder.glob("*.py") if path.stem not in names) if folder.is_dir() else []
