"""One daemon thread that keeps the newest value of a slow source, so that the control thread never waits for it."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from typing import Generic, Protocol, TypeVar

from pv_heater.core.model.lean import dataclass
from pv_heater.errors import SourceError
from pv_heater.io.alive.threads import Lasting

T = TypeVar("T")

_MOST_INTERVALS = 10
"""A failing source is asked at least once in ten of its intervals, so that a long trouble still heals soon."""
_LONGEST_WISH_S = 3600.0
"""A source may ask for at most an hour of peace; a nonsense wish must not silence it for a day."""
_SHORTEST_S = 0.05
"""A source that answers an interval of 0 must not spin a whole core."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Latest(Generic[T]):
    """A value and the monotonic second at which it came."""

    value: T
    came_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerStatus:
    """How a source fares, for the status page."""

    name: str
    last_success_age_s: float | None
    """None before the first success."""
    trouble: str | None
    """What is wrong now, None when the last try went well."""
    next_try_s: float | None
    """Seconds until the next try; 0 while one is under way, None when the worker is not running."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Trouble:
    """A run of failed tries."""

    began_s: float
    failures: int
    text: str
    kinds: frozenset[str]


def retry_delay_s(interval_s: float, failures: int, wish_s: float | None) -> float:
    """Seconds to the next try after `failures` failed ones in a row; `wish_s` is what the source asked for.

    The first retry comes after one interval, then it doubles, up to ten intervals; a longer wish is honoured up to
    an hour.
    """
    doubled_s = interval_s * min(2.0 ** min(failures - 1, 8), _MOST_INTERVALS)
    return max(doubled_s, min(wish_s or 0.0, _LONGEST_WISH_S))


class Worker(Generic[T]):
    """Calls `read` again and again on a thread of its own; satisfies `ports.Feed`.

    `interval_s` is asked before every wait, `on_new` is called (on the worker's thread) after every success. The
    thread survives whatever `read` raises, and since it is a daemon a hung `read` cannot keep the process alive.
    """

    def __init__(
        self,
        name: str,
        read: Callable[[], T],
        interval_s: Callable[[], float],
        monotonic_s: Callable[[], float],
        on_new: Callable[[], None],
        log: logging.Logger,
    ) -> None:
        self._name = name
        self._read = read
        self._interval_s = interval_s
        self._monotonic_s = monotonic_s
        self._on_new = on_new
        self._log = log
        self._latest: Latest[T] | None = None
        self._trouble: _Trouble | None = None
        self._known_interval_s = 60.0
        self._next_try_at_s = monotonic_s()
        self._stopping = threading.Event()
        self._thread: Lasting | None = None

    def start(self) -> None:
        """Begin reading, at once."""
        self._thread = Lasting(self._run, f"worker {self._name}")
        self._thread.start()

    def stop(self) -> None:
        """Read no more. Does not wait for a read that is under way: it may hang for ever."""
        self._stopping.set()

    def latest(self) -> T | None:
        """The newest value, or None before the first."""
        newest = self._latest
        return None if newest is None else newest.value

    def newest(self) -> Latest[T] | None:
        """The newest value with the moment it came, or None before the first."""
        return self._latest

    def status(self) -> WorkerStatus:
        """How the source fares now."""
        now_s = self._monotonic_s()
        newest, trouble = self._latest, self._trouble
        running = self._thread is not None and self._thread.is_alive() and not self._stopping.is_set()
        return WorkerStatus(
            name=self._name,
            last_success_age_s=None if newest is None else now_s - newest.came_s,
            trouble=None if trouble is None else trouble.text,
            next_try_s=max(0.0, self._next_try_at_s - now_s) if running else None,
        )

    def poll_once(self) -> float:
        """Read once, keep or note the outcome, and return the seconds to wait until the next try. Never raises."""
        try:
            self._known_interval_s = max(_SHORTEST_S, self._interval_s())
            value = self._read()
            self._latest = Latest(value=value, came_s=self._monotonic_s())
            self._note_success()
            self._on_new()
            self._known_interval_s = max(_SHORTEST_S, self._interval_s())
            delay_s = self._known_interval_s
        except SourceError as error:
            delay_s = self._note_failure(type(error).__name__, str(error), error.retry_after_s)
        except Exception as error:  # noqa: BLE001 - the thread must live on, whatever an adapter does
            kind = type(error).__name__
            delay_s = self._note_failure(kind, f"unexpected {kind}: {error}", None)
            self._log.debug("%s: where the unexpected error came from", self._name, exc_info=True)
        self._next_try_at_s = self._monotonic_s() + delay_s
        return delay_s

    def _run(self) -> None:
        while not self._stopping.wait(self.poll_once()):
            pass

    def _note_success(self) -> None:
        trouble, self._trouble = self._trouble, None
        if trouble is not None:
            self._log.info(
                "%s answers again; %d attempt%s failed in %s, the last one: %s",
                self._name,
                trouble.failures,
                "" if trouble.failures == 1 else "s",
                _duration_text(self._monotonic_s() - trouble.began_s),
                trouble.text,
            )

    def _note_failure(self, kind: str, text: str, wish_s: float | None) -> float:
        before = self._trouble or _Trouble(began_s=self._monotonic_s(), failures=0, text="", kinds=frozenset())
        self._trouble = _Trouble(
            began_s=before.began_s, failures=before.failures + 1, text=text, kinds=before.kinds | {kind}
        )
        delay_s = retry_delay_s(self._known_interval_s, self._trouble.failures, wish_s)
        # Each kind of trouble once: an hour without network is one line, not sixty.
        # What breaks while we hang up ourselves is not trouble.
        if kind not in before.kinds and not self._stopping.is_set():
            # Who may speak at any moment keeps a pace of its own.
            then = "It goes on trying." if delay_s < 0.5 else f"Next try in {_duration_text(delay_s)}."
            self._log.warning("%s: %s %s", self._name, _sentence(text), then)
        return delay_s


class Paced(Protocol):
    """What says itself how often it is to be asked."""

    @property
    def interval_s(self) -> float:
        """Seconds between two questions; may change."""
        ...


def _nothing() -> None:
    """For a new value that nobody waits for."""


def worker_for(
    source: Paced,
    name: str,
    read: Callable[[], T],
    monotonic_s: Callable[[], float],
    log: logging.Logger,
    *,
    on_new: Callable[[], None] = _nothing,
) -> Worker[T]:
    """A worker at the source's own pace, not started yet. `read` asks the source once; the rest is `Worker`'s."""
    return Worker(name, read, lambda: source.interval_s, monotonic_s, on_new, log)


def _sentence(text: str) -> str:
    return text if text.endswith((".", "!", "?")) else f"{text}."


def _duration_text(seconds: float) -> str:
    """The duration for people: 42 s, 12 min, 3.5 h."""
    if seconds < 120:
        return f"{seconds:.0f} s"
    if seconds < 7200:
        return f"{seconds / 60:.0f} min"
    return f"{seconds / 3600:.1f} h"
