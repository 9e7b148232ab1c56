"""What is done to a home, in words that several groups use."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Mapping
from typing import Any

from bench.doubles.web_peer import Spoil
from bench.faults.house import Values
from bench.faults.rig import Missed, Rig

Act = Callable[[Rig], None]

VRM_S, VRM_SUM = 181.6, "180 s age + 1 s + 0.6 s"
LOCAL_S, LOCAL_SUM = 31.6, "30 s age + 1 s + 0.6 s"
STOP_S, STOP_SUM = 1.0, "the present tick ends"
HUNG_S, HUNG_SUM = 12.6, "10 s + 2.5 s + 0.1 s"
PYTHON_S, PYTHON_SUM = 5.0, "a start of Python, on this machine"


def spoil(change: Callable[[Values], Values]) -> Act:
    """From now on the meter shows what this makes of the truth."""

    def does(rig: Rig) -> None:
        rig.peers["house"].spoilt = change

    return does


def shows(**values: float | None) -> Act:
    """These numbers, whatever is true."""
    return spoil(lambda true: true | values)


def frozen(rig: Rig) -> None:
    """What the meter shows now it shows for ever."""
    found = rig.peers["house"]
    shown = found.values()
    found.spoilt = lambda _: dict(shown)


def stamped(change: Callable[[float], float]) -> Act:
    """The stamps of the meter's values."""

    def does(rig: Rig) -> None:
        rig.peers["house"].stamp = change

    return does


def house(**values: float) -> Act:
    """What is true changes."""

    def does(rig: Rig) -> None:
        rig.peers["house"].base |= values

    return does


def mend(rig: Rig) -> None:
    """The house and its meter are well again."""
    found = rig.peers["house"]
    found.spoilt = found.stamp = found.draws_w = None
    found.still = False
    found.base |= {"pv": 3000.0, "use": 500.0, "soc": 97.0}


def mute(name: str) -> Act:
    """That peer takes what it is asked, and never answers again."""

    def does(rig: Rig) -> None:
        rig.peers[name].mute = True
        rig.peers[name].spoil = _silent

    return does


def refuse(name: str) -> Act:
    """That peer ends every connection."""

    def does(rig: Rig) -> None:
        rig.peers[name].refuses = True

    return does


def attack(name: str, spoil: Spoil) -> Act:
    """That peer answers so."""

    def does(rig: Rig) -> None:
        rig.peers[name].spoil = spoil

    return does


def stop(name: str) -> Act:
    """That peer is gone."""
    return lambda rig: rig.peers[name].stop()


def start(name: str) -> Act:
    """It is there again, where it was."""
    return lambda rig: rig.peers[name].start()


def well(name: str) -> Act:
    """That peer is well again; who still waits for it is hung up on."""

    def ends(rig: Rig) -> None:
        peer = rig.peers[name]
        peer.mute = peer.refuses = False
        peer.spoil = None
        peer.stop()
        peer.start()

    return ends


def kill(number: signal.Signals) -> Act:
    """A signal to the program."""
    return lambda rig: rig.signal(number)


def off_after_the_end(rig: Rig) -> None:
    """As systemd does: `off` however it ended."""
    rig.ended()
    rig.off()


def both(*acts: Act) -> Act:
    """One after the other."""

    def does(rig: Rig) -> None:
        for act in acts:
            act(rig)

    return does


def settings(**changes: Any) -> Act:
    """Other settings, before the start."""

    def does(rig: Rig) -> None:
        rig.settings |= changes

    return does


def load(**changes: Any) -> Act:
    """Other settings of the only load, before the start."""

    def does(rig: Rig) -> None:
        rig.settings["loads"][0] |= changes

    return does


def limits(**changes: Any) -> Act:
    """Other limits, before the start."""

    def does(rig: Rig) -> None:
        rig.settings["limits"] |= changes

    return does


def bug(place: str) -> Act:
    """Prepared before the start: a method in which something can happen later."""

    def does(rig: Rig) -> None:
        bugs = rig.door.setdefault("bugs", {})
        bugs[place] = str(rig.folder / f"bug{len(bugs)}")

    return does


def breaks(how: str) -> Act:
    """What then happens in each prepared method."""

    def does(rig: Rig) -> None:
        for file in rig.door["bugs"].values():
            _write(file, how)

    return does


def begin_anew(rig: Rig) -> None:
    """Without the bug, as after an update."""
    rig.door.clear()
    if rig.runs():
        rig.signal(signal.SIGKILL)
        rig.ended()


def mend_bugs(rig: Rig) -> None:
    """They go while it runs."""
    for file in rig.door["bugs"].values():
        os.unlink(file)


def ask(**request: Any) -> Act:
    """Over the control socket. Raises Missed where it is refused."""

    def does(rig: Rig) -> None:
        answer: Mapping[str, Any] = rig.ask(**request)
        if not answer.get("ok"):
            raise Missed(f"refused: {answer.get('message')}")

    return does


def _write(file: str, text: str) -> None:
    with open(f"{file}.new", "w", encoding="utf-8") as new:
        new.write(text)
    os.replace(f"{file}.new", file)


def _silent(connection: Any, over: Any) -> None:
    del connection
    over.wait()
