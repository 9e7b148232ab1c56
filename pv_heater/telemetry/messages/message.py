"""A message on its way to people."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Any, Self

from pv_heater.core.model.lean import dataclass
from pv_heater.core.model.numbers import instant_in, text_in

MOST_TITLE, MOST_TEXT = 150, 3000
"""Characters. Telegram takes 4096 in all, ntfy 4096 bytes of text."""


class Urgency(StrEnum):
    """How loudly it is told."""

    DANGER = "danger"
    """At any hour."""
    ALARM = "alarm"
    NEWS = "news"
    """Without a sound, where that can be said."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """What is told."""

    title: str
    text: str
    urgency: Urgency
    kind: str
    """The code of an alarm; ``over``, ``meanwhile``, ``summary``, ``transition``, ``more``, ``dropped`` or ``test``."""
    at: datetime
    """When it was written, in the owner's zone."""

    @property
    def line(self) -> str:
        """The title on one line, cut to what every way takes."""
        return " ".join(self.title.split())[:MOST_TITLE]

    @property
    def body(self) -> str:
        """The text, cut likewise."""
        return self.text if len(self.text) <= MOST_TEXT else f"{self.text[: MOST_TEXT - 4]} ..."

    def as_json(self) -> dict[str, Any]:
        """As plain JSON types."""
        return {
            "title": self.title,
            "text": self.text,
            "urgency": str(self.urgency),
            "kind": self.kind,
            "at": self.at.isoformat(timespec="seconds"),
        }

    @classmethod
    def parse(cls, item: Mapping[str, Any]) -> Self | None:
        """What `as_json` gave; None for anything else."""
        title, text, kind, at = text_in(item, "title"), item.get("text"), text_in(item, "kind"), instant_in(item, "at")
        word = item.get("urgency")
        if title is None or not isinstance(text, str) or kind is None or at is None or word not in set(Urgency):
            return None
        return cls(title=title, text=text, urgency=Urgency(word), kind=kind, at=at)
