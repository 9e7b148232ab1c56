"""Whom a running controller speaks for: the head of its every answer, and the first line that the commands print."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from pv_heater.core.model.lean import dataclass

OUTPUTS_TEXT = {
    "dry": "DRY RUN, nothing is switched",
    "mock": "MOCK PINS, nothing is switched",
    "real": "REAL outputs",
}
"""What a controller's outputs are worth, in words; the keys are those of `Identity.outputs`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """Home, settings, process and start of one controller; `since_at` is aware, in the zone of the home."""

    home: str
    file: str
    """The settings file with its whole path, "a mapping" where there is none."""
    pid: int
    since_at: datetime
    outputs: str
    """dry, mock or real, see `OUTPUTS_TEXT`."""

    def as_json(self) -> dict[str, Any]:
        """The object `who` of every answer."""
        return {
            "home": self.home,
            "file": self.file,
            "pid": self.pid,
            "since_at": self.since_at.isoformat(timespec="seconds"),
            "outputs": self.outputs,
            "dry": self.outputs == "dry",
        }


def who_line(answer: Mapping[str, Any]) -> str | None:
    """The first line for people: home, file, process, since when, DRY or REAL. None where an answer does not say."""
    who = answer.get("who")
    if not isinstance(who, Mapping):
        return None
    try:
        since = f"{datetime.fromisoformat(str(who.get('since_at'))):%Y-%m-%d %H:%M}"
    except ValueError:
        since = "an unknown time"
    outputs = OUTPUTS_TEXT.get(str(who.get("outputs")), "outputs unknown")
    return f"{who.get('home')}, {who.get('file')}: {outputs}; process {who.get('pid')}, since {since}"
