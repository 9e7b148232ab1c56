"""After a fault: mends what was broken, starts and clears as systemd and the owner would, and waits until it heats."""

from __future__ import annotations

import signal
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from random import Random
from typing import Any

from bench.faults.fault import Back
from bench.faults.groups.acts import mend, well
from bench.faults.house import HEATER_W
from bench.faults.rig import STARTS_WITHIN_S, Missed, Rig
from bench.torture.home import HEATER, Named
from bench.torture.judge import BACK_S, LOST_S, Kind, Promise
from bench.torture.witness import Witness
from pv_heater.errors import PvHeaterError

_QUIET_S = 20.0
"""So long nothing may heat where only `clear` may end it."""
PYTHON_S, START_S = 5.0, 6.0
"""Real seconds for a start of `off`, and for one of the program."""
_RESTARTED = 0.5
"""So often what only `clear` may end is also to survive a restart."""
_COSTS = ("state", "disk")
"""Groups in which what was counted cannot be kept, or is taken away."""
_PEERS = ("meter", "probe", "taken")


class Recovery:
    """Of one program."""

    def __init__(self, rig: Rig, witness: Witness) -> None:
        self._rig, self._witness = rig, witness
        self._door = dict(rig.door)
        self._before: Mapping[str, Any] = {}

    def remember(self) -> None:
        """What the day has come to, before a fault."""
        self._before = self._rig.today()

    def recover(self, faults: Sequence[Named], random: Random) -> None:
        """Raises Missed where it does not come back even so."""
        backs = {fault.back for _, fault in faults}
        names = " ".join(fault.name for _, fault in faults)
        hung = Back.HANDS in backs or "hangs" in names or "no file can be opened" in names
        self._mend(names)
        begun = not self._rig.runs()
        if begun or hung or not self._answers():
            self.stop(signal.SIGKILL if Back.HANDS in backs else signal.SIGTERM)
            self._rig.start()
            begun = True
        if Back.CLEAR in backs:
            begun = self._needs_clear(random) or begun
        elif begun and not any(group in _COSTS for group, _ in faults) and "saved state" not in names:
            self._count_what_is_lost()
        ended_s = self._witness.now_s()
        if hung:
            self._clear()
        if "force" in names or "commands" in names:
            self._rig.ask(command="force", load=HEATER, mode="auto")
        self.heats(ended_s, begun=begun)

    def heats(self, ended_s: float, *, begun: bool = False) -> None:
        """It does again, by itself. Raises Missed where it does not even with our help."""
        rig, witness = self._rig, self._witness
        bound_s = BACK_S + START_S * rig.speed * begun
        within_s = bound_s / rig.speed + 30.0
        with suppress(Missed):
            rig.until(rig.on, within_s, "it heats again", alive=True)
        witness.counted(Promise.BACK, ended_s, witness.now_s() - ended_s, bound_s)
        if rig.on():
            return
        tail = " | ".join(rig.log().splitlines()[-5:])
        witness.remarks.append(f"fault {witness.fault} did not come back: {tail}")
        self.begin_anew()

    def begin_anew(self) -> None:
        """Ended for good, started, cleared. Raises Missed where even that does not help."""
        self._mend("broker")
        self.stop(signal.SIGKILL)
        self._rig.start()
        self._clear()
        with suppress(PvHeaterError, OSError):
            self._rig.ask(command="force", load=HEATER, mode="auto")
        self._rig.heat()

    def stop(self, number: signal.Signals = signal.SIGTERM) -> None:
        """End it, and `off`, as systemd does however it ended."""
        rig, begin_s = self._rig, self._witness.now_s()
        if rig.runs():
            rig.signal(number)
            with suppress(Missed):
                rig.ended(20.0)
            if rig.runs():
                rig.signal(signal.SIGKILL)
                rig.ended()
        rig.off()
        self._witness.span(Kind.SLOW, begin_s, self._witness.now_s(), PYTHON_S * rig.speed)

    def _mend(self, names: str) -> None:
        rig, folder = self._rig, self._rig.folder
        rig.door = dict(self._door)
        for file in (*self._door["bugs"].values(), folder / "wall", folder / "thread", folder / "disk" / "filler",
                     folder / "rules" / "lamp.py"):  # fmt: skip
            Path(file).unlink(missing_ok=True)
        for taken in (Path(rig.settings["log"]["file"]), rig.state / "history.db"):
            with suppress(OSError):
                taken.rmdir()
        mend(rig)
        rig.peers["warmth"]["tank"] = 40.0
        for name in _PEERS:
            peer = rig.peers[name]
            if peer.mute or peer.refuses or peer.spoil is not None:
                well(name)(rig)
        if "broker" in names:
            rig.peers["broker"].stop()
            rig.peers["broker"].start()
        rig.write()
        self._witness.believes = True

    def _answers(self) -> bool:
        return bool(self._rig.today())

    def _clear(self) -> None:
        with suppress(PvHeaterError, OSError):
            self._rig.until(self._answers, STARTS_WITHIN_S, "it answers", alive=True)
            self._rig.clear()

    def _needs_clear(self, random: Random) -> bool:
        """Nothing heats until somebody says so, over a restart too; whether there was one."""
        rig, witness = self._rig, self._witness
        begin_s, begun = witness.now_s(), random.random() < _RESTARTED
        if begun:
            rig.until(self._answers, STARTS_WITHIN_S, "it answers", alive=True)
            self.stop(signal.SIGKILL)
            rig.start()
        rig.until(self._answers, STARTS_WITHIN_S, "it answers", alive=True)
        time.sleep(_QUIET_S / rig.speed)
        witness.span(Kind.STILL, begin_s, witness.now_s())
        rig.clear()
        return begun

    def _count_what_is_lost(self) -> None:
        rig, witness = self._rig, self._witness
        rig.until(self._answers, STARTS_WITHIN_S, "it answers", alive=True)
        after = rig.today()
        if after.get("date") == self._before.get("date"):
            lost_s = heated_s(self._before) - heated_s(after)
            witness.counted(Promise.LOST, witness.now_s(), max(0.0, lost_s), LOST_S)


def heated_s(today: Mapping[str, Any]) -> float:
    """For how long at full power the day's heat would take. While nothing heats, counts are kept every 5 min only."""
    return float(sum(load["energy_wh"] for load in today.get("loads", {}).values())) * 3600.0 / HEATER_W
