"""A running home on simulated time, and its page asked without a server in between."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterable
from datetime import timedelta
from pathlib import Path
from typing import Any

from pv_heater.config.load import TypedSettings, load_config
from pv_heater.controller import Controller
from pv_heater.core.model.lean import dataclass
from pv_heater.core.model.values import OFF, Reading, Setpoint
from pv_heater.core.settings.home import Site
from pv_heater.core.settings.load import BatteryShare
from pv_heater.ports import Follower, Tools
from pv_heater.run.home.newest import NewestStatus
from pv_heater.run.home.page import tables
from pv_heater.run.home.running_home import RunningHome
from pv_heater.run.journal import Journal
from pv_heater.run.loop import Loop
from pv_heater.run.tick_sources import TickSources
from pv_heater.sim.clock import SimClock
from pv_heater.status.home import HistoryReader, SettingsEditor
from pv_heater.status.newest import NewestDocument
from pv_heater.web.application import Gate, application
from pv_heater.web.calls import Answer, Call, Handle, Route, Scope
from tests.builders import NOON, config, forecast, heater, reading


class OpenGate:
    """Lets everybody pass, for tests of what is behind it."""

    def check(self, call: Call, scope: Scope) -> list[tuple[str, str]]:
        return []


class Output:
    """A load that does as it is told."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.setpoint = OFF
        self.trips = 0

    def apply(self, setpoint: Setpoint, tick_s: float) -> float | None:
        self.setpoint = setpoint
        return None

    def safe(self, tick_s: float) -> float | None:
        self.setpoint = OFF
        return None

    def trip(self) -> None:
        self.trips += 1
        self.setpoint = OFF

    def reset(self) -> None: ...

    def still_on(self) -> str | None:
        return "it is on" if self.setpoint.on else None

    def trouble(self) -> None:
        """Always within reach."""

    def power_w(self) -> float:
        return self.setpoint.power_w

    def close(self) -> None: ...


@dataclass(frozen=True, slots=True)
class Reply:
    """What came back."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


LOADS = (
    heater(target_c=60, max_c=75),
    {"name": "pump", "type": "dry_run", "max_power_w": 800, "min_power_w": 800},
)


class WebHome:
    """Two loads with a second of simulated time a tick, and the application in front of them."""

    def __init__(
        self,
        *,
        gate: Gate | None = None,
        log_file: Path | None = None,
        editor: SettingsEditor | None = None,
        history: HistoryReader | None = None,
        **settings: Any,
    ) -> None:
        self.clock = SimClock(NOON)
        self.real_s = 0.0
        self.fields: dict[str, Any] = {"pv_w": 2500.0, "load_c": {"heater": 41.5}}
        values = load_config(config(**{"loads": list(LOADS), **settings}))
        newest, journal = NewestStatus(lambda: self.loop.commands_seen), Journal()
        self.outputs: list[Any] = [self._output(row) for row in values.loads if not isinstance(row, BatteryShare)]
        self.loop = Loop(
            controller=Controller(values),
            clock=self.clock,
            sources=TickSources(meter=self, forecast=Expected()),
            loads=self.outputs,
            reporters=(journal, newest),
        )
        self.troubles: dict[str, str] = {}
        self.home = RunningHome(
            values,
            self.loop,
            newest,
            journal,
            outputs="dry",
            since_at=NOON,
            log_file=log_file,
            sources=lambda: [{"name": "meter test", "trouble": None}],
            troubles=lambda: self.troubles,
            settings=editor,
            history=history,
            followers={load.name: load for load in self.outputs if isinstance(load, Follower)},
        )
        self.newest = NewestDocument(self.home, lambda: self.real_s)
        self.tables: list[list[Route]] = tables(self.home, self.newest, lambda: self.real_s, settings=values.web)
        self.wsgi: Callable[..., Iterable[bytes]] = application(self.tables, gate or OpenGate())

    def _output(self, row: TypedSettings[Any]) -> Any:
        """The real one where the page is a part of it."""
        if row.type != "mk2_client":
            return Output(row.settings.name)
        return row.build(Tools(clock=self.clock, site=Site(), state_dir=Path(), pins=lambda: None))

    @staticmethod
    def answer_of(handle: Handle) -> Answer:
        """What a handler gives for a plain GET."""
        return handle(Call(method="GET", path="/"))

    def add(self, route: Route) -> None:
        """One more, for what no route of the program does."""
        self.wsgi = application([*self.tables, [route]], OpenGate())

    def latest(self) -> Reading | None:
        """As a feed: what the house does now."""
        return reading(self.clock.now(), **self.fields) if self.fields else None

    def tick(self, **fields: Any) -> None:
        self.fields |= fields
        self.clock.wait_until(self.clock.monotonic_s() + 1.0)
        self.real_s += 1.0
        self.loop.tick()

    def get(self, path: str, **headers: str) -> Reply:
        return self.ask("GET", path, **headers)

    def post(self, path: str, body: Any = None, **headers: str) -> Reply:
        raw = body if isinstance(body, bytes) else json.dumps({} if body is None else body).encode()
        return self.ask("POST", path, raw, **{"content_type": "application/json", **headers})

    def patch(self, path: str, body: Any = None, **headers: str) -> Reply:
        raw = json.dumps({} if body is None else body).encode()
        return self.ask("PATCH", path, raw, **{"content_type": "application/json", **headers})

    def ask(self, method: str, path: str, body: bytes = b"", **headers: str) -> Reply:
        """Headers by their names, underscores for hyphens."""
        path, _, query = path.partition("?")
        given: dict[str, Any] = {}
        environ = {
            "REQUEST_METHOD": method,
            "PATH_INFO": path,
            "QUERY_STRING": query,
            "REMOTE_ADDR": "127.0.0.1",
            "SERVER_NAME": "127.0.0.1",
            "SERVER_PORT": "8080",
            "HTTP_HOST": "127.0.0.1:8080",
            "wsgi.url_scheme": "http",
            "wsgi.input": io.BytesIO(body),
            "CONTENT_LENGTH": str(len(body)),
            **{f"HTTP_{name.upper()}": value for name, value in headers.items() if name != "content_type"},
        }
        if "content_type" in headers:
            environ["CONTENT_TYPE"] = headers["content_type"]

        def start_response(status: str, sent: list[tuple[str, str]], *rest: Any) -> None:
            given.update(status=int(status.split()[0]), headers={name.lower(): value for name, value in sent})

        parts = list(self.wsgi(environ, start_response))
        return Reply(given["status"], given["headers"], b"".join(parts))


class Expected:
    """The same sun all day."""

    def __init__(self) -> None:
        self._forecast = forecast(NOON - timedelta(hours=1))

    def latest(self) -> Any:
        return self._forecast
