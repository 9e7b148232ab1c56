"""What switches: silent, lying, welded, stuck, or moved by somebody else."""

from __future__ import annotations

import signal
import time

from bench.doubles.attacks import ATTACKS
from bench.doubles.web_peer import dripping
from bench.faults.fault import Back, Fault
from bench.faults.groups.acts import begin_anew, both, breaks, bug, house, kill, mend, mute, well
from bench.faults.homes import GX_RELAY
from bench.faults.rig import Rig

_OWN_S = 300.0


def _killed(rig: Rig) -> None:
    rig.signal(signal.SIGKILL)
    rig.ended()


def _deaf(rig: Rig) -> None:
    rig.peers["dimmer"].deaf = True


def _hears(rig: Rig) -> None:
    rig.peers["dimmer"].deaf = False
    mend(rig)


def _drips_once(rig: Rig) -> None:
    """The connection that it has is never answered to its end; a new one is."""
    dimmer = rig.peers["dimmer"]
    drip = dripping(*ATTACKS["endless 100 Continue"])

    def spoil(connection: object, over: object) -> None:
        dimmer.spoil = None
        drip(connection, over)  # type: ignore[arg-type]

    dimmer.spoil = spoil
    rig.until(lambda: dimmer.spoil is None, 30, "a connection drips")
    rig.moment_s = time.monotonic()
    rig.signal(signal.SIGTERM)


def _closed_by_another(rig: Rig) -> None:
    """By hand on the device, while it must be off."""
    rig.ask(command="force", load="water_heater", mode="off")
    rig.until(lambda: not rig.on(), 60, "off")
    time.sleep(3.0)
    rig.peers["gx"].set({GX_RELAY: 1})
    rig.moment_s = time.monotonic()


def _auto(rig: Rig) -> None:
    rig.ask(command="force", load="water_heater", mode="auto")


def _welded(rig: Rig) -> None:
    """It draws on, whatever the contact is told. Its own plug shows it."""
    rig.peers["house"].draws_w = 2000.0
    rig.ask(command="force", load="water_heater", mode="off")
    rig.until(lambda: not rig.closed(), 60, "the contact is open")
    rig.moment_s = time.monotonic()


def _shorted(rig: Rig) -> None:
    """It draws everything, though its knob stands at a third."""
    rig.ask(command="force", load="water_heater", mode="on", power_w=700.0)
    time.sleep(3.0)
    rig.peers["house"].draws_w = 2000.0
    rig.moment_s = time.monotonic()


def _with_a_plug(rig: Rig) -> None:
    url = f"{rig.peers['meter'].url}/status"
    rig.settings["loads"][0]["power_from"] = {"type": "http", "url": url, "path": "heater", "interval_s": 1}


def _in_fault(rig: Rig) -> bool:
    return "-> fault" in rig.log()


_SERVO = "pv_heater.io.gpio.pins:ServoLine.turn_to"

FAULTS: tuple[Fault, ...] = (
    Fault(name="an error in what moves the servo", home="http", prepares=bug(_SERVO),
          does=both(breaks("raise"), house(pv=1500.0)), ends=both(mend, begin_anew), says="the loop broke",
          bound_s=3.0, sum="1 s to the next sample + 1 s + 1 s", back=Back.START),
    Fault(name="a contact is welded, and the load has a meter", home="http", prepares=_with_a_plug, does=_welded,
          done_when=_in_fault, bound_s=62.0, sum="60 s + 1 s to the next sample + 1 s", back=Back.HANDS,
          says="though it is off"),
    Fault(name="a triac is shorted, and the load has a meter", home="http", prepares=_with_a_plug, does=_shorted,
          bound_s=62.0, sum="60 s + 1 s to the next sample + 1 s", back=Back.HANDS),
    Fault(name="a dimmer hears nobody: the program is gone", home="dimmer", does=_killed, bound_s=_OWN_S,
          sum="its own time", back=Back.START, speed=10),
    Fault(name="a dimmer answers no more, and the sun goes", home="dimmer", does=both(mute("dimmer"), house(pv=0.0)),
          ends=both(well("dimmer"), mend), bound_s=_OWN_S, sum="its own time after the last word", speed=10),
    Fault(name="a dimmer says yes and does nothing, and the sun goes", home="dimmer", does=both(_deaf, house(pv=0.0)),
          ends=_hears, bound_s=_OWN_S, sum="its own time after the last word", speed=10),
    Fault(name="a dimmer, and the meter is silent", home="dimmer", does=mute("meter"), ends=well("meter"), bound_s=36.0,
          sum="30 s age + 1 s + 5 s for its answer"),
    Fault(name="a dimmer drips on its connection, and SIGTERM", home="dimmer", does=_drips_once, bound_s=5.0,
          sum="1 s tick + 4 s for a word and its reading back", back=Back.START),
    Fault(name="a dimmer, and SIGTERM", home="dimmer", does=kill(signal.SIGTERM), bound_s=6.0,
          sum="1 s tick + 5 s for its answer", back=Back.START),
    Fault(name="a GX relay, and SIGKILL", home="gx relay", does=kill(signal.SIGKILL), bound_s=5.0,
          sum="the broker tells the last will", back=Back.START),
    Fault(name="a GX relay, and SIGSTOP", home="gx relay", does=kill(signal.SIGSTOP), bound_s=15.0,
          sum="the broker misses it and tells the last will", back=Back.HANDS),
    Fault(name="a GX relay is closed by somebody else while it must be off", home="gx relay", does=_closed_by_another,
          ends=_auto, bound_s=2.0, sum="it is looked at every 2 s"),
    Fault(name="a GX relay, and SIGTERM", home="gx relay", does=kill(signal.SIGTERM), bound_s=6.0,
          sum="1 s tick + 5 s for its answer", back=Back.START),
)  # fmt: skip
