"""At most ten messages an hour, then one that says how many more there were. Danger is never kept back."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from pv_heater.telemetry.messages.message import Message, Urgency
from pv_heater.telemetry.messages.words import Words

MOST_AN_HOUR = 10
HOUR_S = 3600.0
MOST_NAMED = 30
"""So many of the titles that were left out are named."""


class HourLimit:
    """Counts what is told."""

    def __init__(self, words: Words) -> None:
        self._words = words
        self._told_s: list[float] = []
        self._left_out: list[Message] = []

    def passed(self, messages: Sequence[Message], now: datetime, now_s: float, *, quiet: bool) -> list[Message]:
        """What may be told now, what was left out before in one message; not that one while it is `quiet`."""
        self._told_s = [stamp_s for stamp_s in self._told_s if now_s - stamp_s < HOUR_S]
        given: list[Message] = []
        if self._left_out and not quiet and len(self._told_s) < MOST_AN_HOUR:
            given.append(self._more(now))
            self._told_s.append(now_s)
            self._left_out = []
        for message in messages:
            if message.urgency is not Urgency.DANGER and (len(self._told_s) >= MOST_AN_HOUR or self._left_out):
                self._left_out.append(message)
                continue
            given.append(message)
            self._told_s.append(now_s)
        return given

    def _more(self, now: datetime) -> Message:
        titles = [message.line for message in self._left_out]
        hidden = [f"... {len(titles) - MOST_NAMED}"] if len(titles) > MOST_NAMED else []
        return Message(
            title=self._words.say("more", count=len(titles)),
            text="\n".join([*titles[:MOST_NAMED], *hidden]),
            urgency=max((message.urgency for message in self._left_out), key=_loudness),
            kind="more",
            at=now,
        )


def _loudness(urgency: Urgency) -> int:
    return [Urgency.NEWS, Urgency.ALARM, Urgency.DANGER].index(urgency)
