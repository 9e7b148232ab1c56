"""A simulated home behind the real reader of a GX device: its topics, as the link to a broker would show them."""

from __future__ import annotations

from collections.abc import Callable

from pv_heater.victron.mqtt.store import GxPicture


class ChainedLink:
    """Satisfies `victron.mqtt.meter.Pictures` with what `topics` answers; all is told with every look."""

    clock_offset_s = None

    def __init__(self, topics: Callable[[], dict[str, object]]) -> None:
        """`topics` raises SourceError while the broker shows nothing."""
        self._topics = topics
        self._told: set[str] = set()

    def next_picture(self) -> GxPicture:
        """All topics now; those that a lost driver told are gone."""
        values = self._topics()
        self._told |= values.keys()
        return GxPicture(values=values, gone=frozenset(self._told - values.keys()))

    def ask_again(self) -> None:
        """All is told anyway."""

    def close(self) -> None:
        """Nothing is open."""
