"""Threads that are to last as long as the program, and who begins them anew when one breaks.

What a thread of ours expects it catches itself. This is for the rest: a bug in what handles an error, no memory, an
exit in a library. Python ends such a thread with a word on the terminal at most, and a program that goes on without its
meter, its watchdog or its log would look healthy.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

from pv_heater.errors import describe
from pv_heater.io.alive.starting import Thread

log = logging.getLogger(__name__)

FIRST_WAIT_S, LONGEST_WAIT_S = 1.0, 300.0
"""Until a thread that broke is begun anew; twice as long each time that it breaks again soon."""
FORGIVEN_S = 600.0
"""One that has lasted so long begins the row of waits anew."""


class Lasting:
    """A thread that ends when `target` returns, and not before. `target` may be called again, after it has raised."""

    def __init__(self, target: Callable[[], object], name: str) -> None:
        """Not started yet."""
        self.target, self.name = target, name
        self._thread: _Thread | None = None

    def start(self) -> None:
        """Begin, or begin anew. Raises RuntimeError where the system gives no thread."""
        thread = _Thread(self)
        thread.start()
        self._thread = thread
        _lasting.add(self)

    def is_alive(self) -> bool:
        """Whether it runs now."""
        return self._thread is not None and self._thread.is_alive()

    def is_over(self) -> bool:
        """Whether `target` has returned."""
        return self._thread is not None and self._thread.is_over

    def join(self, timeout_s: float | None = None) -> None:
        """Wait until it has ended, so long at most."""
        if self._thread is not None:
            self._thread.join(timeout_s)


_lasting: set[Lasting] = set()
"""All of this process that began; those that are over leave with the next look."""


class _Thread(Thread):
    def __init__(self, lasting: Lasting) -> None:
        super().__init__(target=self._live, name=lasting.name)
        self.lasting = lasting
        self.is_over = False

    def _live(self) -> None:
        self.lasting.target()
        self.is_over = True


class Supervisor:
    """Says of every thread that ends by an error, of whatever kind, and begins those that are to last anew."""

    def __init__(self, monotonic_s: Callable[[], float]) -> None:
        self._monotonic_s = monotonic_s
        self._due_s: dict[Lasting, float] = {}
        """Each that broke, with the second from which it may begin anew."""
        self._waits: dict[Lasting, tuple[float, float]] = {}
        """Each that ever broke, with its last wait and the second of that."""

    def install(self) -> None:
        """Hear of all threads of this process from now on."""
        threading.excepthook = self._broke

    def look(self) -> None:
        """Begin anew what may. To be called every few seconds; never raises."""
        now_s = self._monotonic_s()
        for lasting in list(_lasting):
            if lasting.is_alive():  # also one that is still saying why it ends
                continue
            if lasting.is_over():
                _lasting.discard(lasting)
                continue
            due_s = self._due_s.get(lasting)
            if due_s is None:
                # An exit that comes while a thread begins or ends is dropped by Python, and nobody hears of it.
                self._note(lasting, "it ended without a word")
            elif now_s >= due_s:
                self._begin(lasting, now_s)

    def _begin(self, lasting: Lasting, now_s: float) -> None:
        del self._due_s[lasting]  # before it begins, as it may break at once
        try:
            lasting.start()
        except RuntimeError as error:
            log.error("the thread %r cannot be begun anew: %s; it is tried again", lasting.name, error)
            self._due_s[lasting] = now_s + LONGEST_WAIT_S / 10

    def _broke(self, what: threading.ExceptHookArgs) -> None:
        """On the thread that ends, as its last deed."""
        thread, error = what.thread, what.exc_value or what.exc_type()
        words = describe(error).rstrip(": ")
        if isinstance(thread, _Thread):
            self._note(thread.lasting, words)
        else:
            log.error("the thread %r ended by an error: %s", "?" if thread is None else thread.name, words)

    def _note(self, lasting: Lasting, words: str) -> None:
        now_s = self._monotonic_s()
        wait_s, at_s = self._waits.get(lasting, (0.0, now_s))
        soon = now_s - at_s < FORGIVEN_S
        wait_s = min(LONGEST_WAIT_S, 2 * wait_s) if wait_s and soon else FIRST_WAIT_S
        self._waits[lasting] = (wait_s, now_s)
        self._due_s[lasting] = now_s + wait_s
        log.error("the thread %r broke: %s. It is begun anew.", lasting.name, words)
