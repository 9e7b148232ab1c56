"""How much energy warms a tank; the water counts as mixed."""

from __future__ import annotations

from pv_heater.core.hot_water_settings import HotWater

WATER_WH_PER_LITRE_K = 1.163
"""Heat capacity of water, 4.187 kJ/(kg K)."""


def heat_wh(hot_water: HotWater, from_c: float, to_c: float) -> float:
    """Energy between two temperatures, Wh; 0 where it is that warm already."""
    return max(0.0, to_c - from_c) * hot_water.volume_l * WATER_WH_PER_LITRE_K
