"""The program's one way to its pins: relay contacts, servos, potentiometers and boards with buttons, on gpiozero.

Levels and pulses are given to gpiozero's pins directly, not through its devices: those register themselves for
clean-up at exit and move a pin when they are made. Which library stands behind the pins is `board`'s business.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from pv_heater.core.model.setting import SettingProblem
from pv_heater.core.settings.pins import KeyBoardPins, PinGroup, PinName, RelayPin, ServoPin, WiperPins
from pv_heater.errors import HardwareError
from pv_heater.io.gpio.board import AsHardwareError, open_board
from pv_heater.io.gpio.wires import KeyBoardWires, WiperLine

FRAME_S = 0.02
"""A servo needs a pulse every 20 ms, the custom of model making; gpiozero's default as well."""

TRIP_PATIENCE_S = 0.1
"""How long the watchdog waits for a pin write in progress before it opens the contact regardless."""


class RelayLine:
    """The pin of a relay. Safe to use from two threads: a watchdog may open what the loop is just closing."""

    def __init__(self, pin: Any, settings: RelayPin) -> None:
        self._pin = pin
        self._where = f"relay at {settings.pin}"
        self._errors = AsHardwareError(self._where)
        self._on_level = float(settings.active_high)
        self._off_by_release = settings.off == "release"
        # Where `off` is a level, a released pin is pulled towards it: the best a pin can do without a driver.
        self._pull = "floating" if self._off_by_release else ("down" if settings.active_high else "up")
        self._driven = False
        self._closed = False
        self._held_open = False
        self._lock = threading.RLock()
        self.open_contact()

    @property
    def contact_closed(self) -> bool:
        """Whether the contact was last told to be closed."""
        return self._closed

    @property
    def held_open(self) -> bool:
        """Whether `trip` forbids closing."""
        return self._held_open

    def close_contact(self) -> bool:
        """Close the contact, or say so once more; False when `trip` holds it open. Raises HardwareError."""
        with self._lock:
            if self._held_open:
                return False
            self._closed = True  # before the write: if it fails half way the contact may be closed
            self._drive(self._on_level)
        if self._held_open:  # tripped while a slow write kept the lock
            self.open_contact()
        return self._closed

    def open_contact(self) -> None:
        """Open the contact, or say so once more. Raises HardwareError after having tried to let go of the pin too."""
        with self._lock:
            if self._off_by_release:
                self._let_go()
            else:
                try:
                    self._drive(1.0 - self._on_level)
                except HardwareError:
                    self._let_go()
                    raise
            self._closed = False

    def release(self) -> None:
        """Open the contact by making the pin an input; for the end, or where a 5 V board needs it. HardwareError."""
        with self._lock:
            self._let_go()
            self._closed = False

    def trip(self) -> None:
        """Open the contact from another thread and hold it open until `reset`. Raises HardwareError, waits 0.1 s."""
        self._held_open = True
        locked = self._lock.acquire(timeout=TRIP_PATIENCE_S)
        try:
            self.open_contact() if locked else self._open_regardless()
        finally:
            if locked:
                self._lock.release()

    def reset(self) -> None:
        """Allow closing again."""
        self._held_open = False

    def _open_regardless(self) -> None:
        self._let_go() if self._off_by_release else self._drive(1.0 - self._on_level)
        self._closed = False

    def _drive(self, level: float) -> None:
        with self._errors:
            if self._driven:
                self._pin.state = level
            else:
                self._pin.output_with_state(level)
                self._driven = True

    def _let_go(self) -> None:
        with self._errors:
            self._driven = False
            # GPIO2 and GPIO3 have a resistor to 3.3 V on the board; gpiozero refuses any other pull there.
            self._pin.input_with_pull(self._pin.info.pull or self._pull)


