"""The settings the pure core needs, and those that several adapters share."""

from __future__ import annotations

import re
from datetime import time, timedelta

from attrs import frozen

from pv_heater.core.pin_names import PinName
from pv_heater.core.setting import DayTime, SettingProblem, setting


@frozen(kw_only=True)
class PvPlane:
    """One plane of solar modules."""

    kwp: float = setting("peak power of the plane", unit="kWp", minimum=0.01, maximum=1000)
    tilt_deg: float = setting("tilt of the modules; 0 is flat", default=30.0, unit="deg", minimum=0, maximum=90)
    azimuth_deg: float = setting(
        "direction; 0 south, -90 east, +90 west", default=0.0, unit="deg", minimum=-180, maximum=180
    )


@frozen(kw_only=True)
class Battery:
    """The house battery."""

    capacity_wh: float = setting("usable capacity, from the data sheet", unit="Wh", minimum=100, maximum=1_000_000)
    max_charge_w: float | None = setting(
        "most power it takes; empty means half its capacity in one hour", default=None, unit="W", minimum=10
    )
    reserve_percent: float = setting(
        "state of charge the house keeps for itself", default=20.0, unit="%", minimum=0, maximum=100
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


@frozen(kw_only=True)
class Inverter:
    """The inverter between battery and house."""

    max_w: float = setting("continuous output; a heater behind it is shed before it trips", unit="W", minimum=100)
    loads_on: str = setting(
        "which side the heater hangs on: behind the inverter (out) or on the grid side (in)",
        default="out",
        choices=("out", "in"),
    )


@frozen(kw_only=True)
class Site:
    """The home."""

    name: str = setting("what logs and pages call it", default="Home")
    latitude: float | None = setting("north is positive", default=None, unit="deg", minimum=-90, maximum=90)
    longitude: float | None = setting("east is positive", default=None, unit="deg", minimum=-180, maximum=180)
    timezone: str = setting("zone of days and clock times, such as Europe/Vienna", default="UTC")
    off_grid: bool = setting("true: there is no grid, so a lost grid is normal", default=False)
    feed_in: bool | None = setting(
        "may surplus go to the grid? auto believes the meter, and no when it does not tell", default=None
    )
    pv: tuple[PvPlane, ...] = setting("the planes of modules", default=())
    battery: Battery | None = setting("the house battery", default=None)
    inverter: Inverter | None = setting("the inverter's limit", default=None)

    @property
    def located(self) -> bool:
        """Whether the sun's position can be computed."""
        return self.latitude is not None and self.longitude is not None


@frozen(kw_only=True)
class Daylight:
    """The hours in which automatic heating is allowed."""

    start: DayTime = setting("from when", key="from", default=DayTime(event="sunrise", offset=timedelta(minutes=30)))
    end: DayTime = setting("until when", key="to", default=DayTime(event="sunset", offset=timedelta(minutes=-30)))


@frozen(kw_only=True)
class Limits:
    """Conditions in front of every strategy."""

    min_battery_percent: float | None = setting(
        "no automatic heating below this state of charge; auto is 5 % above the battery's reserve, 30 % without one",
        default=None,
        unit="%",
        minimum=0,
        maximum=100,
    )
    max_grid_w: float = setting("no automatic heating while the grid delivers more", default=80.0, unit="W", minimum=0)
    max_battery_discharge_w: float = setting(
        "most the battery may give while heating", default=100.0, unit="W", minimum=0
    )
    max_house_w: float | None = setting(
        "soft fuse: all loads off above this total of the house", default=None, unit="W", minimum=100
    )
    max_phase_w: float | None = setting(
        "soft fuse: all loads off when one phase imports more", default=None, unit="W", minimum=100
    )
    daylight: Daylight = setting("hours of automatic heating", factory=Daylight)
    max_reading_age_s: float | None = setting(
        "readings older than this switch off; auto is three times the source's own pace",
        default=None,
        unit="s",
        minimum=1,
        maximum=900,
    )


@frozen(kw_only=True)
class TariffPeriod:
    """Prices between two clock times; a period may pass midnight."""

    start: time = setting("from when", key="from")
    end: time = setting("until when", key="to")
    import_per_kwh: float = setting("price of a bought kWh", default=0.0, minimum=-10, maximum=10)
    export_per_kwh: float = setting("what a sold kWh earns", default=0.0, minimum=-10, maximum=10)


def _check_name(name: str) -> None:
    if not re.fullmatch(r"[A-Za-z][A-Za-z0-9_]*", name):
        raise SettingProblem(f"must be letters, digits and underscores, such as water_heater, not {name!r}")


@frozen(kw_only=True)
class LoadPolicy:
    """What is the same for every load, whatever its output. List order is priority."""

    name: str = setting("what logs and commands call it: letters, digits and underscores", check=_check_name)
    max_power_w: float = setting("what it draws at full power", unit="W", minimum=1, maximum=100_000)
    min_power_w: float = setting("least power it can be run at", default=60.0, unit="W", minimum=1)
    min_on_s: float = setting(
        "once on, it stays on at least this long (safety excepted)",
        default=300.0,
        unit="s",
        minimum=0,
        maximum=86_400,
    )
    min_off_s: float = setting(
        "once off, it stays off at least this long", default=300.0, unit="s", minimum=0, maximum=86_400
    )
    start_delay_s: float = setting(
        "the surplus must last this long before it starts", default=5.0, unit="s", minimum=0, maximum=3600
    )
    dead_band_w: float = setting("smaller changes of power are not worth a move", default=100.0, unit="W", minimum=0)
    ramp_s: float = setting(
        "time from zero to full power when power rises; 0 is at once",
        default=0.0,
        unit="s",
        minimum=0,
        maximum=600,
    )
    max_closings_per_day: int = setting(
        "starts a day; after that an idle load stays off until midnight",
        default=25,
        minimum=1,
        maximum=10_000,
    )
    phase: int | None = setting(
        "the grid phase it hangs on, for limits.max_phase_w; not set, it counts on the fullest one",
        default=None,
        minimum=1,
        maximum=3,
    )
    daily_max_wh: float | None = setting(
        "enough for a day: the load counts as full", default=None, unit="Wh", minimum=1
    )
    target_c: float | None = setting(
        "the load counts as full at this temperature", default=None, unit="degC", minimum=0, maximum=95
    )
    max_c: float | None = setting(
        "safety: off at this temperature, or when its probe is lost",
        default=None,
        unit="degC",
        minimum=0,
        maximum=100,
    )
    hysteresis_c: float = setting(
        "degrees below target or maximum at which it may heat again",
        default=3.0,
        unit="degC",
        minimum=0.1,
        maximum=30,
    )
    temperature_from: object | None = setting(
        "the probe in its tank, for target_c and max_c where the meter does not tell the temperature", default=None
    )

    adjustable = True
    """Whether the output can be set between `min_power_w` and `max_power_w`; a relay can only be on or off."""

    def __attrs_post_init__(self) -> None:
        if self.adjustable and self.min_power_w > self.max_power_w:
            raise SettingProblem(
                f"must not be above max_power_w ({self.max_power_w:g} W), but is {self.min_power_w:g} W",
                "min_power_w",
            )

    @property
    def least_power_w(self) -> float:
        """The least power this load draws when it is on."""
        return self.min_power_w if self.adjustable else self.max_power_w


@frozen(kw_only=True)
class BatteryShare:
    """The battery's place among the loads: loads above it come first, those below wait for `until_percent`."""

    until_percent: float = setting(
        "charge up to which it comes before the loads below it",
        default=80.0,
        unit="%",
        minimum=0,
        maximum=100,
    )


@frozen(kw_only=True)
class RelayPin:
    """The pin of a relay. Polarity has no default: guessed wrong, the heater is on when it should be off."""

    pin: str = setting(
        "header position or chip number: BOARD11 or GPIO17; gpiochip1/12 on boards that are no Pi", check=PinName.parse
    )
    active_high: bool = setting("true: a high level closes the contact; false: a low level does")
    off: str = setting(
        "how to switch off: by the level `low` or `high`, or `release` (input, for 5 V boards); "
        "auto is the level opposite to on",
        default="auto",
        choices=("auto", "low", "high", "release"),
    )
    pull: str = setting(
        "`external` when a resistor holds the relay off while the pin floats",
        default="none",
        choices=("none", "external"),
    )

    def __attrs_post_init__(self) -> None:
        on_level = "high" if self.active_high else "low"
        if self.off == on_level:
            raise SettingProblem(
                f"must not be {self.off}: with active_high: {str(self.active_high).lower()} "
                f"that level closes the contact",
                "off",
            )


@frozen(kw_only=True)
class ServoPin:
    """The pin of a positional servo on the regulator's knob."""

    pin: str = setting("header position or chip number: BOARD40 or GPIO21", check=PinName.parse)
    curve: str | None = setting(
        "CSV file `percent;watts` measured at the regulator; empty assumes phase cut", default=None
    )
    min_pulse_s: float = setting("pulse at 0 degrees", default=0.0005, unit="s", minimum=0.0002, maximum=0.003)
    max_pulse_s: float = setting("pulse at full travel", default=0.0025, unit="s", minimum=0.0002, maximum=0.003)
    travel_deg: float = setting(
        "how far the servo turns between the two pulses", default=180.0, unit="deg", minimum=10, maximum=360
    )
    zero_deg: float = setting(
        "angle at which the regulator gives nothing", default=0.0, unit="deg", minimum=0, maximum=360
    )
    full_deg: float = setting(
        "angle at which the regulator gives everything; below zero_deg means reversed",
        default=180.0,
        unit="deg",
        minimum=0,
        maximum=360,
    )
    settle_s: float = setting(
        "time the servo needs for its whole travel", default=0.6, unit="s", minimum=0.05, maximum=5
    )

    def __attrs_post_init__(self) -> None:
        if self.min_pulse_s >= self.max_pulse_s:
            raise SettingProblem(
                f"must be above min_pulse_s ({self.min_pulse_s:g} s), not {self.max_pulse_s:g}", "max_pulse_s"
            )
        for key in ("zero_deg", "full_deg"):
            if getattr(self, key) > self.travel_deg:
                raise SettingProblem(
                    f"must be within travel_deg ({self.travel_deg:g} deg), not {getattr(self, key):g}", key
                )
        if self.zero_deg == self.full_deg:
            raise SettingProblem(f"must differ from zero_deg ({self.zero_deg:g} deg)", "full_deg")
