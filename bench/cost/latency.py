"""From a message of the GX device at a real broker to the setpoint that it changed: how long that takes.

At the broker in the house, and at one like the portal's: TLS, a login with the token, rights for one home.
"""

from __future__ import annotations

import logging
import multiprocessing
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from multiprocessing.connection import Connection
from pathlib import Path
from statistics import median, quantiles
from tempfile import TemporaryDirectory

from bench.cost.footprint_homes import home_settings
from bench.doubles.brokers import BrokerProcess, Mosquitto, free_port, installed_broker, mosquitto_path
from bench.doubles.gx_examples import GX_HOUSE
from bench.doubles.gx_mqtt import PORTAL_ID, GxPeer
from bench.doubles.portal import Authority, PortalSide
from pv_heater.config.load import TypedSettings, load_config
from pv_heater.controller import Controller
from pv_heater.core.model.values import Decision, Forecast, Reading, Setpoint
from pv_heater.core.settings.load import LoadSettings
from pv_heater.errors import NotRunning
from pv_heater.io.system.clock import SystemClock
from pv_heater.loads.dry_run import DryRun
from pv_heater.ports import Tools
from pv_heater.run.loop import Loop
from pv_heater.run.sources import Sources
from pv_heater.run.tick_sources import TickSources

PER_SECOND = 10.0
_TOPIC = "system/0/Ac/Consumption/L1/Power"
_FIRST_W = 1000.0
"""Each message holds a consumption of its own, by which it is known again."""
_READY_S = 20.0
_TOKEN = "a1" * 32


@dataclass(frozen=True, slots=True, kw_only=True)
class Latency:
    """Milliseconds, of messages that came ten a second."""

    broker: str
    through: str
    """``gx_mqtt``, or ``vrm`` for live values of the portal."""
    messages: int
    seen: int
    """Of them, those that a tick acted upon; a newer one may overtake."""
    median_ms: float
    p99_ms: float
    worst_ms: float

    def as_lines(self) -> list[str]:
        """For people."""
        return [
            f"from a GX message at {self.broker}, read by {self.through}, to the load: median "
            f"{self.median_ms:.1f} ms, 99 % under {self.p99_ms:.1f} ms, worst {self.worst_ms:.1f} ms "
            f"({self.seen} of {self.messages} messages)"
        ]


def measure(watch_s: float) -> Latency:
    """Takes `watch_s` and some seconds more. Raises NotRunning when no broker is installed."""
    with installed_broker() as broker, TemporaryDirectory() as folder:
        meter = {"type": "gx_mqtt", "host": "127.0.0.1", "port": broker.port}
        return _measured(broker, meter, Path(folder), watch_s)


def measure_portal(watch_s: float) -> Latency:
    """The same for live values of the portal. Raises NotRunning where mosquitto is not installed."""
    if mosquitto_path() is None:
        raise NotRunning("a broker like the portal's is made of mosquitto: `sudo apt install mosquitto`")
    with TemporaryDirectory() as name:
        folder = Path(name)
        authority = Authority(folder)
        side = PortalSide(
            port=free_port(),
            certificate=authority.certificate("broker"),
            username="owner@example.com",
            password=f"Token {_TOKEN}",
            portal_id=PORTAL_ID,
        )
        meter = {
            "type": "vrm",
            "token": _TOKEN,
            "installation_id": 1,
            "base_url": f"http://127.0.0.1:{free_port()}",  # nobody answers there: all that it would tell is set
            "username": side.username,
            "portal_id": side.portal_id,
            "live_host": "localhost",
            "live_port": side.port,
            "ca_file": str(authority.file),
        }
        with Mosquitto(lines=side.mosquitto_lines(folder)) as broker:
            return _measured(broker, meter, folder, watch_s)


def _measured(broker: BrokerProcess, meter: Mapping[str, object], folder: Path, watch_s: float) -> Latency:
    applied_s, published_s = _lived(folder, broker, meter, watch_s)
    times_ms = [1000 * (applied_s[mark] - sent_s) for mark, sent_s in published_s.items() if mark in applied_s]
    return Latency(
        broker=broker.name,
        through=str(meter["type"]),
        messages=len(published_s),
        seen=len(times_ms),
        median_ms=median(times_ms),
        p99_ms=quantiles(times_ms, n=100)[98],
        worst_ms=max(times_ms),
    )


