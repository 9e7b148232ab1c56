"""What `bench capture` varies: the home, its feed, the forecast, the meter and the controller's own limits."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from bench.capture.days import Place
from pv_heater.core.model.usual_battery import TAPER_FROM_PERCENT
from pv_heater.sim.feed import LIVE, REAL, VRM, VRM_LIVE, Pace
from pv_heater.sim.home import HomeSettings
from pv_heater.sim.tank import TankSettings

HEATER = "water_heater"
PACES: dict[str, Pace] = {"gx": LIVE, "vrm": VRM, "gx_real": REAL, "vrm_live": VRM_LIVE}
"""gx is an ideal meter, `gx_real` one whose values come through Victron's chain of drivers, a look a second, `vrm_live`
what the portal's own broker passes on."""
EXPORT_ONLY = ("bucket",)
"""Strategies that regulate on what a fast meter sees exported; anywhere else they hand over to `balance`."""
WITHOUT_FORECAST = ("balance", "bucket")
"""Strategies that never look at a forecast: every draw of it would give the same day again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class House:
    """What is built in. All of it is known to the owner except where the charge begins to taper."""

    capacity_wh: float = 4800.0
    max_charge_w: float = 2400.0
    taper_from_percent: float = TAPER_FROM_PERCENT
    heater_w: float = 2000.0
    tank: TankSettings | None = None
    """None is water without end."""
    has_car: bool = False
    """A car charges at noon on every other day; see `bench.capture.days.with_car`."""

    def home(self, pace: Pace = LIVE, *, feed_in: bool = False) -> HomeSettings:
        """The software home; a day begins with a half full battery."""
        return HomeSettings(
            capacity_wh=self.capacity_wh,
            max_charge_w=self.max_charge_w,
            taper_from_percent=self.taper_from_percent,
            feed_in=feed_in,
            tanks={HEATER: self.tank},
            interval_s=pace.interval_s,
            tells_throttling=pace.tells_throttling,
            tells_loads=pace.tells_loads,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Variant:
    """One row of the table."""

    name: str
    house: House = House()
    feed: str = "gx"
    feed_in: bool = False
    forecast: str = "drawn"
    """drawn, shifted, zero, half, double, none or perfect."""
    meter: str = "exact"
    """exact, whole_percent (state of charge) or noisy (every power off by a normal error of 1 %)."""
    eased: frozenset[str] = frozenset()
    """What the controller is freed of, to see what it costs: dwell, dead_band, limits."""

    @property
    def kind(self) -> str:
        """What it is called whatever its feed."""
        return self.name.removesuffix(f", {self.feed}")

    @property
    def by_the_second(self) -> bool:
        """Whether a day is lived second by second, which takes up to fifty times as long."""
        return self.feed in ("gx_real", "vrm_live")

    @property
    def pace(self) -> Pace:
        """How the meter tells."""
        return PACES[self.feed]

    def fits(self, strategy: str) -> bool:
        """Whether the strategy is made for this home, and would not only repeat the row with the drawn forecast."""
        if strategy in EXPORT_ONLY and not (self.feed != "vrm" and self.feed_in):
            return False
        return strategy not in WITHOUT_FORECAST or self.forecast == "drawn" or bool(self.eased)

    def draws(self, strategy: str, asked: int) -> int:
        """How many of the `asked` draws differ from each other."""
        by_forecast = self.forecast not in ("none", "perfect") and strategy not in WITHOUT_FORECAST
        return asked if by_forecast or self.meter == "noisy" else 1

    def settings(self, place: Place, strategy: str) -> dict[str, Any]:
        """The controller's configuration: what an owner knows, and defaults."""
        house = self.house
        load: dict[str, Any] = {"name": HEATER, "type": "dry_run", "max_power_w": house.heater_w, "min_power_w": 60}
        if "dwell" in self.eased:
            # Without rest a law may start hundreds of times; the day's allowance must not decide instead.
            load |= {"min_on_s": 0, "min_off_s": 0, "start_delay_s": 0, "max_closings_per_day": 10_000}
        if "dead_band" in self.eased:
            load["dead_band_w"] = 0
        battery = {"capacity_wh": house.capacity_wh, "max_charge_w": house.max_charge_w}
        settings: dict[str, Any] = {
            "site": {**place.as_settings(), "feed_in": self.feed_in, "battery": battery},
            "strategy": {"type": strategy},
            "loads": [load],
            "dry_run": True,
        }
        if self.feed != "vrm":
            # Any meter in the house: short ages are to be expected of it. Without one, readings are a portal's.
            settings["meter"] = {"type": "recording", "path": "unused"}
        if "limits" in self.eased:
            daylight = {"from": "00:00", "to": "23:59"}
            settings["limits"] = {"min_battery_percent": HomeSettings().reserve_percent, "daylight": daylight}
        return settings


MAIN = (
    Variant(name="zero feed-in, gx"),
    Variant(name="zero feed-in, vrm", feed="vrm"),
    Variant(name="feed-in, gx", feed_in=True),
    Variant(name="feed-in, vrm", feed="vrm", feed_in=True),
    Variant(name="tank of 150 l", house=House(tank=TankSettings())),
    Variant(name="forecast shifted", forecast="shifted"),
    Variant(name="forecast half", forecast="half"),
    Variant(name="forecast double", forecast="double"),
    Variant(name="no forecast", forecast="none"),
    Variant(name="forecast zero", forecast="zero"),
    Variant(name="car at noon", house=House(has_car=True)),
)
"""Run without being asked; gx and zero feed-in where the name says nothing else."""

NOISY = Variant(name="meter off by 1 %", meter="noisy")


def by_feed(feed: str) -> tuple[Variant, ...]:
    """The home without and with feed-in first, then each row of `MAIN` that is lived with the GX device, and a noisy
    meter: all with this feed, which their names end with."""
    of_gx = [variant for variant in (*MAIN, NOISY) if variant.feed == "gx"]
    return tuple(replace(variant, name=f"{variant.kind}, {feed}", feed=feed) for variant in of_gx)


HOMES = (
    *(Variant(name=f"battery {kwh:g} kWh", house=House(capacity_wh=1000.0 * kwh)) for kwh in (2.0, 10.0, 15.0)),
    *(Variant(name=f"charging {kw:g} kW", house=House(max_charge_w=1000.0 * kw)) for kw in (1.0, 5.0)),
    *(Variant(name=f"heater {kw:g} kW", house=House(heater_w=1000.0 * kw)) for kw in (1.0, 3.0)),
    *(Variant(name=f"taper from {percent:g} %", house=House(taper_from_percent=percent)) for percent in (90.0, 100.0)),
    Variant(name="charge in whole percent", meter="whole_percent"),
    NOISY,
)
"""Other homes and worse meters, for `--homes`; the first row is the one with 4.8 kWh, 2.4 kW and a heater of 2 kW."""


def where_lost(base: Variant) -> tuple[Variant, ...]:
    """`base` freed of one thing after the other, and of all together: what each costs."""
    parts = {"dwell": "without dwell and delay", "dead_band": "without dead band", "limits": "without limits"}
    return (
        replace(base, name="perfect forecast", forecast="perfect"),
        *(replace(base, name=name, eased=frozenset({part})) for part, name in parts.items()),
        replace(base, name="all of these", forecast="perfect", eased=frozenset(parts)),
    )
