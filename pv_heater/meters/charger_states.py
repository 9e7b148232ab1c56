"""What a Victron solar charger says it is doing, in words. Shared by all meters that see chargers."""

from __future__ import annotations

from collections.abc import Iterable

_WORDS = {
    0: "off",
    2: "fault",
    3: "bulk",
    4: "absorption",
    5: "float",
    6: "storage",
    7: "equalize",
    245: "off",
    247: "equalize",
    252: "external control",
}
"""The same numbers everywhere: D-Bus /State, Modbus, VRM's ScS, the CS field of VE.Direct. 245 is starting up."""
_RANK = ("bulk", "absorption", "equalize", "float", "storage", "external control", "fault", "off")


def charger_word(state: float) -> str | None:
    """The word for a state's number; None for one that is not known."""
    return _WORDS.get(int(state))


def hardest(words: Iterable[str | None]) -> str | None:
    """With several chargers the one that still charges hardest speaks for all; None without any."""
    found = set(words)
    return next((word for word in _RANK if word in found), None)
