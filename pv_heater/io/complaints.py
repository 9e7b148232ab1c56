"""What is wrong with a source's values, each kind of it said once."""

from __future__ import annotations

import logging
from collections.abc import Callable

Complain = Callable[[str], None]
"""Gets a sentence for each value that is left out; its full stop may be missing."""

_MOST_KINDS = 50
"""A source that finds more ways than this to be wrong sends noise, and noise must not fill log and memory."""


class Complaints:
    """Says each kind of trouble once, so that a value that is wrong every second is still one line."""

    def __init__(self, log: logging.Logger) -> None:
        self._log = log
        self._said: set[str] = set()

    def __call__(self, text: str) -> None:
        """Warn, unless the same was said before but for its numbers."""
        kind = "".join(character for character in text if not character.isdigit())
        if kind in self._said or len(self._said) >= _MOST_KINDS:
            return
        self._said.add(kind)
        self._log.warning("%s", text if text.endswith((".", "?", "!")) else f"{text}.")
        if len(self._said) == _MOST_KINDS:
            self._log.warning("Too many kinds of errors: this source sends noise. No more of them are logged.")
