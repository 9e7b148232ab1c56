"""A relay and a servo on the knob of an AC power regulator. The order of their moves is `loads.regulated`'s."""

from __future__ import annotations

from pathlib import Path

from pv_heater.core.actuators.curve import RegulatorCurve, parse_curve, phase_cut
from pv_heater.core.model.lean import dataclass
from pv_heater.core.model.setting import SettingProblem, setting
from pv_heater.core.settings.load import LoadSettings
from pv_heater.core.settings.pins import RelayPin, ServoPin
from pv_heater.errors import ConfigError
from pv_heater.io.gpio.pins import FRAME_S, Pins, ServoLine
from pv_heater.loads.pins.regulated import Regulated
from pv_heater.ports import Tools

LEAST_TURN_DEG = 0.5
"""A smaller turn is not worth the wear: it is about what an analogue hobby servo's own dead band hides (5 us)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ServoRegulatorSettings(LoadSettings):
    """A load behind a power regulator whose knob a servo turns."""

    relay: RelayPin = setting("the relay in front of the regulator")
    servo: ServoPin = setting("the servo on its knob")


class ServoRegulator(Regulated):
    """Satisfies `ports.Load`. Raises ConfigError for a bad curve file, HardwareError when a pin cannot be used."""

    Settings = ServoRegulatorSettings

    def __init__(self, settings: ServoRegulatorSettings, tools: Tools) -> None:
        curve = read_curve(settings)
        pins: Pins = tools.pins()
        relay = pins.relay(settings.relay)
        knob = _ServoKnob(pins.servo(settings.servo), settings.servo)
        super().__init__(settings.name, relay, knob, curve, tools.clock.monotonic_s)


class _ServoKnob:
    """Satisfies `loads.regulated.Knob`. Without pulses a servo stands where it is."""

    def __init__(self, line: ServoLine, settings: ServoPin) -> None:
        self._line = line
        self._settings = settings
        self._least_percent = 100 * LEAST_TURN_DEG / abs(settings.full_deg - settings.zero_deg)

    def goal(self, percent: float, stands_at: float | None) -> float:
        return percent if stands_at is None or abs(percent - stands_at) >= self._least_percent else stands_at

    def turn_to(self, percent: float) -> float:
        share = percent / 100
        self._line.turn_to((1 - share) * self._settings.zero_deg + share * self._settings.full_deg)
        # The servo sees it with its next frame.
        return self._settings.settle_s + FRAME_S

    def rest(self) -> None:
        self._line.rest()

    def release(self) -> None:
        self._line.release()


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
