"""The time of day: never set, jumping, turned back by an hour."""

from __future__ import annotations

import os
import time
from datetime import datetime

from bench.faults.fault import Act, Back, Expect, Fault
from bench.faults.groups.acts import STOP_S, STOP_SUM, both
from bench.faults.rig import Rig

_DAY_S = 86_400.0
_JUMP_S, _JUMP_SUM = 31.6, "30 s in which the kernel is not asked + 1 s + 0.6 s"


def _steered(rig: Rig) -> None:
    """A wall clock that the bench can move, and a kernel that knows of no network time: the meter vouches."""
    rig.door |= {"wall": str(rig.folder / "wall"), "synchronised": False}


def _moved(seconds: float) -> Act:
    def does(rig: Rig) -> None:
        new = rig.folder / "wall.new"
        new.write_text(str(seconds))
        os.replace(new, rig.folder / "wall")

    return does


def _begins_at(instant: str, zone: str) -> Act:
    """It starts at that moment of that zone, with network time."""

    def prepares(rig: Rig) -> None:
        rig.door |= {"wall": str(rig.folder / "wall"), "synchronised": True}
        rig.settings["site"]["timezone"] = zone
        _moved(datetime.fromisoformat(instant).timestamp() - time.time())(rig)

    return prepares


def _nothing(rig: Rig) -> None:
    """It comes by itself while the bench looks on."""


def _goes_on(name: str, does: Act, prepares: Act = _steered) -> Fault:
    """Measured sun goes on: nothing has to be switched for a wrong clock."""
    return Fault(
        name=name, home="http", prepares=prepares, does=does, bound_s=STOP_S, sum=STOP_SUM, expects=Expect.STAYS,
        back=Back.NEVER_LEFT, hold_s=45.0,
    )  # fmt: skip


def _jump(name: str, seconds: float) -> Fault:
    """Nobody can say how old the portal's values are."""
    return Fault(name=name, home="vrm", prepares=_steered, does=_moved(seconds), ends=_moved(0.0), bound_s=_JUMP_S,
                 sum=_JUMP_SUM)  # fmt: skip


_1970_S = -56 * 365.25 * _DAY_S

FAULTS: tuple[Fault, ...] = (
    _jump("VRM is the meter, and the clock jumps a day ahead", _DAY_S),
    _jump("VRM is the meter, and the clock jumps a day back", -_DAY_S),
    _jump("VRM is the meter, and the clock is put back an hour", -3600.0),
    Fault(name="VRM is the meter, and the clock was never set", home="vrm", does=both(_steered, _moved(_1970_S)),
          bound_s=0, sum="no contact closes", expects=Expect.NEVER, ends=_moved(0.0), hold_s=35),
    _goes_on("a meter in the house shows sun, and the clock jumps a year ahead", _moved(365 * _DAY_S)),
    _goes_on("a meter in the house shows sun, and the clock jumps back to 1970", _moved(_1970_S)),
    _goes_on("a meter in the house shows sun, and a leap second is put in", _moved(-1.0)),
    _goes_on("summer time begins", _nothing, _begins_at("2026-03-29T01:59:40+01:00", "Europe/Vienna")),
    _goes_on("summer time ends", _nothing, _begins_at("2026-10-25T02:59:40+02:00", "Europe/Vienna")),
    _goes_on("the year ends", _nothing, _begins_at("2026-12-31T23:59:40+00:00", "UTC")),
    _goes_on("a leap day ends", _nothing, _begins_at("2028-02-29T23:59:40+00:00", "UTC")),
    _goes_on("32-bit time ends", _nothing, _begins_at("2038-01-19T03:13:50+00:00", "UTC")),
)  # fmt: skip
