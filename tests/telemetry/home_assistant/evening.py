"""The home, the broker and the real Home Assistant of `renew`, and what can be asked of them."""

from __future__ import annotations

import json
import re
import signal
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from bench.doubles.brokers import Mosquitto
from tests.mqtt_brokers import Peer
from tests.process.program import Program, regulator, settings
from tests.telemetry.home_assistant.peer import HomeAssistant
from tests.vrm_server import VrmServer
from tests.waiting import until

ANSWERS = Path(__file__).with_name("answers.json")
CONFIG, STATUS, BIRTH = "homeassistant/device/pv_heater/config", "pv_heater/status", "homeassistant/status"
BOILER = "pv_heater/loads/water_heater"
MODE, POWER, ENERGY = (
    "select.pv_heater_water_heater_mode",
    "sensor.pv_heater_water_heater_power",
    "sensor.pv_heater_water_heater_energy",
)
GONE, UNKNOWN = "unavailable", "unknown"
KEPT_ATTRIBUTES = ("unit_of_measurement", "device_class", "state_class", "options", "min", "max", "friendly_name")


BOILER_SETTINGS = regulator(target_c=60.0, hot_water={"volume_l": 200.0})
PUMP = {"name": "pump", "type": "dry_run", "max_power_w": 800.0, "min_power_w": 100.0}


class Evening:
    """One home with two loads, from its first start to a load that is sold."""

    def __init__(self, installed: Path, folder: Path, ends: ExitStack) -> None:
        self.folder, self.ends = folder, ends
        self.broker = ends.enter_context(Running())
        self.vrm = ends.enter_context(VrmServer())
        self.peer = ends.enter_context(Peer(self.broker.port, "pv_heater/#", "homeassistant/#"))
        for name in ("home", "ha"):
            (folder / name).mkdir()
        self.assistant = ends.enter_context(HomeAssistant(installed, folder / "ha", self.broker.port))
        self.program: Program | None = None
        self.facts: dict[str, Any] = {}
        self.entities: dict[str, Any] = {}

    def start(self, *loads: dict[str, Any], **changes: Any) -> None:
        """The program, with these loads or the usual two."""
        mqtt = {"host": "127.0.0.1", "port": self.broker.port, "commands": True, "home_assistant": True, **changes}
        values = settings(self.folder / "home", self.vrm.url, mqtt=mqtt, loads=[*(loads or (BOILER_SETTINGS, PUMP))])
        self.program = Program(self.folder / "home", values)
        self.program.__enter__()
        self.ends.callback(self._end_of(self.program))

    def kill(self) -> None:
        """As the kernel does."""
        assert self.program is not None
        self.program.process.kill()
        self.program.process.wait(60)

    def stop(self) -> None:
        """As systemd does."""
        assert self.program is not None
        self.program.process.send_signal(signal.SIGTERM)
        self.program.process.wait(60)

    def announced(self) -> dict[str, Any]:
        """What was announced last."""
        payloads = self.peer.payloads(CONFIG)
        found: dict[str, Any] = json.loads(payloads[-1]) if payloads and payloads[-1] else {"components": {}}
        return found

    def told(self, topic: str) -> dict[str, Any]:
        """What the program said last there."""
        payloads = [payload for payload in self.peer.payloads(topic) if payload]
        found: dict[str, Any] = json.loads(payloads[-1]) if payloads else {}
        return found

    def shows(self, entity_id: str, state: str | Callable[[str], bool], what: str = "") -> float:
        """Seconds until Home Assistant shows that."""
        fits = state if callable(state) else lambda seen: seen == state
        return until(
            lambda: fits(self.assistant.state(entity_id) or ""),
            what or f"{entity_id} is {state}",
            120.0,
            more=lambda: f"it is {self.assistant.state(entity_id)}; {self.assistant.last_lines()}",
        )

    def note(self, name: str, value: Any) -> None:
        """One fact for the record, and for whoever waits."""
        self.facts[name] = value
        print(f"{name}: {value}", flush=True)

    def _end_of(self, program: Program) -> Callable[[], None]:
        return lambda: program.__exit__(None, None, None)


class Running(Mosquitto):
    """Begins with `with`."""

    def __enter__(self) -> Running:
        self.start()
        return self


def number(wanted: float) -> Callable[[str], bool]:
    return lambda seen: re.fullmatch(r"-?\d+(\.\d+)?", seen) is not None and float(seen) == wanted


def kind_of(state: str | None) -> str:
    return "a number" if state is not None and re.fullmatch(r"-?\d+(\.\d+)?", state) else str(state)


def answer_to(evening: Evening, topic: str) -> dict[str, Any] | None:
    answers = [json.loads(payload) for payload in evening.peer.payloads("pv_heater/answer")]
    return next((answer for answer in answers if str(answer.get("topic", "")).endswith(topic)), None)


def until_gone(evening: Evening) -> float:
    return evening.shows(POWER, GONE)


def states(evening: Evening) -> dict[str, Any]:
    return evening.assistant.states(".pv_heater_")


def registry(evening: Evening) -> list[dict[str, Any]]:
    [rows] = evening.assistant.ask({"type": "config/entity_registry/list"})
    return [row for row in rows if row["platform"] == "mqtt"]


def enable_all(evening: Evening) -> list[dict[str, Any]]:
    """Those that are off at first as well; the answer is its whole registry."""
    update = {"type": "config/entity_registry/update", "disabled_by": None}
    hidden = [row["entity_id"] for row in registry(evening) if row["disabled_by"] is not None]
    evening.assistant.ask(*({**update, "entity_id": entity_id} for entity_id in hidden))
    evening.assistant.ask(
        {
            "type": "call_service",
            "domain": "homeassistant",
            "service": "reload_config_entry",
            "target": {"entity_id": POWER},
        }
    )
    return registry(evening)
