"""What can happen to the program itself: signals, bugs, hangs, dead threads, nothing left to live on."""

from __future__ import annotations

import os
import resource
import signal
import time

from bench.faults.fault import Act, Back, Expect, Fault
from bench.faults.groups.acts import (
    HUNG_S,
    HUNG_SUM,
    LOCAL_S,
    LOCAL_SUM,
    PYTHON_S,
    PYTHON_SUM,
    STOP_S,
    STOP_SUM,
    begin_anew,
    both,
    breaks,
    bug,
    kill,
    mend_bugs,
    off_after_the_end,
)
from bench.faults.rig import Rig

_STEP = "pv_heater.controller:Controller.step"
_STRATEGY = "pv_heater.strategies.balance:Balance.budget"
_METER = "pv_heater.meters.http:HttpMeter.read"
_LOAD = "pv_heater.loads.pins.regulated:Regulated.apply"
_STATUS = "pv_heater.run.home.newest:NewestStatus.report"
_HISTORY = "pv_heater.history.writer:HistoryWriter.look"
_STATE = "pv_heater.io.system.state_file:StateFile._write"
_SYSTEMD_S, _SYSTEMD_SUM = 30.0 + 20.0 + 5.0, "30 s of WatchdogSec + 20 s until SIGKILL + 5 s for a start of Python"


def _as_systemd_ends_it(rig: Rig) -> None:
    """What stopped cannot answer its watchdog: SIGABRT, SIGKILL, `off`."""
    time.sleep(30.0)
    rig.signal(signal.SIGABRT)
    time.sleep(20.0)
    rig.signal(signal.SIGKILL)
    off_after_the_end(rig)


def _stopped_for(seconds: float) -> Act:
    def does(rig: Rig) -> None:
        rig.signal(signal.SIGSTOP)
        time.sleep(seconds)
        rig.moment_s = time.monotonic()
        rig.signal(signal.SIGCONT)

    return does


def _stopped(rig: Rig) -> None:
    """Briefly: nothing has to be switched for that."""
    rig.signal(signal.SIGSTOP)
    time.sleep(5.0)
    rig.signal(signal.SIGCONT)


def _threads(rig: Rig) -> None:
    rig.door["threads"] = str(rig.folder / "thread")


def _ends_thread(name: str) -> Act:
    def does(rig: Rig) -> None:
        (rig.folder / "thread.new").write_text(name)
        os.replace(rig.folder / "thread.new", rig.folder / "thread")
        time.sleep(1.0)
        (rig.folder / "thread").unlink()

    return does


def _no_more_memory(rig: Rig) -> None:
    size = int(open(f"/proc/{rig.pid}/statm", encoding="ascii").read().split()[0]) * resource.getpagesize()  # noqa: SIM115
    resource.prlimit(rig.pid, resource.RLIMIT_AS, (size, size))


def _no_more_descriptors(rig: Rig) -> None:
    used = len(os.listdir(f"/proc/{rig.pid}/fd"))
    _, most = resource.prlimit(rig.pid, resource.RLIMIT_NOFILE)
    resource.prlimit(rig.pid, resource.RLIMIT_NOFILE, (used, most))


def _many_descriptors(rig: Rig) -> None:
    _, most = resource.prlimit(rig.pid, resource.RLIMIT_NOFILE)
    resource.prlimit(rig.pid, resource.RLIMIT_NOFILE, (min(1024, most), most))


def _raises(layer: str, place: str) -> Fault:
    return Fault(
        name=f"an error in {layer}", home="http", prepares=bug(place), does=breaks("raise"), back=Back.START,
        ends=begin_anew, bound_s=2.0, sum="1 s tick + 1 s", says="the loop broke",
    )  # fmt: skip


def _hangs(layer: str, place: str, how: str = "hang", said: str = "hangs") -> Fault:
    return Fault(
        name=f"{layer} {said}", home="http", prepares=bug(place), does=breaks(how), back=Back.HANDS, bound_s=HUNG_S + 1,
        sum=f"1 s tick + {HUNG_SUM}", says="watchdog: the loop completed no tick",
    )  # fmt: skip


def _beside(name: str, does: Act, prepares: Act | None = None, hold_s: float = 15.0) -> Fault:
    return Fault(
        name=name, home="told", prepares=prepares, does=does, expects=Expect.STAYS, back=Back.NEVER_LEFT,
        bound_s=STOP_S, sum=STOP_SUM, hold_s=hold_s,
    )  # fmt: skip


