"""Delivers one message by Apprise and ends: run by itself, never imported. Reads JSON, prints JSON.

In: ``url``, ``title``, ``body``, ``kind``. Out: ``outcome`` (sent, missing, unknown, failed) and ``said``.
"""

from __future__ import annotations

import json
import logging
import signal
import sys

LONGEST_S = 100
MOST_SAID = 1000


class _Said(logging.Handler):
    """The last lines that Apprise logged."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.text = ""

    def emit(self, record: logging.LogRecord) -> None:
        self.text = f"{self.text} {record.getMessage()}"[-MOST_SAID:]


def main() -> None:
    """One message."""
    signal.alarm(LONGEST_S)  # also where nobody is left who would end it
    order = json.load(sys.stdin)
    said = _Said()
    try:
        import apprise
    except ImportError:
        outcome = "missing"
    else:
        logger = logging.getLogger("apprise")
        logger.addHandler(said)
        logger.propagate = False
        service = apprise.Apprise()
        if not service.add(order["url"]):
            outcome = "unknown"
        else:
            done = service.notify(title=order["title"], body=order["body"], notify_type=order["kind"])
            outcome = "sent" if done else "failed"
    json.dump({"outcome": outcome, "said": said.text.strip()}, sys.stdout)


if __name__ == "__main__":
    main()
