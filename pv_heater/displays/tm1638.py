"""A TM1638 board: lamps for what loads do, digits for their modes, buttons to force them; eight of each."""

from __future__ import annotations

from pv_heater.core.pin_settings import KeyBoardPins
from pv_heater.core.types import Force
from pv_heater.displays.buttons import Buttons
from pv_heater.displays.key_board import NO_NEWS, PLACES, memory
from pv_heater.errors import SourceError
from pv_heater.io.key_board_wires import KEY_BITS, KeyBoardWires
from pv_heater.ports import Tools
from pv_heater.report import Status

LOOK_S = 0.15
"""A quick tap lasts about so long; the board does not remember one. A look is 123 changes and reads of a pin."""
REWRITE_S = 10.0
"""The picture is sent again so often: a board whose supply was cut has forgotten it and cannot say so."""
TRY_AGAIN_S = 30.0


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
        """Look at the buttons, then show; see `contract.Display`."""
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
