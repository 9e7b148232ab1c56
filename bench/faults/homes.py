"""The homes in which faults happen: settings as an owner would write them, and real peers on loopback."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from itertools import count
from pathlib import Path
from random import Random
from typing import Any

from bench.doubles.brokers import installed_broker
from bench.doubles.gx_modbus import ModbusGx
from bench.doubles.gx_mqtt import PORTAL_ID, GxPeer, relay_values
from bench.doubles.web_peer import WebPeer
from bench.faults.house import HEATER_W, House, every, gx_values, meter_in_the_house, portal
from bench.faults.rig import Rig

_NUMBERS = count()
GX_RELAY = "system/0/Relay/0/State"
GRID_METER_UNIT = 30


def vrm(rig: Rig) -> None:
    """VRM is the meter, and one servo regulator heats."""
    _basis(rig)
    peer = rig.peers["portal"] = rig.ends.enter_context(portal(rig.peers["house"]))
    rig.settings["meter"] = vrm_meter(peer.url)


def http(rig: Rig) -> None:
    """A meter in the house."""
    _basis(rig)
    peer = rig.peers["meter"] = rig.ends.enter_context(meter_in_the_house(rig.peers["house"]))
    rig.settings["meter"] = http_meter(peer.url)


def two_meters(rig: Rig) -> None:
    """A meter in the house, and VRM behind it."""
    http(rig)
    peer = rig.peers["portal"] = rig.ends.enter_context(portal(rig.peers["house"]))
    rig.settings["meter"] = [rig.settings["meter"], vrm_meter(peer.url)]


def tank(rig: Rig) -> None:
    """A meter in the house, and a probe in the tank of which something depends."""
    http(rig)
    warmth = rig.peers["warmth"] = {"tank": 40.0}
    probe = rig.peers["probe"] = rig.ends.enter_context(WebPeer(lambda *_: dict(warmth)))
    where = {"type": "http", "url": f"{probe.url}/state", "path": "tank", "interval_s": 1}
    rig.settings["loads"][0] |= {"max_c": 70, "temperature_from": where}


def gx(rig: Rig) -> None:
    """A GX device at a real broker."""
    _basis(rig)
    _gx_device(rig)
    rig.settings["meter"] = {
        "type": "gx_mqtt", "host": "127.0.0.1", "port": rig.peers["broker"].port, "portal_id": PORTAL_ID,
    }  # fmt: skip


def modbus(rig: Rig) -> None:
    """A GX device over Modbus TCP, with a grid meter of its own."""
    _basis(rig)
    house, device = rig.peers["house"], ModbusGx()
    device.reset()

    def show() -> None:
        now = house.values()
        device.house(
            grid=(now["grid"], None, None), consumption=(now["use"], None, None), pv_on_grid=(None, None, None),
            pv_dc=now["pv"], battery_w=now["battery"], soc=now["soc"], battery_v=now["volt"],
        )  # fmt: skip
        device.grid_meter(GRID_METER_UNIT, now["grid"], None, None)

    show()
    rig.peers["modbus"] = rig.ends.enter_context(device)
    rig.peers["showing"] = rig.ends.enter_context(every(0.5, show))
    rig.settings["meter"] = {"type": "gx_modbus", "host": "127.0.0.1", "port": device.port}


def dimmer(rig: Rig) -> None:
    """A dimmer on the network in place of the regulator."""
    http(rig)
    device = rig.peers["dimmer"] = rig.ends.enter_context(Dimmer())
    rig.settings["loads"] = [_load("water_heater", "http_dimmer", url=device.url)]
    rig.relays, rig.others_on = (), lambda: device.gives > 0


def gx_relay(rig: Rig) -> None:
    """The relay of a GX device in place of the regulator."""
    gx(rig)
    peer: GxPeer = rig.peers["gx"]
    where = {"host": "127.0.0.1", "port": rig.peers["broker"].port}
    rig.settings["loads"] = [_load("water_heater", "gx_relay", gx=where)]
    rig.relays, rig.others_on = (), lambda: peer.value(GX_RELAY) == 1


def forecast(rig: Rig) -> None:
    """VRM as meter, and a forecast from a service."""
    vrm(rig)
    service = rig.peers["forecast"] = rig.ends.enter_context(WebPeer(lambda *_: {"result": {}}))
    rig.settings["site"] |= {"latitude": 47.0, "longitude": 15.4, "pv": [{"kwp": 6}]}
    rig.settings["forecast"] = {"type": "forecast_solar", "base_url": service.url}


def told(rig: Rig) -> None:
    """VRM as meter, a page, and everybody is told."""
    vrm(rig)
    tell_everybody(rig)


def tell_everybody(rig: Rig) -> None:
    """A page, a broker, a database, people."""
    broker = rig.peers["broker"] = rig.ends.enter_context(installed_broker())
    taken = rig.peers["taken"] = rig.ends.enter_context(WebPeer(lambda *_: {}))
    rig.settings |= {
        "web": {"listen": "127.0.0.1:0"},
        "mqtt": {"host": "127.0.0.1", "port": broker.port, "commands": True, "home_assistant": True},
        "publish": [{"type": "influxdb", "url": taken.url, "version": 1, "database": "home"}],
        "messages": {"to": {"type": "webhook", "url": taken.url}},
    }


HOMES: dict[str, Callable[[Rig], None]] = {
    "vrm": vrm, "http": http, "two meters": two_meters, "tank": tank, "gx": gx, "modbus": modbus, "dimmer": dimmer,
    "gx relay": gx_relay, "forecast": forecast, "told": told,
}  # fmt: skip


def build(name: str, folder: Path, random: Random, *, speed: float = 1.0) -> Rig:
    """The rig of that home, nothing of its program started yet. To be closed."""
    rig = Rig(folder=folder, random=random, speed=speed)
    try:
        HOMES[name](rig)
        if speed != 1.0:
            hurry(rig)
    except BaseException:
        rig.close()
        raise
    return rig


def hurry(rig: Rig) -> None:
    """The program's own clock, and that of its peers, faster than the real one."""
    mono_s, unix_s = time.monotonic(), time.time()
    rig.door |= {"speed": rig.speed, "began": [mono_s, unix_s]}
    for peer in rig.peers.values():
        if isinstance(peer, House | WebPeer):
            peer.clock = lambda: unix_s + rig.speed * (time.monotonic() - mono_s)


