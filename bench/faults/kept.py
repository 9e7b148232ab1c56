"""What the tries of a long measurement came to so far, in a file, so that one that was interrupted goes on."""

from __future__ import annotations

import json
from dataclasses import asdict
from hashlib import sha256
from pathlib import Path

from bench.faults.fault import Seen
from bench.faults.rig import PROJECT

_CODE = (PROJECT / "pv_heater", PROJECT / "bench" / "faults", PROJECT / "bench" / "doubles")


def fingerprint() -> str:
    """Of the code that is tried and of what tries it: another code's tries say nothing of this one."""
    digest = sha256()
    for folder in _CODE:
        for file in sorted(folder.rglob("*.py")):
            digest.update(str(file.relative_to(folder)).encode() + b"\0" + file.read_bytes())
    return digest.hexdigest()


class Kept:
    """A line a try; `code` is the fingerprint. A last line that was cut off, and those of other code, do not count."""

    def __init__(self, file: Path, code: str) -> None:
        self._file, self._code = file, code
        self._seen: dict[str, Seen] = {}
        for line in file.read_text(encoding="utf-8").splitlines() if file.exists() else ():
            try:
                found = json.loads(line)
                if found["code"] == code:
                    self._seen[found["try"]] = Seen(**found["seen"])
            except (ValueError, KeyError, TypeError):
                continue

    def seen(self, words: str) -> Seen | None:
        """What that try came to; None: it has not been made."""
        return self._seen.get(words)

    def add(self, words: str, seen: Seen) -> None:
        """It has been made now."""
        with self._file.open("a", encoding="utf-8") as file:
            if file.tell() and not self._ends_whole():
                file.write("\n")
            file.write(json.dumps({"code": self._code, "try": words, "seen": asdict(seen)}) + "\n")

    def _ends_whole(self) -> bool:
        with self._file.open("rb") as file:
            file.seek(-1, 2)
            return file.read() == b"\n"
