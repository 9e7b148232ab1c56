"""One daemon thread that brings the newest wish to a slow device, so that the control thread never waits for it."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from typing import Generic, TypeVar

from pv_heater.errors import SourceError
from pv_heater.io.alive.threads import Lasting
from pv_heater.io.system.worker import retry_delay_s

T = TypeVar("T")

_FIRST_RETRY_S = 1.0
"""Then 2, 4, 8 and 10 s: a heater that should be off is told so again soon."""


class Sender(Generic[T]):
    """Calls `send` with the newest wanted value: when it changed, every `refresh_s` after, and again when it failed.

    Wishes that were replaced before they could be sent are dropped. The thread survives whatever `send` raises.
    """

    def __init__(
        self,
        name: str,
        send: Callable[[T], None],
        *,
        refresh_s: float,
        monotonic_s: Callable[[], float],
        log: logging.Logger,
    ) -> None:
        self._name = name
        self._send = send
        self._refresh_s = refresh_s
        self._monotonic = monotonic_s
        self._log = log
        self._news = threading.Condition()
        self._wanted: T | None = None
        self._changed = False
        self._confirmed: T | None = None
        self._delivered = False
        self._failures = 0
        self._trouble: str | None = None
        self._unheard_since_s: float | None = None
        self._stopping = False
        self._thread: Lasting | None = None

    @property
    def confirmed(self) -> T | None:
        """What the device took last; None before it took anything, and while it has failed since."""
        return self._confirmed

    @property
    def delivered(self) -> bool:
        """Whether the device took the newest wish, with nothing older still on its way."""
        return self._delivered

    @property
    def trouble(self) -> str | None:
        """Why the newest wish could not be brought; None while all is well."""
        return self._trouble

    @property
    def unheard_since_s(self) -> float | None:
        """Since when the device was spoken to without its taking anything, on the monotonic clock, the try that is
        under way included; None while all is well."""
        return self._unheard_since_s

    def want(self, value: T, *, at_once: bool = False) -> None:
        """Bring this to the device as soon as it is free. Returns at once; begins the thread when it is the first.

        `at_once` does not wait for the next try where the same value failed before.
        """
        with self._news:
            if self._stopping:
                return
            if value != self._wanted:
                self._wanted, self._changed, self._delivered = value, True, False
                self._news.notify()
            elif at_once and not self._delivered:
                self._changed = True
                self._news.notify()
            if self._thread is None:
                self._thread = Lasting(self._run, f"sender {self._name}")
                self._thread.start()

    def stop(self) -> None:
        """Send no more; never waits for what is under way."""
        with self._news:
            self._stopping = True
            self._news.notify()

    def _run(self) -> None:
        wait_s = 0.0
        while True:
            with self._news:
                if not self._changed and not self._stopping:
                    self._news.wait(wait_s)
                if self._stopping:
                    return
                self._changed = False
                wanted = self._wanted
            if wanted is not None:
                wait_s = self._bring(wanted)

    def _bring(self, wanted: T) -> float:
        """Send once; seconds until it should be sent again if nothing changes. Never raises."""
        if self._unheard_since_s is None:
            self._unheard_since_s = self._monotonic()
        try:
            self._send(wanted)
        except SourceError as error:
            return self._note_failure(str(error), error.retry_after_s)
        except Exception as error:  # noqa: BLE001 - the thread must live on, whatever an adapter does
            self._log.debug("%s: where the unexpected error came from", self._name, exc_info=True)
            return self._note_failure(f"unexpected {type(error).__name__}: {error}", None)
        if self._trouble is not None:
            lasted_s = self._monotonic() - self._unheard_since_s
            self._log.info("%s answers again after %.0f s: %d tries failed.", self._name, lasted_s, self._failures)
        # The trouble goes first: whoever sees a word confirmed sees no trouble that is over.
        self._failures, self._trouble, self._unheard_since_s = 0, None, None
        with self._news:
            self._confirmed = wanted
            self._delivered = not self._changed
        return self._refresh_s

    def _note_failure(self, text: str, wish_s: float | None) -> float:
        self._failures += 1
        self._confirmed, self._delivered = None, False
        delay_s = min(retry_delay_s(_FIRST_RETRY_S, self._failures, wish_s), max(self._refresh_s, _FIRST_RETRY_S))
        if self._trouble is None:
            self._log.warning("%s: %s. Next try in %.0f s.", self._name, text.rstrip("."), delay_s)
        self._trouble = text
        return delay_s
