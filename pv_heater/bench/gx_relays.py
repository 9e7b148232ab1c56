"""The relays of a GX device as its own software treats them; part of `gx_peer`. Pure.

Watched on dbus-systemcalc-py 2.256: a write is taken for every function but -1, which refuses it without a word; it is
saved for the next start; the temperature function puts the contact back after 0.8 s; a restart restores a manual relay.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

_STATE = re.compile(r"system/0/Relay/(\d)/State")
_SETTINGS = "settings/0/Settings/Relay"
DISABLED, MANUAL, TEMPERATURE = -1, 2, 4
PUT_BACK_S = 0.8


def relay_values(index: int, *, state: int = 0, function: int = MANUAL, polarity: int = 0) -> dict[str, object]:
    """The topics of one relay; `index` 0 is relay 1."""
    own = _SETTINGS if index == 0 else f"{_SETTINGS}/{index}"
    return {
        f"system/0/Relay/{index}/State": None if function == DISABLED else state,
        f"{own}/Function": function,
        f"{own}/Polarity": polarity,
        f"{_SETTINGS}/{index}/InitialState": state,
    }


def function_of(values: Mapping[str, object], topic: str) -> object:
    """What the relay behind a state topic is used for; None for any other topic."""
    found = _STATE.fullmatch(topic)
    if found is None:
        return None
    return values.get(f"{_SETTINGS}/Function" if found[1] == "0" else f"{_SETTINGS}/{found[1]}/Function")


def saved_by_write(topic: str, value: object) -> dict[str, object]:
    """What else a write to this topic changes."""
    found = _STATE.fullmatch(topic)
    return {} if found is None else {f"{_SETTINGS}/{found[1]}/InitialState": int(bool(value))}


def after_restart(values: Mapping[str, object]) -> dict[str, object]:
    """The relays' states once the device is up again: manual ones as saved, the others as they were."""
    states = {topic: _STATE.fullmatch(topic) for topic in values}
    return {
        topic: values[f"{_SETTINGS}/{found[1]}/InitialState"]
        for topic, found in states.items()
        if found is not None and function_of(values, topic) == MANUAL
    }
