"""What the GX device says about surplus: may it go to the grid, and is PV being held back? Pure.

Registers of ESS as in Victron's dbus_modbustcp. The settings exist on every GX device; only where its ESS runs
does anything obey them.
"""

from __future__ import annotations

from collections.abc import Iterable

from pv_heater.core.model.lean import dataclass
from pv_heater.victron.modbus.registers import Block, Words

FEED_IN = Block(
    address=2706,
    count=18,
    parts=(
        Block(address=2706, count=3),
        Block(address=2709, count=1),
        Block(address=2718, count=1),
        Block(address=2722, count=2, parts=(Block(address=2722, count=1),)),
    ),
)
"""2707 DC-coupled PV may feed in, 2708 AC-coupled PV must not, 2709 limiting is active now, 2718 the inverter stands in
for a grid meter, 2722 (two words) and 2706 (in hundreds) the most that may be fed in."""
ESS_ACTIVE = Block(address=2709, count=1)
PV_INVERTER = Block(address=1052, count=6, parts=(Block(address=1052, count=2),))
"""AC PV: power, the most it can, and what it is limited to (two words each)."""

_EXPORT_W = 300.0
"""An export beyond what ESS lets slip while it regulates: then feeding in is not forbidden."""
_LIMITED_SHARE = 0.98


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedIn:
    """The settings as read; None where there is no such register."""

    limit_w: int | None = None
    """The most that may be fed in; None: no limit, or not known."""
    dc_allowed: bool
    ac_allowed: bool
    limiting: bool
    """Whether ESS holds PV back at this moment."""
    needs_grid_meter: bool = False
    """ESS is set up with a grid meter."""


def feed_in_of(words: Words, *, ess_runs: bool) -> FeedIn | None:
    """The settings in FEED_IN; None where they cannot be read or no ESS obeys them."""
    if not ess_runs or 2707 not in words or 2708 not in words:
        return None
    return FeedIn(
        limit_w=_limit_w(words),
        dc_allowed=words[2707] == 1,
        ac_allowed=words[2708] == 0,
        limiting=words.get(2709, 0) == 1,
        needs_grid_meter=words.get(2718) == 0,
    )


def feed_in_allowed(
    feed_in: FeedIn | None, *, has_dc_pv: bool, has_ac_pv: bool, grid_connected: bool | None, grid_w: float | None
) -> bool | None:
    """Whether all surplus may go to the grid, so that no PV hides behind a full battery.

    None when it is not known: no settings, no PV seen yet, no grid to feed, or settings that the grid meter
    contradicts.
    """
    if feed_in is None or grid_connected is False or not (has_dc_pv or has_ac_pv):
        return None
    allowed = (feed_in.dc_allowed or not has_dc_pv) and (feed_in.ac_allowed or not has_ac_pv)
    if allowed and feed_in.limit_w != 0 and not feed_in.limiting:
        return True
    some_may = (feed_in.dc_allowed and has_dc_pv) or (feed_in.ac_allowed and has_ac_pv)
    nothing_may = feed_in.limit_w == 0 or not some_may
    return None if nothing_may and grid_w is not None and grid_w < -_EXPORT_W else False


def pv_throttled(modes: Iterable[int], *, inverters_held_back: Iterable[bool | None]) -> bool | None:
    """Whether any PV is held back: a tracker in mode 1, or a PV inverter that ESS limits. None: nobody knows."""
    known = set(modes) & {1, 2}
    held_back = set(inverters_held_back) - {None}
    if 1 in known or True in held_back:
        return True
    return False if known or held_back else None


def inverter_held_back(words: Words, *, limiting: bool) -> bool | None:
    """Whether a PV inverter is limited below what it can. A low limit alone is not a sign: at dawn it starts softly."""
    most_w, limit_w = (_wide_w(words, address) for address in (1054, 1056))
    if not most_w or not limit_w or most_w == 0xFFFFFFFF or limit_w == 0xFFFFFFFF:
        return None
    return limiting and limit_w < _LIMITED_SHARE * most_w


def _limit_w(words: Words) -> int | None:
    if words.get(2722, 0) >= 0x8000:
        return None  # negative: no limit
    if 2723 in words:
        return _wide_w(words, 2722)
    # In 2706 alone, "no limit" (-1) is rounded to 0, so that 0 says nothing.
    return words.get(2706, 0) * 100 or None


def _wide_w(words: Words, address: int) -> int | None:
    high, low = words.get(address), words.get(address + 1)
    return None if high is None or low is None else (high << 16) | low
