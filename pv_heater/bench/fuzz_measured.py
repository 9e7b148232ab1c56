"""Parsers of the generic MQTT and HTTP sources: one for each preset, with an example made of the preset's own paths."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from pv_heater.bench.fuzz_parser import Parse, Parser, always, decoded
from pv_heater.bench.fuzz_seeds import NOON
from pv_heater.config import load_config
from pv_heater.config_presets import preset_words, with_preset
from pv_heater.core.json_path import JsonPath, document_of
from pv_heater.core.setting import SettingProblem
from pv_heater.core.types import Reading
from pv_heater.errors import BadReply
from pv_heater.meters.measured_value import Probe, Unusable, probes_of, quantities_of
from pv_heater.sensors.mqtt import value_in
from pv_heater.sensors.tank import tank_c, value_at

_LOAD = {"name": "water_heater", "type": "relay", "max_power_w": 2000, "relay": {"pin": "GPIO17", "active_high": True}}
_METER = {"type": "http", "url": "http://127.0.0.1/", "values": {"grid_w": {"path": "power"}}}


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
    """What a user would write, with something in every place that the preset wants filled in."""
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
