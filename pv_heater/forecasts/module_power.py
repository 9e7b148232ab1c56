"""Light and air on a plane of modules -> its power. Pure.

The cell is warmer than the air by 25 K at 800 W/m2 (a nominal operating cell temperature of 45 degC, IEC 61215, as most
data sheets state); each kelvin above 25 degC costs 0.37 %, usual for crystalline silicon; a tenth is left in cables,
inverter, dirt and mismatch.
"""

from __future__ import annotations

_STANDARD_W_M2 = 1000.0
_STANDARD_C = 25.0
_NOMINAL_W_M2 = 800.0
_NOMINAL_WARMTH_K = 25.0
_LOSS_PER_K = 0.0037
_SYSTEM_YIELD = 0.90
USUAL_AIR_C = 15.0
"""Where the air temperature is not known: the standard atmosphere at sea level. Ten kelvin off is 4 % of power."""


def module_w(kwp: float, light_w_m2: float, air_c: float | None) -> float:
    """Mean AC power in W of modules of `kwp` kW peak under `light_w_m2` on their plane; never negative."""
    light_w_m2 = max(0.0, light_w_m2)
    cell_c = (USUAL_AIR_C if air_c is None else air_c) + light_w_m2 * _NOMINAL_WARMTH_K / _NOMINAL_W_M2
    warmth = 1.0 - _LOSS_PER_K * (cell_c - _STANDARD_C)
    return max(0.0, kwp * 1000.0 * light_w_m2 / _STANDARD_W_M2 * _SYSTEM_YIELD * warmth)
