"""The names that a user's rule may use: what each means, and what kind of value it has.

An expression (``when:``, ``on_when:``) writes them as they stand here; in a rule file they are attributes of `home`.
"""

from __future__ import annotations

import keyword
import re
from collections.abc import Mapping
from enum import StrEnum

from pv_heater.core.model.lean import dataclass
from pv_heater.core.model.local_time import WEEK
from pv_heater.core.model.requests import Mode
from pv_heater.core.model.setting import SettingProblem
from pv_heater.core.model.values import AC_SOURCES, Phase

Value = float | str | bool | None
"""None: not known."""


class Kind(StrEnum):
    """What a value can be compared with."""

    NUMBER = "a number"
    WORD = "a word"
    TRUTH = "a condition"


@dataclass(frozen=True, slots=True)
class Name:
    """One name: its kind, its unit ("" for none), and what it means."""

    kind: Kind
    unit: str
    help: str
    words: tuple[str, ...] = ()
    """For a word: those it can be."""


CHARGER_WORDS = (
    "bulk", "absorption", "float", "storage", "equalize", "external control", "off", "fault",
    "charging", "discharging", "idle",
)  # fmt: skip
SEASONS = ("winter", "spring", "summer", "autumn")

SITE_NAMES: Mapping[str, Name] = {
    "soc": Name(Kind.NUMBER, "%", "charge of the battery; the same as battery_soc_percent"),
    "battery_soc_percent": Name(Kind.NUMBER, "%", "charge of the battery"),
    "battery_w": Name(Kind.NUMBER, "W", "battery, above 0 while it charges"),
    "battery_v": Name(Kind.NUMBER, "V", "voltage of the battery"),
    "charger": Name(Kind.WORD, "", "what the chargers do; the same as charger_state", CHARGER_WORDS),
    "charger_state": Name(Kind.WORD, "", "what the chargers do", CHARGER_WORDS),
    "pv_w": Name(Kind.NUMBER, "W", "all PV, as produced"),
    "pv_throttled": Name(Kind.TRUTH, "", "the chargers hold the sun back"),
    "grid_w": Name(Kind.NUMBER, "W", "grid, above 0 while it delivers"),
    "ac_source": Name(Kind.WORD, "", "what feeds the house's AC input", AC_SOURCES),
    "dc_load_w": Name(Kind.NUMBER, "W", "loads on the battery's side, not part of consumption_w"),
    "grid_connected": Name(Kind.TRUTH, "", "the grid is there"),
    "feed_in_allowed": Name(Kind.TRUTH, "", "surplus may go to the grid"),
    "consumption_w": Name(Kind.NUMBER, "W", "the whole house, controlled loads included"),
    "spare_w": Name(Kind.NUMBER, "W", "sun minus what the house uses without controlled loads"),
    "hour": Name(Kind.NUMBER, "h", "hour of the day, 0 to 23, local time"),
    "minute_of_day": Name(Kind.NUMBER, "min", "minutes since midnight, local time"),
    "sunrise_minute": Name(Kind.NUMBER, "min", "today's sunrise as a minute of the day"),
    "sunset_minute": Name(Kind.NUMBER, "min", "today's sunset as a minute of the day"),
    "weekday": Name(Kind.WORD, "", "day of the week", WEEK),
    "month": Name(Kind.NUMBER, "", "1 to 12"),
    "season": Name(Kind.WORD, "", "by whole months: winter is December to February in the north", SEASONS),
    "forecast_pv_w": Name(Kind.NUMBER, "W", "PV expected now"),
    "forecast_today_wh": Name(Kind.NUMBER, "Wh", "PV still to come today"),
    "forecast_tomorrow_wh": Name(Kind.NUMBER, "Wh", "PV expected tomorrow"),
    "sun_today_kwh": Name(Kind.NUMBER, "kWh", "the same as forecast_today_wh, in kWh"),
    "sun_tomorrow_kwh": Name(Kind.NUMBER, "kWh", "the same as forecast_tomorrow_wh, in kWh"),
    "soc_tonight": Name(Kind.NUMBER, "%", "charge of the battery expected at today's sunset; not known after it"),
    "soc_tomorrow": Name(Kind.NUMBER, "%", "charge of the battery expected at tomorrow's sunset"),
    "cloud_percent": Name(Kind.NUMBER, "%", "mean cloud cover expected for the rest of today"),
    "price": Name(Kind.NUMBER, "a kWh", "what a bought kWh costs now, charges and taxes included"),
    "export_price": Name(Kind.NUMBER, "a kWh", "what a sold kWh earns now; below 0 it costs"),
    "price_rank": Name(
        Kind.NUMBER, "", "share of today that is cheaper than now; below 3 / 24 in the three cheapest hours"
    ),
}

LOAD_NAMES: Mapping[str, Name] = {
    "is_on": Name(Kind.TRUTH, "", "it is switched on"),
    "power_w": Name(Kind.NUMBER, "W", "what it is set to draw; 0 while it is off or its thermostat is open"),
    "measured_w": Name(Kind.NUMBER, "W", "what its own meter says"),
    "temperature_c": Name(Kind.NUMBER, "degC", "its temperature"),
    "phase": Name(Kind.WORD, "", "where it stands", tuple(Phase)),
    "mode": Name(Kind.WORD, "", "what its owner asked of it", tuple(Mode)),
    "on_s": Name(Kind.NUMBER, "s", "how long it has been on; 0 while it is off"),
    "since_on_s": Name(Kind.NUMBER, "s", "time since it last went on; not known if it never did"),
    "since_off_s": Name(Kind.NUMBER, "s", "time since it last went off; not known if it never did"),
    "on_today_s": Name(Kind.NUMBER, "s", "how long it has been on since midnight"),
    "starts_today": Name(Kind.NUMBER, "", "how often it went on since midnight"),
    "runs_today": Name(Kind.NUMBER, "", "how often it went on and off again since midnight"),
    "energy_today_wh": Name(Kind.NUMBER, "Wh", "its energy since midnight"),
}
"""Of each load, written behind the load's name or ``this``: ``pump.on_today_s``."""

THIS = "this"
"""The load that the rule belongs to."""


def known_words() -> dict[str, str]:
    """Every word that can be written without quotes, and the text it stands for."""
    tables = [name.words for table in (SITE_NAMES, LOAD_NAMES) for name in table.values()]
    return {word.replace(" ", "_"): word for words in tables for word in words}


FUNCTIONS = ("held", "known", "between", "min", "max", "ping", "file_exists")
_HELPERS = ("load", "start_timer", "timer_left_s")
"""What `home` of a rule file can beside these."""
_NAME = re.compile(r"[a-z][a-z0-9_]{0,39}")


def check_own_name(name: object) -> None:
    """Raise SettingProblem for a name that a value of the owner's own cannot have."""
    if not isinstance(name, str) or not _NAME.fullmatch(name) or keyword.iskeyword(name):
        raise SettingProblem("needs a name of small letters, digits and _, such as oven_w, at most 40 signs")
    if name in SITE_NAMES or name == THIS:
        raise SettingProblem(f"{name} is a name that conditions have already; take another one")
    if name in known_words() or name in (*FUNCTIONS, *_HELPERS):
        raise SettingProblem(f"{name} is a word of conditions already; take another one")
