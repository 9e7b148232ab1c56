"""The topics of an earlier balancer: its status in its own words, and its `force` and `unforce`.

It measured a house with two meters; here injection and grid are what the grid meter says, with its signs.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any
from zoneinfo import ZoneInfo

from pv_heater.core.model.plain_text import plain
from pv_heater.core.model.requests import FORCE_DEFAULT_S, FORCE_LONGEST_S, Mode
from pv_heater.core.model.rule_id import Rule
from pv_heater.core.model.status import Status
from pv_heater.core.model.values import LoadState, Phase
from pv_heater.core.model.words import duration_text
from pv_heater.core.settings.load import LoadSettings
from pv_heater.telemetry.mqtt.request import Refused, object_of
from pv_heater.telemetry.totals import Totals

log = logging.getLogger(__name__)

EACH_S = 5.0
"""So often it tells its status: the earlier one did with each evaluation."""


def balancer_status(
    status: Status, identities: Mapping[str, str], totals: Totals | None, zone: ZoneInfo
) -> dict[str, Any]:
    """Its document; what is not known is null. Clouds are not known here: the forecast is of sun."""
    decision = status.decision
    trace, today, now = decision.trace, decision.today, status.now.astimezone(zone)
    own_w = sum(state.power_w for state in decision.loads.values())
    first = next(iter(decision.loads), None)
    key = None if first is None else identities.get(first, first)
    return {
        "date": int(now.timestamp()),
        "date_str": f"{now:%Y-%m-%d %H:%M:%S}",
        "power_consumption": _whole(trace.house_w),
        "power_production": _whole(trace.pv_w),
        "production_energy": None if today is None else round(today.pv_wh),
        "injection": None if trace.grid_w is None else min(0, round(trace.grid_w)),
        "grid": None if trace.grid_w is None else max(0, round(trace.grid_w)),
        "CLOUD_forecast": None,
        "ECS_energy_yesterday": None if totals is None or key is None else _whole(totals.yesterday.get(key)),
        "power_equipments": round(own_w),
        "power_house": None if trace.house_w is None else round(trace.house_w) - round(own_w),
        "equipments": [_equipment(name, state) for name, state in decision.loads.items()],
    }


def _equipment(name: str, state: LoadState) -> dict[str, Any]:
    return {
        "name": name,
        "current_power": round(state.power_w),
        "energy": round(state.energy_wh),
        "overed": state.phase is not Phase.HEATING and state.rule == Rule.FULL,
        "forced": state.mode is not Mode.AUTO,
    }


def balancer_request(payload: bytes, policies: Mapping[str, LoadSettings]) -> dict[str, Any]:
    """Its JSON as a request for `Home.ask`. Raises Refused.

    A power of 0 is off. One that is too high is the highest there is, and a load without steps has no other.
    """
    found = object_of(payload)
    word, load = found.get("command"), _load(found.get("name"), policies)
    if word == "unforce":
        return {"command": "force", "load": load, "mode": Mode.AUTO}
    if word != "force":
        raise Refused(f"command must be force or unforce, not {repr(word)[:40]}")
    power_w, policy = _number(found, "power"), policies[load]
    wanted_s = _number(found, "duration")
    if not wanted_s and policy.forced_without_end:
        end: dict[str, Any] = {"for_good": True}
    else:
        end = {"for_s": _span_s(load, wanted_s)}
    if power_w == 0:
        return {"command": "force", "load": load, "mode": Mode.OFF, **end}
    most_w = policy.max_power_w
    asked_w = None if power_w is None or not policy.adjustable or power_w >= most_w else power_w
    return {"command": "force", "load": load, "mode": Mode.ON, **end, "power_w": asked_w}


def _span_s(load: str, wanted_s: float | None) -> float:
    """It forced without an end where none was given; here a force ends, unless the load's settings say otherwise."""
    if not wanted_s:
        log.warning("mqtt: %s is forced without a duration; it ends after %s, the usual time. At most %s can be asked "
                    "for.", load, duration_text(FORCE_DEFAULT_S), duration_text(FORCE_LONGEST_S))  # fmt: skip
        return FORCE_DEFAULT_S
    if wanted_s > FORCE_LONGEST_S:
        log.warning("mqtt: %s is forced for %s, the longest there is, and not for %.0f s.",
                    load, duration_text(FORCE_LONGEST_S), wanted_s)  # fmt: skip
        return FORCE_LONGEST_S
    return wanted_s


def _load(name: Any, policies: Mapping[str, LoadSettings]) -> str:
    """By its name, as it is written or in other capitals."""
    word = name.strip() if isinstance(name, str) else ""
    found = [word] if word in policies else [load for load in policies if load.lower() == word.lower()]
    if len(found) != 1:
        raise Refused(f"there is no load {plain(repr(name))[:40]}; there is {', '.join(policies)}")
    return found[0]


def _number(found: Mapping[str, Any], key: str) -> float | None:
    value = found.get(key)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 1e9:
        raise Refused(f"{key} must be a number, 0 or more, not {plain(repr(value))[:40]}")
    return float(value)


def _whole(value: float | None) -> int | None:
    return None if value is None else round(value)
