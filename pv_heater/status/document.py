"""All of the first screen as one JSON document: made from the newest tick, names and units as in the core.

What is missing is null, never 0. Reasons are an id and numbers (`rule`, `margins`), so that a page words them in any
language; `because` and `flip` say the same in English.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from pv_heater import __version__
from pv_heater.core.model.lean import to_jsonable
from pv_heater.core.model.rule_id import SAFETY_RULES
from pv_heater.core.model.status import Status
from pv_heater.core.model.tank import HygieneRecord
from pv_heater.core.model.trace import DecisionTrace
from pv_heater.core.model.values import Decision, LoadState, Phase
from pv_heater.core.model.words import flip_text
from pv_heater.core.settings.load import LoadSettings
from pv_heater.status.alarms import START_S, alarms_of
from pv_heater.status.home import Home

LAST_CYCLES = 1
"""Of a tank's record against legionella; all of them come with the load's details."""
BELIEVED = ("live", "holding")
"""Words of `state` while a reading is believed; else its figures are those of before."""
HOLD_SHARE = 1 / 3
"""Of the age limit of a reading: up to here it counts as new."""


def status_document(home: Home, status: Status, lag_s: float, plan: dict[str, Any] | None) -> dict[str, Any]:
    """The document; `lag_s` is how long ago the tick was, in real seconds, as the page's thread sees it.

    `plan` is what `plan_of` makes of the decision's: it is the same for minutes.
    """
    decision = status.decision
    zone = ZoneInfo(home.site.timezone)
    policies = home.policies()
    return {
        "version": __version__,
        "now": instant_text(status.now, zone),
        "site": site_of(home),
        "state": state_of(decision, status.now, lag_s, datetime.fromisoformat(home.identity()["since_at"])),
        "flags": _flags(home, decision.trace, zone),
        "flows": flows_of(decision),
        "why": why_of_home(decision),
        "loads": [
            load_of(name, home.kinds.get(name, "unknown"), policies[name], state)
            for name, state in decision.loads.items()
        ],
        "today": today_of(decision),
        "price": price_of(decision.trace),
        "plan": plan,
        "report": home.report(),
        "alarms": alarms_of(home, status),
        "commands_seen": status.commands_seen,
    }


def before_the_first_tick(home: Home, now: datetime) -> dict[str, Any]:
    """The same document while there is nothing to tell yet."""
    dry = bool(home.identity()["dry"])
    return {
        "version": __version__,
        "now": instant_text(now, ZoneInfo(home.site.timezone)),
        "site": site_of(home),
        "state": {"word": "starting", "age_s": None, "source": None, "limit_s": None, "since_at": None},
        "flags": dict.fromkeys(("vacation_until_at", "grid_connected", "pv_throttled", "ac_source", "steering"))
        | {"dry_run": dry, "demo": home.is_demo, "daylight": False, "opportunity_loads": False},
        "flows": dict.fromkeys(FLOWS),
        "why": None,
        "loads": [],
        "today": None,
        "price": None,
        "plan": None,
        "report": home.report(),
        "alarms": [],
        "commands_seen": 0,
    }


def site_of(home: Home) -> dict[str, Any]:
    """What the settings say of the home."""
    peak_w = 1000.0 * sum(plane.kwp for plane in home.site.pv)
    return {
        "name": home.site.name,
        "timezone": home.site.timezone,
        "latitude_known": home.site.located,
        "pv_peak_w": peak_w or None,
        "has_battery": home.site.battery is not None,
        "off_grid": home.site.off_grid,
    }


def state_of(decision: Decision, now: datetime, lag_s: float, since_at: datetime) -> dict[str, Any]:
    """How much the figures are worth. ``since_at`` is the instant at which the newest reading was taken."""
    trace, limit_s = decision.trace, decision.thresholds.max_reading_age_s or None
    age_s = None if trace.reading_age_s is None else trace.reading_age_s + lag_s
    if age_s is None:
        word = "starting" if (now - since_at).total_seconds() + lag_s < START_S else "lost"
    elif trace.reading_source is None or (limit_s is not None and age_s >= limit_s):
        word = "lost"
    else:
        word = "live" if limit_s is None or age_s <= HOLD_SHARE * limit_s else "holding"
    taken_at = None if trace.reading_age_s is None else now - timedelta(seconds=trace.reading_age_s)
    return {
        "word": word,
        "age_s": rounded(age_s),
        "source": trace.reading_source,
        "limit_s": rounded(limit_s),
        "since_at": instant_text(taken_at, since_at.tzinfo),
    }


def _flags(home: Home, trace: DecisionTrace, zone: ZoneInfo) -> dict[str, Any]:
    return {
        "dry_run": bool(home.identity()["dry"]),
        "demo": home.is_demo,
        "vacation_until_at": instant_text(trace.vacation_until_at, zone),
        "grid_connected": trace.grid_connected,
        "pv_throttled": trace.pv_throttled,
        "ac_source": trace.ac_source,
        "steering": steering_of(trace, zone),
        "daylight": trace.daylight,
        "opportunity_loads": trace.steering is not None and trace.steering.opportunity_loads,
    }


def steering_of(trace: DecisionTrace, zone: ZoneInfo) -> dict[str, Any] | None:
    """Who else steers the battery, and how; None where nobody does, or nobody tells."""
    steering = trace.steering
    if steering is None or steering.by is None:
        return None
    return {
        "by": str(steering.by),
        "does": str(steering.does),
        "power_w": None if trace.battery_w is None else abs(round(trace.battery_w, 1)),
        "target_percent": rounded(steering.target_percent),
        "until_at": instant_text(steering.until_at, zone),
        "because": trace.steering_because,
    }


FLOWS = ("pv_w", "house_w", "loads_w", "battery_w", "battery_soc_percent", "grid_w", "pv_possible_w")


def flows_of(decision: Decision) -> dict[str, float | None]:
    """Where the power goes; the house without our loads."""
    trace, today = decision.trace, decision.today
    values = (
        trace.pv_w,
        trace.base_w,
        trace.own_w,
        trace.battery_w,
        trace.battery_soc_percent,
        trace.grid_w,
        None if today is None else today.pv_possible_w,
    )
    return {name: rounded(value) for name, value in zip(FLOWS, values, strict=True)}


TODAY = ("caught_wh", "possible_wh", "lost_wh", "bought_wh", "bought_money", "saved_money")


def price_of(trace: DecisionTrace) -> dict[str, float] | None:
    """What a kWh costs and earns now, in the owner's currency; None where that is not known."""
    if trace.import_per_kwh is None or trace.export_per_kwh is None:
        return None
    return {"import_per_kwh": money(trace.import_per_kwh), "export_per_kwh": money(trace.export_per_kwh)}


