"""What the duties of a load go by in a step."""

from __future__ import annotations

from datetime import datetime

from pv_heater.core.duties.cheapest_quarters import Ahead
from pv_heater.core.duties.first_warm_day import returns_at
from pv_heater.core.model.lean import passing
from pv_heater.core.settings.load import LoadSettings


@passing(frozen=True, slots=True, kw_only=True)
class DutyContext:
    """The step as one load sees it."""

    policy: LoadSettings
    """As it is now: the power of a relay may be learned."""
    now: datetime
    tick_s: float
    elapsed_s: float
    """Seconds since the previous step."""
    given_wh: float
    """What the load took in those seconds, measured or as set."""
    told_wh: float
    """What it would have taken in them by what it was set to, measured or not."""
    temperature_c: float | None
    """None: not known."""
    drew_nothing: bool
    """It is known to draw nothing, whatever it is set to: its thermostat is open."""
    may_buy: bool
    """False while nobody is at home nor comes home soon, or a home without a grid has too little in its battery."""
    may_protect: bool
    """The same for frost protection, which a vacation does not end."""
    most_w: float
    """What it may draw below fuse and inverter, at most its full power."""
    ahead: Ahead
    away_until_at: datetime | None = None
    """Nobody is at home until then; None: somebody is."""

    @property
    def returns_at(self) -> datetime | None:
        """When the owner comes home, where that is near enough to get ready for."""
        return returns_at(self.away_until_at, self.now)

    def tick_at(self, at: datetime) -> float:
        """The tick at which the clock will show `at`."""
        return self.tick_s + (at - self.now).total_seconds()
