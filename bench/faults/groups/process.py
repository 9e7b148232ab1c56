"""What can happen to the program itself."""

from __future__ import annotations

import signal

from bench.faults.fault import Back, Fault
from bench.faults.groups.acts import (
    HUNG_S,
    HUNG_SUM,
    PYTHON_S,
    PYTHON_SUM,
    STOP_S,
    STOP_SUM,
    both,
    breaks,
    bug,
    kill,
    off_after_the_end,
)
from bench.faults.rig import Rig

_STRATEGY = "pv_heater.strategies.balance:Balance.budget"


def _start_anew(rig: Rig) -> None:
    """A loop that hangs ends for nobody but SIGKILL."""
    rig.signal(signal.SIGKILL)


FAULTS: tuple[Fault, ...] = (
    *(
        Fault(name=number.name, home="vrm", does=kill(number), bound_s=STOP_S, sum=STOP_SUM, back=Back.START)
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGQUIT, signal.SIGTSTP)
    ),
    Fault(name="SIGKILL, with systemd", home="vrm", does=both(kill(signal.SIGKILL), off_after_the_end),
          bound_s=PYTHON_S, sum=PYTHON_SUM, back=Back.START),
    Fault(name="an error in the strategy", home="vrm", prepares=bug(_STRATEGY), does=breaks("raise"), bound_s=STOP_S,
          sum="the next tick", back=Back.START, ends=lambda rig: rig.door.clear(), says="the loop broke"),
    Fault(name="the strategy hangs", home="vrm", prepares=bug(_STRATEGY), does=breaks("hang"), bound_s=HUNG_S,
          sum=HUNG_SUM, back=Back.HANDS, says="watchdog: the loop completed no tick"),
)  # fmt: skip
