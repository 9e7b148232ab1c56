"""What a GX device says, over MQTT and Modbus."""

from __future__ import annotations

from collections.abc import Callable

from bench.doubles.gx_mqtt import GxPeer
from bench.faults.fault import Act, Fault
from bench.faults.groups.acts import (
    LOCAL_S,
    LOCAL_SUM,
    house,
    limits,
    mend,
    start,
    stop,
)
from bench.faults.house import gx_values
from bench.faults.rig import Rig


def _gx(act: Callable[[GxPeer], None]) -> Act:
    return lambda rig: act(rig.peers["gx"])


def _gx_says_nothing_more_of(*topics: str) -> Act:
    """Zero bytes, as for a device that has left; its values stay away."""

    def does(rig: Rig) -> None:
        rig.peers["showing"].set()
        for topic in topics:
            rig.peers["gx"].say(topic, b"")

    return does


def _gx_garbage(payload: bytes) -> Act:
    def does(rig: Rig) -> None:
        rig.peers["showing"].set()
        for topic in gx_values(rig.peers["house"].values()):
            rig.peers["gx"].say(topic, payload)

    return does


def _gx_well(rig: Rig) -> None:
    mend(rig)
    rig.peers["gx"].hang(False)
    rig.peers["gx"].heartbeats = True
    rig.peers["showing"].clear()
    rig.peers["gx"].restart()


def _registers(silent: bool) -> Act:
    def does(rig: Rig) -> None:
        rig.peers["modbus"].silent = silent

    return does


def _all_registers(word: int) -> Act:
    def does(rig: Rig) -> None:
        rig.peers["showing"].set()
        for unit, words in list(rig.peers["modbus"].units.items()):
            rig.peers["modbus"].write(unit, min(words), [word] * (max(words) - min(words) + 1))

    return does


def _registers_well(rig: Rig) -> None:
    mend(rig)
    rig.peers["modbus"].silent = False
    rig.peers["modbus"].reset()
    rig.peers["showing"].clear()


FAULTS: tuple[Fault, ...] = (
    Fault(name="a phase is above its limit", home="gx", prepares=limits(max_phase_w=3000), does=house(use=9000.0),
          ends=mend, bound_s=2.0, sum="1 s to the next sample + 1 s"),
    Fault(name="a GX device is silent", home="gx", does=_gx(lambda gx: gx.hang()), ends=_gx_well, bound_s=LOCAL_S,
          sum=LOCAL_SUM),
    Fault(name="its broker is gone", home="gx", does=stop("broker"), ends=start("broker"), bound_s=LOCAL_S,
          sum=LOCAL_SUM),
    Fault(name="its broker is frozen", home="gx", does=lambda rig: rig.peers["broker"].pause(),
          ends=lambda rig: rig.peers["broker"].resume(), bound_s=LOCAL_S, sum=LOCAL_SUM),
    Fault(name="its values stand still, its heart beats", home="gx", does=lambda rig: rig.peers["showing"].set(),
          ends=_gx_well, bound_s=LOCAL_S, sum=LOCAL_SUM),
    Fault(name="its grid meter leaves", home="gx",
          does=_gx_says_nothing_more_of("grid/30/Ac/Power", "grid/30/Connected", "system/0/Ac/Grid/L1/Power"),
          ends=_gx_well, bound_s=LOCAL_S, sum=LOCAL_SUM),
    Fault(name="it says rubbish on every topic", home="gx", does=_gx_garbage(b"\xff\xfe{"), ends=_gx_well,
          bound_s=LOCAL_S, sum=LOCAL_SUM),
    Fault(name="it says null on every topic", home="gx", does=_gx_garbage(b'{"value":null}'), ends=_gx_well,
          bound_s=LOCAL_S, sum=LOCAL_SUM),
    Fault(name="a GX device over Modbus answers no more", home="modbus", does=_registers(True), ends=_registers_well,
          bound_s=LOCAL_S, sum=LOCAL_SUM),
    Fault(name="it refuses Modbus", home="modbus", does=stop("modbus"), ends=start("modbus"), bound_s=LOCAL_S,
          sum=LOCAL_SUM),
    Fault(name="every register is 0", home="modbus", does=_all_registers(0), ends=_registers_well, bound_s=LOCAL_S,
          sum=LOCAL_SUM),
    Fault(name="every register is 65535", home="modbus", does=_all_registers(65535), ends=_registers_well,
          bound_s=LOCAL_S, sum=LOCAL_SUM),
)  # fmt: skip
