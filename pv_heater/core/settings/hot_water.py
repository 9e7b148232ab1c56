"""What the owner says of a tank: its size, and what must be warm by when, sun or not."""

from __future__ import annotations

import re
from datetime import date, time

from pv_heater.core.model.lean import dataclass
from pv_heater.core.model.setting import SettingProblem, setting

SCALDING_C = 55.0
"""Hotter water from a tap scalds within seconds; above it only behind a thermostatic mixing valve."""
ROOM_BELOW_MAX_C = 3.0
"""A cycle heats two degrees above what it has to hold, and the safety limit must stay above that."""


def _check_day(text: str) -> None:
    """Raise SettingProblem unless `text` is a month and a day of any year."""
    try:
        if not re.fullmatch(r"\d\d-\d\d", text):
            raise ValueError
        date.fromisoformat(f"2024-{text}")
    except ValueError:
        raise SettingProblem(f"must be a month and a day such as 12-21, not {text!r}") from None


@dataclass(frozen=True, slots=True, kw_only=True)
class Season:
    """Minima from a day of the year on, until the next season begins."""

    start: str = setting("first day, month and day, such as 12-21", key="from", check=_check_day, live=True)
    daily_min_wh: float | None = setting(
        "least energy a day in this season", default=None, unit="Wh", minimum=0, live=True
    )
    two_days_min_wh: float | None = setting(
        "least energy in two days in this season",
        default=None,
        unit="Wh",
        minimum=0,
        live=True,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """The hours in which a cycle against legionella may begin; they may pass midnight."""

    start: time = setting("from when", key="from", default=time(10), live=True)
    end: time = setting("until when", key="to", default=time(17), live=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class Hygiene:
    """A cycle against legionella."""

    every_days: int = setting("at least once in so many days", default=7, unit="d", minimum=1, maximum=60, live=True)
    at_c: float = setting(
        "temperature that must be held; above 55 only with mixing_valve", default=60.0, unit="degC", minimum=50,
        maximum=80, live=True,
    )  # fmt: skip
    hold_s: float = setting(
        "for so long without a break", default=1800.0, unit="s", minimum=60, maximum=86_400, live=True
    )
    window: Window = setting("hours in which it may begin", factory=Window)


@dataclass(frozen=True, slots=True, kw_only=True)
class HotWater:
    """The tank behind a load."""

    volume_l: float = setting("what the tank holds, from its plate", unit="l", minimum=3, maximum=20_000)
    hot_c: float = setting(
        "what its own thermostat is set to; counts as full where target_c is not set",
        default=60.0, unit="degC", minimum=30, maximum=95, live=True,
    )  # fmt: skip
    cold_c: float = setting(
        "temperature of the water that flows in", default=12.0, unit="degC", minimum=0, maximum=30, live=True
    )
    min_c: float | None = setting(
        "at least this warm at ready_by, from the grid if need be",
        default=None,
        unit="degC",
        minimum=20,
        maximum=75,
        live=True,
    )
    two_days_min_wh: float | None = setting(
        "least energy in two days together, each ending at ready_by",
        default=None,
        unit="Wh",
        minimum=0,
        live=True,
    )
    seasons: tuple[Season, ...] = setting("other minima in parts of the year, for example more in winter", default=())
    mixing_valve: bool = setting("true: a thermostatic valve keeps scalding water from the taps", default=False)
    hygiene: Hygiene | None = setting("heat it through against legionella; off unless set here", default=None)

    def __post_init__(self) -> None:
        if self.hot_c <= self.cold_c:
            raise SettingProblem(f"must be above cold_c ({self.cold_c:g} degC), but is {self.hot_c:g}", "hot_c")
        if self.hygiene is not None and self.hygiene.at_c > SCALDING_C and not self.mixing_valve:
            raise SettingProblem(
                f"is {self.hygiene.at_c:g} degC, and water above {SCALDING_C:g} degC scalds: "
                f"only with a thermostatic mixing valve in the pipe and `mixing_valve: true` here",
                "hygiene.at_c",
            )


def season_at(seasons: tuple[Season, ...], day: date) -> Season | None:
    """The season that `day` lies in: the last that has begun, or that of the year before; None without any."""
    if not seasons:
        return None
    in_order = sorted(seasons, key=lambda season: season.start)
    begun = [season for season in in_order if season.start <= f"{day:%m-%d}"]
    return begun[-1] if begun else in_order[-1]


def check_tank(hot_water: HotWater, *, target_c: float | None, max_c: float | None) -> None:
    """Raise SettingProblem where the load's own temperatures contradict what its tank must reach."""
    hygiene = hot_water.hygiene
    wanted = [("hot_water.hygiene.at_c", hygiene.at_c)] if hygiene is not None else []
    wanted += [("hot_water.min_c", hot_water.min_c)] if hot_water.min_c is not None else []
    for key, wanted_c in wanted:
        if max_c is not None and wanted_c + ROOM_BELOW_MAX_C > max_c:
            text = f"must be at least {ROOM_BELOW_MAX_C:g} degrees below max_c ({max_c:g} degC), not {wanted_c:g}"
            raise SettingProblem(text, key)
    if target_c is not None and hot_water.min_c is not None and hot_water.min_c > target_c:
        text = f"must not be above target_c ({target_c:g} degC), but is {hot_water.min_c:g}"
        raise SettingProblem(text, "hot_water.min_c")
