"""The home that the tests of the Modbus meter read, and how they poll it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from pv_heater.core.model.values import Reading
from pv_heater.core.settings.home import Battery
from pv_heater.victron.modbus.meter import GxModbusMeter
from tests.source_tools import GRAZ, HandClock

WITH_BATTERY = replace(GRAZ, battery=Battery(capacity_wh=4800))
CHARGER, RS, GRID_METER, PV_INVERTER = 226, 215, 30, 20

Build = Callable[..., GxModbusMeter]
"""Makes a meter; it is closed when the test ends."""


def read_for(meter: GxModbusMeter, clock: HandClock, seconds: int, *, every_s: int = 1) -> Reading:
    """Poll once a second, as the worker does, or behind a slow line; the last reading."""
    for second in range(0, seconds, every_s):
        reading = meter.read()
        clock.advance(min(every_s, seconds - second))
    return reading
