"""Commands that come over MQTT, and the files that those who tell of a home keep."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from bench.cost.footprint_homes import home_settings
from bench.fuzz import seeds
from bench.fuzz.parser import Parse, Parser
from pv_heater.config.load import TypedSettings, load_config
from pv_heater.controller import Controller
from pv_heater.errors import BadReply
from pv_heater.loads.dry_run import DryRun
from pv_heater.ports import Tools
from pv_heater.run.home.newest import NewestStatus
from pv_heater.run.home.running_home import RunningHome
from pv_heater.run.journal import Journal
from pv_heater.run.loop import Loop
from pv_heater.run.tick_sources import NoFeed, TickSources
from pv_heater.sim.clock import SimClock
from pv_heater.status.newest import NewestDocument
from pv_heater.status.strict_json import json_bytes
from pv_heater.telemetry import identities, totals
from pv_heater.telemetry.identities import identities_of
from pv_heater.telemetry.mqtt.balancer import balancer_request, balancer_status
from pv_heater.telemetry.mqtt.commands import Commands
from pv_heater.telemetry.mqtt.dials import Dials
from pv_heater.telemetry.mqtt.states import states_of
from pv_heater.telemetry.mqtt.topics import Topics
from pv_heater.telemetry.told import told_of

TOPICS = Topics("home")
COMMANDS = (
    b'home/set\n{"command": "force", "load": "water_heater", "mode": "off", "for_s": 600, "id": "a"}',
    b'home/set\n{"command": "boost", "load": "water_heater", "for_s": 600, "to_c": null, "at": null}',
    b'home/set\n{"command": "vacation", "until_at": "2026-12-24T18:00:00+01:00"}',
    b'home/set\n{"command": "off", "id": 7}',
    b"home/loads/water_heater/mode/set\nauto",
    b"home/loads/water_heater/mode/set\non",
    b"home/loads/water_heater/power_w/set\n1500.0",
    b"home/loads/water_heater/force_min/set\n30",
    b"home/loads/water_heater/boost/set\nPRESS",
    b"home/loads/water_heater/clear/set\nPRESS",
    b"home/vacation/set\nON",
    b"home/vacation/set\n2026-12-24T18:00:00+01:00",
    b"home/off/set\nall",
    b'regul/mode\n{"command": "force", "name": "water_heater", "power": 1200, "duration": 3600}',
    b'regul/mode\n{"command": "unforce", "name": "water_heater"}',
)
"""Topic and payload, in two lines."""
KEPT = {
    "identities": (
        identities.FILE_NAME,
        (b'{"boiler": {"name": "water_heater", "type": "dry_run", "output": "0123456789abcdef"}}', b"{}"),
    ),
    "totals": (
        totals.FILE_NAME,
        (b'{"day": "2026-06-21", "seen": {"load.a": 5.5}, "before": {"load.a": 700}, "sums": {"load.a": 99000.25}}',),
    ),
}
"""By name: the file, and good ones."""


class _Home:
    """A home that has ticked once."""

    def __init__(self, folder: Path) -> None:
        config, clock = load_config(home_settings(str(folder))), SimClock(seeds.NOON)
        tools = Tools(clock=clock, site=config.site, state_dir=folder, pins=lambda: None)
        newest, journal = NewestStatus(lambda: self.loop.commands_seen), Journal()
        self.loop = Loop(
            controller=Controller(config),
            clock=clock,
            sources=TickSources(meter=NoFeed()),
            loads=[DryRun(row.settings, tools) for row in config.loads if isinstance(row, TypedSettings)],
            reporters=(journal, newest),
        )
        self.home = RunningHome(config, self.loop, newest, journal, outputs="dry", since_at=seeds.NOON)
        self.loop.tick()


def _command(folder: Path) -> Parse:
    """A message is answered once, and what it leads to can be told."""
    seconds = count(0, 100)

    def parse(payload: bytes) -> object:
        made, answers, dials = _Home(folder), list[Mapping[str, Any]](), Dials()
        known = identities_of(made.home, folder)
        commands = Commands(made.home, TOPICS, known, dials, answers.append, partial(next, map(float, seconds)))
        topic, _, body = payload.partition(b"\n")
        name = topic.decode("utf-8", errors="replace")
        if name == "regul/mode":
            commands.obey(name, lambda: (balancer_request(body, made.home.policies()), None))
        else:
            commands.heard(name, body)
        made.loop.tick()
        (answer,) = answers
        json_bytes(answer)
        _tell(made, folder, dials)
        if not answer["ok"]:
            raise BadReply(str(answer["error"]))
        return None

    return parse


def _tell(made: _Home, folder: Path, dials: Dials) -> None:
    status = made.home.status()
    if status is None or status.decision.today is None:
        raise ValueError("a home that has ticked has no status")
    counts = status.decision.today.as_json()
    told = told_of(made.home, NewestDocument(made.home, lambda: 0.0), folder, lambda: counts, lambda: 0.0)
    sums = told.totals.newest()
    for state in states_of(told.document.document(), sums, TOPICS, told.identities, dials):
        json_bytes(state.value)
    json_bytes(balancer_status(status, told.identities, sums, ZoneInfo("UTC")))


def _kept(folder: Path, name: str) -> Parse:
    made = _Home(folder)

    def parse(payload: bytes) -> object:
        (folder / name).write_bytes(payload)
        _tell(made, folder, Dials())
        return None

    return parse


MQTT_PARSERS = {
    "mqtt.command": Parser(examples=COMMANDS, new=_command),
    **{f"kept_{word}": Parser(examples=good, new=partial(_kept, name=name)) for word, (name, good) in KEPT.items()},
}
