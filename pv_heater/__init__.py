"""Spends surplus sun on hot water and other loads in a Victron home.

The public names are loaded when first used, so that ``main.py off`` stays light.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pv_heater.config import load_config
    from pv_heater.controller import Controller
    from pv_heater.core.types import Decision, Forecast, Inputs, Reading

__version__ = "0.1.0"

__all__ = ["Controller", "Decision", "Forecast", "Inputs", "Reading", "load_config"]

_HOMES = {
    "Controller": "pv_heater.controller",
    "Decision": "pv_heater.core.types",
    "Forecast": "pv_heater.core.types",
    "Inputs": "pv_heater.core.types",
    "Reading": "pv_heater.core.types",
    "load_config": "pv_heater.config",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)
