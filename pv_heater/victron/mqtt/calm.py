"""Whether a device that was silent says what is, or still works off what it slept through. Pure.

A program on the GX device that was held up for 75 s (a busy device, a full disk) publishes afterwards every change of
those 75 s within two: values of a sun that is gone, and nothing in them tells. A topic that changes several times a
second gives it away: Victron's own values change once.
"""

from __future__ import annotations

CALM_S = 3.0
"""So long without such a change, and the burst is over."""
_REPEAT_SHARE = 1 / 12
"""Of `CALM_S`: a topic that changes again within 0.25 s is replayed; a busy network delays by less, as a rule."""
_LONGEST_SHARE, _LONGEST = 0.25, 40
"""Replays run forty times as fast as life. Longer than a quarter of the silence, or 40 times `CALM_S`, none is waited
for: then it is a device that is always that quick."""


class Calm:
    """Notes everything that is heard. `silence_s` is a silence after which there may be a burst."""

    def __init__(self, silence_s: float, calm_s: float = CALM_S) -> None:
        self._silence_s = silence_s
        self._calm_s = calm_s
        self._heard_s: float | None = None
        self._since_s: float | None = None
        """Since when it has been calm; None: nothing is waited for."""
        self._ends_s = 0.0
        self._changed_s: dict[str, float] = {}
        self.silent_s = 0.0
        """How long the silence before was."""

    def begin(self, now_s: float) -> None:
        """Listening begins; only the first time counts."""
        if self._heard_s is None:
            self._heard_s = now_s

    def heard(self, now_s: float) -> None:
        """A sign of life."""
        if self._heard_s is not None and now_s - self._heard_s >= self._silence_s:
            self.silent_s = now_s - self._heard_s
            self._since_s, self._changed_s = now_s, {}
            self._ends_s = now_s + min(self._calm_s + _LONGEST_SHARE * self.silent_s, _LONGEST * self._calm_s)
        self._heard_s = now_s

    def changed(self, topic: str, now_s: float) -> None:
        """The value of a topic became another."""
        if self.is_over(now_s):
            return
        before_s = self._changed_s.get(topic)
        if before_s is not None and now_s - before_s < _REPEAT_SHARE * self._calm_s:
            self._since_s = now_s
        self._changed_s[topic] = now_s

    def is_over(self, now_s: float) -> bool:
        """Whether what is known now is true now."""
        return self._since_s is None or now_s >= self._ends_s or now_s - self._since_s >= self._calm_s
