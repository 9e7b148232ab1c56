"""A TM1638 board: lamps for what loads do, digits for their modes, buttons to force them; eight of each.

Each press of a button goes one step on, automatic -> on -> off -> automatic. What was reached counts two seconds after
the last press, so that off can be reached from automatic without heating in between. What is shown (`memory`) and what
a press means (`Buttons`) is pure.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from pv_heater.core.model.requests import Force, Mode
from pv_heater.core.model.status import Status
from pv_heater.core.model.values import LoadState, Phase
from pv_heater.core.settings.pins import KeyBoardPins
from pv_heater.errors import SourceError
from pv_heater.io.gpio.wires import KEY_BITS, KeyBoardWires
from pv_heater.ports import Tools

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
LOOK_S = 0.15
"""A quick tap lasts about so long; the board does not remember one. A look is 123 changes and reads of a pin."""
REWRITE_S = 10.0
"""The picture is sent again this often: a board whose supply was cut has forgotten it and cannot say so."""
TRY_AGAIN_S = 30.0
PATIENCE_S = 2.0
"""Time to press once more before the choice counts."""
_NEXT = {Mode.AUTO: Mode.ON, Mode.ON: Mode.OFF, Mode.OFF: Mode.AUTO}


class Tm1638:
    """The first eight loads, from left to right in the order of the settings."""

    Settings = KeyBoardPins

    def __init__(self, settings: KeyBoardPins, tools: Tools) -> None:
        """Nothing is touched before the first turn."""
        self._settings = settings
        self._tools = tools
        self._wires: KeyBoardWires | None = None
        self._buttons = Buttons()
        self._shown: bytes | None = None
        self._shown_s = 0.0

    @property
    def interval_s(self) -> float:
        """Seconds from one look at the buttons to the next."""
        return LOOK_S

    def turn(self, status: Status | None, at_s: float) -> tuple[Force, ...]:
        """Look at the buttons, then show; see `ports.Display`."""
        try:
            return self._turn(status, at_s)
        except (SourceError, OSError):
            self._shown = None
            self._buttons.forget()
            raise

    def _turn(self, status: Status | None, at_s: float) -> tuple[Force, ...]:
        if self._wires is None:
            self._wires = self._tools.pins().key_board(self._settings)
        down = self._keys_down(self._wires)
        if status is None:
            self._buttons.forget()
            self._show(self._wires, NO_NEWS, at_s)
            return ()
        names = list(status.decision.loads)[:PLACES]
        states = [status.decision.loads[name] for name in names]
        modes = {name: state.mode for name, state in zip(names, states, strict=True)}
        self._buttons.look(frozenset(name for place, name in enumerate(names) if place in down), modes, at_s)
        commands = self._buttons.due(modes, at_s)
        choices = {names.index(name): mode for name, mode in self._buttons.choices.items()}
        self._show(self._wires, memory([*states, *[None] * (PLACES - len(states))], choices, at_s), at_s)
        return commands

    def _keys_down(self, wires: KeyBoardWires) -> frozenset[int]:
        """Places whose button is down. Raises SourceError when what was read cannot come from a board."""
        read = wires.read_keys()
        if any(read) and wires.read_keys() != read:
            return frozenset()  # a spike on the wire, or a button just going down: the next look will tell
        if any(byte & ~KEY_BITS for byte in read):
            raise SourceError(
                f"no TM1638 board answers at {', '.join(self._settings.names)}, or a wire is loose: its buttons read "
                f"{read.hex()}, which no buttons can. docs/displays.md has the wiring",
                retry_after_s=TRY_AGAIN_S,
            )
        return frozenset(
            place for place in range(PLACES) if read[place % len(read)] >> (4 if place >= len(read) else 0) & 1
        )

    def _show(self, wires: KeyBoardWires, picture: bytes, at_s: float) -> None:
        if picture != self._shown or at_s - self._shown_s >= REWRITE_S:
            wires.show(picture)
            self._shown, self._shown_s = picture, at_s

    def close(self) -> None:
        """Go dark. The pins are given back by whoever opened them."""
        if self._wires is not None:
            self._wires.go_dark()


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
