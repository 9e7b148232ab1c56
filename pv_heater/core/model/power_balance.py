"""The house and the surplus out of one reading: plain sums of its powers."""

from __future__ import annotations

from pv_heater.core.model.values import Reading


def house_w(reading: Reading) -> float | None:
    """Power of the whole house: as measured, else from the balance of PV, grid, battery and DC loads.

    A site without a grid meter or a battery counts that part as 0, but at least one of the two must be there.
    """
    if reading.consumption_w is not None:
        return reading.consumption_w
    if reading.pv_w is None or (reading.grid_w is None and reading.battery_w is None):
        return None
    return reading.pv_w + (reading.grid_w or 0.0) - (reading.battery_w or 0.0) - (reading.dc_load_w or 0.0)


def spare_w(reading: Reading, house: float | None, own_w: float) -> tuple[float | None, float | None]:
    """(house without own loads, PV beyond that and DC loads), each None when the meter does not tell enough.

    `house` is `house_w` of the reading, `own_w` what own loads draw in it.

    A meter that sees only the grid still tells the surplus: what is exported plus what own loads draw.
    """
    if house is None:
        if reading.grid_w is None:
            return None, None
        return None, own_w - reading.grid_w + (reading.battery_w or 0.0)
    base = house - own_w if house > own_w else 0.0
    if reading.pv_w is not None:
        return base, reading.pv_w - (reading.dc_load_w or 0.0) - base
    if reading.grid_w is None:
        return base, None
    return base, own_w - reading.grid_w + (reading.battery_w or 0.0)
