"""Messages that wait for their way: a queue for each recipient, bounded, and dropped after a day.

Pure: time is given, in monotonic seconds; on disk they are instants. From one thread at a time.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

from pv_heater.core.model.lean import dataclass
from pv_heater.core.model.numbers import group_in, instant_in, number_in
from pv_heater.telemetry.messages.message import Message, Urgency
from pv_heater.telemetry.messages.words import Words

LONGEST_S = 86_400.0
"""A message that could not be delivered for this long is dropped."""
MOST = 50
"""Messages that wait for one recipient."""
MOST_TITLES = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class _Waiting:
    message: Message
    since_s: float


class Outbox:
    """The queue of one recipient, oldest first."""

    def __init__(self, words: Words) -> None:
        self._words = words
        self._waiting: list[_Waiting] = []
        self._dropped = 0
        """So many were dropped, which the recipient has not been told yet."""
        self._titles: list[str] = []

    def __len__(self) -> int:
        return len(self._waiting)

    def add(self, messages: Iterable[Message], now_s: float) -> None:
        """At the end of the queue. Where it is full, the oldest that is no danger goes."""
        for message in messages:
            self._waiting.append(_Waiting(message=message, since_s=now_s))
            if len(self._waiting) > MOST:
                calm = (row for row in self._waiting if row.message.urgency is not Urgency.DANGER)
                self._drop(next(calm, self._waiting[0]))

    def next(self, now: datetime, now_s: float) -> Message | None:
        """What is to be sent now; None where nothing waits. What waited for a day is dropped."""
        for row in [row for row in self._waiting if now_s - row.since_s >= LONGEST_S]:
            self._drop(row)
        if self._dropped:
            titles = "; ".join(self._titles) + (" ..." if self._dropped > len(self._titles) else "")
            text = self._words.say("dropped", count=self._dropped, titles=titles)
            title = self._words.say("dropped.title")
            return Message(title=title, text=text, urgency=Urgency.NEWS, kind="dropped", at=now)
        return self._waiting[0].message if self._waiting else None

    def sent(self, message: Message) -> None:
        """It has arrived."""
        if message.kind == "dropped":
            self._dropped, self._titles = 0, []
        else:
            self._waiting = [row for row in self._waiting if row.message is not message]

    def postpone(self, message: Message) -> None:
        """The others first: it was refused, and perhaps for what it says."""
        rows = [row for row in self._waiting if row.message is message]
        self._waiting = [row for row in self._waiting if row.message is not message] + rows

    @property
    def dropped(self) -> int:
        """How many were dropped since the recipient was last told so."""
        return self._dropped

    def _drop(self, row: _Waiting) -> None:
        self._waiting.remove(row)
        self._dropped += 1
        if len(self._titles) < MOST_TITLES:
            self._titles.append(row.message.line)

    def as_json(self, now: datetime, now_s: float) -> dict[str, Any]:
        """What must survive a restart."""
        return {
            "waiting": [
                {
                    "message": row.message.as_json(),
                    "since_at": (now - timedelta(seconds=now_s - row.since_s)).isoformat(timespec="seconds"),
                }
                for row in self._waiting
            ],
            "dropped": self._dropped,
            "titles": self._titles,
        }

    def restore(self, saved: Mapping[str, Any], now: datetime, now_s: float) -> None:
        """Take back what `as_json` gave; anything else is ignored."""
        rows = saved.get("waiting")
        for item in rows[:MOST] if isinstance(rows, list) else ():
            row = item if isinstance(item, Mapping) else {}
            message, since_at = Message.parse(group_in(row, "message")), instant_in(row, "since_at")
            if message is not None and since_at is not None:
                age_s = max(0.0, (now - since_at).total_seconds())
                self._waiting.append(_Waiting(message=message, since_s=now_s - age_s))
        self._dropped = int(number_in(saved, "dropped") or 0)
        titles = saved.get("titles")
        self._titles = [str(title) for title in titles[:MOST_TITLES]] if isinstance(titles, list) else []
