"""Waiting for real threads, processes and brokers: for a state, never for a time."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

WITHIN_S = 60.0
"""An end that even a Pi with other work reaches. A test that passes never waits so long; what must be quick is measured
by its own stamps (the pin log, the peer), not by this."""
LOOK_S = 0.005


def until(
    condition: Callable[[], Any], what: str, within_s: float = WITHIN_S, *, more: Callable[[], str] = str
) -> float:
    """Seconds until `condition` holds; fails after `within_s` with `what` was waited for and what `more` then says."""
    began_s = time.monotonic()
    while not condition():
        assert time.monotonic() - began_s < within_s, f"not within {within_s} s: {what}\n{more()}"
        time.sleep(LOOK_S)
    return time.monotonic() - began_s
