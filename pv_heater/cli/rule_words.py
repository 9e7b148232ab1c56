"""What decided, in words, for people who do not know the ids."""

from __future__ import annotations

from collections.abc import Mapping

WORDS: Mapping[str, str] = {
    "clock": "the time of day is not certain",
    "grid_lost": "the grid is lost",
    "generator": "a generator runs",
    "soft_fuse": "the limit of the house or a phase",
    "inverter": "the inverter's limit",
    "no_reading": "no reading of the house",
    "slow_source": "the meter is too slow",
    "vacation": "vacation",
    "night": "the hours of automatic heating",
    "battery_low": "the battery is low",
    "grid_draw": "the grid delivers too much",
    "hardware": "a fault",
    "too_hot": "the highest temperature",
    "probe_lost": "the temperature probe",
    "unreachable": "the device does not answer",
    "forced_on": "your order",
    "forced_off": "your order",
    "rule": "the load's own rule",
    "after": "the load before it in the row",
    "timer": "a timer",
    "boost": "a boost",
    "hygiene": "protection against legionella",
    "guarantee": "the guaranteed amount of heat",
    "negative_price": "a negative price",
    "frost": "protection against frost",
    "run_to_end": "a run that is not interrupted",
    "full": "the load has had enough",
    "min_on": "the minimum on time",
    "min_off": "the minimum off time",
    "start_delay": "the start delay",
    "switching": "the limit of switching a minute",
    "max_closings": "the limit of starts a day",
    "stale": "the reading is late",
    "headroom": "the room below the fuse or the inverter's limit",
    "trial": "a trial: which of two measurements of the house is right",
    "steered": "who else steers the battery",
    "ceiling": "what can be had without the grid",
    "phase": "the room on the load's phase",
    "priority": "the loads before it",
    "probe": "a search for hidden sun",
    "plan": "the plan for the day",
    "balance": "the balance of sun and use",
    "balance_blind": "a meter that does not tell enough",
    "bucket": "the energy bucket",
    "forecast_gap": "the forecast",
}

_TIMERS: Mapping[str, str] = {
    "min_on": "the minimum on time ends",
    "min_off": "the minimum off time ends",
    "start_delay": "the start delay ends",
    "switching": "another load may switch again",
    "night": "the hours of automatic heating begin",
    "vacation": "the vacation ends",
    "max_closings": "a new day begins",
    "full": "it is tried again or a new day begins",
    "forced_on": "the forced mode ends",
    "forced_off": "the forced mode ends",
    "boost": "the boost ends",
    "hygiene": "it ends at the latest",
    "guarantee": "it ends at the latest",
    "negative_price": "the price is no longer negative",
    "frost": "it ends at the latest",
    "timer": "the timer changes",
    "run_to_end": "the run ends at the latest",
}


def rule_text(rule: str | None) -> str:
    """What an id stands for; an id that is new stands for itself."""
    return "nothing" if rule is None else WORDS.get(rule, rule.replace("_", " "))


def next_change_text(rule: str, phase: str | None, mode: str | None) -> str:
    """What happens at the next moment at which time alone changes something."""
    if rule in _TIMERS:
        return _TIMERS[rule]
    if mode in ("on", "off"):
        return "the forced mode ends"
    if phase == "cooldown":
        return "the minimum off time ends"
    if phase in ("armed", "heating"):
        return "the hours of automatic heating end"
    return "something else can decide"
