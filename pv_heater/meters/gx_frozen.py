"""Solar chargers whose driver on the GX device hangs. Pure, but it remembers.

Nothing tells: no topic is taken back and no value becomes null, and the system's PV power goes on to hold the
charger's last word. Only that not one of its values moves while the rest of the house does gives it away: the voltages
and currents of a charger that works change every few seconds.

What it really gives is not known then. Left in, its share could be sun that went hours ago; counted as 0, the house
would seem to live without it. So PV power as a whole is left out, and the balance rests on grid and battery, which are
measured.
"""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass

from pv_heater.meters.gx_topics import CHARGERS, GxValues

FROZEN_S = 60.0
_LEAST_W = 100.0
"""Below it a charger may rest for minutes, and what it gives hardly matters."""
_OWN_VALUES = ("/Yield/Power", "/V", "/I", "/P", "/Dc/0/Voltage", "/Dc/0/Current")
_HOUSE = tuple(f"system/0/{name}" for name in ("Dc/Battery/Power", "Dc/Battery/Voltage", "Ac/Consumption/L1/Power"))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Seen:
    values: Hashable
    since_s: float


class FrozenChargers:
    """To be shown every picture; one instance for one GX device."""

    def __init__(self, after_s: float = FROZEN_S) -> None:
        self._after_s = after_s
        self._seen: dict[str, _Seen] = {}

    def hung(self, values: GxValues, tick_s: float) -> frozenset[str]:
        """The chargers, such as ``solarcharger/280``, that claim power but have not moved for a minute.

        `tick_s` is monotonic. When nothing else moved in that minute either, the house may just be still.
        """
        chargers = _values_of_chargers(values)
        house = tuple(values.number(topic) for topic in _HOUSE)
        now = {**chargers, "house": house}
        self._seen = {
            name: known
            if (known := self._seen.get(name)) is not None and known.values == held
            else _Seen(values=held, since_s=tick_s)
            for name, held in now.items()
        }
        still_s = {name: tick_s - seen.since_s for name, seen in self._seen.items()}
        return frozenset(
            name
            for name in chargers
            if still_s[name] >= self._after_s
            and _claimed_w(values, name) > _LEAST_W
            and any(other_s < self._after_s for other, other_s in still_s.items() if other != name)
        )


def _values_of_chargers(values: GxValues) -> dict[str, Hashable]:
    found: dict[str, list[tuple[str, float | None]]] = {}
    for device, topic in values.ending(CHARGERS, _OWN_VALUES):
        found.setdefault(device, []).append((topic, values.number(topic)))
    return {device: tuple(sorted(held, key=lambda item: item[0])) for device, held in found.items()}


def _claimed_w(values: GxValues, device: str) -> float:
    power_w = values.number(f"{device}/Yield/Power")
    if power_w is None:
        power_w = (values.number(f"{device}/Pv/V") or 0.0) * (values.number(f"{device}/Pv/I") or 0.0)
    return power_w
