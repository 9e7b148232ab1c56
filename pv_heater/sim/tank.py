"""A hot water tank with a thermostat and people who draw from it."""

from __future__ import annotations

from pv_heater.core.model.lean import dataclass

WATER_WH_PER_LITRE_K = 1.163
"""Heat capacity of water, 4.187 kJ/(kg K)."""
DAY_S = 86_400.0

DAILY_DRAWS = ((7.0, 2100.0), (12.75, 700.0), (18.5, 900.0), (20.5, 2145.0))
"""(hour of the day, Wh): a family's day in four draws. Their sum is the 5.845 kWh of tapping profile M in Commission
Regulation (EU) 814/2013; the hours are ours."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TankSettings:
    """A tank. The water counts as mixed; `draws` are (local hour 0..24, Wh taken), the same every day."""

    volume_l: float = 150.0
    thermostat_c: float = 65.0
    hysteresis_k: float = 1.0
    cold_c: float = 12.0
    """Temperature of temperature of the water that flows in."""
    start_c: float = 45.0
    room_c: float = 20.0
    loss_w_per_k: float = 1.2
    """Standing loss; about 1.3 kWh a day at 65 degC, usual for 150 litres with ordinary insulation."""
    draws: tuple[tuple[float, float], ...] = DAILY_DRAWS


class Tank:
    """The water of one tank: heat goes in until the thermostat opens, draws and losses take it out."""

    def __init__(self, settings: TankSettings) -> None:
        self._settings = settings
        self._wh_per_k = settings.volume_l * WATER_WH_PER_LITRE_K
        self._closed = settings.start_c < settings.thermostat_c
        self.temperature_c = settings.start_c

    def take_w(self, power_w: float) -> float:
        """What the element draws of `power_w`: all of it, or nothing while the thermostat is open."""
        return power_w if self._closed else 0.0

    def is_even(self, day_s: float, step_s: float, power_w: float) -> bool:
        """Whether the element draws the same in every second of `step_s` with `power_w` offered.

        Losses do not count against the thermostat: they only delay it. A draw is never even.
        """
        if self._drawn_wh(day_s, step_s) > 0:
            return False
        if power_w <= 0:
            return True
        warmest_c = self.temperature_c + power_w * step_s / 3600.0 / self._wh_per_k
        return self._closed and max(warmest_c, self._settings.room_c) < self._settings.thermostat_c

    def advance(self, day_s: float, step_s: float, taken_w: float) -> None:
        """Let `step_s` seconds pass from `day_s` (seconds since a local midnight) with `taken_w` going in."""
        settings = self._settings
        loss_w = settings.loss_w_per_k * (self.temperature_c - settings.room_c)
        energy_wh = (taken_w - loss_w) * step_s / 3600.0 - self._drawn_wh(day_s, step_s)
        self.temperature_c = max(settings.cold_c, self.temperature_c + energy_wh / self._wh_per_k)
        if self.temperature_c >= settings.thermostat_c:
            self._closed = False
        elif self.temperature_c <= settings.thermostat_c - settings.hysteresis_k:
            self._closed = True

    def _drawn_wh(self, day_s: float, step_s: float) -> float:
        drawn_wh = 0.0
        for hour, draw_wh in self._settings.draws:
            moment_s = hour * 3600.0
            times = (day_s + step_s - moment_s) // DAY_S - (day_s - moment_s) // DAY_S
            drawn_wh += times * draw_wh
        return drawn_wh
