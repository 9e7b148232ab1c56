"""What became of the energy."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

STORED_WORTH = 1.94
"""What a Wh left in the battery counts: it saves import, which counts twice, after the loss of 3 % on its way out."""
IMPORT_COST = 2.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Ledger:
    """Energies since the beginning, in Wh."""

    heat_wh: Mapping[str, float]
    """By load, as really drawn."""
    grid_import_wh: float
    grid_export_wh: float
    unused_wh: float
    """Sun that the panels could have given and nobody took."""
    unserved_wh: float
    """Off grid only: what the house wanted and neither sun nor battery could give."""
    battery_start_wh: float
    battery_end_wh: float
    pv_wh: float
    """Produced, not available."""
    house_wh: float
    """The house without the controlled loads."""

    @property
    def heat_total_wh(self) -> float:
        """Of all loads together."""
        return sum(self.heat_wh.values())

    def value_wh(self) -> float:
        """What the time was worth: heat, plus what is left in the battery, minus twice what was bought or missing."""
        return (
            self.heat_total_wh
            + STORED_WORTH * self.battery_end_wh
            - IMPORT_COST * (self.grid_import_wh + self.unserved_wh)
        )
