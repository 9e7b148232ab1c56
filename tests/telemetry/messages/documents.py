"""Status documents as messages read them, and a home told of hour by hour."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from pv_heater.telemetry.messages.message import Message
from pv_heater.telemetry.messages.settings import MessageSettings
from pv_heater.telemetry.messages.teller import Teller
from pv_heater.telemetry.messages.words import Words

VIENNA = ZoneInfo("Europe/Vienna")
NOON = datetime(2026, 6, 21, 12, 0, tzinfo=VIENNA)


def alarm(code: str, load: str | None = None, text: str = "something is wrong") -> dict[str, Any]:
    return {"code": code, "load": load, "text": text, "help": "Look at it.", "margins": {}, "since_at": None}


def load(name: str = "water_heater", **fields: Any) -> dict[str, Any]:
    values: dict[str, Any] = {
        "name": name,
        "phase": "off",
        "power_w": 0.0,
        "energy_wh": 0.0,
        "temperature_c": None,
        "target_c": 60.0,
        "max_c": 75.0,
        "why": {"because": "outside the daylight hours"},
    }
    return values | fields


def document(*alarms: dict[str, Any], daylight: bool = True, **parts: Any) -> dict[str, Any]:
    """All is well but for these alarms."""
    values: dict[str, Any] = {
        "site": {"name": "Barn"},
        "state": {"word": "live", "age_s": 2.0, "source": "test", "limit_s": 30.0, "since_at": None},
        "flags": {"daylight": daylight, "dry_run": False},
        "loads": [load()],
        "today": None,
        "plan": None,
        "report": None,
        "alarms": list(alarms),
    }
    return values | parts


class Told:
    """A teller whose clock runs as the test says; what it told, by hour and minute."""

    def __init__(self, at: datetime = NOON, **settings: Any) -> None:
        self.settings = MessageSettings(to=("somebody",), **{"summary": False, **settings})
        self.words = Words(self.settings.language)
        self.teller = Teller(self.settings, self.words)
        self.at, self.now_s = at, 1000.0
        self.messages: list[tuple[datetime, Message]] = []

    def see(self, *alarms: dict[str, Any], minutes: float = 0.0, step_s: float = 60.0, **parts: Any) -> list[Message]:
        """Look at the same document every `step_s` for so many minutes; what was told meanwhile."""
        seen, told = document(*alarms, **parts), []
        left_s = minutes * 60.0
        while True:
            messages = self.teller.look(seen, self.at, self.now_s)
            told += messages
            self.messages += [(self.at, message) for message in messages]
            if left_s <= 0:
                return told
            self.pass_s(min(step_s, left_s))
            left_s -= step_s

    def pass_s(self, seconds: float) -> None:
        self.at, self.now_s = self.at + timedelta(seconds=seconds), self.now_s + seconds

    def restart(self, away_s: float = 30.0) -> None:
        """End, and begin `away_s` later with what was saved; the monotonic clock begins anew."""
        saved = self.teller.as_json(self.at, self.now_s)
        self.at, self.now_s = self.at + timedelta(seconds=away_s), 5.0
        self.teller = Teller(self.settings, self.words)
        self.teller.restore(saved, self.at, self.now_s)

    def until(self, hour: int, minute: int = 0) -> float:
        """Minutes until the clock shows that, today or tomorrow."""
        wanted = self.at.replace(hour=hour, minute=minute, second=0)
        wanted += timedelta(days=0 if wanted > self.at else 1)
        return (wanted - self.at).total_seconds() / 60.0

    @property
    def lines(self) -> list[str]:
        """``12:15 title``."""
        return [f"{at:%H:%M} {message.title}" for at, message in self.messages]
