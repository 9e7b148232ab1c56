"""A relay and a servo on the knob of an AC power regulator: any power between nothing and everything.

The contact only ever closes with the knob at zero, and in a normal stop only opens there, so it hardly switches any
current. A safety stop opens it first. Moves take time, which is never slept: a call says when it wants the next one.
"""

from __future__ import annotations

import logging
from pathlib import Path

from attrs import frozen

from pv_heater.core.pin_settings import RelayPin, ServoPin
from pv_heater.core.policy import LoadPolicy
from pv_heater.core.regulator_curve import RegulatorCurve, parse_curve, phase_cut
from pv_heater.core.setting import SettingProblem, setting
from pv_heater.core.types import Setpoint
from pv_heater.errors import ConfigError, HardwareError
from pv_heater.io.gpio import FRAME_S, Pins, RelayLine, ServoLine
from pv_heater.ports import Tools

log = logging.getLogger(__name__)

LEAST_TURN_DEG = 0.5
"""A smaller turn is not worth the wear: it is about what an analogue hobby servo's own dead band hides (5 us)."""


@frozen(kw_only=True)
class ServoRegulatorSettings(LoadPolicy):
    """A load behind a power regulator whose knob a servo turns."""

    relay: RelayPin = setting("the relay in front of the regulator")
    servo: ServoPin = setting("the servo on its knob")


class ServoRegulator:
    """Satisfies `ports.Load`. Raises ConfigError for a bad curve file, HardwareError when a pin cannot be used."""

    Settings = ServoRegulatorSettings

    def __init__(self, settings: ServoRegulatorSettings, tools: Tools) -> None:
        self.name = settings.name
        self._curve = read_curve(settings)
        self._knob = settings.servo
        pins: Pins = tools.pins()
        self._relay: RelayLine = pins.relay(settings.relay)
        self._servo: ServoLine = pins.servo(settings.servo)
        self._angle_deg: float | None = None
        """Where the servo was last sent; None while that is unknown."""
        self._settled_at_s: float | None = None
        """When the move in progress is over; None when the servo rests."""
        self._closing = False
        """Whether the knob was sent to zero in order to close the contact."""

    def apply(self, setpoint: Setpoint, tick_s: float) -> float | None:
        """One step towards `setpoint`: on goes by zero and the contact, off is the normal stop. HardwareError."""
        if self._relay.held_open:
            return self.safe(tick_s)
        self._rest_when_settled(tick_s)
        return self._run(setpoint.power_w, tick_s) if setpoint.on else self._stop(tick_s)

    def safe(self, tick_s: float) -> float | None:
        """Contact open at once, then knob to zero, then no pulses. Raises HardwareError after having tried it all."""
        was_closed = self._relay.contact_closed
        self._closing = False
        try:
            self._relay.open_contact()
        finally:
            if was_closed or self._angle_deg != self._knob.zero_deg:
                self._turn_to(self._knob.zero_deg, tick_s)
            else:
                self._rest_when_settled(tick_s)
        return self._settled_at_s

    def trip(self) -> None:
        """Open the contact from another thread and hold it open until `reset`; the next call turns the knob back."""
        try:
            self._relay.trip()
        except HardwareError as error:
            log.error("%s: the relay could not be opened: %s. Switch it off by hand.", self.name, error)

    def reset(self) -> None:
        """Allow closing again."""
        self._relay.reset()

    def trouble(self) -> None:
        """Pins are always within reach."""

    def power_w(self) -> float:
        """What the knob's position gives by the curve; 0 while the contact is open."""
        if not self._relay.contact_closed:
            return 0.0
        if self._angle_deg is None:
            return self._curve.points[-1][1]  # unknown, so the worst
        span_deg = self._knob.full_deg - self._knob.zero_deg
        return self._curve.power_w(100 * (self._angle_deg - self._knob.zero_deg) / span_deg)

    def close(self) -> None:
        """Contact open, no pulses, pins let go. Tries both; raises HardwareError."""
        try:
            self._relay.release()
        finally:
            self._servo.release()
            self._settled_at_s = None

    def _run(self, power_w: float, tick_s: float) -> float | None:
        if self._relay.contact_closed:
            if not self._relay.close_contact():
                return self.safe(tick_s)
            self._follow(power_w, tick_s)
        elif not self._closing:
            # However sure we are that it is there: hands and gravity turn a servo that gets no pulses.
            self._turn_to(self._knob.zero_deg, tick_s)
            self._closing = True
        elif self._settled_at_s is None:
            self._closing = False
            if not self._relay.close_contact():
                return self.safe(tick_s)
            self._follow(power_w, tick_s)
        return self._settled_at_s

    def _follow(self, power_w: float, tick_s: float) -> None:
        share = self._curve.percent(power_w) / 100
        wanted_deg = (1 - share) * self._knob.zero_deg + share * self._knob.full_deg
        if self._angle_deg is None or abs(wanted_deg - self._angle_deg) >= LEAST_TURN_DEG:
            self._turn_to(wanted_deg, tick_s)

    def _stop(self, tick_s: float) -> float | None:
        self._closing = False
        if self._angle_deg != self._knob.zero_deg:
            self._turn_to(self._knob.zero_deg, tick_s)
        if self._settled_at_s is None or not self._relay.contact_closed:
            self._relay.open_contact()
        return self._settled_at_s

    def _turn_to(self, angle_deg: float, tick_s: float) -> None:
        self._angle_deg = None  # until the pulses are out nobody knows
        self._servo.turn_to(angle_deg)
        self._angle_deg = angle_deg
        # The tick's time was taken before this pulse, and the servo sees it with its next frame.
        self._settled_at_s = tick_s + self._knob.settle_s + FRAME_S

    def _rest_when_settled(self, tick_s: float) -> None:
        if self._settled_at_s is not None and tick_s >= self._settled_at_s:
            self._servo.rest()
            self._settled_at_s = None


def read_curve(settings: ServoRegulatorSettings) -> RegulatorCurve:
    """The regulator's measured curve, or the phase-cut law where none is set. Raises ConfigError."""
    if settings.servo.curve is None:
        return phase_cut(settings.max_power_w)
    path = Path(settings.servo.curve).expanduser()
    try:
        return parse_curve(path.read_text(encoding="utf-8"), str(path))
    except (OSError, UnicodeDecodeError) as error:
        problem = f"servo.curve: {path} cannot be read: {error}"
    except SettingProblem as error:
        problem = f"servo.curve: {error}"
    raise ConfigError(settings.name, [problem])
