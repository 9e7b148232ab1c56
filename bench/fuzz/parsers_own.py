"""Parsers of files and commands: settings, saved state, recordings, the control socket, probes of the kernel."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import partial
from pathlib import Path

from bench.cost.footprint_homes import home_settings
from bench.fuzz import seeds
from bench.fuzz.parser import Parse, Parser, always
from pv_heater.commands.detect import Gx, Search, Way
from pv_heater.commands.detect_text import lines_of, meter_lines
from pv_heater.config.load import TypedSettings, load_config
from pv_heater.config.yaml_lines import Unreadable, parse_document
from pv_heater.controller import Controller
from pv_heater.core.model.lean import to_jsonable
from pv_heater.core.model.values import Reading
from pv_heater.errors import BadReply
from pv_heater.forecasts.cached import ForecastCache
from pv_heater.io.system.control_socket import request_of
from pv_heater.io.system.state_file import StateFile, UnreadableState
from pv_heater.loads.dry_run import DryRun
from pv_heater.ports import Tools
from pv_heater.run.journal import Journal
from pv_heater.run.loop import Loop
from pv_heater.run.requests import CommandHandler
from pv_heater.run.tick_sources import NoFeed, TickSources
from pv_heater.sensors.ds18b20 import bare_temperature_of, temperature_of
from pv_heater.sim.clock import SimClock
from pv_heater.sim.recording_file import load_recording
from pv_heater.victron.modbus.units import UnitSearch, UnitsFile
from pv_heater.victron.vrm.records import reading_from_bodies

_READING = Reading(taken_at=seeds.NOON, source="bench", pv_w=2500.0, consumption_w=400.0, battery_soc_percent=60.0)


def _config(folder: Path) -> Parse:
    path = folder / "config.yaml"

    def parse(payload: bytes) -> object:
        path.write_bytes(payload)
        return load_config(path, environ={"GX": "secret"})

    return parse


def _state(folder: Path) -> Parse:
    """As the program begins: what was saved is used, or every load is in fault."""
    path = folder / "state.json"
    file, config = StateFile(path), load_config(home_settings(str(folder)))

    def parse(payload: bytes) -> object:
        path.write_bytes(payload)
        try:
            controller = Controller(config, state=file.load())
        except (UnreadableState, ValueError) as error:
            raise BadReply(f"set aside: {error}") from None
        for second in (0.0, 1.0):
            controller.step(seeds.NOON, _READING, None)
            json.dumps(controller.state(), allow_nan=False)
            del second
        return None

    return parse


def _kept_forecast(folder: Path) -> Parse:
    path = folder / "forecast.json"
    cache = ForecastCache(path)

    def parse(payload: bytes) -> object:
        path.write_bytes(payload)
        kept = cache.load()
        cache.save(kept)
        return kept.forecast

    return parse


def _kept_units(folder: Path) -> Parse:
    file = UnitsFile(folder)

    def parse(payload: bytes) -> object:
        file.path.write_bytes(payload)
        search = UnitSearch({})
        search.restore(file.load("c0619ab0a001"))
        search.next_candidates(8)
        return None

    return parse


def _command(folder: Path) -> Parse:
    """A request, the tick that obeys it, and its answer as JSON."""
    config = load_config(home_settings(str(folder)))
    clock = SimClock(seeds.NOON)
    tools = Tools(clock=clock, site=config.site, state_dir=folder, pins=lambda: None)

    def parse(payload: bytes) -> object:
        loop = Loop(
            controller=Controller(config),
            clock=clock,
            sources=TickSources(meter=NoFeed()),
            loads=[DryRun(row.settings, tools) for row in config.loads if isinstance(row, TypedSettings)],
            reporters=(),
        )
        handler = CommandHandler(loop, lambda: None, list, Journal())
        try:
            answer = handler(request_of(payload))
        except (ValueError, KeyError) as error:
            raise BadReply(str(error) or "refused") from None
        finally:
            loop.tick()
        return json.dumps(to_jsonable(answer), allow_nan=False)

    return parse


def _recording(folder: Path, name: str) -> Parse:
    path = folder / name

    def parse(payload: bytes) -> object:
        path.write_bytes(payload)
        load_recording(path, reading_from_bodies)
        return None

    return parse


def _detected(payload: bytes) -> object:
    """Texts that devices tell of themselves, in the lines that an owner pastes: they must be the settings we mean."""
    name, _, portal_id = payload.decode("utf-8", errors="replace").partition("\n")
    gx = Gx(address="192.168.1.20", name=name, portal_id=portal_id, ways=(Way(type="gx_mqtt", port=1883),))
    lines_of(Search(found=(gx,)))
    try:
        (meter,) = parse_document("\n".join(meter_lines(gx))).values["meter"]
    except (Unreadable, KeyError, ValueError) as error:
        raise BadReply(f"cannot be pasted: {error}") from None
    return None if set(meter) <= {"type", "host", "portal_id"} else float("nan")


def _text_file(payload: bytes, read: Callable[[str, str], float]) -> float:
    return read(payload[:1024].decode("ascii", errors="replace"), "probe")


OWN_PARSERS = {
    "detect.lines": Parser(examples=seeds.ANNOUNCED, new=always(_detected)),
    "ds18b20.w1_slave": Parser(
        examples=seeds.W1_SLAVE,
        new=always(partial(_text_file, read=temperature_of)),
        rows=("sensors/ds18b20",),
        within=(0.0, 110.0),
    ),
    "ds18b20.temperature": Parser(
        examples=seeds.W1_TEMPERATURE,
        new=always(partial(_text_file, read=bare_temperature_of)),
        rows=("sensors/ds18b20",),
        within=(0.0, 110.0),
    ),
    "config": Parser(examples=seeds.CONFIGS, new=_config),
    "state": Parser(examples=seeds.STATES, new=_state),
    "kept_forecast": Parser(examples=seeds.KEPT_FORECASTS, new=_kept_forecast),
    "kept_units": Parser(examples=seeds.KEPT_UNITS, new=_kept_units),
    "command": Parser(examples=seeds.REQUESTS, new=_command),
    "recording.home": Parser(
        examples=seeds.HOME_RECORDINGS, new=partial(_recording, name="day.csv"), rows=("meters/recording",)
    ),
    "recording.readings": Parser(
        examples=seeds.READINGS_RECORDINGS, new=partial(_recording, name="day.csv"), rows=("meters/recording",)
    ),
    "recording.vrm": Parser(
        examples=seeds.VRM_RECORDINGS, new=partial(_recording, name="day.jsonl"), rows=("meters/recording",)
    ),
}
