"""What is wrong with a source's values, each kind of it said once."""

from __future__ import annotations

import logging
from collections.abc import Callable

Complain = Callable[[str], None]
"""Gets a sentence, without its full stop, for each value that is left out."""


class Complaints:
    """Says each kind of trouble once, so that a value that is wrong every second is still one line."""

    def __init__(self, log: logging.Logger) -> None:
        self._log = log
        self._said: set[str] = set()

    def __call__(self, text: str) -> None:
        """Warn, unless the same was said before but for its numbers."""
        kind = "".join(character for character in text if not character.isdigit())
        if kind not in self._said:
            self._said.add(kind)
            self._log.warning("%s.", text)
