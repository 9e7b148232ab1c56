"""Spends surplus sun on hot water and other loads in a Victron home.

The public names are loaded when first used, so that ``main.py off`` stays light.
"""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pv_heater.config.load import load_config
    from pv_heater.controller import Controller
    from pv_heater.core.model.prices import PricePeriod
    from pv_heater.core.model.requests import Boost, ClearFault, Force, Mode, Vacation
    from pv_heater.core.model.steering import Steering
    from pv_heater.core.model.trace import OwnValue
    from pv_heater.core.model.values import Decision, Forecast, Inputs, Reading

__version__ = "0.1.0"

PROJECT_FOLDER = Path(__file__).resolve().parents[1]
"""The program runs from there: Files and docs lie beside the package."""

__all__ = [
    "Boost",
    "ClearFault",
    "Controller",
    "Decision",
    "Force",
    "Forecast",
    "Inputs",
    "Mode",
    "OwnValue",
    "PricePeriod",
    "Reading",
    "Steering",
    "Vacation",
    "load_config",
]

_HOMES = dict.fromkeys(__all__, "pv_heater.core.model.values") | {
    **dict.fromkeys(("Boost", "ClearFault", "Force", "Mode", "Vacation"), "pv_heater.core.model.requests"),
    "Controller": "pv_heater.controller",
    "OwnValue": "pv_heater.core.model.trace",
    "PricePeriod": "pv_heater.core.model.prices",
    "Steering": "pv_heater.core.model.steering",
    "load_config": "pv_heater.config.load",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)
