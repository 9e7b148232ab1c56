"""An inverter whose driver on the GX device is lost, or not there yet. Pure, but it remembers.

Without it Victron's calculation goes on with what is left: consumption is then only what hangs beside the inverter
(71 W of 760 were seen), for as long as it lasts. The same shows for a second or two when the calculation starts.
What is left to believe is the balance of PV, grid and battery, which are measured by devices of their own.
"""

from __future__ import annotations

from pv_heater.errors import BadReply

SETTLE_S = 5.0
"""A start of Victron's calculation is over by then: 2 s were seen."""


class LostInverter:
    """To be asked with every sample; one instance for one GX device."""

    def __init__(self, settle_s: float = SETTLE_S) -> None:
        self._settle_s = settle_s
        self._had = False
        self._missing_since_s: float | None = None

    def is_lost(self, *, is_told: bool, has_battery: bool, tick_s: float) -> bool:
        """Whether consumption is not the house's for want of the inverter.

        `is_told`: the GX device tells what feeds the inverter. `has_battery`: it tells the charge of a battery, which
        feeds a house through an inverter only. `tick_s` is monotonic. Raises BadReply for the first seconds without
        it: the other values may not be whole either.
        """
        if is_told:
            self._had, self._missing_since_s = True, None
            return False
        if not self._had and not has_battery:
            return False
        if self._missing_since_s is None:
            self._missing_since_s = tick_s
        if tick_s - self._missing_since_s < self._settle_s:
            raise BadReply(
                "the GX device reports nothing of its inverter: it is starting, or the inverter's driver is lost. "
                f"After {self._settle_s:.0f} s without it the house is counted from PV, grid and battery"
            )
        return True