FAULTS: tuple[Fault, ...] = (
    *(
        Fault(name=number.name, home="vrm", does=kill(number), bound_s=STOP_S, sum=STOP_SUM, back=Back.START)
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGQUIT, signal.SIGTSTP)
    ),
    *(
        Fault(name=f"{number.name}, with systemd", home="vrm", does=both(kill(number), off_after_the_end),
              bound_s=PYTHON_S, sum=PYTHON_SUM, back=Back.START)
        for number in (signal.SIGKILL, signal.SIGSEGV, signal.SIGABRT, signal.SIGUSR1, signal.SIGALRM)
    ),
    *(
        Fault(name=f"{number.name} of a broken pipe or a closed window", home="vrm", does=kill(number), bound_s=STOP_S,
              sum=STOP_SUM, expects=Expect.STAYS, back=Back.NEVER_LEFT)
        for number in (signal.SIGPIPE, signal.SIGWINCH)
    ),
    Fault(name="SIGSTOP for 5 s", home="vrm", does=_stopped, bound_s=STOP_S, sum=STOP_SUM, expects=Expect.STAYS,
          back=Back.NEVER_LEFT),
    Fault(name="SIGSTOP for 40 s, then SIGCONT", home="http", does=_stopped_for(40.0), bound_s=3.5,
          sum="2.5 s + 1 s after SIGCONT", back=Back.CLEAR),
    Fault(name="SIGSTOP, with systemd", home="vrm", does=both(kill(signal.SIGSTOP), _as_systemd_ends_it),
          bound_s=_SYSTEMD_S, sum=_SYSTEMD_SUM, back=Back.START),
    _raises("the strategy", _STRATEGY),
    _raises("the controller's step", _STEP),
    _raises("what reports", _STATUS),
    Fault(name="an error in the meter", home="http", prepares=bug(_METER), does=breaks("raise"), ends=mend_bugs,
          bound_s=LOCAL_S, sum=LOCAL_SUM),
    Fault(name="an error in the output", home="http", prepares=bug(_LOAD), does=breaks("raise"), bound_s=2.0,
          sum="1 s tick + 1 s", back=Back.START, ends=begin_anew, says="the loop broke"),
    _hangs("the strategy", _STRATEGY),
    _hangs("the strategy", _STRATEGY, "spin", "never ends and takes the processor"),
    _hangs("the controller's step", _STEP),
    _hangs("the output", _LOAD),
    _hangs("what reports", _STATUS),
    Fault(name="the meter's library hangs", home="http", prepares=bug(_METER), does=breaks("hang"), back=Back.HANDS,
          bound_s=LOCAL_S, sum=LOCAL_SUM),
    Fault(name="the meter's thread spins", home="http", prepares=bug(_METER), does=breaks("spin"), back=Back.HANDS,
          bound_s=LOCAL_S, sum=LOCAL_SUM),
    Fault(name="the strategy runs out of memory", home="http", prepares=bug(_STRATEGY), does=breaks("memory"),
          back=Back.START, ends=begin_anew, bound_s=2.0, sum="1 s tick + 1 s", says="the loop broke"),
    _beside("the history hangs", breaks("hang"), bug(_HISTORY)),
    _beside("the saved state hangs", breaks("hang"), bug(_STATE)),
    _beside("the saved state fails with an error", breaks("raise"), bug(_STATE)),
    *(
        _beside(f"the thread of the {words} dies", _ends_thread(name), _threads)
        for words, name in (
            ("control socket", "control"), ("history", "history"), ("page", "web"), ("state file", "state"),
            ("broker", "mqtt"), ("rules", "rules"), ("messages", "messages"), ("watchdog", "watchdog"),
            ("database", "sender"), ("meter", "worker"),
        )
    ),
    Fault(name="no memory is left", home="vrm", does=_no_more_memory, bound_s=STOP_S, sum=STOP_SUM,
          expects=Expect.STAYS, back=Back.NEVER_LEFT, hold_s=20),
    # The connection to the portal stands already: it goes on being read.
    Fault(name="no file can be opened any more", home="vrm", does=_no_more_descriptors, bound_s=STOP_S, sum=STOP_SUM,
          ends=_many_descriptors, expects=Expect.STAYS, back=Back.NEVER_LEFT, hold_s=20),
)  # fmt: skip