def _lived(
    folder: Path, broker: BrokerProcess, meter: Mapping[str, object], watch_s: float
) -> tuple[Mapping[float, float], Mapping[float, float]]:
    """When each message was applied, and when it was published, by what it held; monotonic seconds."""
    home = home_settings(str(folder))
    config = load_config({**home, "meter": meter})
    clock = SystemClock()
    tools = Tools(clock=clock, site=config.site, state_dir=folder, pins=lambda: None)
    noted = _Noted(next(row.settings for row in config.loads if isinstance(row, TypedSettings)), tools)
    sources = Sources(config, tools, clock, pretended=frozenset([noted.name]))
    loop = Loop(
        controller=Controller(config),
        clock=clock,
        sources=TickSources(meter=sources.house, forecast=sources.forecast),
        loads=[noted],
        reporters=(sources.house, noted),
    )
    with _peer(broker.port, watch_s) as told:
        noted.stop_after(told, loop)
        sources.start()
        try:
            loop.run(until_s=clock.monotonic_s() + watch_s + _READY_S)
        finally:
            sources.stop()
            sources.close()
    return noted.applied_s, noted.published_s


class _Noted(DryRun):
    """A load that notes when it was told what, and the reporter that knows by which message."""

    def __init__(self, settings: LoadSettings, tools: Tools) -> None:
        super().__init__(settings, tools)
        self.applied_s: dict[float, float] = {}
        self.published_s: Mapping[float, float] = {}
        self._told_s = 0.0
        self._end: tuple[Connection, Loop] | None = None

    def stop_after(self, told: Connection, loop: Loop) -> None:
        """Stop the loop when the peer has told when it published what."""
        self._end = (told, loop)

    def apply(self, setpoint: Setpoint, tick_s: float) -> float | None:
        """As any load."""
        self._told_s = time.monotonic()
        return super().apply(setpoint, tick_s)

    def safe(self, tick_s: float) -> float | None:
        """A guard that holds it off is an answer to the message as well."""
        self._told_s = time.monotonic()
        return super().safe(tick_s)

    def report(self, now: datetime, decision: Decision, reading: Reading | None, forecast: Forecast | None) -> None:
        """The first tick with a value is the one that counts."""
        del now, decision, forecast
        if reading is not None and reading.consumption_w is not None:
            self.applied_s.setdefault(reading.consumption_w, self._told_s)
        if self._end is not None and self._end[0].poll():
            self.published_s = self._end[0].recv()
            self._end[1].stop("every message was published")


@contextmanager
def _peer(port: int, watch_s: float) -> Iterator[Connection]:
    """The GX device in a process of its own; it tells what it published when, by the clock that all processes share."""
    context = multiprocessing.get_context("spawn")
    told, telling = context.Pipe(duplex=False)
    process = context.Process(target=publish, args=(port, watch_s, telling), daemon=True)
    process.start()
    try:
        yield told
    finally:
        process.terminate()
        process.join()


def publish(port: int, watch_s: float, telling: Connection) -> None:
    """Ten messages a second, once somebody keeps the device awake."""
    logging.disable(logging.CRITICAL)
    published_s: dict[float, float] = {}
    with GxPeer(port, GX_HOUSE) as peer:
        began_s = time.monotonic()
        while not peer.is_awake and time.monotonic() - began_s < _READY_S:
            time.sleep(0.01)
        time.sleep(1.0)  # the first picture is older than the connection
        began_s = time.monotonic()
        for number in range(round(watch_s * PER_SECOND)):
            time.sleep(max(0.0, began_s + number / PER_SECOND - time.monotonic()))
            mark = _FIRST_W + number / 10
            published_s[mark] = time.monotonic()
            peer.set({_TOPIC: mark})
        time.sleep(1.0)
        telling.send(published_s)
        time.sleep(_READY_S)
