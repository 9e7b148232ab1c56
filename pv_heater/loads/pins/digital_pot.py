"""A relay and a digital potentiometer in place of a power regulator's knob: no wear, no jitter, there at once.

The chip takes the place of the regulator's own potentiometer, so it must bear that circuit's voltage: at a module with
an insulated 0 to 5 V input it does, in the mains circuit of a bare dimmer it would die, and perhaps you.
The order of the moves is `loads.regulated`'s. Its position is sent again at every tick: after a break of its supply
such a chip stands at half power.
"""

from __future__ import annotations

from pv_heater.core.actuators.curve import phase_cut
from pv_heater.core.model.lean import dataclass
from pv_heater.core.model.setting import setting
from pv_heater.core.settings.load import LoadSettings
from pv_heater.core.settings.pins import RelayPin, WiperPins
from pv_heater.io.gpio.pins import Pins
from pv_heater.io.gpio.wires import WiperLine
from pv_heater.loads.pins.power_curve import power_curve
from pv_heater.loads.pins.regulated import Regulated
from pv_heater.ports import Tools


@dataclass(frozen=True, slots=True, kw_only=True)
class DigitalPotSettings(LoadSettings):
    """A load behind a power regulator that a digital potentiometer sets."""

    relay: RelayPin = setting("the relay in front of the regulator")
    wiper: WiperPins = setting("the potentiometer, an SPI chip")
    curve: str | None = setting(
        "CSV file `percent;watts` measured at the regulator; empty assumes phase cut", default=None
    )


class DigitalPot(Regulated):
    """Satisfies `ports.Load`. Raises ConfigError for a bad curve file, HardwareError when a pin cannot be used."""

    Settings = DigitalPotSettings

    def __init__(self, settings: DigitalPotSettings, tools: Tools) -> None:
        full_w = settings.max_power_w
        curve = phase_cut(full_w) if settings.curve is None else power_curve(settings.name, settings.curve, full_w)
        pins: Pins = tools.pins()
        relay = pins.relay(settings.relay)
        knob = _WiperKnob(pins.wiper(settings.wiper), settings.wiper)
        super().__init__(settings.name, relay, knob, curve, tools.clock.monotonic_s)


class _WiperKnob:
    """Satisfies `loads.regulated.Knob`, in whole steps of the chip."""

    def __init__(self, line: WiperLine, settings: WiperPins) -> None:
        self._line = line
        self._settings = settings
        self._span = settings.full_step - settings.zero_step
        self._step: int | None = None
        """Where it was last sent; None before the first time."""

    def goal(self, percent: float, stands_at: float | None) -> float:  # noqa: ARG002 - a step costs no wear
        return 100 * round(percent / 100 * self._span) / self._span

    def turn_to(self, percent: float) -> float:
        self._step = self._settings.zero_step + round(percent / 100 * self._span)
        self._line.move_to(self._step)
        return self._settings.settle_s

    def rest(self) -> None:
        if self._step is not None:
            self._line.move_to(self._step)

    def release(self) -> None:
        try:
            self._line.move_to(self._settings.zero_step)
        finally:
            self._line.release()
