"""When a tank was hot enough for long enough: the dates, and how it went, for the owner and for the next due day.

`Hold` counts how long it has been hot enough without a break, whoever heated it.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any

from pv_heater.core.model.lean import dataclass
from pv_heater.core.model.numbers import day_in, number_in
from pv_heater.core.model.tank import Cycle, HygieneRecord

KEPT = 20
"""So many cycles are kept, months of them: an inspector of a rented house asks for the last ones."""
LONGEST_STEP_S = 600.0
"""A longer step saw nothing of what happened in between."""


class HygieneLedger:
    """The cycles so far, oldest first."""

    def __init__(self) -> None:
        self.begun_on: date | None = None
        """The day from which is counted until the first cycle; None before the first step."""
        self.cycles: tuple[Cycle, ...] = ()

    @property
    def last(self) -> Cycle | None:
        """The latest cycle."""
        return self.cycles[-1] if self.cycles else None

    def begin(self, today: date) -> None:
        """Count from `today` where nothing is known yet. What a wrong clock noted for a later day is struck out."""
        self.begun_on = today if self.begun_on is None else min(self.begun_on, today)
        self.cycles = tuple(cycle for cycle in self.cycles if cycle.day <= today)

    def due_on(self, every_days: int) -> date | None:
        """The last day on which the next cycle may be; None before the first step."""
        since = self.cycles[-1].day if self.cycles else self.begun_on
        return None if since is None else since + timedelta(days=every_days)

    def note(self, cycle: Cycle) -> None:
        """Add a cycle; of one day the first counts."""
        if self.last is None or self.last.day != cycle.day:
            self.cycles = (*self.cycles, cycle)[-KEPT:]

    def record(self, at_c: float, every_days: int, held_s: float) -> HygieneRecord:
        """As data; `held_s` is how long it has been hot enough now."""
        return HygieneRecord(at_c=at_c, due_on=self.due_on(every_days), held_s=held_s, cycles=self.cycles)

    def text(self, at_c: float, every_days: int) -> str:
        """The last and the next, as a sentence."""
        due_on, last = self.due_on(every_days), self.last
        due = "" if due_on is None else f"next by {due_on}"
        if last is None:
            return f"{at_c:.0f} degC not yet held, {due}" if due else f"{at_c:.0f} degC not yet held"
        by = f"with {last.bought_wh:.0f} Wh for it" if last.by_duty else "without a Wh for it"
        return f"{at_c:.0f} degC held on {last.day} ({by}, warmest {last.warmest_c:.1f} degC), {due}"

    def state(self) -> dict[str, Any]:
        """As plain JSON types."""
        return {
            "begun_on": self.begun_on.isoformat() if self.begun_on else None,
            "cycles": [
                {
                    "day": cycle.day.isoformat(),
                    "by_duty": cycle.by_duty,
                    "warmest_c": round(cycle.warmest_c, 1),
                    "bought_wh": round(cycle.bought_wh),
                }
                for cycle in self.cycles
            ],
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        """Take back what `state` gave; anything else is ignored."""
        self.begun_on = day_in(state, "begun_on")
        listed = state.get("cycles")
        cycles = [_cycle(item) for item in (listed if isinstance(listed, list) else []) if isinstance(item, Mapping)]
        self.cycles = tuple(cycle for cycle in cycles if cycle is not None)[-KEPT:]


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


def _cycle(item: Mapping[str, Any]) -> Cycle | None:
    day = day_in(item, "day")
    if day is None:
        return None
    return Cycle(
        day=day,
        by_duty=item.get("by_duty") is True,
        warmest_c=number_in(item, "warmest_c") or 0.0,
        bought_wh=number_in(item, "bought_wh") or 0.0,
    )
