"""The home as a user's rule sees it: a value for each name of `core.conditions.names`."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import field
from datetime import UTC, datetime, timedelta

from pv_heater.core.conditions.names import LOAD_NAMES, SEASONS, SITE_NAMES, Value
from pv_heater.core.loads.load_step import Memory
from pv_heater.core.model.day_plan import DayPlan
from pv_heater.core.model.lean import dataclass
from pv_heater.core.model.local_time import WEEK, midnight_at
from pv_heater.core.model.prices import PricePeriod, price_at
from pv_heater.core.model.setting import DayTime
from pv_heater.core.model.values import Forecast, Reading
from pv_heater.core.rules.load_record import LoadRecord

MINUTE_S = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class HomeScene:
    """One picture. `now`, `sunrise_at` and `sunset_at` are in local time; None: the sun does not rise or set today."""

    now: datetime
    tick_s: float
    reading: Reading | None
    forecast: Forecast | None
    spare_w: float | None
    sunrise_at: datetime | None
    sunset_at: datetime | None
    southern: bool
    memories: Mapping[str, Memory]
    records: Mapping[str, LoadRecord]
    load_c: Mapping[str, float]
    prices: Sequence[PricePeriod] = ()
    """Of today and tomorrow, in order of time, none over another; empty where nothing is known of them."""
    own: Mapping[str, float | None] = field(default_factory=dict)
    """The owner's own values, by name."""
    plan: DayPlan | None = None
    """What is expected of today and tomorrow; None: nothing."""
    knows_time: bool = True
    """False: nothing that the clock tells is known."""
    known: dict[str, Value] = field(default_factory=dict)
    """What has been asked for already: several conditions ask about the same forecast, which is many steps long."""

    def site(self, name: str) -> Value:
        """The value of a name of the home."""
        if name in self.own:
            return self.own[name]
        if name not in self.known:
            value = None if name in _BY_THE_CLOCK and not self.knows_time else _SITE[name](self)
            self.known[name] = float(value) if isinstance(value, int) and not isinstance(value, bool) else value
        return self.known[name]

    def load(self, load: str, name: str) -> Value:
        """The value of a name of a load."""
        memory, record = self.memories[load], self.records[load]
        values: dict[str, Value] = {
            "is_on": record.is_on,
            "power_w": memory.credited_w,
            "measured_w": None if self.reading is None else self.reading.load_w.get(load),
            "temperature_c": self.load_c.get(load),
            "phase": str(memory.phase),
            "mode": str(memory.mode),
            "on_s": self._since_s(record.went_on_s) if record.is_on else 0.0,
            "since_on_s": self._since_s(record.went_on_s),
            "since_off_s": self._since_s(record.went_off_s),
            "on_today_s": record.on_today_s,
            "starts_today": float(record.starts_today),
            "runs_today": float(record.runs_today),
            "energy_today_wh": memory.energy_wh,
        }
        return values[name]

    def between(self, begin: DayTime, end: DayTime) -> bool | None:
        """Whether the time of day lies between two, past midnight too."""
        first, last = self._minute(begin), self._minute(end)
        if first is None or last is None or not self.knows_time:
            return None
        minute = self._minute_of(self.now)
        return first <= minute < last if first <= last else minute >= first or minute < last

    def as_json(self) -> dict[str, dict[str, Value]]:
        """Every name of the home below ``home``, and those of each load below ``load.<name>``."""
        picture = {"home": {name: self.site(name) for name in (*SITE_NAMES, *self.own)}}
        for load in self.memories:
            picture[f"load.{load}"] = {name: self.load(load, name) for name in LOAD_NAMES}
        return picture

    def _since_s(self, tick_s: float | None) -> float | None:
        return None if tick_s is None else self.tick_s - tick_s

    def _minute(self, moment: DayTime) -> float | None:
        if moment.clock is not None:
            return moment.clock.hour * 60.0 + moment.clock.minute + moment.clock.second / 60.0
        at = self.sunrise_at if moment.event == "sunrise" else self.sunset_at
        return None if at is None else self._minute_of(at) + moment.offset.total_seconds() / MINUTE_S

    @staticmethod
    def _minute_of(at: datetime) -> float:
        return at.hour * 60.0 + at.minute + at.second / 60.0

    def _expected_wh(self, days: int) -> float | None:
        """PV expected until the end of today (0) or of tomorrow alone (1); None where the forecast ends
        more than an hour before that day's sun does."""
        if self.forecast is None or self.forecast.end_at is None:
            return None
        begin, end = self._day(days)
        last_light = end if self.sunset_at is None else self.sunset_at + timedelta(days=days)
        if self.forecast.end_at < last_light - timedelta(hours=1):
            return None
        return self.forecast.energy_wh_between(begin, end)

    def _expected_kwh(self, days: int) -> float | None:
        expected_wh = self._expected_wh(days)
        return None if expected_wh is None else expected_wh / 1000.0

    def _cloud_percent(self) -> float | None:
        return None if self.forecast is None else self.forecast.cloud_percent_between(*self._day(0))

    def _day(self, days: int) -> tuple[datetime, datetime]:
        """From now, or the midnight `days` ahead, to the midnight after it."""
        zone, date = self.now.tzinfo or UTC, self.now.date()
        begin, end = (midnight_at(date + timedelta(days=ahead), zone) for ahead in (days, days + 1))
        return (begin if days else self.now), end

    def _price(self) -> PricePeriod | None:
        return price_at(self.prices, self.now)

    def _price_rank(self) -> float | None:
        """The share of today that is cheaper than now; None unless all prices of today are known."""
        now = self._price()
        if now is None:
            return None
        begin_at = midnight_at(self.now.date(), self.now.tzinfo or UTC)
        end_at = midnight_at(self.now.date() + timedelta(days=1), self.now.tzinfo or UTC)
        known_s = cheaper_s = 0.0
        for price in self.prices:
            lasts_s = (min(price.to_at, end_at) - max(price.from_at, begin_at)).total_seconds()
            if lasts_s > 0:
                known_s += lasts_s
                cheaper_s += lasts_s if price.import_per_kwh < now.import_per_kwh else 0.0
        day_s = (end_at - begin_at).total_seconds()
        return cheaper_s / day_s if known_s >= day_s else None

    def _season(self) -> str:
        return SEASONS[(self.now.month % 12 // 3 + (2 if self.southern else 0)) % 4]

    def _sun_minute(self, at: datetime | None) -> float | None:
        return None if at is None else self._minute_of(at)


def _of_reading(field: str) -> Callable[[HomeScene], Value]:
    return lambda scene: None if scene.reading is None else getattr(scene.reading, field)


_SITE: Mapping[str, Callable[[HomeScene], Value]] = {
    **{name: _of_reading(name) for name in (
        "battery_soc_percent", "battery_w", "battery_v", "charger_state", "pv_w", "pv_throttled", "grid_w",
        "ac_source", "dc_load_w", "grid_connected", "feed_in_allowed", "consumption_w",
    )},
    "soc": _of_reading("battery_soc_percent"),
    "charger": _of_reading("charger_state"),
    "spare_w": lambda scene: scene.spare_w,
    "hour": lambda scene: scene.now.hour,
    "minute_of_day": lambda scene: scene.now.hour * 60 + scene.now.minute,
    "sunrise_minute": lambda scene: scene._sun_minute(scene.sunrise_at),
    "sunset_minute": lambda scene: scene._sun_minute(scene.sunset_at),
    "weekday": lambda scene: WEEK[scene.now.weekday()],
    "month": lambda scene: scene.now.month,
    "season": lambda scene: scene._season(),
    "forecast_pv_w": lambda scene: None if scene.forecast is None else scene.forecast.power_w_at(scene.now),
    "forecast_today_wh": lambda scene: scene._expected_wh(0),
    "forecast_tomorrow_wh": lambda scene: scene._expected_wh(1),
    "sun_today_kwh": lambda scene: scene._expected_kwh(0),
    "sun_tomorrow_kwh": lambda scene: scene._expected_kwh(1),
    "soc_tonight": lambda scene: None if scene.plan is None else scene.plan.soc_tonight_percent,
    "soc_tomorrow": lambda scene: None if scene.plan is None else scene.plan.soc_tomorrow_percent,
    "cloud_percent": lambda scene: scene._cloud_percent(),
    "price": lambda scene: None if (price := scene._price()) is None else price.import_per_kwh,
    "export_price": lambda scene: None if (price := scene._price()) is None else price.export_per_kwh,
    "price_rank": lambda scene: scene._price_rank(),
}  # fmt: skip

_BY_THE_CLOCK = frozenset(
    {
        "hour",
        "minute_of_day",
        "sunrise_minute",
        "sunset_minute",
        "weekday",
        "month",
        "season",
        "soc_tonight",
        "soc_tomorrow",
        "price",
        "export_price",
        "price_rank",
    }
)
