"""What a law gets to see, and what it is."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from bench.capture.variants import House
from pv_heater.core.model.values import Forecast, Reading


@dataclass(frozen=True, slots=True, kw_only=True)
class Home:
    """What the owner knows and enters somewhere."""

    house: House
    feed_in: bool

    @property
    def heater_w(self) -> float:
        """The heater's full power."""
        return self.house.heater_w


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """A moment."""

    at: datetime
    """Local time."""
    reading: Reading
    forecast: Forecast | None
    """This morning's: today and tomorrow."""
    set_w: float
    """What the heater is set to."""

    @property
    def second(self) -> float:
        """Of the local day."""
        midnight_at = self.at.replace(hour=0, minute=0, second=0, microsecond=0)
        return (self.at - midnight_at).total_seconds()

    @property
    def sun_w(self) -> float:
        """What the panels give, which is less than they could give behind a full battery without feed-in."""
        return self.reading.pv_w or 0.0

    @property
    def use_w(self) -> float:
        """The house with the heater."""
        return self.reading.consumption_w or 0.0

    @property
    def grid_w(self) -> float:
        """Import; below 0 export."""
        return self.reading.grid_w or 0.0

    @property
    def battery_w(self) -> float:
        """Charging; below 0 discharging."""
        return self.reading.battery_w or 0.0

    @property
    def soc_percent(self) -> float:
        """State of charge."""
        return self.reading.battery_soc_percent or 0.0

    @property
    def spare_w(self) -> float:
        """Sun less house, the heater's own draw added back."""
        return self.sun_w - self.use_w + self.set_w

    def promised_w(self, from_s: float, to_s: float) -> float:
        """Mean of what is forecast between two seconds of this day; 0 where nothing is known."""
        if self.forecast is None or to_s <= from_s:
            return 0.0
        midnight_at = self.at - timedelta(seconds=self.second)
        total_ws, step_s = 0.0, self.forecast.step_s
        for start_at, pv_w in self.forecast.steps:
            begin_s = (start_at - midnight_at).total_seconds()
            total_ws += pv_w * max(0.0, min(to_s, begin_s + step_s) - max(from_s, begin_s))
        return total_ws / (to_s - from_s)


class Law(Protocol):
    """How many watts the heater gets."""

    def heat_w(self, seen: Seen) -> float:
        """The heater's power until it is asked again, 0 to full power."""
        ...


def held(power_w: float, home: Home, *, least_w: float = 60.0) -> float:
    """Within the heater's range; below `least_w` it is off."""
    return 0.0 if power_w < least_w else min(power_w, home.heater_w)
