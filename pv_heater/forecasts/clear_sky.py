"""The sun without clouds: a calculation, no network. An upper bound on most days, hence the last resort."""

from __future__ import annotations

from datetime import datetime

from pv_heater.core.house.sun import clear_sky_forecast
from pv_heater.core.model.lean import dataclass
from pv_heater.core.model.setting import setting
from pv_heater.core.model.values import Forecast
from pv_heater.errors import SourceError
from pv_heater.ports import Tools


class ClearSky:
    """Satisfies `ports.ForecastSource`."""

    @dataclass(frozen=True, slots=True, kw_only=True)
    class Settings:
        """How far it looks."""

        days: float = setting("how far ahead it is computed", default=2.0, unit="d", minimum=1, maximum=7)

    def __init__(self, settings: Settings, tools: Tools) -> None:
        self._settings = settings
        self._site = tools.site

    @property
    def interval_s(self) -> float:
        """An hour: the sky's course does not change, only the end moves on."""
        return 3600.0

    def fetch(self, now: datetime) -> Forecast:
        """Quarter hours from `now` on; raises SourceError when place or modules are unknown."""
        if not self._site.located or not self._site.pv:
            raise SourceError(
                "The clear sky can be computed only with site.latitude, site.longitude and the planes in site.pv."
            )
        return clear_sky_forecast(self._site, now, days=self._settings.days)