def money(amount: float) -> float:
    """To a tenth of a thousandth."""
    return round(amount, 4)


def today_of(decision: Decision) -> dict[str, Any] | None:
    """What the day has come to so far; None while nobody counts."""
    if decision.today is None:
        return None
    whole = decision.today.as_json()
    return {name: whole[name] for name in TODAY}


def why_of_home(decision: Decision) -> dict[str, Any] | None:
    """The guard that holds the whole home back; None where none does."""
    if decision.blocked_by is None:
        return None
    return {"rule": decision.blocked_by, "because": decision.because, "margins": _numbers(decision.margins)}


def load_of(name: str, kind: str, policy: LoadSettings, state: LoadState, cycles: int = LAST_CYCLES) -> dict[str, Any]:
    """One load: what it does, what it has had, and why; of its tank's record the last `cycles`."""
    return {
        "name": name,
        "kind": kind,
        "phase": str(state.phase),
        "mode": str(state.mode),
        "until_at": _seconds_text(state.until_at),
        "forced_without_end": policy.forced_without_end,
        "power_w": rounded(state.power_w),
        "min_power_w": policy.least_power_w,
        "max_power_w": policy.max_power_w,
        "regulated": policy.adjustable,
        "energy_wh": rounded(state.energy_wh),
        "starts": state.starts,
        "temperature_c": rounded(state.temperature_c),
        "target_c": policy.target_c,
        "max_c": policy.max_c,
        "tank": _tank_of(state, cycles),
        "rests_until_at": _seconds_text(state.rests_until_at),
        "next_change_at": _seconds_text(state.next_change_at),
        "since_at": _seconds_text(state.since_at),
        "fault": state.because if state.phase is Phase.FAULT else None,
        "why": {
            "rule": state.rule,
            "because": state.because,
            "margins": _numbers(state.margins),
            "flip": flip_text(state.rule, state.margins),
            "locked": state.rule in SAFETY_RULES,
        },
    }


def _tank_of(state: LoadState, cycles: int) -> dict[str, Any] | None:
    tank = state.tank
    if tank is None:
        return None
    return {
        "percent": rounded(tank.percent),
        "kwh_to_go": None if tank.kwh_to_go is None else round(tank.kwh_to_go, 2),
        "ready_at": _seconds_text(tank.ready_at),
        "estimated": tank.estimated,
        "hygiene": tank.hygiene,
        "hygiene_record": _hygiene_of(tank.hygiene_record, cycles),
    }


def _hygiene_of(record: HygieneRecord | None, count: int) -> dict[str, Any] | None:
    """The record with its last `count` cycles; None where nothing is asked of the tank."""
    if record is None:
        return None
    return {
        "at_c": record.at_c,
        "due_on": to_jsonable(record.due_on),
        "held_s": round(record.held_s),
        "cycles": [
            {
                "date": to_jsonable(cycle.day),
                "by_duty": cycle.by_duty,
                "warmest_c": rounded(cycle.warmest_c),
                "bought_wh": round(cycle.bought_wh),
            }
            for cycle in record.cycles[-count:]
        ],
    }


def rounded(value: float | None) -> float | None:
    """To a tenth: more is noise."""
    return None if value is None else round(value, 1)


def _seconds_text(at: datetime | None) -> str | None:
    """ISO 8601 in its own clock. An end that is worked out anew at each tick wavers by microseconds."""
    return None if at is None else at.isoformat(timespec="seconds")


def _numbers(values: Mapping[str, float]) -> dict[str, float]:
    return {name: round(value, 1) for name, value in values.items()}


def instant_text(at: datetime | None, zone: Any) -> str | None:
    """ISO 8601 in the clock of `zone`."""
    return None if at is None else at.astimezone(zone).isoformat(timespec="seconds")
