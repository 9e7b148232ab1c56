"""The words that may stand behind ``type:``, and the classes they mean."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from typing import Any

from attrs import frozen

from pv_heater.displays import DISPLAYS
from pv_heater.forecasts import FORECASTS
from pv_heater.loads import LOADS
from pv_heater.meters import METERS
from pv_heater.sensors import POWER_METERS, SENSORS
from pv_heater.strategies import STRATEGIES


@frozen(kw_only=True, eq=False)
class Tables:
    """Which words stand for which classes: ``word: "module:Class"``."""

    meters: Mapping[str, str] = METERS
    forecasts: Mapping[str, str] = FORECASTS
    loads: Mapping[str, str] = LOADS
    strategies: Mapping[str, str] = STRATEGIES
    sensors: Mapping[str, str] = SENSORS
    power_meters: Mapping[str, str] = POWER_METERS
    displays: Mapping[str, str] = DISPLAYS


TABLES = Tables()
"""The program's own."""


def adapter_class(row: str) -> Any:
    """The class of a table row, imported now; its settings are its `Settings`. May raise ImportError."""
    module, _, name = row.partition(":")
    return getattr(import_module(module), name)
