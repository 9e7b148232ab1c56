"""A house, its displays' view of it, and a clock in the hand."""

from __future__ import annotations

import tempfile
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from pv_heater.core.model.requests import Force
from pv_heater.core.model.status import Status
from pv_heater.core.model.values import Decision
from pv_heater.core.settings.home import Site
from pv_heater.ports import Display, Tools
from tests.builders import NOON, House
from tests.displays.key_board import KeyBoard
from tests.loads.rig import HandClock


def tools(board: KeyBoard | None = None) -> Tools:
    pins = SimpleNamespace(key_board=lambda settings: board.wires(brightness=settings.brightness) if board else None)
    site = Site(timezone="Europe/Vienna")
    return Tools(clock=HandClock(), site=site, state_dir=Path(tempfile.gettempdir()), pins=lambda: pins)


def status(decision: Decision, seconds: float = 0.0) -> Status:
    return Status(now=NOON + timedelta(seconds=seconds), decision=decision, reading=None, forecast_source=None)


class Living:
    """A house that decides every second, and a display that looks every 0.15 s; buttons lead to commands."""

    def __init__(self, display: Display, house: House) -> None:
        self.display = display
        self.house = house
        self.commands: list[tuple[float, Force]] = []
        self.now_s = 0.0
        self._queue: list[Force] = []
        self.decision = house.at(0)

    def live(self, seconds: float, **fields: Any) -> None:
        until_s = self.now_s + seconds
        while self.now_s < until_s - 1e-9:
            self.now_s = round(self.now_s + 0.05, 2)
            if self.now_s == int(self.now_s):
                commands, self._queue = tuple(self._queue), []
                self.decision = self.house.at(self.now_s, inputs={"commands": commands}, **fields)
            if round(self.now_s / 0.05) % 3 == 0:
                for command in self.display.turn(status(self.decision, self.now_s), self.now_s):
                    self.commands.append((self.now_s, command))
                    self._queue.append(command)
