"""Homes that benches run in, as settings: without a meter, or with real peers on loopback for every kind of source.

`HOMES` are those of the footprint. All have one servo regulator, on mock pins that nobody else uses, and a page.
"""

from __future__ import annotations

import contextlib
import json
import multiprocessing
import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from zlib import crc32

from bench.doubles.gx_examples import GX_HOUSE
from bench.fuzz.seeds import VE_DIRECT_BODIES, W1_SLAVE, ve_direct_block

TOPICS = 1000
MESSAGES_A_SECOND = 30
"""Of a usual GX device."""
_READY_S = 120.0
_PROBE = "28-0316a2795eff"


def home_settings(folder: str, *, relay: str = "gpiochip9/17", servo: str = "gpiochip9/21") -> dict[str, Any]:
    """Settings without a meter; what is written goes to `folder`. Benches that may run at once need other pins."""
    return {
        "site": {"latitude": 47.05, "longitude": 15.44, "pv": [{"kwp": 6}], "battery": {"capacity_wh": 4800}},
        "loads": [
            {
                "name": "water_heater",
                "type": "servo_regulator",
                "max_power_w": 2000,
                "relay": {"pin": relay, "active_high": True},
                "servo": {"pin": servo},
            }
        ],
        "gpio": {"factory": "mock", "pin_log": f"{folder}/pins.jsonl"},
        "log": {"file": f"{folder}/heater.log"},
        "state_dir": f"{folder}/state",
    }


@contextmanager
def vrm_home(folder: str) -> Iterator[dict[str, Any]]:
    """VRM every second."""
    with _web_server() as port:
        yield {**_home(folder), "meter": _vrm(port)}


@contextmanager
def gx_mqtt_home(folder: str) -> Iterator[dict[str, Any]]:
    """A GX device at a real broker."""
    with _gx_device() as port:
        yield {**_home(folder), "meter": {"type": "gx_mqtt", "host": "127.0.0.1", "port": port}}


@contextmanager
def gx_modbus_home(folder: str) -> Iterator[dict[str, Any]]:
    """A GX device over Modbus TCP."""
    with _modbus_server() as port:
        yield {**_home(folder), "meter": {"type": "gx_modbus", "host": "127.0.0.1", "port": port}}


@contextmanager
def full_home(folder: str) -> Iterator[dict[str, Any]]:
    """Every kind of source at once, each at its usual pace or faster."""
    with ExitStack() as ends:
        web, mqtt = ends.enter_context(_web_server()), ends.enter_context(_gx_device())
        modbus, line = ends.enter_context(_modbus_server()), ends.enter_context(_serial_line())
        home = _home(folder)
        home["loads"][0]["temperature_from"] = {"type": "ds18b20", "folder": _probe_folder(Path(folder))}
        meters = [
            {"type": "gx_mqtt", "host": "127.0.0.1", "port": mqtt},
            {"type": "gx_modbus", "host": "127.0.0.1", "port": modbus},
            {"type": "http", "url": f"http://127.0.0.1:{web}/status", "interval_s": 1,
             "values": {"grid_w": {"path": "power"}}},
            {"type": "serial", "protocol": "vedirect", "device": line},
            _vrm(web),
        ]  # fmt: skip
        yield {**home, "meter": meters, "forecast": {"type": "forecast_solar", "base_url": f"http://127.0.0.1:{web}"}}


@contextmanager
def told_home(folder: str) -> Iterator[dict[str, Any]]:
    """All of that, and everybody is told: a broker with Home Assistant, databases, Domoticz, people."""
    with full_home(folder) as home, _web_server() as web, _broker() as broker:
        url = f"http://127.0.0.1:{web}"
        yield {
            **home,
            "mqtt": {"host": "127.0.0.1", "port": broker, "commands": True, "home_assistant": True, "balancer": True},
            "publish": [
                {"type": "influxdb", "url": url, "version": 1, "database": "home"},
                {"type": "emoncms", "url": url, "apikey": "k"},
                {"type": "domoticz", "url": url, "devices": {"grid": 1}},
            ],
            "messages": {"to": {"type": "webhook", "url": url}},
        }


HOMES: dict[str, Callable[[str], contextlib.AbstractContextManager[dict[str, Any]]]] = {
    "VRM every second": vrm_home,
    "gx_mqtt": gx_mqtt_home,
    "gx_modbus": gx_modbus_home,
    "all sources": full_home,
    "all sources, all told": told_home,
}
"""What is measured, by its name."""
MOST_RESIDENT_MIB = {"VRM every second": 45, "gx_mqtt": 45, "gx_modbus": 45, "all sources": 52,
                    "all sources, all told": 54}  # fmt: skip
"""What each may take, with its page and its history, and nothing installed but what a Pi needs."""


