"""What each try of a fault came to so far, so that a measurement that was interrupted goes on."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

from bench.faults.fault import Seen
from bench.faults.rig import PROJECT
from bench.kept_rows import Rows, digest

_CODE = (PROJECT / "pv_heater", PROJECT / "bench" / "faults", PROJECT / "bench" / "doubles")


def fingerprint() -> str:
    """Of the code that is tried and of what tries it: another code's tries say nothing of this one."""
    files = [(folder, file) for folder in _CODE for file in sorted(folder.rglob("*.py"))]
    return digest(part for folder, file in files for part in (str(file.relative_to(folder)), file.read_text("utf-8")))


class Kept:
    """The tries of one code, by its fingerprint."""

    def __init__(self, file: Path, code: str) -> None:
        self._rows, self._code = Rows(file), code

    def seen(self, words: str) -> Seen | None:
        """What that try came to; None: it has not been made."""
        row = self._rows.get(words, self._code)
        return None if row is None else Seen(**row["seen"])

    def add(self, words: str, seen: Seen) -> None:
        """It has been made now."""
        self._rows.add({"key": words, "of": self._code, "seen": asdict(seen)})
