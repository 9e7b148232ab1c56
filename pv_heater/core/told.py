"""What every load was told lately: the setpoints, and nothing that was concluded from them."""

from __future__ import annotations

from collections.abc import Collection, Mapping

HISTORY_S = 1200.0
"""Longer than any reading that counts is old: those of the portal are some minutes."""


class Told:
    """Setpoints by time. Times are ticks; a load that is missing at some time was told nothing that is known."""

    def __init__(self) -> None:
        self._rows: list[tuple[float, Mapping[str, float]]] = []

    def remember(self, tick_s: float, told_w: Mapping[str, float]) -> None:
        """From `tick_s` on the loads are told this."""
        if not self._rows or self._rows[-1][1] != told_w:
            self._rows.append((tick_s, dict(told_w)))
        while len(self._rows) > 1 and self._rows[1][0] < tick_s - HISTORY_S:
            del self._rows[0]

    def range_w(self, name: str, from_s: float, to_s: float) -> tuple[float | None, float | None]:
        """The least and the most it was told between two ticks; None where that is not known all the time."""
        known_w: list[float] = []
        for since_s, row in reversed(self._rows):
            if since_s >= to_s:
                continue
            if name not in row:
                break
            known_w.append(row[name])
            if since_s <= from_s:
                return min(known_w), max(known_w)
        return None, None

    def steady_w(self, names: Collection[str], from_s: float, to_s: float) -> dict[str, float] | None:
        """What these loads were told all the time between two ticks; None where that changed or is not known."""
        steady_w = {}
        for name in names:
            least_w, most_w = self.range_w(name, from_s, to_s)
            if least_w is None or least_w != most_w:
                return None
            steady_w[name] = least_w
        return steady_w
