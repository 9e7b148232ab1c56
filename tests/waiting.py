"""Waiting for real threads, processes and brokers: for a state, never for a time."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

WITHIN_S = 60.0
"""An end that even a Pi with other work reaches. A test that passes never waits so long; what must be quick is measured
by its own stamps (the pin log, the peer), not by this."""
LOOK_S = 0.005
LATER_LOOK_S = 0.025
"""After a second: what takes seconds need not be looked at 200 times in each: looking costs time as well."""


def until(
    condition: Callable[[], Any], what: str, usually_s: float = 0.0, *, more: Callable[[], str] = lambda: ""
) -> float:
    """Seconds until `condition` holds. Fails with `what`, and what `more` then says, after `WITHIN_S` or more.

    `usually_s` is what it takes on a quiet machine at most; it makes the end later, never earlier.
    """
    began_s, within_s = time.monotonic(), max(WITHIN_S, 2.0 * usually_s)
    while not condition():
        waited_s = time.monotonic() - began_s
        assert waited_s < within_s, f"not within {within_s:.0f} s: {what}\n{more()}"
        time.sleep(LOOK_S if waited_s < 1.0 else LATER_LOOK_S)
    return time.monotonic() - began_s
