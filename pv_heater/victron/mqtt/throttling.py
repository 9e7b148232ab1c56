"""Whether a GX device holds PV back, and whether surplus may go to the grid. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from pv_heater.victron.modbus.limits import FeedIn, feed_in_allowed, pv_throttled
from pv_heater.victron.mqtt.topics import CHARGERS, GxValues

_LIMITER = "hub4/0/PvPowerLimiterActive"
_ESS = "settings/0/Settings/CGwacs"
_LIMITED_SHARE = 0.98
_AT_LIMIT_SHARE = 0.9
_SOFT_START_SHARE = 0.05
"""A PV inverter that wakes is limited to 1.5 % of its power for a while: no sign of surplus."""


def throttled(values: GxValues, hung: Collection[str]) -> bool | None:
    """Whether any tracker is limited by voltage or current (MppOperationMode 1), or a PV inverter by ESS.

    None: nobody knows. Of the chargers in `hung` nothing is believed.
    """
    modes = (
        values.number(topic)
        for device, topic in values.ending(CHARGERS, ("/MppOperationMode",))
        if device not in hung
    )  # fmt: skip
    return pv_throttled([int(mode) for mode in modes if mode is not None], inverters_held_back=_held_back(values))


def _held_back(values: GxValues) -> Iterator[bool | None]:
    """For each PV inverter that can be limited, whether it is limited below what it could give."""
    limiting = values.number(_LIMITER)
    for device, topic in values.ending(("pvinverter",), ("/Ac/PowerLimit",)):
        limit_w, most_w = values.power_w(topic), values.power_w(f"{device}/Ac/MaxPower")
        if not most_w or limit_w is None:
            yield None
        elif limit_w >= _LIMITED_SHARE * most_w or limiting == 0:
            yield False
        elif limiting is not None:
            yield True
        else:
            # Without the word of ESS: only when it runs at its limit, and the limit is not that of its start.
            power_w = values.power_w(f"{device}/Ac/Power") or 0.0
            yield limit_w >= _SOFT_START_SHARE * most_w and power_w >= _AT_LIMIT_SHARE * limit_w


def feed_in(values: GxValues, *, grid_connected: bool | None, grid_w: float | None) -> bool | None:
    """Whether all surplus may go to the grid: None where no ESS obeys the settings, or they are not known."""
    runs_ess = values.text("system/0/SystemType") == "ESS" or values.is_told(_LIMITER)
    dc_allowed, ac_forbidden = values.number(f"{_ESS}/OvervoltageFeedIn"), values.number(f"{_ESS}/PreventFeedback")
    if not runs_ess or dc_allowed is None or ac_forbidden is None:
        return None
    limit_w = values.number(f"{_ESS}/MaxFeedInPower")
    settings = FeedIn(
        limit_w=None if limit_w is None or limit_w < 0 else int(limit_w),
        dc_allowed=dc_allowed == 1,
        ac_allowed=ac_forbidden == 0,
        limiting=values.number(_LIMITER) == 1,
    )
    return feed_in_allowed(
        settings,
        has_dc_pv=values.is_told("system/0/Dc/Pv/Power"),
        has_ac_pv=any(values.is_told(topic) for _, topic in values.ending(("pvinverter",), ("/Ac/Power",))),
        grid_connected=grid_connected,
        grid_w=grid_w,
    )
