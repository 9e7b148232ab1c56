"""The house around the program: sun, use, battery and what our heater really draws, as its pins are."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from bench.doubles.web_peer import WebPeer
from bench.faults.rig import SERVO_ZERO, Rig
from pv_heater.core.actuators.curve import phase_cut

Values = dict[str, float | None]
HEATER_W = 2000.0
_CURVE = phase_cut(HEATER_W)
_FULL_TRAVEL = 0.002 / 0.02
_CODES = {"bs": "soc", "bv": "volt", "bc": "amp", "bp": "battery", "a1": "use", "g1": "grid", "Pdc": "pv"}
_UNITS = {"bs": "%.1F %%", "bv": "%.2F V", "bc": "%.2F A"}


class House:
    """3 kW of sun, 500 W of use, a battery that takes or gives the rest up to 2.5 kW, then the grid."""

    def __init__(self, rig: Rig) -> None:
        self._rig = rig
        self.base: dict[str, float] = {"pv": 3000.0, "use": 500.0, "soc": 97.0, "volt": 52.1}
        self.spoilt: Callable[[Values], Values] | None = None
        """What a fault makes of the values."""
        self.stamp: Callable[[float], float] | None = None
        """What a fault makes of the moment at which they were taken, Unix seconds."""
        self.clock: Callable[[], float] = time.time
        self.still = False
        """True: the sun does not even flicker."""
        self.logging_s = 60
        """How often the site logs at VRM."""
        self.draws_w: float | None = None
        """What the heater draws, whatever the pins say: a welded contact."""

    def heater_w(self) -> float:
        """By relay and servo."""
        if self.draws_w is not None:
            return self.draws_w
        if not self._rig.closed():
            return 0.0
        knobs = [duty for pin, duty in self._rig.levels().items() if pin not in self._rig.relays]
        return _CURVE.power_w(100 * max(0.0, max(knobs, default=SERVO_ZERO) - SERVO_ZERO) / _FULL_TRAVEL)

    def values(self) -> Values:
        """As they are now, the way a meter shows them."""
        second = int(self.clock())
        pv = self.base["pv"] + (0.0 if self.still or not self.base["pv"] else 7.0 * (second % 11))
        use = self.base["use"] + self.heater_w() + (0.0 if self.still else second % 3)
        battery = max(-2500.0, min(2500.0, pv - use))
        volt = self.base["volt"]
        found: Values = {"pv": pv, "use": use, "battery": battery, "grid": use + battery - pv, "soc": self.base["soc"],
                         "volt": volt, "amp": round(battery / volt, 1), "heater": self.heater_w()}  # fmt: skip
        return found if self.spoilt is None else self.spoilt(dict(found))

    def taken_at_s(self) -> float:
        """The stamp of those values."""
        now_s = self.clock()
        return now_s if self.stamp is None else self.stamp(now_s)


def portal(house: House) -> WebPeer:
    """VRM, which shows what is now."""

    def answer(path: str, body: bytes) -> Any:
        del body
        if "diagnostics" not in path:
            devices = [{"name": "Gateway", "productName": "Cerbo GX", "loggingInterval": house.logging_s}]
            return {"success": True, "records": {"devices": devices}}
        values, at_s = house.values(), house.taken_at_s()
        records = [
            {"code": code, "rawValue": values[name], "instance": 0, "Device": "System overview", "timestamp": at_s,
             "dbusServiceType": "system", "formatWithUnit": _UNITS.get(code, "%.0F W"), "formattedValue": "x"}
            for code, name in _CODES.items() if name in values
        ]  # fmt: skip
        return {"success": True, "records": records, "num_records": len(records)}

    return WebPeer(answer)


def meter_in_the_house(house: House) -> WebPeer:
    """JSON with a number for each."""

    def answer(path: str, body: bytes) -> Any:
        del path, body
        return house.values()

    return WebPeer(answer)


def gx_values(values: Mapping[str, float | None]) -> dict[str, object]:
    """As topics of a GX device."""
    names = {"Ac/Grid/L1/Power": "grid", "Ac/Consumption/L1/Power": "use", "Dc/Pv/Power": "pv",
             "Dc/Battery/Power": "battery", "Dc/Battery/Soc": "soc", "Dc/Battery/Voltage": "volt"}  # fmt: skip
    return {f"system/0/{topic}": values[name] for topic, name in names.items() if name in values}


@contextmanager
def every(seconds: float, act: Callable[[], None]) -> Iterator[threading.Event]:
    """Do that again and again on a thread. While the event is set, it rests."""
    over, resting = threading.Event(), threading.Event()

    def run() -> None:
        while not over.wait(seconds):
            if not resting.is_set():
                act()

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    try:
        yield resting
    finally:
        over.set()
        thread.join()