class ServoLine:
    """The signal pin of a positional servo. Nothing moves until `turn_to`."""

    def __init__(self, pin: Any, settings: ServoPin) -> None:
        self._pin = pin
        self._settings = settings
        self._where = f"servo at {settings.pin}"
        self._errors = AsHardwareError(self._where)
        self._angle_deg: float | None = None
        with self._errors:
            self._pin.output_with_state(0)  # a quiet line; an open one could pick up pulses

    @property
    def angle_deg(self) -> float | None:
        """The angle being pulsed; None while there are no pulses."""
        return self._angle_deg

    def turn_to(self, angle_deg: float) -> None:
        """Send pulses for that angle, 0 to travel_deg, until `rest`. Raises HardwareError, ValueError out of range."""
        settings = self._settings
        if not 0 <= angle_deg <= settings.travel_deg:
            raise ValueError(f"the {self._where} turns 0 to {settings.travel_deg:g} degrees, not {angle_deg:g}")
        share = angle_deg / settings.travel_deg
        pulse_s = settings.min_pulse_s + share * (settings.max_pulse_s - settings.min_pulse_s)
        self._angle_deg = angle_deg  # before the write: if it fails half way pulses may be out
        with self._errors:
            if self._pin.frequency is None:
                self._pin.frequency = round(1 / FRAME_S)
            self._pin.state = pulse_s / FRAME_S

    def rest(self) -> None:
        """No pulses: the servo stays where it is, without jitter and without force. Raises HardwareError."""
        with self._errors:
            self._pin.frequency = None
        self._angle_deg = None

    def release(self) -> None:
        """No pulses, and the pin an input. Raises HardwareError."""
        self.rest()
        with self._errors:
            self._pin.input_with_pull(self._pin.info.pull or "down")


Line = TypeVar("Line", RelayLine, ServoLine, WiperLine, KeyBoardWires)


class Pins:
    """All pins of the program; there is one. Raises HardwareError when `factory` does not work on this machine.

    `factory` is auto (lgpio, then rpigpio), lgpio, rpigpio or mock. `pin_log` is for mock pins only: a file that gets
    a JSON line for each change, stamped with `monotonic_s`.
    """

    def __init__(self, *, factory: str, pin_log: Path | None, monotonic_s: Callable[[], float]) -> None:
        self._board = open_board(factory, pin_log, monotonic_s)
        self._lines: list[RelayLine | ServoLine | WiperLine | KeyBoardWires] = []
        self._taken: set[PinName] = set()

    def relay(self, settings: RelayPin) -> RelayLine:
        """The relay at that pin, switched off by this. Raises HardwareError."""
        (name,) = self._new_names(settings)
        with AsHardwareError(f"relay at {settings.pin}"):
            line = RelayLine(self._board.pin(name, pulses_only=False), settings)
        return self._keep(line, name)

    def servo(self, settings: ServoPin) -> ServoLine:
        """The servo at that pin; it does not move before it is told to. Raises HardwareError."""
        (name,) = self._new_names(settings)
        with AsHardwareError(f"servo at {settings.pin}"):
            line = ServoLine(self._board.pin(name, pulses_only=True), settings)
        return self._keep(line, name)

    def wiper(self, settings: WiperPins) -> WiperLine:
        """The potentiometer at those pins; it is not moved before it is told to. Raises HardwareError."""
        names = self._new_names(settings)
        with AsHardwareError(f"potentiometer at {', '.join(settings.names)}"):
            clock, data, select = (self._board.pin(name, pulses_only=False) for name in names)
            line = WiperLine(clock, data, select, settings)
        return self._keep(line, *names)

    def key_board(self, settings: KeyBoardPins) -> KeyBoardWires:
        """The board with lamps, digits and buttons at those pins; it is told nothing yet. Raises HardwareError."""
        names = self._new_names(settings)
        with AsHardwareError(f"TM1638 at {', '.join(settings.names)}"):
            data, clock, select = (self._board.pin(name, pulses_only=False) for name in names)
            line = KeyBoardWires(data, clock, select, settings)
        return self._keep(line, *names)

    def close(self) -> None:
        """Release every pin, relays first, then the library. Tries all; then raises the first HardwareError."""
        problems = []
        for line in sorted(self._lines, key=lambda line: not isinstance(line, RelayLine)):
            try:
                line.release()
            except HardwareError as error:
                problems.append(error)
        self._lines.clear()
        self._taken.clear()
        with AsHardwareError("pins"):
            self._board.close()
        if problems:
            raise problems[0]

    def _keep(self, line: Line, *names: PinName) -> Line:
        self._lines.append(line)
        self._taken.update(names)
        return line

    def _new_names(self, settings: PinGroup | KeyBoardPins) -> list[PinName]:
        names: list[PinName] = []
        for text in settings.names:
            try:
                name = PinName.parse(text)
            except SettingProblem as problem:
                raise HardwareError(f"a pin {problem}") from None
            if name in self._taken or name in names:
                raise HardwareError(f"{text} ({name}) is already in use; every output needs a pin of its own")
            names.append(name)
        return names