def publish(port: int, telling: Any) -> None:
    """Thirty messages a second, a third of them of the house, in one burst a second as on a real device."""
    from bench.doubles.gx_mqtt import GxPeer

    others = {f"vebus/276/Values/{number}": 0.0 for number in range(TOPICS - len(GX_HOUSE))}
    house = [topic for topic, value in GX_HOUSE.items() if isinstance(value, float)]
    second, began_s = 0, time.monotonic()
    with GxPeer(port, {**GX_HOUSE, **others}) as peer:
        telling.send("ready")
        while True:
            second += 1
            time.sleep(max(0.0, began_s + second - time.monotonic()))
            burst = {topic: float(str(GX_HOUSE[topic])) + second % 5 for topic in house[:10]}
            peer.set(burst)
            peer.set({topic: float(second) for topic in list(others)[: MESSAGES_A_SECOND - len(burst)]})


def _home(folder: str) -> dict[str, Any]:
    chip = f"gpiochip{crc32(folder.encode())}"  # two homes at once must not want the same pins
    return {**home_settings(folder, relay=f"{chip}/19", servo=f"{chip}/23"), "web": {"listen": "127.0.0.1:0"}}


def _vrm(port: int) -> dict[str, Any]:
    return {
        "type": "vrm",
        "base_url": f"http://127.0.0.1:{port}/v2",
        "token": "a" * 64,
        "installation_id": 1,
        "interval_s": 1,
        "max_requests_per_hour": 10_000,
    }


@contextmanager
def _web_server() -> Iterator[int]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Pages)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        server.server_close()


class _Pages(BaseHTTPRequestHandler):
    """A portal, a forecast and a meter."""

    VALUES = (("bs", 97), ("bv", 52.1), ("bc", 1.5), ("bp", 78), ("a1", 500), ("g1", 0), ("Pdc", 3000))
    OTHERS = 300
    """Records of no interest here, as every site has."""

    def do_GET(self) -> None:
        """Answer by the path; what is not one of the others asks the portal."""
        if self.path.startswith("/estimate"):
            page: object = self._forecast()
        elif self.path.startswith("/status"):
            page = {"power": -100.5, "voltage": 230.1}
        else:
            page = self._diagnostics()
        body = json.dumps(page).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        with contextlib.suppress(ConnectionError):  # who asked may have been killed
            self.wfile.write(body)

    def do_POST(self) -> None:
        """Whoever is told takes it."""
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.send_response(204)
        self.end_headers()

    def log_message(self, format: str, *args: Any) -> None:
        """No line for each request."""

    def _diagnostics(self) -> object:
        """As large as a usual site's."""
        units = {"bs": "%.1F %%", "bv": "%.2F V", "bc": "%.2F A"}
        records = [
            {"code": code, "rawValue": value, "instance": 0, "Device": "System overview", "timestamp": time.time(),
             "dbusServiceType": "system", "formatWithUnit": units.get(code, "%.0F W"), "formattedValue": "x"}
            for code, value in (*self.VALUES, *((f"x{number}", number) for number in range(self.OTHERS)))
        ]  # fmt: skip
        return {"success": True, "records": records, "num_records": len(records)}

    def _forecast(self) -> object:
        """Today and tomorrow, hour by hour."""
        midnight_at = datetime.now(UTC).replace(hour=0, minute=0, second=0)
        times = [midnight_at + timedelta(hours=24 * day + hour) for day in (0, 1) for hour in range(5, 21)]
        return {
            "result": {f"{at:%Y-%m-%d %H:%M:%S}": 1500 * (at.hour - 5) for at in times},
            "message": {"info": {"timezone": "UTC"}},
        }


@contextmanager
def _gx_device() -> Iterator[int]:
    """A broker, and a device that publishes there in a process of its own; the broker's port. Raises NotRunning."""
    from bench.doubles.brokers import installed_broker

    context = multiprocessing.get_context("spawn")
    told, telling = context.Pipe(duplex=False)
    with installed_broker() as broker:
        process = context.Process(target=publish, args=(broker.port, telling), daemon=True)
        process.start()
        try:
            if not told.poll(_READY_S):
                raise TimeoutError("the GX peer did not reach the broker")
            yield broker.port
        finally:
            process.terminate()
            process.join()


@contextmanager
def _broker() -> Iterator[int]:
    from bench.doubles.brokers import installed_broker

    with installed_broker() as broker:
        yield broker.port


@contextmanager
def _modbus_server() -> Iterator[int]:
    from bench.doubles.gx_modbus import ModbusGx

    gx = ModbusGx()
    gx.reset()
    gx.house(battery_w=1802)
    gx.grid_meter(30, 100, None, None)
    with gx:
        yield gx.port


@contextmanager
def _serial_line() -> Iterator[str]:
    """A port at whose other end a solar charger speaks once a second."""
    device, line = os.openpty()
    ended = threading.Event()

    def speak() -> None:
        block = ve_direct_block(VE_DIRECT_BODIES[0])
        while not ended.wait(1.0):
            os.write(device, block)

    thread = threading.Thread(target=speak, daemon=True)
    thread.start()
    try:
        yield os.ttyname(line)
    finally:
        ended.set()
        thread.join()
        os.close(device)
        os.close(line)


def _probe_folder(folder: Path) -> str:
    """A probe as the kernel shows it."""
    probe = folder / "w1" / _PROBE
    probe.mkdir(parents=True)
    (probe / "w1_slave").write_bytes(W1_SLAVE[0])
    return str(probe.parent)
