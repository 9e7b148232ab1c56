"""A relay in front of a power regulator with a knob: any power between nothing and everything.

The contact only ever closes with the knob at zero, and in a normal stop only opens there, so it hardly switches any
current. A safety stop opens it first. Moves take time, which is never slept: a call says when it needs the next one.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from pv_heater.core.actuators.curve import RegulatorCurve
from pv_heater.core.model.values import Setpoint
from pv_heater.io.gpio.pins import RelayLine
from pv_heater.loads.pins.pin_load import PinLoad


class Knob(Protocol):
    """What turns the regulator up and down. Positions are percents: 0 gives nothing, 100 everything."""

    def goal(self, percent: float, stands_at: float | None) -> float:
        """The position to be in for `percent`: the nearest there is, or `stands_at` where no move is worth it.

        `stands_at` is None while it is not known where the knob stands.
        """
        ...

    def turn_to(self, percent: float) -> float:
        """Go there; returns the seconds until it has arrived. Raises HardwareError."""
        ...

    def rest(self) -> None:
        """Stand where it was sent: said at every call once it has arrived. Raises HardwareError."""
        ...

    def release(self) -> None:
        """Give the pins back. Raises HardwareError."""
        ...


class Regulated(PinLoad):
    """Satisfies `ports.Load` and `ports.WithKnob` with a relay, a knob and the regulator's curve."""

    tries = ("click", "position")

    def __init__(
        self, name: str, relay: RelayLine, knob: Knob, curve: RegulatorCurve, monotonic_s: Callable[[], float]
    ) -> None:
        """`monotonic_s` is the clock of the ticks."""
        super().__init__(name, [relay])
        self._monotonic_s = monotonic_s
        self._relay = relay
        self._knob = knob
        self._curve = curve
        self._percent: float | None = None
        """Where the knob was last sent; None while that is unknown."""
        self._settled_at_s: float | None = None
        """When the move in progress is over; None when the knob rests."""
        self._closing = False
        """Whether the knob was sent to zero in order to close the contact."""
        self._asked = (0.0, 0.0)
        """The power that was asked for last, and its place on the curve: mostly the next tick asks for the same."""

    def apply(self, setpoint: Setpoint, tick_s: float) -> float | None:
        """One step towards `setpoint`: on goes by zero and the contact, off is the normal stop. HardwareError."""
        if self.held_open:
            return self.safe(tick_s)
        self._rest_when_settled(tick_s)
        return self._run(setpoint.power_w, tick_s) if setpoint.on else self._stop(tick_s)

    def safe(self, tick_s: float) -> float | None:
        """Contact open at once, then knob to zero, then quiet. Raises HardwareError after having tried it all."""
        was_closed = self._relay.contact_closed
        self._closing = False
        try:
            self._relay.open_contact()
        finally:
            if was_closed or self._percent != 0:
                self._turn_to(0.0, tick_s)
            else:
                self._rest_when_settled(tick_s)
        return self._settled_at_s

    def close_at_zero(self, tick_s: float) -> float | None:
        """The way to a start, and no further: knob to zero, contact closed. Raises HardwareError."""
        if self.held_open:
            return self.safe(tick_s)
        self._rest_when_settled(tick_s)
        return self._run(0.0, tick_s)

    def turn_while_open(self, percent: float, tick_s: float) -> float | None:
        """Contact open, and said so at every call; the knob at `percent`. Raises HardwareError."""
        if self.held_open or self._relay.contact_closed:
            return self.safe(tick_s)
        self._closing = False
        self._relay.open_contact()
        self._rest_when_settled(tick_s)
        if percent != self._percent:
            self._turn_to(percent, tick_s)
        return self._settled_at_s

    def power_w(self) -> float:
        """What the knob's position gives by the curve; 0 while the contact is open."""
        if not self._relay.contact_closed:
            return 0.0
        if self._percent is None:
            return self._curve.points[-1][1]  # unknown, so the worst
        return self._curve.power_w(self._percent)

    def close(self) -> None:
        """Contact open, knob quiet, pins let go. Tries both; raises HardwareError."""
        try:
            super().close()
        finally:
            self._knob.release()
            self._settled_at_s = None

    def _run(self, power_w: float, tick_s: float) -> float | None:
        if self._relay.contact_closed:
            if not self._relay.close_contact():
                return self.safe(tick_s)
            self._follow(power_w, tick_s)
        elif not self._closing:
            # However sure we are that it is there: hands, gravity and a break of its supply move a knob.
            self._turn_to(0.0, tick_s)
            self._closing = True
        elif self._settled_at_s is None:
            self._closing = False
            if not self._relay.close_contact():
                return self.safe(tick_s)
            self._follow(power_w, tick_s)
        return self._settled_at_s

    def _follow(self, power_w: float, tick_s: float) -> None:
        if power_w != self._asked[0]:
            self._asked = (power_w, self._curve.percent(power_w))
        goal = self._knob.goal(self._asked[1], self._percent)
        if goal != self._percent:
            self._turn_to(goal, tick_s)

    def _stop(self, tick_s: float) -> float | None:
        self._closing = False
        if self._percent != 0:
            self._turn_to(0.0, tick_s)
        if self._settled_at_s is None or not self._relay.contact_closed:
            self._relay.open_contact()
        return self._settled_at_s

    def _turn_to(self, percent: float, tick_s: float) -> None:
        self._percent = None  # until it is told nobody knows
        move_s = self._knob.turn_to(percent)
        self._percent = percent
        # The tick began before other loads were written; the way to go begins with this pulse.
        self._settled_at_s = max(tick_s, self._monotonic_s()) + move_s

    def _rest_when_settled(self, tick_s: float) -> None:
        if self._settled_at_s is not None and tick_s >= self._settled_at_s:
            self._settled_at_s = None
        if self._settled_at_s is None and self._percent is not None:
            self._knob.rest()
