"""The settings the pure core needs, and those that several adapters share."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta, tzinfo

from pv_heater.core.model.lean import dataclass
from pv_heater.core.model.local_time import local_instant
from pv_heater.core.model.setting import DayTime, SettingProblem, setting

LONGEST_VACATION = timedelta(days=366)
READY_WITHIN = timedelta(days=1)
"""So long before the end of a vacation what gives hot water is made ready."""
USUAL_HOUSE_W = 500.0
"""Mean of a household without electric heating: some 4,400 kWh a year. Assumed until this house has shown its own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PvPlane:
    """One plane of solar modules."""

    kwp: float = setting("peak power of the plane", unit="kWp", minimum=0.01, maximum=1000)
    tilt_deg: float = setting("tilt of the modules; 0 is flat", default=30.0, unit="deg", minimum=0, maximum=90)
    azimuth_deg: float = setting(
        "direction; 0 south, -90 east, +90 west", default=0.0, unit="deg", minimum=-180, maximum=180
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Battery:
    """The house battery: what it holds, what it takes, and what the house keeps of it."""

    capacity_wh: float = setting("usable capacity, from the data sheet", unit="Wh", minimum=100, maximum=1_000_000)
    max_charge_w: float | None = setting(
        "most power it takes; empty means half its capacity in one hour", default=None, unit="W", minimum=10
    )
    reserve_percent: float = setting(
        "state of charge the house keeps for itself",
        default=20.0,
        unit="%",
        minimum=0,
        maximum=100,
        live=True,
    )
    full_percent: float = setting(
        "charge at which it is full: lower where its own management, or you, end the charge earlier",
        default=100.0,
        unit="%",
        minimum=50,
        maximum=100,
        live=True,
    )
    chemistry: str = setting(
        "lead must be filled daily; lithium may rest below full",
        default="lithium",
        choices=("lithium", "lead"),
    )

    @property
    def charge_limit_w(self) -> float:
        """The most it takes; C/2 where not stated, the usual advice for lithium iron phosphate."""
        return self.max_charge_w if self.max_charge_w is not None else self.capacity_wh / 2

    def of_full(self, shown_percent: float) -> float:
        """A charge as a share of what it is charged to: 100 is full, whatever its monitor shows then."""
        return min(100.0, shown_percent * 100.0 / self.full_percent)


@dataclass(frozen=True, slots=True, kw_only=True)
class Inverter:
    """The inverter between battery and house."""

    max_w: float = setting(
        "continuous output; a heater behind it is switched off before it trips", unit="W", minimum=100
    )
    loads_on: str = setting(
        "which side the heater is on: behind the inverter (out) or on the grid side (in)",
        default="out",
        choices=("out", "in"),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """The home: where it lies, what it has, and what its grid allows."""

    name: str = setting("what logs and pages call it", default="Home")
    latitude: float | None = setting("north is positive", default=None, unit="deg", minimum=-90, maximum=90)
    longitude: float | None = setting("east is positive", default=None, unit="deg", minimum=-180, maximum=180)
    timezone: str = setting("zone of days and clock times, such as Europe/Vienna", default="UTC")
    clock: str = setting(
        "ntp: the time of day counts while network time or the meter vouches for it; trusted: always, for a machine "
        "with a clock chip",
        default="ntp",
        choices=("ntp", "trusted"),
    )
    off_grid: bool = setting("true: there is no grid, so a lost grid is normal", default=False)
    feed_in: bool | None = setting(
        "may surplus go to the grid? auto believes the meter, and means no when it does not say", default=None
    )
    pv: tuple[PvPlane, ...] = setting("the planes of modules", default=())
    battery: Battery | None = setting("the house battery", default=None)
    inverter: Inverter | None = setting("the inverter's limit", default=None)

    @property
    def located(self) -> bool:
        """Whether the sun's position can be computed."""
        return self.latitude is not None and self.longitude is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class Daylight:
    """The hours in which automatic heating is allowed."""

    start: DayTime = setting(
        "from when", key="from", default=DayTime(event="sunrise", offset=timedelta(minutes=30)), live=True
    )
    end: DayTime = setting(
        "until when", key="to", default=DayTime(event="sunset", offset=timedelta(minutes=-30)), live=True
    )


def _instant(text: str, zone: tzinfo) -> datetime:
    try:
        return local_instant(text, zone).astimezone(UTC)
    except ValueError:
        raise SettingProblem(f"must be a day, perhaps with an hour, such as 2026-12-20T08:00, not {text!r}") from None


def _check_instant(text: str) -> None:
    _instant(text, UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class VacationSpan:
    """When nobody is home: nothing heats by itself then; frost protection goes on, hot water is ready at its end."""

    start: str = setting("from when: a day, or 2026-12-20T08:00 in quotes", key="from", check=_check_instant, live=True)
    end: str = setting("when somebody is home again", key="until", check=_check_instant, live=True)

    def __post_init__(self) -> None:
        begin_at, end_at = self.instants(UTC)
        if not begin_at < end_at <= begin_at + LONGEST_VACATION:
            text = f"must lie after from, and at most {LONGEST_VACATION.days} days after it"
            raise SettingProblem(text, "until")

    def instants(self, zone: tzinfo) -> tuple[datetime, datetime]:
        """(begin, end) in UTC."""
        return _instant(self.start, zone), _instant(self.end, zone)


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Conditions in front of every strategy."""

    min_battery_percent: float | None = setting(
        "no automatic heating below this state of charge; auto is the battery's reserve and what heaters may draw "
        "until they are down, 30 % without a battery",
        default=None,
        unit="%",
        minimum=0,
        maximum=100,
        live=True,
    )
    max_grid_w: float = setting(
        "no automatic heating while the grid delivers more", default=80.0, unit="W", minimum=0, live=True
    )
    grid_target_w: float = setting(
        "grid power aimed at: above 0 so much may be bought where there is no battery, below 0 so much export is kept",
        default=0.0,
        unit="W",
        minimum=-5000,
        maximum=5000,
        live=True,
    )
    max_battery_discharge_w: float = setting(
        "most the battery may give while heating",
        default=100.0,
        unit="W",
        minimum=0,
        live=True,
    )
    max_house_w: float | None = setting(
        "soft fuse: all loads off while the whole house draws more",
        default=None,
        unit="W",
        minimum=100,
        live=True,
    )
    max_phase_w: float | None = setting(
        "soft fuse: all loads off when one phase imports more",
        default=None,
        unit="W",
        minimum=100,
        live=True,
    )
    max_changes_per_minute: int | None = setting(
        "all loads together go on or off no more often than this; off for safety is never delayed",
        default=None,
        minimum=1,
        maximum=1000,
        live=True,
    )
    daylight: Daylight = setting("hours of automatic heating", factory=Daylight)
    max_reading_age_s: float | None = setting(
        "readings older than this switch loads off; auto is three times the source's own pace",
        default=None,
        unit="s",
        minimum=1,
        maximum=900,
    )

    def __post_init__(self) -> None:
        if self.grid_target_w > self.max_grid_w:
            raise SettingProblem(
                f"is {self.grid_target_w:g} W, but max_grid_w ends heating at {self.max_grid_w:g} W; raise that, "
                "to some more than this",
                "grid_target_w",
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class TariffPeriod:
    """Prices between two clock times; a period may pass midnight."""

    start: time = setting("from when", key="from", live=True)
    end: time = setting("until when", key="to", live=True)
    import_per_kwh: float = setting("price of a bought kWh", default=0.0, minimum=-10, maximum=10, live=True)
    export_per_kwh: float = setting("what a sold kWh earns", default=0.0, minimum=-10, maximum=10, live=True)
