"""What a board of eight lamps, eight digits and eight buttons shows; pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from pv_heater.core.types import LoadState, Mode, Phase

PLACES = 8
"""Lamps, digits and buttons on the board."""

BLINK_S = 0.45
"""Half a blink: this long on, this long off."""

DARK = 0
DASH = 0b0100_0000
"""The middle segment. Bits 0 to 6 are segments a to g, clockwise from the top, the middle one last."""
_FAULT = 0b0111_0001
_SEGMENTS = {Mode.AUTO: 0b0111_0111, Mode.ON: 0b0000_0110, Mode.OFF: 0b0011_1111}
"""A, 1 and 0."""
_BLINKING = frozenset({Phase.ARMED, Phase.COOLDOWN})

NO_NEWS = bytes((DASH, DARK) * PLACES)
"""Dashes and no lamp: the controller has not decided anything for a while."""


def memory(loads: Sequence[LoadState | None], choices: Mapping[int, Mode], at_s: float) -> bytes:
    """The board's memory, for each place a digit and a lamp; None in `loads`: nothing is there.

    A digit is the mode, or F for a fault; a choice that does not count yet (by its place) blinks. A lamp is on while
    the load heats and blinks while it waits for its start delay or its minimum time off.
    """
    lit = int(at_s / BLINK_S) % 2 == 0
    cells = []
    for place, state in enumerate(loads):
        choice = choices.get(place)
        if state is None:
            digit = DARK
        elif choice is not None:
            digit = _SEGMENTS[choice] if lit else DARK
        else:
            digit = _FAULT if state.phase is Phase.FAULT else _SEGMENTS[state.mode]
        lamp = state is not None and (state.phase is Phase.HEATING or (state.phase in _BLINKING and lit))
        cells += [digit, int(lamp)]
    return bytes(cells)
