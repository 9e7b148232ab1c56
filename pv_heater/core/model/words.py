"""Numbers as people say them, for every sentence of the log, `status` and `why`."""

from __future__ import annotations

from collections.abc import Mapping

from pv_heater.core.model.rule_id import Rule

FOR_GOOD = "for good"
"""How long a forced mode lasts that has no end."""
NO_TIME = "the time of day is unknown"
"""Neither network time nor the meter vouches for the clock."""


def kilowatts(power_w: float) -> str:
    """A power: ``466 W`` below a kilowatt, ``1.7 kW`` from there on; the sign is kept."""
    return f"{power_w:.0f} W" if abs(power_w) < 999.5 else f"{power_w / 1000:.1f} kW"


def kilowatt_hours(energy_wh: float) -> str:
    """An energy: ``450 Wh`` below a kilowatt-hour, ``9.81 kWh`` from there on."""
    return f"{energy_wh:.0f} Wh" if abs(energy_wh) < 999.5 else f"{energy_wh / 1000:.2f} kWh"


def span_text(span_s: float) -> str:
    """A length of time that somebody has set: ``30 s``, ``1 min``, ``90 s``, ``15 min``, ``2 h``."""
    for unit_s, unit in ((3600, "h"), (60, "min")):
        if span_s >= unit_s and span_s % unit_s == 0:
            return f"{span_s / unit_s:.0f} {unit}"
    return f"{span_s:g} s"


def duration_text(duration_s: float) -> str:
    """A time as people say it: ``45 s``, ``3 min``, ``7 h 12 min``."""
    if round(duration_s) < 90:
        return f"{max(0.0, duration_s):.0f} s"
    minutes = round(duration_s / 60)
    if minutes < 90:
        return f"{minutes} min"
    return f"{minutes // 60} h {minutes % 60} min" if minutes < 48 * 60 else f"{round(minutes / 1440)} days"


def spare_text(spare_w: float, mean_s: float | None = None) -> str:
    """What the sun leaves of what the house draws without its loads, W; below 0 that much is missing.

    `mean_s`: over how many seconds it is a mean; None: it is what the newest reading shows.
    """
    mean = "" if mean_s is None else f" ({span_text(mean_s)} mean)"
    return f"{kilowatts(abs(spare_w))} {'short' if spare_w <= -0.5 else 'spare'}{mean}"


def flip_text(rule: str, margins: Mapping[str, float]) -> str:
    """What would flip a decision, as a sentence for people: ``140 W more, or 3 min``."""
    ways = [_way(name, value) for name, value in margins.items() if name not in ("wait_s", "after_s")]
    if "wait_s" in margins:
        ways.append(duration_text(margins["wait_s"]))
    text = ", or ".join(ways) or _WITHOUT_NUMBER.get(rule, "another reading of the house")
    return f"{text}, not before {duration_text(margins['after_s'])}" if "after_s" in margins else text


def _way(name: str, value: float) -> str:
    unit, what, digits = _UNITS.get(name, (name, "", 1))
    return f"{abs(value):.{digits}f} {unit} {'more' if value > 0 else 'less'}{what}"


_UNITS: Mapping[str, tuple[str, str, int]] = {
    "surplus_w": ("W", "", 0),
    "budget_w": ("W", " from the strategy", 0),
    "grid_w": ("W", " from the grid", 0),
    "grid_phase_w": ("W", " on that phase", 0),
    "house_w": ("W", " in the house", 0),
    "inverter_load_w": ("W", " through the inverter", 0),
    "battery_soc_percent": ("%", " in the battery", 1),
    "temperature_c": ("degC", " at the load", 1),
    "interval_s": ("s", " between samples", 0),
}
"""Margin to its unit, what it is of, and how many digits are worth reading."""


_WITHOUT_NUMBER: Mapping[str, str] = {
    Rule.CLOCK: "a clock that is set",
    Rule.GRID_LOST: "the grid's return",
    Rule.GENERATOR: "the generator's end",
    Rule.NO_READING: "a new reading",
    Rule.NIGHT: "sunrise",
    Rule.PROBE_LOST: "a temperature",
    Rule.HARDWARE: "`clear`, once the cause is fixed",
    Rule.RULE: "another answer of its rule",
    Rule.AFTER: "the load before it having had enough",
    Rule.FULL: "the load cooling down",
    "balance_blind": "a meter that reports the house's use or the grid's power",
}
"""What flips the decisions of these rules, where no number tells how far it is."""
