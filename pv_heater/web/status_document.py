"""All of the first screen as one JSON document: made from the newest tick, names and units as in the core.

What is missing is null, never 0. Reasons are an id and numbers (`rule`, `margins`), so that a page words them in any
language; `because` and `flip` say the same in English.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from pv_heater import __version__
from pv_heater.core.house.guards import SAFETY_RULES
from pv_heater.core.model.day_plan import DayPlan
from pv_heater.core.model.status import Status
from pv_heater.core.model.trace import DecisionTrace
from pv_heater.core.model.values import Decision, LoadState, Phase, to_jsonable
from pv_heater.core.model.words import flip_text
from pv_heater.core.settings.load import LoadSettings
from pv_heater.ports import Home
from pv_heater.web.alarms import alarms_of

START_S = 180.0
"""A source that has said nothing for so long since the start is not starting any more."""
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
        "now": _instant(status.now, zone),
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
        "plan": plan,
        "alarms": alarms_of(decision, status.now.astimezone(zone), home.troubles()),
        "commands_seen": status.commands_seen,
    }


def before_the_first_tick(home: Home, now: datetime) -> dict[str, Any]:
    """The same document while there is nothing to tell yet."""
    dry = bool(home.identity()["dry"])
    return {
        "version": __version__,
        "now": _instant(now, ZoneInfo(home.site.timezone)),
        "site": site_of(home),
        "state": {"word": "starting", "age_s": None, "source": None, "limit_s": None, "since_at": None},
        "flags": dict.fromkeys(("vacation_until_at", "grid_connected", "pv_throttled", "ac_source"))
        | {"dry_run": dry, "demo": home.is_demo},
        "flows": dict.fromkeys(FLOWS),
        "why": None,
        "loads": [],
        "today": None,
        "plan": None,
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
        "since_at": _instant(taken_at, since_at.tzinfo),
    }


def _flags(home: Home, trace: DecisionTrace, zone: ZoneInfo) -> dict[str, Any]:
    return {
        "dry_run": bool(home.identity()["dry"]),
        "demo": home.is_demo,
        "vacation_until_at": _instant(trace.vacation_until_at, zone),
        "grid_connected": trace.grid_connected,
        "pv_throttled": trace.pv_throttled,
        "ac_source": trace.ac_source,
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


TODAY = ("caught_wh", "possible_wh", "lost_wh", "bought_wh")


def today_of(decision: Decision) -> dict[str, Any] | None:
    """What the day has come to so far; None while nobody counts."""
    if decision.today is None:
        return None
    whole = decision.today.as_json()
    return {name: whole[name] for name in TODAY}


def plan_of(plan: DayPlan | None, zone: ZoneInfo) -> dict[str, Any] | None:
    """What is expected until tomorrow's sunset, in whole watts; None where nothing is planned."""
    if plan is None:
        return None
    return {
        "start_at": _instant(plan.start_at, zone),
        "step_s": plan.step_s,
        "sun_w": _watts(plan.sun_w),
        "house_w": _watts(plan.house_w),
        "battery_percent": None
        if plan.battery_percent is None
        else [round(value, 1) for value in plan.battery_percent],
        "loads_w": {name: _watts(values) for name, values in plan.loads_w.items()},
        "unused_w": None if plan.unused_w is None else _watts(plan.unused_w),
        "bought_w": None if plan.bought_w is None else _watts(plan.bought_w),
        "soc_tonight_percent": rounded(plan.soc_tonight_percent),
        "tonight_at": _instant(plan.tonight_at, zone),
        "soc_tomorrow_percent": rounded(plan.soc_tomorrow_percent),
        "tomorrow_at": _instant(plan.tomorrow_at, zone),
        "text": plan.text,
        "notes": list(plan.notes),
    }


def _watts(values: Sequence[float]) -> list[int]:
    return [round(value) for value in values]


def why_of_home(decision: Decision) -> dict[str, Any] | None:
    """The guard that holds the whole home back; None where none does."""
    if decision.blocked_by is None:
        return None
    return {"rule": decision.blocked_by, "because": decision.because, "margins": _numbers(decision.margins)}


def load_of(name: str, kind: str, policy: LoadSettings, state: LoadState) -> dict[str, Any]:
    """One load: what it does, what it has had, and why."""
    return {
        "name": name,
        "kind": kind,
        "phase": str(state.phase),
        "mode": str(state.mode),
        "until_at": to_jsonable(state.until_at),
        "power_w": rounded(state.power_w),
        "min_power_w": policy.least_power_w,
        "max_power_w": policy.max_power_w,
        "regulated": policy.adjustable,
        "energy_wh": rounded(state.energy_wh),
        "starts": state.starts,
        "temperature_c": rounded(state.temperature_c),
        "target_c": policy.target_c,
        "max_c": policy.max_c,
        "tank": _tank_of(state),
        "rests_until_at": to_jsonable(state.rests_until_at),
        "next_change_at": to_jsonable(state.next_change_at),
        "since_at": to_jsonable(state.since_at),
        "fault": state.because if state.phase is Phase.FAULT else None,
        "why": {
            "rule": state.rule,
            "because": state.because,
            "margins": _numbers(state.margins),
            "flip": flip_text(state.rule, state.margins),
            "locked": state.rule in SAFETY_RULES,
        },
    }


def _tank_of(state: LoadState) -> dict[str, Any] | None:
    tank = state.tank
    if tank is None:
        return None
    return {
        "percent": rounded(tank.percent),
        "kwh_to_go": None if tank.kwh_to_go is None else round(tank.kwh_to_go, 2),
        "ready_at": to_jsonable(tank.ready_at),
        "estimated": tank.estimated,
        "hygiene": tank.hygiene,
    }


def rounded(value: float | None) -> float | None:
    """To a tenth: more is noise."""
    return None if value is None else round(value, 1)


def _numbers(values: Mapping[str, float]) -> dict[str, float]:
    return {name: round(value, 1) for name, value in values.items()}


def _instant(at: datetime | None, zone: Any) -> str | None:
    return None if at is None else at.astimezone(zone).isoformat(timespec="seconds")
