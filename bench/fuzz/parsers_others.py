"""Parsers of what comes over the network from anything but a GX device: plugs, meters, portals and weather services.

Generic MQTT and HTTP sources have one parser for each preset, with an example made of the preset's own paths; a service
on the internet (`SERVICE_PARSERS`) has one for each of its answers.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from bench.fuzz import seeds
from bench.fuzz.parser import Parse, Parser, always, decoded, unheard
from bench.fuzz.seeds import NOON
from pv_heater.config.load import load_config
from pv_heater.config.presets import preset_words, with_preset
from pv_heater.core.model.setting import SettingProblem
from pv_heater.core.model.values import Reading
from pv_heater.core.settings.home import PvPlane, Site
from pv_heater.errors import BadReply
from pv_heater.forecasts import open_meteo_answer
from pv_heater.forecasts.forecast_solar import spans_of_answer
from pv_heater.forecasts.steps import forecast_from_spans
from pv_heater.io.net.http import HttpReply, http_date, retry_after_s
from pv_heater.io.net.json_path import JsonPath, document_of
from pv_heater.meters.quantities import Probe, Unusable, probes_of, quantities_of
from pv_heater.ports import Tools
from pv_heater.sensors.mqtt import value_in
from pv_heater.sensors.values import tank_c, value_at
from pv_heater.sim.clock import SimClock
from pv_heater.victron.vrm import forecast as vrm_answer
from pv_heater.victron.vrm.records import reading_from_bodies

_LOAD = {"name": "water_heater", "type": "relay", "max_power_w": 2000, "relay": {"pin": "GPIO17", "active_high": True}}
_METER = {"type": "http", "url": "http://127.0.0.1/", "values": {"grid_w": {"path": "power"}}}
_ZONE = ZoneInfo("Europe/Vienna")
_PLANE = PvPlane(kwp=4.4, tilt_deg=37, azimuth_deg=20)


def measured_names() -> list[str]:
    """``meter.shelly_em``, ``sensor.zigbee2mqtt``: one for each preset."""
    return [f"{kind}.{word}" for kind in ("meter", "sensor") for word in preset_words(f"{kind}s")]


def measured_parser(name: str) -> Parser:
    """The parser of that name; raises KeyError."""
    kind, _, word = name.partition(".")
    if name not in measured_names():
        raise KeyError(name)
    given = _given(f"{kind}s", word)
    return _meter_parser(given) if kind == "meter" else _sensor_parser(given)


def _given(table: str, word: str) -> dict[str, Any]:
    """What a user would write, with something in every place that the preset leaves open."""
    given: dict[str, Any] = {"preset": word, "host": "192.168.1.50"}
    while True:
        try:
            with_preset(given, table)
        except SettingProblem as missing:
            if missing.key is None or missing.key in given:
                raise
            given[missing.key] = "1"
        else:
            return given


def _meter_parser(given: dict[str, Any]) -> Parser:
    (row,) = load_config({"meter": given, "loads": [_LOAD]}).meter
    probes = [probe for probe, _ in probes_of(row.settings.values)]
    return Parser(
        examples=_examples([probe.path for probe in probes]),
        new=always(_of_mqtt(probes) if row.type == "mqtt" else _of_http(probes)),
        rows=(f"meters/{row.type}",),
    )


def _of_mqtt(probes: Sequence[Probe]) -> Parse:
    return lambda payload: _reading(document_of(payload), probes)


def _of_http(probes: Sequence[Probe]) -> Parse:
    def parse(payload: bytes) -> object:
        document = decoded(payload)
        if document is None and all(probe.path.is_text_field for probe in probes):
            document = payload.decode("utf-8", errors="replace")[:400]
        return _reading(document, probes)

    return parse


def _reading(document: Any, probes: Sequence[Probe]) -> Reading:
    numbers: dict[str, float] = {}
    for probe in probes:
        try:
            numbers[probe.name] = probe.number_in(document)
        except Unusable as problem:
            if not str(problem):
                raise ValueError("a value is left out without a word") from None
    found = quantities_of(numbers, probes)
    if not found:
        raise BadReply("nothing in it can be used")
    return Reading(taken_at=NOON, source="measured", **found)


def _sensor_parser(given: dict[str, Any]) -> Parser:
    config = load_config({"meter": _METER, "loads": [{**_LOAD, "temperature_from": given}]})
    row = config.temperatures["water_heater"]
    settings, path = row.settings, JsonPath.parse(row.settings.path)

    def parse(payload: bytes) -> float:
        is_mqtt = row.type == "mqtt"
        found = value_in(payload, path, "sensor") if is_mqtt else value_at(path, decoded(payload), "sensor")
        return tank_c(found, "sensor", scale=settings.scale, offset_c=settings.offset_c, lost=settings.lost)

    return Parser(examples=_examples([path]), new=always(parse), rows=(f"sensors/{row.type}",), within=(0.0, 110.0))


def _examples(paths: Sequence[JsonPath]) -> tuple[bytes, ...]:
    """A document in which each path finds a number; twice, with a number and with its text."""
    return tuple(_document(paths, value) for value in (48.5, "-48.5"))


def _document(paths: Sequence[JsonPath], value: float | str) -> bytes:
    document: Any = None
    for path in paths:
        leaf = value if path.field is None else ";".join(["x", *[str(value)] * (path.field + 1)])
        document = _with(document, path.steps, leaf)
    return document.encode() if isinstance(document, str) else json.dumps(document).encode()


def _with(document: Any, steps: Sequence[str | int], leaf: Any) -> Any:
    """The document in which `leaf` stands at the end of `steps`."""
    if not steps:
        return leaf
    step, rest = steps[0], steps[1:]
    if isinstance(step, str):
        group = document if isinstance(document, dict) else {}
        return {**group, step: _with(group.get(step), rest, leaf)}
    items = list(document) if isinstance(document, list) else []
    items += [None] * (step + 1 - len(items))
    items[step] = _with(items[step], rest, leaf)
    return items


def _vrm(payload: bytes, part: str) -> object:
    """A reading, with one of the answers that it is made of damaged."""
    body = decoded(payload)
    if not isinstance(body, dict):
        raise BadReply("VRM answered no object")  # as victron.vrm.api does
    bodies: dict[str, Any] = {"diagnostics": [decoded(seeds.VRM_DIAGNOSTICS[0])]} if part == "system_overview" else {}
    return reading_from_bodies({**bodies, part: [body] if part == "diagnostics" else body}, complain=unheard)


def _wait_s(payload: bytes) -> float | None:
    """What the headers Retry-After and Date, a line each, ask for."""
    wish, _, date = payload.decode("latin-1").partition("\n")  # as requests decodes headers
    reply = HttpReply(
        status=429, body=None, text="", headers={"Retry-After": wish}, server_time_at=http_date(date.strip())
    )
    return retry_after_s(reply)


def _vrm_sun(payload: bytes) -> object:
    return vrm_answer.forecast_of(decoded(payload), now=seeds.NOON, complain=unheard)


def _open_meteo(payload: bytes) -> object:
    weather = open_meteo_answer.weather_of(decoded(payload), unheard)
    return open_meteo_answer.forecast_of([(_PLANE, weather), (_PLANE, weather)], now=seeds.NOON)


def _forecast_solar(payload: bytes) -> object:
    spans = spans_of_answer(decoded(payload), _ZONE)
    return forecast_from_spans([spans, spans], issued_at=seeds.NOON, source="forecast.solar", zone=_ZONE)


def _pvmonit(folder: Path) -> Parse:
    (row,) = load_config({"meter": {"type": "pvmonit_xml", "url": "http://127.0.0.1/"}, "loads": [_LOAD]}).meter
    meter = row.build(Tools(clock=SimClock(NOON), site=Site(), state_dir=folder, pins=lambda: None))
    return lambda payload: meter.reading_of(payload.decode("utf-8", errors="replace"), NOON)


SERVICE_PARSERS = {
    "pvmonit.xml": Parser(examples=seeds.PVMONIT, new=_pvmonit, rows=("meters/pvmonit_xml",)),
    "http.retry_after": Parser(examples=seeds.HEADERS, new=always(_wait_s), within=(0.0, float("inf"))),
    "vrm.diagnostics": Parser(
        examples=seeds.VRM_DIAGNOSTICS, new=always(partial(_vrm, part="diagnostics")), rows=("meters/vrm",)
    ),
    "vrm.extended": Parser(
        examples=seeds.VRM_EXTENDED, new=always(partial(_vrm, part="extended")), rows=("meters/vrm",)
    ),
    "vrm.system_overview": Parser(
        examples=seeds.VRM_OVERVIEW, new=always(partial(_vrm, part="system_overview")), rows=("meters/vrm",)
    ),
    "vrm.sun_forecast": Parser(examples=seeds.VRM_SUN, new=always(_vrm_sun), rows=("forecasts/vrm",)),
    "open_meteo.answer": Parser(examples=seeds.OPEN_METEO, new=always(_open_meteo), rows=("forecasts/open_meteo",)),
    "forecast_solar.answer": Parser(
        examples=seeds.FORECAST_SOLAR, new=always(_forecast_solar), rows=("forecasts/forecast_solar",)
    ),
}
