"""A decision and its grounds as lines for people, from the JSON that a running controller answers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, tzinfo
from typing import Any

from pv_heater.core.margins import flip_text
from pv_heater.core.words import duration_text

Json = Mapping[str, Any]


def entry_lines(entry: Json, zone: tzinfo) -> list[str]:
    """One entry of the journal: what and because, what it rests on, what would have flipped it."""
    at = datetime.fromisoformat(entry["at"]).astimezone(zone)
    lines = [f"{at:%Y-%m-%d %H:%M:%S} {_headline(entry)}: {entry['because']}"]
    rule = f"rule {entry['rule']}" if entry["rule"] else "no guard holds back"
    if entry["from_rule"] and entry["from_rule"] != entry["rule"]:
        rule += f", before {entry['from_rule']}"
    limits = _limits_text(entry["thresholds"], entry["load"])
    lines.append(f"  {rule}{limits}")
    lines.append(f"  {grounds_text(entry['inputs'])}")
    if entry["rule"] is not None:
        lines.append(f"  {_flip_line(entry['flip'], entry['next_change_at'], zone)}")
    return lines


def state_lines(name: str, state: Json, thresholds: Json, zone: tzinfo) -> list[str]:
    """What the present decision for one load goes by, and what would flip it."""
    since = datetime.fromisoformat(state["since_at"]).astimezone(zone)
    return [
        f"  rule {state['rule']}, {state['phase']} since {since:%Y-%m-%d %H:%M:%S}{_limits_text(thresholds, name)}",
        f"  {_flip_line(flip_text(state['rule'], state['margins']), state['next_change_at'], zone)}",
    ]


def grounds_text(inputs: Json) -> str:
    """The values a decision was made from, with their ages; what was not known is left out."""
    parts = (
        _reading_text(inputs),
        _temperature_text(inputs),
        _forecast_text(inputs),
        _strategy_text(inputs),
        _learned_text(inputs),
    )
    return "; ".join(part for part in parts if part)


def _headline(entry: Json) -> str:
    if entry["load"] is None:
        if entry["rule"] is None:
            return f"no longer held back by {entry['from_rule']}"
        return f"held back by {entry['rule']}"
    before, after = entry["from_phase"], entry["to_phase"]
    stand = f"{entry['load']} {after}"
    if before is not None and before != after:
        stand = f"{entry['load']} {before} -> {after}"
    from_w, to_w = entry["from_power_w"] or 0.0, entry["to_power_w"]
    if before == after and round(from_w) != round(to_w):
        return f"{stand} {from_w:.0f} -> {to_w:.0f} W"
    return f"{stand} {to_w:.0f} W" if to_w > 0 else stand


def _limits_text(thresholds: Json, load: str | None) -> str:
    if load is None:
        return ""
    own = thresholds["loads"][load]
    return (
        f"; starts at {own['start_w']:.0f} W, stops below {own['stop_w']:.0f} W, dead band {own['dead_band_w']:.0f} W"
    )


def _flip_line(flip: str, next_change_at: str | None, zone: tzinfo) -> str:
    if next_change_at is None:
        return f"would flip it: {flip}; no timer runs"
    at = datetime.fromisoformat(next_change_at).astimezone(zone)
    return f"would flip it: {flip}; can change by itself at {at:%Y-%m-%d %H:%M:%S}"


def _reading_text(inputs: Json) -> str:
    age_s = inputs["reading_age_s"]
    if inputs["reading_source"] is None:
        return "no reading yet" if age_s is None else f"no usable reading, the last is {duration_text(age_s)} old"
    values = [
        _watts("PV", inputs["pv_w"]) + (" (throttled)" if inputs["pv_throttled"] else ""),
        _watts("house", inputs["house_w"]),
        _watts("own loads", inputs["own_w"]),
        _watts("grid", inputs["grid_w"]),
        _watts("battery", inputs["battery_w"]),
    ]
    if inputs["battery_soc_percent"] is not None:
        values.append(f"charge {inputs['battery_soc_percent']:g} %")
    values += [f"{name} measured {watts:.0f} W" for name, watts in inputs["load_w"].items()]
    return f"{inputs['reading_source']}, {duration_text(age_s)} old: {_joined(values)}"


def _temperature_text(inputs: Json) -> str:
    return _joined([f"{name} {celsius:.1f} degC" for name, celsius in inputs["load_c"].items()])


def _learned_text(inputs: Json) -> str:
    return _joined([f"{name}: {text}" for name, text in inputs.get("learned", {}).items()])


def _forecast_text(inputs: Json) -> str:
    if inputs["forecast_source"] is None:
        return "no forecast"
    age = duration_text(inputs["forecast_age_s"])
    expected_w = inputs["forecast_pv_w"]
    now = "says nothing of now" if expected_w is None else f"expects {expected_w:.0f} W"
    return f"{inputs['forecast_source']}, {age} old, {now}"


def _strategy_text(inputs: Json) -> str:
    spare = _watts("spare", inputs["spare_w"])
    figures = [f"{name} {value:g}" for name, value in inputs["strategy"].items()]
    return _joined([spare, f"{inputs['budget_rule']} spends {inputs['budget_w']:.0f} W", *figures])


def _watts(what: str, value_w: float | None) -> str:
    return "" if value_w is None else f"{what} {value_w:.0f} W"


def _joined(values: Sequence[str]) -> str:
    return ", ".join(value for value in values if value)
