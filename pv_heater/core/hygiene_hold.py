"""How long a tank has been hot enough without a break, whoever heated it."""

from __future__ import annotations

from dataclasses import dataclass

LONGEST_STEP_S = 600.0
"""A longer step saw nothing of what happened in between."""


@dataclass(slots=True)
class Hold:
    """Counts from the first moment at which the tank is hot enough; anything less begins anew."""

    held_s: float = 0.0
    warmest_c: float = 0.0
    is_hot: bool = False

    def observe(self, temperature_c: float | None, at_c: float, elapsed_s: float) -> None:
        """The step that ended; a temperature that is not known was not hot."""
        if temperature_c is None or temperature_c < at_c:
            self.held_s, self.warmest_c, self.is_hot = 0.0, 0.0, False
            return
        if self.is_hot and elapsed_s <= LONGEST_STEP_S:
            self.held_s += elapsed_s
        else:
            self.held_s = self.warmest_c = 0.0
        self.warmest_c = max(self.warmest_c, temperature_c)
        self.is_hot = True
