"""What people do: two controllers, `off` at bad moments, storms of commands, settings changed while it runs, rules."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

from bench.faults.fault import Act, Back, Expect, Fault
from bench.faults.groups.acts import (
    PYTHON_S,
    PYTHON_SUM,
    STOP_S,
    STOP_SUM,
    ask,
    both,
    breaks,
    bug,
    house,
    limits,
    mend,
    off_after_the_end,
)
from bench.faults.rig import Missed, Rig
from pv_heater.errors import PvHeaterError

_STRATEGY = "pv_heater.strategies.balance:Balance.budget"
_REFUSED = 6


def _goes_on(name: str, does: Act, home: str = "http", **more: object) -> Fault:
    return Fault(name=name, home=home, does=does, bound_s=STOP_S, sum=STOP_SUM, expects=Expect.STAYS,
                 back=Back.NEVER_LEFT, **more)  # type: ignore[arg-type]  # fmt: skip


def _second(rig: Rig) -> None:
    done = rig.command("run")
    if done.returncode != _REFUSED:
        raise Missed(f"a second controller ended with {done.returncode}: {done.stderr[-200:]}")


def _off(rig: Rig) -> None:
    rig.command("off")


def _storm(*requests: Mapping[str, object]) -> Act:
    """Twenty people at once, for as long as it is watched."""

    def does(rig: Rig) -> None:
        over = threading.Event()

        def shout(number: int) -> None:
            while not over.is_set():
                with suppress(PvHeaterError, OSError):
                    rig.ask(**requests[number % len(requests)])
                time.sleep(0.02)

        pool = ThreadPoolExecutor(20)
        for number in range(20):
            pool.submit(shout, number)
        rig.ends.callback(pool.shutdown)
        rig.ends.callback(over.set)

    return does


def _settings(text: str | None) -> Act:
    def does(rig: Rig) -> None:
        rig.config.unlink()
        if text is not None:
            rig.config.write_text(text)

    return does


def _bad_at_start(rig: Rig) -> None:
    rig.config.write_text("loads: [\n")


def _good_again(rig: Rig) -> None:
    rig.write()
    rig.start()


def _off_with_broken_settings(rig: Rig) -> None:
    rig.config.write_text("loads: [\n")
    rig.signal(signal.SIGKILL)
    off_after_the_end(rig)


def _forced(power_w: float | None = None) -> Act:
    return ask(command="force", load="water_heater", mode="on", power_w=power_w)


def _rule(text: str) -> Act:
    """A rule file of a lamp that has nothing to do with the heater."""

    def does(rig: Rig) -> None:
        folder = rig.folder / "rules"
        folder.mkdir(exist_ok=True)
        (folder / "lamp.new").write_text(text)
        (folder / "lamp.new").rename(folder / "lamp.py")

    return does


def _with_a_lamp(rig: Rig) -> None:
    rig.settings["loads"].append({"name": "lamp", "type": "dry_run", "max_power_w": 100})


def _by_rule(name: str, body: str) -> Fault:
    lines = "".join(f"    {line}\n" for line in body.splitlines())
    return _goes_on(f"a rule {name}", _rule(f"import os, signal, sys, time\ndef rule(home):\n{lines}"),
                    prepares=_with_a_lamp, hold_s=20.0)  # fmt: skip


_ON = {"command": "force", "load": "water_heater", "mode": "on", "for_s": 600}
_NO = {"command": "force", "load": "water_heater", "mode": "off"}
_AUTO = {"command": "force", "load": "water_heater", "mode": "auto"}
_CLEAR = {"command": "clear", "load": "water_heater"}
_ODD = {"command": "force", "load": "boiler\n\x1b[2J", "mode": "ON", "for_s": -1e308}

FAULTS: tuple[Fault, ...] = (
    _goes_on("a second controller is started", _second),
    Fault(name="`off` beside the running program", home="http", does=_off, bound_s=PYTHON_S, sum=PYTHON_SUM,
          back=Back.CLEAR),
    Fault(name="`off` beside a loop that hangs", home="http", prepares=bug(_STRATEGY), does=both(breaks("hang"), _off),
          bound_s=PYTHON_S, sum=PYTHON_SUM, back=Back.HANDS),
    Fault(name="SIGKILL with broken settings, with systemd", home="http", does=_off_with_broken_settings,
          ends=lambda rig: rig.write(), bound_s=PYTHON_S, sum=PYTHON_SUM, back=Back.START),
    _goes_on("commands without end: status and why", _storm({"command": "status"}, {"command": "why", "last": 1000}),
             hold_s=15.0),
    _goes_on("commands without end: on, off, auto and clear", _storm(_ON, _NO, _AUTO, _CLEAR, _ODD), hold_s=15.0,
             may_go_off=True),
    _goes_on("the settings become rubbish while it runs", _settings("loads: [\n"), hold_s=15.0),
    _goes_on("the settings are deleted while it runs", _settings(None), hold_s=15.0),
    Fault(name="the settings are rubbish at the start", home="http", does=_bad_at_start,
          ends=_good_again, bound_s=0, sum="no contact closes", expects=Expect.NEVER),
    # At that pace a reading would be too old before a busy machine has taken the next one.
    Fault(name="forced on, and nobody ends it (sixty times the pace)", home="http",
          prepares=limits(max_reading_age_s=900), does=both(_forced(), house(pv=0.0, soc=8.0)), ends=mend,
          bound_s=7203.0, sum="7200 s + 1 s tick + 2 s", speed=60),
    Fault(name="forced on, and the house is above its limit", home="http", prepares=limits(max_house_w=4500),
          does=both(_forced(), house(use=4000.0)), ends=mend, bound_s=2.0, sum="1 s to the next sample + 1 s"),
    _by_rule("that loops", "while True: pass"),
    _by_rule("that sleeps for ever", "time.sleep(1e6)"),
    _by_rule("that forks", "for _ in range(100): os.fork()"),
    _by_rule("that eats memory", "block = []\nwhile True: block.append(bytearray(10_000_000))"),
    _by_rule("that floods standard output", "while True: sys.stdout.write('x' * 100_000)"),
    _by_rule("that floods the log", "for _ in range(100_000): sys.stderr.write('x' * 1000 + chr(10))"),
    _by_rule("that ends its process", "os._exit(1)"),
    _by_rule("that closes every file", "os.closerange(0, 1000)"),
    _by_rule("that calls itself", "return rule(home)"),
    Fault(name="a rule that kills the program, with systemd", home="http", prepares=_with_a_lamp,
          does=both(_rule("import os\ndef rule(home):\n    os.kill(os.getppid(), 9)\n"), off_after_the_end),
          ends=_rule("def rule(home):\n    return None\n"), bound_s=PYTHON_S + 10.0,
          sum="10 s until it is asked + 5 s for a start of Python", back=Back.START),
)  # fmt: skip
