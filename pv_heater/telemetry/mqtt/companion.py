"""Who else speaks over the home's connection to its broker, such as the discovery of Home Assistant."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol


class Companion(Protocol):
    """Nothing here may wait, and whatever it raises costs it that message and nothing else."""

    @property
    def topics(self) -> Sequence[str]:
        """What it wants to hear, beside the topics of the home."""
        ...

    def announcements(self) -> Sequence[tuple[str, bytes]]:
        """Topics and payloads, retained and confirmed: after each connection, and whenever all is told again.

        Before the states, on the thread that publishes.
        """
        ...

    def heard(self, topic: str, payload: bytes, *, retained: bool) -> float | None:
        """Something came at one of its topics, or below. On the connection's thread.

        Seconds after which all is told again; None: nothing is. `retained`: the broker had it from before.
        """
        ...
