"""Words of a GX device's registers -> values: addresses, scales, signs, and what a word can mean at all. Pure.

Addresses and scales as in Victron's dbus_modbustcp (attributes.csv). A value that the GX device does not have reads as
0, and nothing in the word tells the difference: that is for `plausibility`. A number that does not fit is cut off to
its low bits, or stopped at the end of the range, as the type on the GX device's own bus happens to be; the 32-bit
registers of newer firmware (884 to 919) settle most of that.

No Modbus library is needed to use what is made of the words: a `Block` only says which registers there are.
"""

from __future__ import annotations

from collections.abc import Mapping

from pv_heater.core.model.lean import dataclass
from pv_heater.io.system.log import Complain
from pv_heater.meters.plausible import MOST_V, plausible_percent, plausible_w

Words = Mapping[int, int]
"""Words by their address; addresses that could not be read are absent."""
MOST_STANDBY_W = 500.0
"""What PV inverters may draw at night; a power this far below 0 is read as the negative number it was."""
_NARROW_MOST_W = 32_766
"""Where signed 16 bits are stopped; unsigned ones are at 65534, which no phase of a home has."""
_EARLIEST_S = 1_577_836_800
"""2020: a GX device without network starts in 1970, and such a clock is none."""
_PHASES = (0, 1, 2)
_RESERVED = 0xFFFF
"""Fills registers that do not exist."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """`count` registers from `address`; `parts` cover what is needed of them where the whole is refused."""

    address: int
    count: int
    parts: tuple[Block, ...] = ()


SYSTEM = Block(
    address=800,
    count=120,
    parts=(
        Block(address=800, count=6),
        Block(address=808, count=12),
        Block(address=820, count=7, parts=(Block(address=820, count=3), Block(address=826, count=1))),
        Block(address=830, count=4),
        Block(address=840, count=5),
        Block(address=850, count=1),
        Block(address=860, count=1),
        Block(address=884, count=36),
    ),
)
"""Everything of the system in one request; older firmware has gaps in it."""


GRID_METER = Block(address=2600, count=3)
"""The grid meter's own power by phase."""


GRID_METER_OWN = Block(address=2616, count=6)
"""Its voltages and currents, which never stand still."""


INVERTER = Block(address=3, count=29)
"""A Multi's or Quattro's voltages, currents and powers (in tens of watts), from input to battery."""


CHARGER = Block(address=789, count=5, parts=(Block(address=789, count=3), Block(address=789, count=1)))
"""PV power, the tracker's mode, and on newer firmware PV power in 32 bits."""


CHARGER_TRACKERS = Block(address=3730, count=5, parts=(Block(address=3730, count=1), Block(address=3731, count=2)))
"""The same of a charger with several trackers."""


CHARGER_OWN = Block(address=771, count=2)
"""Its voltage and current at the battery, which never stand still while it works."""


CHARGER_STATE = Block(address=775, count=1)


MULTI_RS_TRACKERS = Block(address=4605, count=4)


