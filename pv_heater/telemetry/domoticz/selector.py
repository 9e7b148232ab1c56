"""A selector of Domoticz that sets the mode of a load, and shows it, without running in circles. Pure.

Only a level that changes is a wish: a level that is merely told again, by Domoticz after a restart or by us, is none.
What we set ourselves and what comes back within five seconds is our own. Where selector and load disagree for longer,
the load is right, and the selector is set to show it.
"""

from __future__ import annotations

from collections.abc import Mapping

from pv_heater.core.model.requests import Mode

ECHO_S = 5.0
"""So long after we set a level, the same level that comes back is our own."""
SETTLE_S = 12.0
"""So long after a wish the load may take to follow it: a tick is made every 5 s at least."""
AGAIN_S = 30.0
"""A level that Domoticz did not take is set again this often."""


class Selector:
    """One of them. Levels are told by `heard`, the true mode by `shown`; both on one thread."""

    def __init__(self, modes: Mapping[int, Mode]) -> None:
        """`modes`: what each level means; the first level of a mode is the one that is shown."""
        self._modes = dict(modes)
        self._level: int | None = None
        self._wished_s: float | None = None
        self._set: tuple[int, float] | None = None

    def heard(self, level: int, mode: Mode, at_s: float) -> Mode | None:
        """The mode that is wished for by this level, `mode` being that of the load; None: no wish."""
        before, self._level = self._level, level
        if self._set is not None and level == self._set[0] and at_s - self._set[1] <= ECHO_S:
            return None
        if before is None or level == before:
            return None
        self._wished_s = at_s
        wished = self._modes.get(level)
        return None if wished == mode else wished

    def to_set(self, mode: Mode, at_s: float) -> int | None:
        """The level that the selector is to be set to; None: it shows what is, or is left alone."""
        if self._level is None or self._modes.get(self._level) == mode:
            return None
        if self._wished_s is not None and at_s - self._wished_s < SETTLE_S:
            return None
        if self._set is not None and at_s - self._set[1] < AGAIN_S:
            return None
        level = next((level for level, meaning in self._modes.items() if meaning == mode), None)
        if level is not None:
            self._set = (level, at_s)
        return level
