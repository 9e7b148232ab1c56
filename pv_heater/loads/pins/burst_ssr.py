"""A zero-cross solid-state relay, switched by whole mains cycles: any power, without a regulator and without its noise.

The cycles are spread evenly (`io.gpio.burst`) by a thread that stops by itself when nobody speaks to it
(`io.gpio.burst`). Lamps on the same line may flicker: most for cycles that come and go eight or nine times a second,
and more the weaker the line is. Longer units (`unit_cycles`) flicker less often. A solid-state relay that breaks is
closed for ever, so a contactor in front of it is worth its price: `relay`.
"""

from __future__ import annotations

from pv_heater.core.model.lean import dataclass
from pv_heater.core.model.setting import setting
from pv_heater.core.model.values import Setpoint
from pv_heater.core.settings.load import LoadSettings
from pv_heater.core.settings.pins import RelayPin
from pv_heater.io.gpio.burst import BurstDriver
from pv_heater.io.gpio.pins import Pins, RelayLine
from pv_heater.loads.pins.pin_load import PinLoad, try_all
from pv_heater.ports import Tools

MOST_CYCLES = 25
"""Half a second. With longer units a meter of its own would see nothing for so long that the load seemed full."""
CONTACT_S = 0.1
"""A contactor needs up to 50 ms to move, and a zero-cross relay 10 ms to let go."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BurstSsrSettings(LoadSettings):
    """A load behind a solid-state relay, such as a heating element; nothing with a motor or a transformer."""

    ssr: RelayPin = setting("the zero-cross solid-state relay; a random-fire one would cut the waves in the middle")
    relay: RelayPin | None = setting(
        "a contactor in front of it, which opens what a broken solid-state relay cannot", default=None
    )
    mains_hz: int = setting("frequency of the grid", default=50, choices=(50, 60))
    unit_cycles: int = setting(
        "shortest time on or off, in mains cycles; set more if lamps flicker", default=1, minimum=1, maximum=MOST_CYCLES
    )


class BurstSsr(PinLoad):
    """Satisfies `ports.Load`. The contactor, if any, closes and opens while no current flows, except for safety."""

    Settings = BurstSsrSettings

    def __init__(self, settings: BurstSsrSettings, tools: Tools) -> None:
        self._full_w = settings.max_power_w
        pins: Pins = tools.pins()
        self._relay: RelayLine | None = None if settings.relay is None else pins.relay(settings.relay)
        self._ssr = BurstDriver(
            settings.name,
            pins.relay(settings.ssr),
            unit_s=settings.unit_cycles / settings.mains_hz,
            monotonic_s=tools.clock.monotonic_s,
        )
        self._monotonic_s = tools.clock.monotonic_s
        self._settled_at_s: float | None = None
        """When the contactor has surely moved, or the current surely ended; None when nothing is on its way."""
        super().__init__(settings.name, [self._ssr] if self._relay is None else [self._relay, self._ssr])

    def apply(self, setpoint: Setpoint, tick_s: float) -> float | None:
        """On: contactor, pause, bursts; off: no bursts, pause, contactor. Raises HardwareError."""
        if self.held_open:
            return self.safe(tick_s)
        if self._settled_at_s is not None and tick_s >= self._settled_at_s:
            self._settled_at_s = None
        return self._run(setpoint.power_w, tick_s) if setpoint.on else self._stop(tick_s)

    def safe(self, tick_s: float) -> float | None:  # noqa: ARG002 - both open at once
        """Contactor and solid-state relay off at once. Raises HardwareError after having tried both."""
        self._settled_at_s = None
        opening = [] if self._relay is None else [self._relay.open_contact]
        try_all([*opening, self._ssr.stop])
        return None

    def still_on(self) -> str | None:
        """Whether current may pass: the solid-state relay is not seen off, nor is a contactor in front of it open."""
        if self._relay is not None and not self._relay.contact_closed:
            return None
        return "its solid-state relay is on" if self._ssr.contact_closed else None

    def power_w(self) -> float:
        """What the bursts let through on average."""
        return self._full_w * self._ssr.share

    def _run(self, power_w: float, tick_s: float) -> float | None:
        if self._relay is not None:
            was_closed = self._relay.contact_closed
            if not self._relay.close_contact():
                return self.safe(tick_s)
            if not was_closed:
                self._settled_at_s = self._from_now_s(tick_s)
        if self._settled_at_s is None:
            self._ssr.run(min(1.0, power_w / self._full_w))
        return self._settled_at_s

    def _stop(self, tick_s: float) -> float | None:
        was_running = self._ssr.share > 0
        self._ssr.stop()
        if was_running and self._relay is not None:
            self._settled_at_s = self._from_now_s(tick_s)
        if self._relay is not None and self._settled_at_s is None:
            self._relay.open_contact()
        return self._settled_at_s

    def _from_now_s(self, tick_s: float) -> float:
        """When what was just written has surely happened; the tick began earlier."""
        return max(tick_s, self._monotonic_s()) + CONTACT_S
