"""How a battery behaves of which the settings say no more, and what a Wh in it is worth.

The simulated home, the plan, the strategies, perfect foresight and the benches all use these figures.
"""

from __future__ import annotations

CAPACITY_WH, CHARGE_LIMIT_W = 5000.0, 5000.0
"""Of one that shows a charge and is not configured."""
CHARGE_EFFICIENCY = 0.96
DISCHARGE_EFFICIENCY = 0.97
"""Usual for lithium iron phosphate with its inverter; DESIGN section 7."""
TAPER_FROM_PERCENT = 98.0
"""From this charge on it takes less and less, nothing at 100 %."""
IMPORT_COST = 2.0
"""A bought Wh counts as so many Wh of heat."""
STORED_WORTH = IMPORT_COST * DISCHARGE_EFFICIENCY
"""What a Wh left in the battery counts: it saves import, after the loss on its way out."""
