"""What a long measurement found so far, row by row in a file: an interruption loses none, and none is found twice."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any


class Rows:
    """The rows of one file. A later one with the same `key` counts.

    `of` in a row tells of what it is true, such as a digest of the code that was tried: of another it says nothing.
    """

    def __init__(self, path: Path) -> None:
        """The file need not exist; a line that was cut off is none."""
        self._path = path
        self._rows: dict[str, dict[str, Any]] = {}
        whole = path.read_text(encoding="utf-8") if path.exists() else ""
        if whole and not whole.endswith("\n"):
            whole = whole[: whole.rfind("\n") + 1]
            path.write_text(whole, encoding="utf-8")
        for line in whole.splitlines():
            row = json.loads(line)
            self._rows[row["key"]] = row

    def get(self, key: str, of: str) -> dict[str, Any] | None:
        """The row of the same state of things; None where there is none."""
        row = self._rows.get(key)
        return row if row is not None and row["of"] == of else None

    def last(self, key: str) -> dict[str, Any] | None:
        """The row, of whatever state."""
        return self._rows.get(key)

    def add(self, row: dict[str, Any]) -> None:
        """Written at once."""
        self._rows[row["key"]] = row
        with self._path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(row) + "\n")


def digest(parts: Iterable[str]) -> str:
    """Short, and another one where a part is."""
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:16]