MULTI_RS_MODE = Block(address=4543, count=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class System:
    """What unit 100 says, taken literally: 0 may mean "not known". None has no register, or cannot be."""

    serial_number: str | None = None
    clock_s: float | None = None
    """The GX device's own clock, Unix seconds."""
    pv_dc_w: float | None = None
    pv_ac_w: float | None = None
    """On the inverter's output, its grid input and its generator input together."""
    consumption_w: float | None = None
    consumption_phase_w: tuple[float, ...] | None = None
    """All three phases, also those that do not exist."""
    grid_phase_w: tuple[float, ...] | None = None
    """All three phases, also those that do not exist."""
    genset_w: float = 0.0
    active_input: int | None = None
    """1 grid, 2 generator, 3 shore, 240 none, 0 not known."""
    battery_v: float | None = None
    battery_w: float | None = None
    battery_soc_percent: float | None = None
    battery_state: int | None = None
    """0 idle, 1 charging, 2 discharging."""
    dc_load_w: float = 0.0
    """What loads on the battery's side draw, where the GX device is set up to know; below 0 a source gives."""
    phases_in_use: int = 0
    """The highest phase on which anything is seen."""

    @property
    def grid_w(self) -> float | None:
        """All phases together."""
        return None if self.grid_phase_w is None else sum(self.grid_phase_w)


@dataclass(frozen=True, slots=True, kw_only=True)
class Charger:
    """What one solar charger says."""

    pv_w: float | None
    """None where the device tells its modes only."""
    modes: tuple[int, ...]
    """MppOperationMode of each tracker: 0 off or not known, 1 limited by voltage or current, 2 tracking."""


def system_of(words: Words, complain: Complain) -> System:
    """What unit 100 says in the registers 800 to 919, as far as they could be read."""
    grid_phase_w = _phases_w("grid power", words, 820, 908, True, complain)
    consumption_phase_w = _phases_w("consumption", words, 817, 902, False, complain)
    pv_phases_w = [_phases_w("AC PV", words, 808 + 3 * n, 884 + 6 * n, False, complain) for n in range(3)]
    seen = [phases for phases in (grid_phase_w, consumption_phase_w, *pv_phases_w) if phases is not None]
    return System(
        serial_number=_text(words, 800, 6),
        clock_s=_clock_s(words),
        pv_dc_w=_unsigned_w("DC PV", words.get(850), complain),
        pv_ac_w=_total_of(pv_phases_w),
        consumption_w=None if consumption_phase_w is None else sum(consumption_phase_w),
        consumption_phase_w=consumption_phase_w,
        grid_phase_w=grid_phase_w,
        genset_w=sum(_phases_w("generator power", words, 823, 914, True, complain) or ()),
        active_input=words.get(826),
        battery_v=_voltage_v(words.get(840), complain),
        battery_w=_signed_w("battery power", words.get(842), complain),
        battery_soc_percent=plausible_percent("GX: the state of charge", _scaled(words.get(843), 1.0), complain),
        battery_state=words.get(844),
        dc_load_w=_signed_w("DC load", words.get(860), complain) or 0.0,
        phases_in_use=max((phase + 1 for phase in _PHASES for power_w in seen if power_w[phase]), default=0),
    )


def grid_meter_w(words: Words) -> float | None:
    """What the grid meter itself measures, all phases together; None where a phase is at the end of its range."""
    phases = [_signed_w("grid meter", words.get(2600 + phase), _unheard) for phase in _PHASES]
    return None if None in phases else sum(power_w or 0.0 for power_w in phases)


def charger_of(words: Words, tracker_words: Words) -> Charger:
    """What a charger says in CHARGER and, where it has several trackers, in CHARGER_TRACKERS."""
    modes = tuple(tracker_words[address] for address in range(3731, 3735) if address in tracker_words)
    wide_w = _wide(words, 792) or 0
    # 789 holds ten times the watts and ends at 6553 W; it is for firmware that has nothing better.
    pv_w = float(wide_w) if wide_w > 0 else words.get(789, 0) / 10.0
    return Charger(pv_w=max(pv_w, float(tracker_words.get(3730, 0))), modes=(words.get(791, 0), *modes))


def inverter_claims_w(words: Words) -> float:
    """The greatest power that a Multi says it has on its input or output, W; 0 when it says none."""
    return max((10.0 * abs(_as_signed(words[address])) for address in (12, 13, 14, 23, 24, 25) if address in words),
               default=0.0)  # fmt: skip


def _phases_w(
    what: str, words: Words, narrow_at: int, wide_at: int, signed: bool, complain: Complain
) -> tuple[float, ...] | None:
    """Power on three phases; None as a whole when one of them cannot be told: a part of a sum is not a sum."""
    if all(words.get(narrow_at + phase) == _RESERVED for phase in _PHASES):
        return None
    found = []
    for phase in _PHASES:
        narrow = words.get(narrow_at + phase)
        wide_w = _wide(words, wide_at + 2 * phase)
        if wide_w is not None and _same(narrow, wide_w, signed):
            power_w = plausible_w(f"GX: {what} on phase {phase + 1}", float(wide_w), complain)
        else:
            read = _signed_w if signed else _unsigned_w
            power_w = read(f"{what} on phase {phase + 1}", narrow, complain)
        if power_w is None or (not signed and _is_far_below_0(what, power_w, complain)):
            return None
        found.append(power_w)
    return tuple(found)


def _is_far_below_0(what: str, power_w: float, complain: Complain) -> bool:
    if power_w >= -MOST_STANDBY_W:
        return False
    complain(f"GX: {what} is {power_w:.0f} W, which cannot be below 0; a meter may be the wrong way round")
    return True


def _same(narrow: int | None, wide_w: int, signed: bool) -> bool:
    """Whether the 32-bit register holds the same measurement as the 16-bit one, whatever the latter could not hold."""
    if wide_w == -1:
        return narrow == _RESERVED
    if narrow is None or narrow == wide_w & 0xFFFF:
        return True
    if signed:
        return abs(_as_signed(narrow)) >= _NARROW_MOST_W and abs(wide_w) >= _NARROW_MOST_W
    return (narrow == 0 and wide_w < 0) or (narrow == 0xFFFE and wide_w > 0xFFFE)


def _signed_w(what: str, word: int | None, complain: Complain) -> float | None:
    if word is None:
        return None
    power_w = float(_as_signed(word))
    if abs(power_w) < _NARROW_MOST_W:
        return power_w
    complain(f"GX: {what} is at the end of what its register can hold ({power_w:.0f} W); it is left out")
    return None


def _unsigned_w(what: str, word: int | None, complain: Complain) -> float | None:
    """A word above half the range is a negative number that was cut off: no phase of a home has 32 kW."""
    if word is None or word < 0x8000:
        return None if word is None else float(word)
    power_w = float(_as_signed(word))
    if power_w >= -MOST_STANDBY_W:
        return power_w
    complain(f"GX: {what} reads {word} W, which no home has; it is left out")
    return None


def _total_of(groups: list[tuple[float, ...] | None]) -> float | None:
    return None if None in groups else sum(sum(group) for group in groups if group is not None)


def _as_signed(word: int) -> int:
    return word - 0x10000 if word >= 0x8000 else word


def _wide(words: Words, address: int) -> int | None:
    """Two words, high one first, as a signed number."""
    high, low = words.get(address), words.get(address + 1)
    return None if high is None or low is None else (_as_signed(high) << 16) | low


def _voltage_v(word: int | None, complain: Complain) -> float | None:
    battery_v = _scaled(word, 0.1)
    if battery_v is None or battery_v <= MOST_V:
        return battery_v
    complain(f"GX: the battery has {battery_v:.0f} V, which cannot be; it is left out")
    return None


def _scaled(word: int | None, factor: float) -> float | None:
    return None if word is None else word * factor


def _text(words: Words, address: int, count: int) -> str | None:
    raw = b"".join(words.get(address + n, 0).to_bytes(2, "big") for n in range(count))
    return raw.decode("ascii", errors="replace").strip("\0 ") or None


def _clock_s(words: Words) -> float | None:
    if any(830 + n not in words for n in range(4)):
        return None
    clock_s = sum(words[830 + n] << (16 * (3 - n)) for n in range(4))
    # All ones fill registers that do not exist.
    return float(clock_s) if _EARLIEST_S <= clock_s < 1 << 40 else None


def _unheard(_text: str) -> None:
    """For a witness: it is not what the reading is made of."""
