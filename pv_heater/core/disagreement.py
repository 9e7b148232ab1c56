"""Whether two meters of one house tell the same. Compared are means over minutes: one may be minutes behind."""

from __future__ import annotations

import math

from pv_heater.core.types import Reading

MEAN_OVER_S = 600.0
"""Ten of VRM's usual intervals."""
LONGEST_STEP_S = 60.0
"""A pause in which one of them was not good counts as no more than this."""
LEAST_W = 300.0
SHARE = 0.2
"""More than this and a fifth of the power is no matter of accuracy any more."""
LEAST_PERCENT = 10.0
QUANTITIES = {
    "pv_w": "PV",
    "grid_w": "grid",
    "battery_w": "battery",
    "consumption_w": "consumption",
    "battery_soc_percent": "state of charge",
}


class Disagreement:
    """Between the meter in use and one other."""

    def __init__(self) -> None:
        self._means: dict[str, tuple[float, float, float]] = {}
        """Quantity -> mean of the one, mean of the other, seconds seen."""
        self._seen_s: float | None = None
        self._found: set[str] = set()

    def observe(self, one: Reading, other: Reading, tick_s: float) -> None:
        """Both as they stand now, fresh and trusted; called every tick, repeated readings included."""
        passed_s = 0.0 if self._seen_s is None else min(tick_s - self._seen_s, LONGEST_STEP_S)
        self._seen_s = tick_s
        for name in QUANTITIES:
            a, b = getattr(one, name), getattr(other, name)
            if a is None or b is None:
                self._means.pop(name, None)
                self._found.discard(name)
                continue
            mean_a, mean_b, lasted_s = self._means.get(name, (a, b, 0.0))
            weight = 1.0 - math.exp(-passed_s / MEAN_OVER_S)
            self._means[name] = (
                mean_a + weight * (a - mean_a),
                mean_b + weight * (b - mean_b),
                lasted_s + passed_s,
            )
            self._judge(name)

    def texts(self) -> dict[str, str]:
        """What they disagree on now: a part of a sentence for each quantity; empty while they agree."""
        return {name: self._text(name) for name in QUANTITIES if name in self._found}

    def _judge(self, name: str) -> None:
        a, b, lasted_s = self._means[name]
        bound = LEAST_PERCENT if name.endswith("_percent") else max(LEAST_W, SHARE * max(abs(a), abs(b)))
        if lasted_s >= MEAN_OVER_S and abs(a - b) > bound:
            self._found.add(name)
        elif abs(a - b) < bound / 2:
            self._found.discard(name)

    def _text(self, name: str) -> str:
        a, b, _ = self._means[name]
        unit = "%" if name.endswith("_percent") else "W"
        return f"{QUANTITIES[name]} {a:.0f} against {b:.0f} {unit}"
