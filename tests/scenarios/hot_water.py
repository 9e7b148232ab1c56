"""Weeks of a home with a tank, in virtual time: the controller, stepped each minute, around the software home."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from pv_heater.config.load import load_config
from pv_heater.controller import Controller
from pv_heater.core.model.prices import PricePeriod
from pv_heater.core.model.requests import Command
from pv_heater.core.model.values import Decision, Forecast, Inputs
from pv_heater.sim.home import Home, HomeSettings
from pv_heater.sim.tank import TankSettings
from tests.builders import config, heater

VIENNA = ZoneInfo("Europe/Vienna")
NIGHT_AND_NOON = [
    {"from": "22:00", "to": "05:00", "import_per_kwh": 0.20},
    {"from": "05:00", "to": "12:00", "import_per_kwh": 0.32},
    {"from": "12:00", "to": "14:00", "import_per_kwh": 0.12},
    {"from": "14:00", "to": "22:00", "import_per_kwh": 0.32},
]
STEP_S = 60.0
COARSE_S = 300.0
"""For hours before and after what is to be shown, and where five minutes more or less of heating show the same."""
HOUSE_W = 300.0

Sun = Callable[[datetime], float]
"""Local time to what the panels could give, W."""


def dark(_: datetime) -> float:
    return 0.0


def sunny(at: datetime) -> float:
    """4 kW from nine to five."""
    return 4000.0 if 9 <= at.hour < 17 else 0.0


class Life:
    """A home with a heater of 2 kW and a tank of 150 l with its probe, from a local hour on."""

    def __init__(
        self,
        *,
        start: datetime,
        load: dict[str, Any] | None = None,
        sun: Sun = dark,
        tank: TankSettings | None = None,
        tells_loads: bool = True,
        **settings: Any,
    ) -> None:
        site = {**config()["site"], "pv": [{"kwp": 5.0}]} | settings.pop("site", {})
        row = heater(**{"min_on_s": 300, "min_off_s": 300, "max_c": 85} | (load or {}))
        self.settings = config(site=site, strategy={"type": "balance"}, loads=[row], **settings)
        self.controller = Controller(load_config(self.settings), foresees=False)
        self.start_at = start.astimezone(UTC)
        self.sun = sun
        self.tank = tank or TankSettings(start_c=40.0, thermostat_c=75.0, draws=())
        self.home = Home(
            HomeSettings(tanks={"heater": self.tank}, start_percent=30.0, tells_loads=tells_loads, interval_s=60.0),
            local_start_s=start.hour * 3600.0 + start.minute * 60.0,
        )
        self.passed_s = 0.0
        self.tick_s = 0.0
        self.seen: list[tuple[datetime, Decision, float]] = []
        """Local time, what was decided, and the true temperature of the tank."""
        self.probe_lost = False
        self.clock_trusted = True
        self.feed: Callable[[datetime], Forecast | None] = lambda now: None
        self.prices: Callable[[datetime], tuple[PricePeriod, ...]] = lambda now: ()
        """What a market tells at an instant."""
        self.home.advance(0.0, 0.0, 0.0, HOUSE_W, {})

    @property
    def now(self) -> datetime:
        """The local time."""
        return (self.start_at + timedelta(seconds=self.passed_s)).astimezone(VIENNA)

    def live(self, hours: float, *commands: Command, step_s: float = STEP_S) -> None:
        """Let so many hours pass, a step each `step_s`; `commands` come at once."""
        given: Sequence[Command] = commands
        for _ in range(round(hours * 3600.0 / step_s)):
            self.step(given, step_s)
            given = ()

    def step(self, commands: Sequence[Command] = (), step_s: float = STEP_S) -> Decision:
        """One step, and `step_s` of life with what it decided."""
        now = self.start_at + timedelta(seconds=self.passed_s)
        reading = self.home.reading(now)
        if self.probe_lost:
            reading = replace(reading, load_c={})
        inputs = Inputs(
            tick_s=self.tick_s,
            commands=tuple(commands),
            clock_trusted=self.clock_trusted,
            prices=self.prices(now),
        )
        decision = self.controller.step(now, reading, self.feed(now), inputs)
        true_c = self.home.reading(now).load_c.get("heater", 0.0)
        self.seen.append((now.astimezone(VIENNA), decision, true_c))
        power_w = decision.setpoints["heater"].power_w
        self.home.advance(self.passed_s, self.passed_s + step_s, self.sun(self.now), HOUSE_W, {"heater": power_w})
        self.passed_s += step_s
        self.tick_s += step_s
        return decision

    def restart(self, *, away_s: float = 0.0, settings: dict[str, Any] | None = None) -> None:
        """The program stops, the heater is off for `away_s`, and it begins again with what it saved."""
        state = json.loads(json.dumps(self.controller.state()))
        self.home.advance(self.passed_s, self.passed_s + away_s, 0.0, HOUSE_W, {"heater": 0.0})
        self.passed_s += away_s
        self.tick_s = 0.0
        self.controller = Controller(load_config(settings or self.settings), state, foresees=False)

    def heats(self, rule: str | None = None) -> list[datetime]:
        """The local times of the steps in which the heater was on, by that rule alone where one is given."""
        return [
            at
            for at, decision, _ in self.seen
            if decision.setpoints["heater"].on and rule in (None, decision.loads["heater"].rule)
        ]

    def heated_wh(self) -> float:
        """What went into the tank."""
        return self.home.ledger.heat_wh.get("heater", 0.0)

    def notices(self) -> list[str]:
        """What was said of duties, each once."""
        said = [decision.loads["heater"].notice for _, decision, _ in self.seen]
        return list(dict.fromkeys(text for text in said if text is not None))

    def temperature_c(self, at: datetime) -> float:
        """The tank's at that local time."""
        return next(true_c for when, _, true_c in self.seen if when >= at)


def forecast(sun: Sun, *, days: float = 2.0, cloud_percent: float | None = 0.0) -> Callable[[datetime], Forecast]:
    """What is expected: the sun as it will be, quarter by quarter, issued anew every hour."""

    def issue(now: datetime) -> Forecast:
        start = now.replace(minute=0, second=0, microsecond=0)
        starts = [start + timedelta(seconds=900 * index) for index in range(round(days * 96))]
        clouds = () if cloud_percent is None else (cloud_percent,) * len(starts)
        steps = tuple((at, sun(at.astimezone(VIENNA))) for at in starts)
        return Forecast(issued_at=now, source="test", step_s=900, steps=steps, cloud_percent=clouds)

    return issue
