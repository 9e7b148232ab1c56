"""What a meter says, or no longer says."""

from __future__ import annotations

import math
import time

from bench.faults.fault import Act, Fault
from bench.faults.groups.acts import (
    LOCAL_S,
    LOCAL_SUM,
    VRM_S,
    VRM_SUM,
    mend,
    mute,
    refuse,
    shows,
    spoil,
    well,
)
from bench.faults.rig import Rig

_AT_ONCE_S, _AT_ONCE_SUM = 2.6, "1 s to the next sample + 1 s + 0.6 s"
_SAFETY_S, _SAFETY_SUM = 2.0, "1 s to the next sample + 1 s"


def _frozen(rig: Rig) -> None:
    """What the meter shows now it shows for ever."""
    found = rig.peers["house"]
    shown = found.values()
    found.spoilt = lambda _: dict(shown)


def _frozen_stamp(rig: Rig) -> None:
    at_s = rig.peers["house"].taken_at_s()
    rig.peers["house"].stamp = lambda _: at_s


def _frozen_after_our_step(rig: Rig) -> None:
    """Half of the sun goes; as soon as the knob has moved by that, the meter stands still."""
    found, moved = rig.peers["house"], len(rig.changes())
    shown = dict(found.values())
    found.base["pv"] = 1500.0
    rig.until(lambda: any(change["state"] for change in rig.changes()[moved:]), 30, "the knob moves")
    found.spoilt = lambda _: shown | {"pv": 1500.0}
    rig.moment_s = time.monotonic()


def _logs_every_five_minutes(rig: Rig) -> None:
    rig.peers["house"].logging_s = 300


def _lost(*names: str) -> Act:
    return shows(**dict.fromkeys(names))


def _all(value: float | None) -> Act:
    return spoil(lambda true: dict.fromkeys(true, value))


FAULTS: tuple[Fault, ...] = (
    Fault(name="VRM answers no more", home="vrm", does=mute("portal"), ends=well("portal"), bound_s=VRM_S,
          sum=VRM_SUM, says="no_reading"),
    Fault(name="a meter in the house answers no more", home="http", does=mute("meter"), ends=well("meter"),
          bound_s=LOCAL_S, sum=LOCAL_SUM),
    Fault(name="it refuses every connection", home="http", does=refuse("meter"), ends=well("meter"),
          bound_s=LOCAL_S, sum=LOCAL_SUM),
    Fault(name="NaN for every value", home="http", does=_all(math.nan), ends=mend, bound_s=LOCAL_S, sum=LOCAL_SUM),
    Fault(name="null for every value", home="http", does=_all(None), ends=mend, bound_s=LOCAL_S, sum=LOCAL_SUM),
)  # fmt: skip
