"""What a sensor of a load can say, and for how long it counts: degC of its tank, or W of the meter in front of it.

A lost probe is a SourceError, never a number.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Collection
from typing import Any

from pv_heater.core.house import reading_age
from pv_heater.core.model.numbers import number_of
from pv_heater.core.model.setting import SettingProblem, setting
from pv_heater.errors import BadReply
from pv_heater.io.net.json_path import JsonPath, NotFound

COLDEST_C, HOTTEST_C = 0.0, 110.0
"""Water that is liquid; above 100 under the pressure of the mains. Outside it is the probe that is wrong."""
PROBE_COLDEST_C, PROBE_HOTTEST_C = -40.0, 125.0
"""What the usual probes (DS18B20, PT1000, NTC) can measure at all."""
LEAST_AGE_S, MOST_AGE_S = 30.0, 600.0
USUAL_PACE_S = 60.0
"""Assumed of a sensor that speaks by itself until it has spoken twice."""
_SHOWN_CHARACTERS = 60
MOST_W = 100_000.0
"""The most any load can be set to, and so the most its meter can mean."""


def tank_c(
    value: object, who: str, *, scale: float = 1.0, offset_c: float = 0.0, lost: Collection[float] = ()
) -> float:
    """The temperature in degC that `value`, a number or its text, stands for: ``value * scale + offset_c``.

    `who` begins the message. `lost` are the values by which it says that there is no probe, as they come. Raises
    BadReply for those, for what is not a number, and for what no tank can have.
    """
    number = number_of(value)
    if number is None:
        raise BadReply(f"{who} says {_shown(value)}, where a temperature in degC should be; the probe counts as lost")
    if number in lost:
        raise BadReply(f"{who} says {number:g}, which means that it has no probe")
    temperature_c = number * scale + offset_c
    if not PROBE_COLDEST_C <= temperature_c <= PROBE_HOTTEST_C:
        raise BadReply(f"{who} says {temperature_c:g} degC, which no probe can measure; the probe counts as lost")
    if not COLDEST_C <= temperature_c <= HOTTEST_C:
        raise BadReply(f"{who} says {temperature_c:g} degC, which no tank can have; the probe counts as lost")
    return temperature_c


def plug_w(value: object, who: str, *, scale: float = 1.0) -> float:
    """The power in W that `value`, a number or its text, stands for: ``value * scale``; `who` begins the message.

    A clamp the wrong way round tells it below 0; that is passed on. Raises BadReply for what is not a number, and for
    what no load can draw.
    """
    number = number_of(value)
    if number is None:
        kind = repr(value)[:60] if isinstance(value, str | bool) else f"a {type(value).__name__}"
        raise BadReply(f"{who} says {kind}, where a power in W should be")
    power_w = number * scale
    if not abs(power_w) <= MOST_W:
        raise BadReply(f"{who} says {power_w:g} W, which no load can draw")
    return power_w


def value_at(path: JsonPath, document: Any, who: str, what: str = "temperature") -> Any:
    """What stands at `path` in what a device sent; raises BadReply, which calls it `what`."""
    try:
        return path.find(document)
    except NotFound as error:
        raise BadReply(f"{who} does not tell its {what}: {error}") from None


def age_setting() -> Any:
    """The setting `max_age_s`, the same for every sensor."""
    return setting(
        "without a new value for this long the probe counts as lost; auto is three times the sensor's own pace, "
        "30 to 600 s",
        default=None,
        unit="s",
        minimum=2,
        maximum=7200,
    )


def lost_setting() -> Any:
    """The setting `lost`, the same for every sensor that a device stands behind."""
    return setting("values by which the device says that it has no probe, such as [0.0, 99.9]", default=())


def check_age(max_age_s: float | None, interval_s: float) -> None:
    """Raise SettingProblem for a limit that every value would pass before the next one comes."""
    if max_age_s is not None and max_age_s <= interval_s:
        raise SettingProblem(
            f"must be more than interval_s ({interval_s:g} s), not {max_age_s:g}: every value would be lost",
            "max_age_s",
        )


def age_limit_s(max_age_s: float | None, pace_s: float) -> float:
    """The limit as set, else three times the sensor's pace within its bounds."""
    if max_age_s is not None:
        return max_age_s
    return reading_age.age_limit_s(pace_s, least_s=LEAST_AGE_S, most_s=MOST_AGE_S)


class Pace:
    """How often a sensor speaks by itself: the longest of its last pauses, since many speak when something changes."""

    _KEPT = 5

    def __init__(self) -> None:
        self._pauses_s: deque[float] = deque(maxlen=self._KEPT)
        self._last_s: float | None = None

    def note(self, tick_s: float) -> None:
        """It spoke at that monotonic second."""
        if self._last_s is not None:
            self._pauses_s.append(max(0.0, tick_s - self._last_s))
        self._last_s = tick_s

    @property
    def seconds(self) -> float:
        """Seconds between two values."""
        return max(tuple(self._pauses_s), default=USUAL_PACE_S)


def _shown(value: object) -> str:
    if value is None or value == "":
        return "nothing"
    text = repr(value) if isinstance(value, str | int | float | bool) else f"a {type(value).__name__}"
    return text if len(text) <= _SHOWN_CHARACTERS else f"{text[:_SHOWN_CHARACTERS]} ..."
