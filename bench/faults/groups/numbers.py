"""A meter whose numbers are well formed and false: turned, doubled, in another unit, of one phase, of a while ago."""

from __future__ import annotations

import time
from typing import Any

from bench.faults.fault import Act, Fault
from bench.faults.groups.acts import LOCAL_S, LOCAL_SUM, ask, both, frozen, house, mend, spoil
from bench.faults.rig import Rig

_LEAST_S, _LEAST_SUM = 302.6, "1 s to the next sample + 300 s of minimum on time + 1 s + 0.6 s"
_STEP_S, _STEP_SUM = 7.6, "1 s until the meter is told + 2 s + 3 samples of 1 s + 1 s + 0.6 s"
_PUMP = "pump"


def _times(**factors: float) -> Act:
    """These numbers times so much."""

    def change(true: dict[str, float | None]) -> dict[str, float | None]:
        return true | {name: (true[name] or 0.0) * factor for name, factor in factors.items()}

    return spoil(change)


def _pump(rig: Rig) -> None:
    """A second load that only somebody's word switches."""
    pin = rig.relays[0].replace("/17", "/27")
    rig.settings["loads"].append(
        {"name": _PUMP, "type": "relay", "max_power_w": 500, "start_delay_s": 0, "min_off_s": 0, "min_on_s": 0,
         "relay": {"pin": pin, "active_high": True}}
    )  # fmt: skip


def _stands_still_at_a_step(rig: Rig) -> None:
    """The meter stands still, and then a load of ours takes 500 W more."""
    ask(command="force", load=_PUMP, mode="off", for_s=3600)(rig)
    time.sleep(4.0)
    frozen(rig)
    time.sleep(3.0)
    rig.moment_s = time.monotonic()
    ask(command="force", load=_PUMP, mode="on", for_s=3600)(rig)


def _well_again(rig: Rig) -> None:
    ask(command="force", load=_PUMP, mode="off", for_s=3600)(rig)
    mend(rig)


def _false(name: str, does: Act, bound_s: float = _LEAST_S, of: str = _LEAST_SUM, **more: Any) -> Fault:
    return Fault(name=name, home="http", does=does, bound_s=bound_s, sum=of, **{"ends": mend, **more})


FAULTS: tuple[Fault, ...] = (
    _false("PV below zero, as by a turned clamp", _times(pv=-1.0), LOCAL_S, LOCAL_SUM),
    _false("the battery's power in thousandths", _times(battery=1000.0), LOCAL_S, LOCAL_SUM),
    _false("the sign of the battery turns, and the sun goes", both(_times(battery=-1.0), house(pv=0.0))),
    _false("the sign of the grid turns, and the house draws more than sun and battery give",
           both(_times(grid=-1.0), house(use=6500.0))),
    _false("PV is shown twice, and the sun is enough for the house alone", both(_times(pv=2.0), house(pv=500.0))),
    _false("the house's use is that of one phase of three, and the sun is enough for the house alone",
           both(_times(use=1 / 3), house(pv=500.0))),
    _false("its values stand still, and a load of ours takes 500 W more", _stands_still_at_a_step, _STEP_S, _STEP_SUM,
           prepares=_pump, ends=_well_again),
)  # fmt: skip
