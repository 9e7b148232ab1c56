"""The code by which the owner sets the first password from the page: six digits that only who reads the log knows.

It lasts a quarter of an hour and a few tries. No visitor ever sets a password by being the first.
"""

from __future__ import annotations

import hmac
import secrets
import threading
from collections.abc import Callable

LASTS_S = 900.0
MOST_TRIES = 5
"""Of a million codes: whoever guesses is right once in 200,000 starts of the program."""
DIGITS = 6


class SetupCode:
    """One code at most. From any thread; `monotonic_s` is the clock."""

    def __init__(self, monotonic_s: Callable[[], float]) -> None:
        self._now_s = monotonic_s
        self._lock = threading.Lock()
        self._code: str | None = None
        self._ends_s = 0.0
        self._tries_left = 0

    def begin(self) -> str:
        """A new one, which counts from now on."""
        code = f"{secrets.randbelow(10**DIGITS):0{DIGITS}d}"
        with self._lock:
            self._code, self._ends_s, self._tries_left = code, self._now_s() + LASTS_S, MOST_TRIES
        return code

    @property
    def counts(self) -> bool:
        """Whether there is one that may still be tried."""
        with self._lock:
            return self._counts()

    def tries(self, given: str) -> int | None:
        """None: this is the code. Else how many tries are left; at 0 the code counts no more."""
        with self._lock:
            if not self._counts() or self._code is None:
                return 0
            if hmac.compare_digest(self._code.encode(), given.encode("utf-8", "replace")):
                return None
            self._tries_left -= 1
            return self._tries_left

    def end(self) -> None:
        """It has done its work."""
        with self._lock:
            self._code = None

    def _counts(self) -> bool:
        return self._code is not None and self._tries_left > 0 and self._now_s() < self._ends_s
