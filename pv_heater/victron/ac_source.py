"""What feeds the AC input of a Victron system: one table for MQTT (Ac/ActiveIn/Source), Modbus (826) and VRM. Pure."""

from __future__ import annotations

from collections.abc import Iterable

GENERATOR = 2
NO_INPUT = 240
"""A Multi that runs on its battery."""
_WORDS = {1: "grid", GENERATOR: "generator", 3: "shore", NO_INPUT: "none"}
_LEAST_GENERATOR_W = 50.0
"""Less is not a generator at work but what its meter makes of nothing."""


def ac_source(number: float | None, generator_w: Iterable[float | None] = ()) -> str | None:
    """``grid``, ``generator``, ``shore`` or ``none``; None while it is not known (0, or no inverter that could tell).

    `generator_w` are the phases of a generator's own meter: where nobody tells the source, its power does.
    """
    word = _WORDS.get(int(number)) if number is not None and number == int(number) else None
    if word is None and any(power_w is not None and power_w > _LEAST_GENERATOR_W for power_w in generator_w):
        return "generator"
    return word


def has_grid(word: str | None) -> bool | None:
    """Whether a grid is behind that source: shore power is one, a generator is none. None: not known."""
    return None if word is None else word in ("grid", "shore")
