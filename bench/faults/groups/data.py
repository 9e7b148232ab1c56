"""What a meter says, or no longer says."""

from __future__ import annotations

import math
from typing import Any

from bench.faults.fault import Act, Back, Expect, Fault
from bench.faults.groups.acts import (
    LOCAL_S,
    LOCAL_SUM,
    STOP_S,
    STOP_SUM,
    VRM_S,
    VRM_SUM,
    both,
    frozen,
    house,
    limits,
    mend,
    mute,
    refuse,
    shows,
    spoil,
    stamped,
    start,
    stop,
    well,
)
from bench.faults.rig import Rig

_AT_ONCE_S, _AT_ONCE_SUM = 2.6, "1 s to the next sample + 1 s + 0.6 s"
_SAFETY_S, _SAFETY_SUM = 2.0, "1 s to the next sample + 1 s"


def _frozen_stamp(rig: Rig) -> None:
    at_s = rig.peers["house"].taken_at_s()
    rig.peers["house"].stamp = lambda _: at_s


def _logs_every_five_minutes(rig: Rig) -> None:
    rig.peers["house"].logging_s = 300


def _without(*names: str) -> Act:
    return spoil(lambda true: {name: value for name, value in true.items() if name not in names})


def _all(value: float | None) -> Act:
    return spoil(lambda true: dict.fromkeys(true, value))


def _older(seconds: float) -> Act:
    return stamped(lambda true_s: true_s - seconds)


def _warmth(value: float | None) -> Act:
    def does(rig: Rig) -> None:
        rig.peers["warmth"]["tank"] = value

    return does


def _http(name: str, does: Act, bound_s: float = LOCAL_S, of: str = LOCAL_SUM, **more: Any) -> Fault:
    return Fault(name=name, home="http", does=does, ends=mend, bound_s=bound_s, sum=of, **more)


_GOES_ON: dict[str, Any] = {"expects": Expect.STAYS, "back": Back.NEVER_LEFT, "hold_s": 40.0}

FAULTS: tuple[Fault, ...] = (
    Fault(name="VRM answers no more", home="vrm", does=mute("portal"), ends=well("portal"), bound_s=VRM_S,
          sum=VRM_SUM, says="no_reading"),
    Fault(name="the same, logging every 5 min (ten times the pace)", home="vrm", prepares=_logs_every_five_minutes,
          does=mute("portal"), ends=well("portal"), bound_s=901.6, sum="900 s age + 1 s + 0.6 s", speed=10),
    Fault(name="VRM repeats the same sample", home="vrm", does=both(frozen, _frozen_stamp), ends=mend,
          bound_s=VRM_S, sum=VRM_SUM),
    Fault(name="VRM goes on under new times, but its values stand still", home="vrm", does=frozen, ends=mend,
          bound_s=301.6, sum="240 s of four samples + 60 s + 1 s + 0.6 s"),
    Fault(name="VRM's stamps go back by six hours", home="vrm", does=_older(21600), ends=mend, bound_s=VRM_S,
          sum=VRM_SUM),
    Fault(name="VRM's samples are from yesterday at the start", home="vrm", does=_older(86400), ends=mend,
          expects=Expect.NEVER, bound_s=0, sum="no contact closes"),
    Fault(name="VRM without one value: state of charge", home="vrm", does=_without("soc"), ends=mend, bound_s=VRM_S,
          sum=VRM_SUM),
    Fault(name="VRM without one value: grid power", home="vrm", does=_without("grid"), ends=mend, bound_s=VRM_S,
          sum=VRM_SUM),
    Fault(name="a meter in the house answers no more", home="http", does=mute("meter"), ends=well("meter"),
          bound_s=LOCAL_S, sum=LOCAL_SUM),
    Fault(name="it refuses every connection", home="http", does=refuse("meter"), ends=well("meter"),
          bound_s=LOCAL_S, sum=LOCAL_SUM),
    Fault(name="it is gone", home="http", does=stop("meter"), ends=start("meter"), bound_s=LOCAL_S, sum=LOCAL_SUM),
    Fault(name="it is silent, and VRM is the second meter", home="two meters", does=mute("meter"), bound_s=STOP_S,
          sum=STOP_SUM, expects=Expect.STAYS, back=Back.NEVER_LEFT, hold_s=40, says="The house is now read from vrm"),
    Fault(name="both are silent", home="two meters", does=both(mute("meter"), mute("portal")),
          ends=both(well("meter"), well("portal")), bound_s=VRM_S, sum=VRM_SUM),
    _http("its values stand still by day", frozen, 22.6, "20 s + 1 s to the next sample + 1 s + 0.6 s"),
    _http("NaN for every value", _all(math.nan)),
    _http("infinity for every value", _all(math.inf)),
    _http("null for every value", _all(None)),
    _http("text for every value", _all("a lot")),  # type: ignore[arg-type]
    _http("an empty answer", spoil(lambda _: {})),
    _http("only grid power is lost", _without("grid")),
    _http("only PV is lost; the others tell it", _without("pv"), STOP_S, STOP_SUM, **_GOES_ON),
    _http("only the house's use is lost; the others tell it", _without("use"), STOP_S, STOP_SUM, **_GOES_ON),
    _http("only the battery's power is lost", _without("battery")),
    _http("only the state of charge is lost", _without("soc")),
    _http("an absurd state of charge, 6553 %", shows(soc=6553.0)),
    _http("a state of charge below zero", shows(soc=-3.0)),
    _http("PV of a gigawatt; the others tell it", shows(pv=1e9), STOP_S, STOP_SUM, **_GOES_ON),
    _http("PV wrapped at 65535 W", shows(pv=65535.0)),
    _http("grid power wrapped at -32768 W", shows(grid=-32768.0)),
    _http("the grid gives five times what it may", house(use=9000.0), 22.6,
          "1 s to the next sample + 20 s + 1 s + 0.6 s"),
    _http("the grid gives a little more than it may", house(use=5700.0), 302.6,
          "1 s to the next sample + 300 s + 1 s + 0.6 s"),
    _http("the battery is at its reserve", house(soc=8.0), _AT_ONCE_S, _AT_ONCE_SUM),
    _http("the house is above its limit", house(use=4000.0), _SAFETY_S, _SAFETY_SUM, prepares=limits(max_house_w=4500)),
    _http("a meter without what max_house_w needs", _without("use", "pv"), 32.0,
          "1 s to the next sample + 30 s age + 1 s", prepares=limits(max_house_w=9000)),
    Fault(name="the probe is lost", home="tank", does=_warmth(None), ends=_warmth(40.0), bound_s=31.0,
          sum="30 s age + 1 s"),
    Fault(name="the probe answers no more", home="tank", does=mute("probe"), ends=well("probe"), bound_s=31.0,
          sum="30 s age + 1 s"),
    Fault(name="the tank is too hot", home="tank", does=_warmth(71.0), ends=_warmth(40.0), bound_s=_SAFETY_S,
          sum=_SAFETY_SUM),
    Fault(name="the probe says 85 degrees, as after a loss of power", home="tank", does=_warmth(85.0),
          ends=_warmth(40.0), bound_s=_SAFETY_S, sum=_SAFETY_SUM),
)  # fmt: skip
