"""The first screen, and how sources and loop fare, as Prometheus reads it: text format 0.0.4, base units, one block a
metric.

A day's energies and switches begin anew at midnight, as a counter may; `increase()` knows that.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

from pv_heater.core.model.status import Status
from pv_heater.core.model.values import Phase
from pv_heater.status.document import BELIEVED
from pv_heater.status.home import Home
from pv_heater.web.calls import Answer, Call, Route, Scope

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
PREFIX = "pv_heater_"
_JOULES = 3600.0
"""In a watt-hour."""

Document = Mapping[str, Any]
Sample = tuple[Mapping[str, str], float | None]
"""Labels and value; None: not known, and then it is left out."""


class Metric(NamedTuple):
    """One metric; `samples` finds its values in the status document."""

    name: str
    """Without the prefix."""
    kind: str
    """``gauge`` or ``counter``."""
    help: str
    samples: Callable[[Document], Iterator[Sample]]
    """Of the status document, with ``sources`` and ``pulse`` beside it."""


def _one(*path: str, scale: float = 1.0) -> Callable[[Document], Iterator[Sample]]:
    def samples(document: Document) -> Iterator[Sample]:
        value: Any = document
        for word in path:
            value = None if value is None else value[word]
        yield {}, None if value is None else float(value) * scale

    return samples


def _each_load(word: str, scale: float = 1.0) -> Callable[[Document], Iterator[Sample]]:
    def samples(document: Document) -> Iterator[Sample]:
        for load in document["loads"]:
            value = load[word]
            yield {"load": load["name"]}, None if value is None else float(value) * scale

    return samples


def _one_of(word: str, words: tuple[str, ...]) -> Callable[[Document], Iterator[Sample]]:
    """1 for the word that holds, 0 for the others."""

    def samples(document: Document) -> Iterator[Sample]:
        for load in document["loads"]:
            for each in words:
                yield {"load": load["name"], word: each}, float(load[word] == each)

    return samples


def _lost(document: Document) -> Iterator[Sample]:
    today = document["today"]
    for cause, lost_wh in (today["lost_wh"] if today else {}).items():
        yield {"cause": cause}, lost_wh * _JOULES


def _today(word: str) -> Callable[[Document], Iterator[Sample]]:
    return _one("today", word, scale=_JOULES)


_SOC = _one("flows", "battery_soc_percent", scale=0.01)


def _build(document: Document) -> Iterator[Sample]:
    yield {"version": document["version"]}, 1.0


def _believed(document: Document) -> Iterator[Sample]:
    yield {}, float(document["state"]["word"] in BELIEVED)


def _each_source(value_of: Callable[[Mapping[str, Any]], float | None]) -> Callable[[Document], Iterator[Sample]]:
    def samples(document: Document) -> Iterator[Sample]:
        for source in document["sources"]:
            yield {"source": source["name"]}, value_of(source)

    return samples


def _up(source: Mapping[str, Any]) -> float:
    return float(source["trouble"] is None)


def _age_s(source: Mapping[str, Any]) -> float | None:
    return source.get("last_success_age_s")


def _faults(document: Document) -> Iterator[Sample]:
    for load, count in document["pulse"]["faults"].items():
        yield {"load": load}, float(count)


def _alarms(document: Document) -> Iterator[Sample]:
    yield {}, float(len(document["alarms"]))


METRICS = (
    Metric("build_info", "gauge", "1, with the version.", _build),
    Metric("pv_power_watts", "gauge", "What the panels give.", _one("flows", "pv_w")),
    Metric("pv_possible_power_watts", "gauge", "What they could give.", _one("flows", "pv_possible_w")),
    Metric("house_power_watts", "gauge", "What the house uses, without the loads.", _one("flows", "house_w")),
    Metric("loads_power_watts", "gauge", "What all loads together draw.", _one("flows", "loads_w")),
    Metric("grid_power_watts", "gauge", "From the grid; below 0 into it.", _one("flows", "grid_w")),
    Metric("battery_power_watts", "gauge", "Into the battery; below 0 out of it.", _one("flows", "battery_w")),
    Metric("battery_soc_ratio", "gauge", "Charge of the battery, 0 to 1.", _SOC),
    Metric("reading_age_seconds", "gauge", "How old the newest reading is.", _one("state", "age_s")),
    Metric("reading_believed", "gauge", "1 while a reading is believed.", _believed),
    Metric("source_up", "gauge", "1 while a source, or who is told, has no trouble.", _each_source(_up)),
    Metric("source_age_seconds", "gauge", "Since it answered last.", _each_source(_age_s)),
    Metric("alarms", "gauge", "How many alarms there are.", _alarms),
    Metric("sun_caught_joules_total", "counter", "Sun that loads took, since midnight.", _today("caught_wh")),
    Metric("sun_possible_joules_total", "counter", "Sun that loads could have had, likewise.", _today("possible_wh")),
    Metric("sun_lost_joules_total", "counter", "Sun that was lost, by cause, likewise.", _lost),
    Metric("bought_joules_total", "counter", "Bought for heating, since midnight.", _today("bought_wh")),
    Metric("price_per_kilowatt_hour", "gauge", "What a bought kWh costs now.", _one("price", "import_per_kwh")),
    Metric("load_power_watts", "gauge", "What a load is set to draw.", _each_load("power_w")),
    Metric("load_energy_joules_total", "counter", "What a load had, since midnight.", _each_load("energy_wh", _JOULES)),
    Metric("load_switches_total", "counter", "How often a load went on, since midnight.", _each_load("starts")),
    Metric("load_temperature_celsius", "gauge", "Temperature of a load.", _each_load("temperature_c")),
    Metric("load_phase", "gauge", "1 for the phase of a load, 0 for the others.", _one_of("phase", tuple(Phase))),
    Metric("load_mode", "gauge", "1 for the mode of a load, 0 for the others.", _one_of("mode", ("auto", "on", "off"))),
    Metric("load_faults_total", "counter", "How often a load went into fault, since the start.", _faults),
    Metric("ticks_total", "counter", "Decisions since the start.", _one("pulse", "ticks")),
    Metric("tick_lateness_seconds", "gauge", "How late the newest decision began.", _one("pulse", "late_s")),
)  # fmt: skip


def metrics_text(document: Document) -> str:
    """All that is known; a metric without a value has no block."""
    blocks = []
    for metric in METRICS:
        lines = [f"{PREFIX}{metric.name}{_labels(labels)} {value:.10g}"
                 for labels, value in metric.samples(document) if value is not None]  # fmt: skip
        if lines:
            head = f"# HELP {PREFIX}{metric.name} {metric.help}\n# TYPE {PREFIX}{metric.name} {metric.kind}"
            blocks.append("\n".join([head, *lines]))
    return "\n".join([*blocks, ""])


def metrics_route(document: Callable[[], Document], home: Home) -> Route:
    """`/metrics`, for whoever may read; `document` is the newest of `home`."""

    def metrics(call: Call) -> Answer:
        call.asked()
        whole = {**document(), "sources": home.sources(), "pulse": _pulse(home.status())}
        return Answer(body=metrics_text(whole).encode(), content_type=CONTENT_TYPE)

    return Route(method="GET", path="/metrics", scope=Scope.READ, handle=metrics)


def _pulse(status: Status | None) -> dict[str, Any]:
    if status is None:
        return {"ticks": 0, "late_s": None, "faults": {}}
    pulse = status.pulse
    return {"ticks": pulse.ticks, "late_s": pulse.late_s, "faults": pulse.faults}


def _labels(labels: Mapping[str, str]) -> str:
    shown = ",".join(f'{name}="{_escaped(value)}"' for name, value in labels.items())
    return f"{{{shown}}}" if shown else ""


def _escaped(text: str) -> str:
    return text.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")
