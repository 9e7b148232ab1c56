"""One recipient: what waits for it is sent on a thread of its own, again and again until it has arrived."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

from pv_heater.errors import AuthRejected, BadReply, SourceError
from pv_heater.io.alive.threads import Lasting
from pv_heater.io.system.worker import WorkerStatus, retry_delay_s
from pv_heater.telemetry.messages import Sender
from pv_heater.telemetry.messages.message import Message
from pv_heater.telemetry.messages.outbox import Outbox

log = logging.getLogger(__name__)

FIRST_RETRY_S = 30.0
"""Then 60, 120, 240 and 300 s."""
REFUSED_S = 600.0
"""A login that was refused is not tried sooner: it is for its owner to change."""
IDLE_S = 3600.0


class Courier:
    """The queue, and the thread that empties it. Nothing here waits for the other side but that thread."""

    def __init__(
        self,
        name: str,
        sender: Sender,
        outbox: Outbox,
        *,
        now: Callable[[], datetime],
        monotonic_s: Callable[[], float],
        changed: Callable[[], None],
    ) -> None:
        """`changed` is called, on the courier's thread, when something has left the queue."""
        self.name = name
        self._sender, self._outbox, self._changed = sender, outbox, changed
        self._now, self._monotonic_s = now, monotonic_s
        self._news = threading.Condition()
        self._failures = 0
        self._trouble: str | None = None
        self._sent_s: float | None = None
        self._retry_s: float | None = None
        """When it is tried again; None: nothing has failed."""
        self._said_dropped = 0
        self._stopping = False

    def add(self, messages: Sequence[Message]) -> None:
        """Send these as soon as may be. Returns at once."""
        with self._news:
            self._outbox.add(messages, self._monotonic_s())
            self._news.notify()

    def start(self) -> None:
        """Begin to send."""
        Lasting(self._run, f"messages {self.name}").start()

    def stop(self) -> None:
        """Send no more; never waits for what is under way."""
        with self._news:
            self._stopping = True
            self._news.notify()

    def close(self) -> None:
        """End its connections."""
        self._sender.close()

    def status(self) -> WorkerStatus:
        """How it fares, as a source."""
        now_s = self._monotonic_s()
        with self._news:
            waiting, trouble = len(self._outbox), self._trouble
        if trouble is not None and waiting:
            trouble = f"{trouble} ({waiting} waiting)"
        return WorkerStatus(
            name=f"messages {self.name}",
            last_success_age_s=None if self._sent_s is None else now_s - self._sent_s,
            trouble=trouble,
            next_try_s=None if self._retry_s is None else max(0.0, self._retry_s - now_s),
        )

    def turn(self) -> float:
        """Send what is next, if anything is and it is time; seconds until the next turn. Never raises."""
        now_s = self._monotonic_s()
        if self._retry_s is not None and now_s < self._retry_s:
            return self._retry_s - now_s
        with self._news:
            message = self._outbox.next(self._now(), now_s)
            dropped = self._outbox.dropped
        if dropped > self._said_dropped:
            log.warning("messages %s: %d could not be sent within a day and are dropped.", self.name, dropped)
        self._said_dropped = dropped
        if message is None:
            self._retry_s = None
            return IDLE_S
        try:
            self._sender.send(message)
        except SourceError as error:
            return self._note_failure(message, error)
        except Exception as error:  # noqa: BLE001 - the thread must live on, whatever a sender does
            # Neither its text nor its traceback is told: a library may put the token of an address into either.
            return self._note_failure(message, SourceError(f"unexpected {type(error).__name__}"))
        self._note_sent(message)
        return 0.0

    def as_json(self, now: datetime, now_s: float) -> dict[str, Any]:
        """What must survive a restart."""
        with self._news:
            return self._outbox.as_json(now, now_s)

    def restore(self, saved: Mapping[str, Any], now: datetime, now_s: float) -> None:
        """Take back what `as_json` gave."""
        with self._news:
            self._outbox.restore(saved, now, now_s)

    def _run(self) -> None:
        while True:
            wait_s = self.turn()
            with self._news:
                if self._stopping:
                    return
                if wait_s <= 0 or (wait_s >= IDLE_S and len(self._outbox)):
                    continue
                self._news.wait(wait_s)
                if self._stopping:
                    return

    def _note_sent(self, message: Message) -> None:
        with self._news:
            self._outbox.sent(message)
        if self._trouble is not None:
            log.info("messages %s: they arrive again; %d tries failed.", self.name, self._failures)
        self._failures, self._trouble, self._retry_s, self._sent_s = 0, None, None, self._monotonic_s()
        self._changed()

    def _note_failure(self, message: Message, error: SourceError) -> float:
        self._failures += 1
        delay_s = retry_delay_s(FIRST_RETRY_S, self._failures, error.retry_after_s)
        if isinstance(error, AuthRejected):
            delay_s = max(delay_s, REFUSED_S)
        if isinstance(error, BadReply):
            with self._news:
                self._outbox.postpone(message)
        text = str(error).rstrip(".")
        if self._trouble is None:
            log.warning("messages %s: %s. Next try in %.0f s.", self.name, text, delay_s)
        self._trouble, self._retry_s = text, self._monotonic_s() + delay_s
        return delay_s
