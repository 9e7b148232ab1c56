"""Buttons that step a load's mode, one button a load; pure.

Each press goes one step on, automatic -> on -> off -> automatic. What was reached counts two seconds after the last
press, so that off can be reached from automatic without heating in between.
"""

from __future__ import annotations

from collections.abc import Mapping

from pv_heater.core.types import Force, Mode

PATIENCE_S = 2.0
"""Time to press once more before the choice counts."""

_NEXT = {Mode.AUTO: Mode.ON, Mode.ON: Mode.OFF, Mode.OFF: Mode.AUTO}


class Buttons:
    """Remembers which buttons are down and which choices wait."""

    def __init__(self) -> None:
        self._down: frozenset[str] | None = None
        self._choices: dict[str, tuple[Mode, float]] = {}

    @property
    def choices(self) -> Mapping[str, Mode]:
        """Modes that were chosen and do not count yet, by load."""
        return {load: mode for load, (mode, _) in self._choices.items()}

    def look(self, down: frozenset[str], modes: Mapping[str, Mode], at_s: float) -> None:
        """Take note of the buttons that are down, by their loads, whose modes are `modes`; `at_s` is monotonic.

        A button counts when it goes down. One that is down at the first look, stuck or leaned upon, does not.
        """
        for load in down - (down if self._down is None else self._down):
            chosen, _ = self._choices.get(load, (modes[load], at_s))
            self._choices[load] = (_NEXT[chosen], at_s)
        self._down = down

    def due(self, modes: Mapping[str, Mode], at_s: float) -> tuple[Force, ...]:
        """The choices that count now, with the default duration; none where the load is in that mode already."""
        due = [load for load, (_, since_s) in self._choices.items() if at_s - since_s >= PATIENCE_S]
        chosen = {load: self._choices.pop(load)[0] for load in due}
        return tuple(Force(load=load, mode=mode) for load, mode in chosen.items() if mode is not modes[load])

    def forget(self) -> None:
        """Drop choices and what is down: nobody could see what was pressed meanwhile."""
        self._down = None
        self._choices.clear()
