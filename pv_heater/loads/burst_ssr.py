"""A zero-cross solid-state relay, switched by whole mains cycles: any power, without a regulator and without its noise.

The cycles are spread evenly (`io.gpio.burst`) by a thread that stops by itself when nobody speaks to it
(`io.gpio.burst`). Lamps on the same line may flicker: most for cycles that come and go eight or nine times a second,
and more the weaker the line is. Longer units (`unit_cycles`) flicker less often. A solid-state relay that breaks is
closed for ever, so a contactor in front of it is worth its price: `relay`.
"""

from __future__ import annotations

import logging
from collections.abc import Callable

from attrs import frozen

from pv_heater.core.model.setting import setting
from pv_heater.core.model.values import Setpoint
from pv_heater.core.settings.load import LoadSettings
from pv_heater.core.settings.pins import RelayPin
from pv_heater.errors import HardwareError
from pv_heater.io.gpio.burst import BurstDriver
from pv_heater.io.gpio.pins import Pins, RelayLine
from pv_heater.ports import Tools

log = logging.getLogger(__name__)

MOST_CYCLES = 25
"""Half a second. With longer units a meter of its own would see nothing for so long that the load seemed to be full."""
CONTACT_S = 0.1
"""A contactor needs up to 50 ms to move, and a zero-cross relay 10 ms to let go."""


@frozen(kw_only=True)
class BurstSsrSettings(LoadSettings):
    """A load behind a solid-state relay, such as a heating element; nothing with a motor or a transformer."""

    ssr: RelayPin = setting("the zero-cross solid-state relay; a random-fire one would cut the waves in the middle")
    relay: RelayPin | None = setting(
        "a contactor in front of it, which opens what a broken solid-state relay cannot", default=None
    )
    mains_hz: int = setting("frequency of the grid", default=50, choices=(50, 60))
    unit_cycles: int = setting(
        "shortest time on or off, in mains cycles; more, where lamps flicker", default=1, minimum=1, maximum=MOST_CYCLES
    )


class BurstSsr:
    """Satisfies `ports.Load`. The contactor, if any, closes and opens while no current flows, except for safety."""

    Settings = BurstSsrSettings

    def __init__(self, settings: BurstSsrSettings, tools: Tools) -> None:
        self.name = settings.name
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

    def apply(self, setpoint: Setpoint, tick_s: float) -> float | None:
        """On: contactor, pause, bursts; off: no bursts, pause, contactor. Raises HardwareError."""
        if self._ssr.held_open or (self._relay is not None and self._relay.held_open):
            return self.safe(tick_s)
        if self._settled_at_s is not None and tick_s >= self._settled_at_s:
            self._settled_at_s = None
        return self._run(setpoint.power_w, tick_s) if setpoint.on else self._stop(tick_s)

    def safe(self, tick_s: float) -> float | None:  # noqa: ARG002 - both open at once
        """Contactor and solid-state relay off at once. Raises HardwareError after having tried both."""
        self._settled_at_s = None
        self._both(RelayLine.open_contact, BurstDriver.stop)
        return None

    def trip(self) -> None:
        """Off from another thread, and held off until `reset`."""
        try:
            self._both(RelayLine.trip, BurstDriver.trip)
        except HardwareError as error:
            log.error("%s: a relay could not be opened: %s. Switch it off by hand.", self.name, error)

    def reset(self) -> None:
        """Allow it again."""
        self._both(RelayLine.reset, BurstDriver.reset)

    def still_on(self) -> str | None:
        """Whether current may pass: the solid-state relay is not seen off, nor is a contactor in front of it open."""
        if self._relay is not None and not self._relay.contact_closed:
            return None
        return "its solid-state relay is on" if self._ssr.may_conduct else None

    def trouble(self) -> None:
        """Pins are always within reach."""

    def power_w(self) -> float:
        """What the bursts let through on average."""
        return self._full_w * self._ssr.share

    def close(self) -> None:
        """Both off, and the pins let go. Tries both; raises HardwareError."""
        self._both(RelayLine.release, BurstDriver.release)

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

    def _both(self, at_relay: Callable[[RelayLine], None], at_ssr: Callable[[BurstDriver], None]) -> None:
        try:
            if self._relay is not None:
                at_relay(self._relay)
        finally:
            at_ssr(self._ssr)