def vrm_meter(url: str) -> dict[str, Any]:
    """Asked every second, so that no fault waits for the next question."""
    return {"type": "vrm", "base_url": f"{url}/v2", "token": "a1" * 32, "installation_id": 1, "interval_s": 1,
            "max_requests_per_hour": 10_000}  # fmt: skip


def http_meter(url: str) -> dict[str, Any]:
    """Once a second."""
    names = {"grid_w": "grid", "pv_w": "pv", "consumption_w": "use", "battery_w": "battery",
             "battery_soc_percent": "soc", "battery_v": "volt"}  # fmt: skip
    return {"type": "http", "url": f"{url}/status", "interval_s": 1,
            "values": {key: {"path": path} for key, path in names.items()}}  # fmt: skip


class Dimmer(WebPeer):
    """A digital dimmer: it obeys, tells its state, and goes off 300 s after the last word."""

    def __init__(self) -> None:
        super().__init__(self._obey)
        self.percent, self.heard_s = 0.0, 0.0
        self.deaf = False
        """It says yes and does nothing."""

    @property
    def gives(self) -> float:
        """In percent."""
        return self.percent if self.clock() - self.heard_s < 300 and self.percent > 5 else 0.0

    def _obey(self, path: str, body: bytes) -> Any:
        del body
        if "POWER=" in path and not self.deaf:
            self.percent, self.heard_s = float(path.split("POWER=")[1].split("&")[0]), self.clock()
        return {"dimmer": self.gives, "commande": self.percent, "alerte": "RAS", "temperature": "40.0"}


def _basis(rig: Rig) -> None:
    """One regulator on pins that no other home here has, heating all day without delays, everything else as shipped."""
    chip = f"gpiochip{os.getpid()}{next(_NUMBERS):03}"
    relay, servo = f"{chip}/17", f"{chip}/21"
    rig.relays = (relay,)
    rig.peers["house"] = House(rig)
    rig.settings |= {
        "site": {"timezone": "UTC", "battery": {"capacity_wh": 4800, "max_charge_w": 2400}},
        "limits": {"daylight": {"from": "00:00", "to": "23:59:59"}},
        "strategy": {"type": "balance", "filter_s": 0},
        "loads": [_load("water_heater", "servo_regulator", relay={"pin": relay, "active_high": True},
                        servo={"pin": servo})],
        "gpio": {"factory": "mock", "pin_log": str(rig.folder / "pins.jsonl")},
        "log": {"file": str(rig.folder / "heater.log")},
        "state_dir": str(rig.folder / "state"),
        "guard": False,
    }  # fmt: skip


def _load(name: str, kind: str, **values: Any) -> dict[str, Any]:
    return {"name": name, "type": kind, "max_power_w": HEATER_W, "start_delay_s": 0, "min_off_s": 0,
            "max_closings_per_day": 1000, **values}  # fmt: skip


def _gx_device(rig: Rig) -> None:
    house, broker = rig.peers["house"], rig.ends.enter_context(installed_broker())
    others: dict[str, object] = {
        "system/0/SystemType": "ESS", "system/0/Ac/ActiveIn/Source": 1, "system/0/Ac/ActiveIn/ServiceType": "grid",
        "grid/30/Ac/Power": 0, "grid/30/Connected": 1, **relay_values(0),
    }  # fmt: skip
    peer = rig.ends.enter_context(GxPeer(broker.port, {**others, **gx_values(house.values())}))
    rig.peers |= {"broker": broker, "gx": peer}
    rig.peers["showing"] = rig.ends.enter_context(every(0.5, lambda: peer.set(gx_values(house.values()))))
