"""By what name other systems know a load. It outlives a rename in the settings: the statistics of years hang on it.

The first name that a load had here. A load that is gone from the settings and another one of the same type at the same
output (pins, address, topic) that is new there are the same load under another name.
"""

from __future__ import annotations

import hashlib
import logging
import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any

from pv_heater.core.model.lean import dataclass
from pv_heater.core.settings.load import LoadSettings
from pv_heater.io.system.state_file import UnreadableState, read_object
from pv_heater.status.home import Home
from pv_heater.telemetry.kept import keep, read_kept

log = logging.getLogger(__name__)

FILE_NAME = "load_identities.json"
MOST = 200
"""So many loads of earlier settings are remembered at most."""
_OF_EVERY_LOAD = frozenset(field.name for field in fields(LoadSettings))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Known:
    """What a load was when it was seen last."""

    name: str
    type: str
    output: str

    def as_json(self) -> dict[str, str]:
        return {"name": self.name, "type": self.type, "output": self.output}


def identities_of(home: Home, folder: Path) -> Mapping[str, str]:
    """The identity of each load, by its name of now; the first such in the settings comes first.

    `folder` is the state folder, where they are remembered.
    """
    path = folder / FILE_NAME
    saved = read_kept(path, "Loads that were renamed are new ones to other systems")
    known = {key: load for key, value in saved.items() if _fit(key) and (load := _known(value)) is not None}
    now = [
        _Known(name=name, type=home.kinds.get(name, "unknown"), output=_output(policy))
        for name, policy in home.policies().items()
    ]
    found = _matched(now, known)
    known |= {found[load.name]: load for load in now}
    told = {key: load.as_json() for key, load in list(known.items())[-MOST:]}
    if told != saved and (trouble := keep(path, told)) is not None:
        log.warning("the identities of the loads cannot be saved: %s; one that is renamed will be a new one.", trouble)
    return found


def vanished(folder: Path, identities: Mapping[str, str]) -> tuple[str, ...]:
    """Identities of loads of earlier settings, which are told of no more."""
    try:
        saved = read_object(folder / FILE_NAME) or {}
    except UnreadableState:
        return ()
    return tuple(key for key in saved if _fit(key) and key not in identities.values())


def _matched(now: list[_Known], known: Mapping[str, _Known]) -> dict[str, str]:
    by_name = {load.name: key for key, load in known.items()}
    names = {load.name for load in now}
    gone = {key: (load.type, load.output) for key, load in known.items() if load.name not in names}
    new = Counter((load.type, load.output) for load in now if load.name not in by_name)
    found: dict[str, str] = {}
    for load in now:
        what = (load.type, load.output)
        before = [key for key, other in gone.items() if other == what]
        if load.name in by_name:
            found[load.name] = by_name[load.name]
        elif len(before) == 1 and new[what] == 1:
            found[load.name] = before[0]
            log.info("%s was called %s before: other systems go on knowing it as %s.",
                     load.name, known[before[0]].name, before[0])  # fmt: skip
        else:
            found[load.name] = _free(load.name, {*known, *found.values()})
    return found


def _fit(key: str) -> bool:
    """Whether it may stand in a topic: a damaged file may say anything."""
    return re.fullmatch(r"[A-Za-z][A-Za-z0-9_]{0,199}", key) is not None


def _free(name: str, taken: set[str]) -> str:
    number, key = 1, name
    while key in taken:
        number += 1
        key = f"{name}_{number}"
    return key


def _output(policy: LoadSettings) -> str:
    """What its settings say of its output, as a number that tells nothing of them."""
    own = {
        field.name: repr(getattr(policy, field.name)) for field in fields(policy) if field.name not in _OF_EVERY_LOAD
    }
    return hashlib.sha256(repr(sorted(own.items())).encode()).hexdigest()[:16]


def _known(value: Any) -> _Known | None:
    if not isinstance(value, Mapping):
        return None
    name, kind, output = (value.get(key) for key in ("name", "type", "output"))
    if isinstance(name, str) and name and isinstance(kind, str) and isinstance(output, str):
        return _Known(name=name, type=kind, output=output)
    return None
