"""The loads as PvMonit counted them: relays 1, 2, 3 ... in their order, each with a mode of 0 to 3 and a state."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pv_heater.core.model.requests import Mode

FORCED_OFF, AUTO_OFF, AUTO_ON, FORCED_ON = 0, 1, 2, 3
_FORCED = {"off": FORCED_OFF, "on": FORCED_ON}


def relay_names(document: Mapping[str, Any]) -> dict[str, str]:
    """The name of each load by the number of its relay, as text: ``"1"`` is the first."""
    return {str(number): load["name"] for number, load in enumerate(document["loads"], 1)}


def relay_modes(document: Mapping[str, Any]) -> dict[str, int]:
    """0 forced off, 1 off by itself, 2 on by itself, 3 forced on."""
    return {
        str(number): _FORCED.get(load["mode"], AUTO_ON if load["power_w"] else AUTO_OFF)
        for number, load in enumerate(document["loads"], 1)
    }


def relay_states(document: Mapping[str, Any]) -> dict[str, int]:
    """1 for a load that is on."""
    return {str(number): int(bool(load["power_w"])) for number, load in enumerate(document["loads"], 1)}


def may_be_for_good(document: Mapping[str, Any], name: str) -> bool:
    """Whether `on` and `off` last as they did there, until another mode: its settings allow it."""
    return any(load["name"] == name and load["forced_without_end"] for load in document["loads"])


def mode_asked(number: int) -> Mode:
    """What the owner asks by such a mode; whether it is on or off by itself is not asked but decided."""
    return {FORCED_OFF: Mode.OFF, FORCED_ON: Mode.ON}.get(number, Mode.AUTO)
