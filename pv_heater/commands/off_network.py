"""The second half of ``main.py off``: outputs on the network are told to be off, all at once, for a few seconds.

It uses the same adapters as the controller, each with its own thread, so that a silent device keeps no other waiting.
"""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from pv_heater.config.load import load_config
from pv_heater.config.structure import setting_keys
from pv_heater.core.model.lean import dataclass
from pv_heater.core.settings.home import Site
from pv_heater.core.settings.load import BatteryShare, LoadSettings
from pv_heater.errors import ConfigError, HardwareError
from pv_heater.io.system.clock import SystemClock
from pv_heater.loads.network.mk2_client import Mk2Client
from pv_heater.loads.network.networked import LONGEST_OFF_S, NetworkedLoad
from pv_heater.ports import Tools
from pv_heater.run.outputs import with_found_curve

_LOOK_S = 0.05
NOBODY_TO_ASK = (
    "its client asks the page of a running controller and there is none, so it keeps to what it heard last. "
    "Switch it off by hand, or start the controller."
)
_NEEDED = frozenset({"name", "max_power_w"})
"""What an output needs of a load's policy; the rest may be wrong."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What became of one output."""

    confirmed: bool
    text: str


def tell_off(rows: Sequence[Mapping[str, Any]], folder: Path, state_dir: Path) -> list[Answer]:
    """Tell every networked output among these loads of a configuration, and wait for at most 5 s in all.

    `folder` is the configuration's, where its secrets and curves are named from. An output whose settings cannot be
    read is one that did not confirm.
    """
    logging.getLogger("pv_heater").addHandler(logging.NullHandler())  # what it has to say is in the answers
    clock = SystemClock()
    tools = Tools(clock=clock, site=Site(), state_dir=state_dir, pins=_no_pins)
    loads: list[NetworkedLoad] = []
    answers: list[Answer] = []
    with contextlib.chdir(folder):
        for row in rows:
            try:
                load = _load(row, tools)
            except ConfigError as error:
                name = str(row.get("name", "a load"))
                why = "; ".join(error.problems)
                answers.append(Answer(confirmed=False, text=f"{name}: it cannot be switched off: {why}"))
                continue
            if isinstance(load, str):
                answers.append(Answer(confirmed=False, text=load))
            elif load is not None:
                loads.append(load)
    _wait_until_off(loads, clock)
    for load in loads:
        said = "is off, and confirmed it" if load.confirmed_off else load.doubt()
        answers.append(Answer(confirmed=load.confirmed_off, text=f"{load.name}: {said}"))
    for load in loads:
        load.close()
    return answers


def _load(row: Mapping[str, Any], tools: Tools) -> NetworkedLoad | str | None:
    """The load of this row, None where it is not on the network, a sentence where it cannot be told from here.

    Raises ConfigError.
    """
    unneeded = set(setting_keys(LoadSettings)) - _NEEDED
    config = load_config({"loads": [{key: value for key, value in row.items() if key not in unneeded}]})
    for typed in config.loads:
        if isinstance(typed, BatteryShare) or not isinstance(typed.cls, type):
            continue
        if issubclass(typed.cls, Mk2Client):
            return f"{typed.settings.name}: {NOBODY_TO_ASK}"
        if issubclass(typed.cls, NetworkedLoad):
            load: NetworkedLoad = with_found_curve(config, typed).build(tools)
            return load
    return None


def _wait_until_off(loads: Sequence[NetworkedLoad], clock: SystemClock) -> None:
    began_s = clock.monotonic_s()
    for load in loads:
        load.safe(began_s)
    while not all(load.confirmed_off for load in loads) and clock.monotonic_s() - began_s < LONGEST_OFF_S:
        clock.wait_until(clock.monotonic_s() + _LOOK_S)


def _no_pins() -> Any:
    raise HardwareError("pins were switched before")
