"""What can be asked of the loads: modes, boosts, faults, everything off, a vacation.

All of it goes through the handler of the control socket, so `main.py force` and the page mean the same and are refused
the same. An answer is 202: it is done once `commands_seen` of the status has reached its ``id``.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from pv_heater.core.duties.boost import LONGEST_S as BOOST_LONGEST_S
from pv_heater.core.model.plain_text import plain
from pv_heater.core.model.status import Status
from pv_heater.core.settings.load import LoadSettings
from pv_heater.status.home import Home
from pv_heater.web.calls import Answer, Call, Problem, Route, Scope, json_answer

ENDS = ("for_s", "until_at", "until", "for_good")
"""Ways to say how long a mode lasts; one of them at most."""


def control_routes(home: Home) -> list[Route]:
    """Trying an output needs `Scope.ADMIN`, all else `Scope.CONTROL`."""
    control = Control(home)
    rows = {
        "/api/v1/loads/<name>/mode": control.mode,
        "/api/v1/loads/<name>/boost": control.boost,
        "/api/v1/loads/<name>/clear": control.clear,
        "/api/v1/loads/off": control.all_off,
        "/api/v1/vacation": control.vacation,
    }
    steering = [Route(method="POST", path=path, scope=Scope.CONTROL, handle=handle) for path, handle in rows.items()]
    return [*steering, Route(method="POST", path="/api/v1/loads/<name>/try", scope=Scope.ADMIN, handle=control.attempt)]


class Control:
    """Turns calls into requests to the running home."""

    def __init__(self, home: Home) -> None:
        self._home = home

    def mode(self, call: Call) -> Answer:
        """``on``, ``off`` or ``auto``; the first two end by themselves, unless they are for good."""
        name, policy = self._load(call)
        body = call.json("mode", *ENDS, "power_w")
        given = [key for key in ENDS if body.get(key) not in (None, False)]
        if len(given) > 1:
            raise Problem(422, f"{' and '.join(given)} say the same in different ways; keep one of them.", fields=given)
        if body.get("mode") == "auto" and given:
            raise Problem(422, f"Mode auto has no end, so {given[0]} means nothing here.", fields=given)
        if body.get("until") is not None:
            return self._until(call, name, policy, body)
        for_s = body.get("for_s")
        if body.get("until_at") is not None:
            for_s = (_instant(body["until_at"]) - self._now().now).total_seconds()
            if for_s <= 0:
                raise Problem(422, "until_at must lie ahead.", fields=["until_at"])
        power_w = body.get("power_w")
        request = {"command": "force", "load": name, "mode": body.get("mode"), "for_s": for_s, "power_w": power_w}
        return self._ask(call, {**request, "for_good": body.get("for_good")})

    def _until(self, call: Call, name: str, policy: LoadSettings, body: Mapping[str, Any]) -> Answer:
        """On until it has had enough: a boost, which ends at a temperature or an open thermostat."""
        until = body["until"]
        if until not in ("full", "target"):
            raise Problem(422, "until must be full or target.", fields=["until"])
        if body.get("mode") != "on":
            raise Problem(422, "until goes with mode on only.", fields=["until", "mode"])
        if body.get("power_w") is not None:
            raise Problem(
                422, "until goes with all the power that is allowed, so leave power_w out.", fields=["power_w"]
            )
        if until == "target" and policy.target_c is None:
            raise Problem(422, f"{name} has no target_c in its settings.", fields=["until"])
        return self._ask(call, {"command": "boost", "load": name, "for_s": BOOST_LONGEST_S})

    def boost(self, call: Call) -> Answer:
        """Heat it now or at a later moment, sun or not."""
        name, _ = self._load(call)
        body = call.json("for_s", "to_c", "at")
        request = {"command": "boost", "load": name, "for_s": body.get("for_s"), "to_c": body.get("to_c")}
        return self._ask(call, {**request, "at": body.get("at")})

    def clear(self, call: Call) -> Answer:
        """End a fault whose cause is gone."""
        name, _ = self._load(call)
        call.json()
        return self._ask(call, {"command": "clear", "load": name})

    def all_off(self, call: Call) -> Answer:
        """Everything off at once, and off until each is cleared."""
        call.json()
        return self._ask(call, {"command": "off"})

    def attempt(self, call: Call) -> Answer:
        """Move an output for some seconds, to see whether it is wired right; see `run.trials`."""
        name, _ = self._load(call)
        return self._ask(
            call, {"command": "try", "load": name, **call.json("what", "percent", "for_s", "mains_is_off")}
        )

    def vacation(self, call: Call) -> Answer:
        """Nobody home before ``until_at``; null: somebody is."""
        return self._ask(call, {"command": "vacation", **call.json("until_at")})

    def _load(self, call: Call) -> tuple[str, LoadSettings]:
        return load_named(self._home, call.parameters["name"])

    def _now(self) -> Status:
        status = self._home.status()
        if status is None:
            raise Problem(503, "The controller has not completed its first tick yet.", headers=[("Retry-After", "2")])
        return status

    def _ask(self, call: Call, request: Mapping[str, Any]) -> Answer:
        if request["command"] != "off":
            self._now()
        answer = obeyed(self._home, call, request)
        return json_answer({key: answer.get(key) for key in ("id", "message", "until_at")}, 202)


def obeyed(home: Home, call: Call, request: Mapping[str, Any]) -> Mapping[str, Any]:
    """What comes of a request. Raises Problem 422 with what would be right."""
    try:
        return home.ask({**request, "who": caller(call)})
    except ValueError as error:
        raise Problem(422, f"{str(error)[:1].upper()}{str(error)[1:]}.") from None


def load_named(home: Home, name: str) -> tuple[str, LoadSettings]:
    """That load's name and settings. Raises Problem where there is none."""
    policies = home.policies()
    if name not in policies:
        raise Problem(404, f"There is no load {plain(name)[:40]!r}; there is {', '.join(policies)}.")
    return name, policies[name]


def caller(call: Call) -> str:
    """Who asks, for the log."""
    return f"the page ({call.remote})" if call.remote else "the page"


def _instant(value: Any) -> datetime:
    try:
        at = datetime.fromisoformat(value)
    except (TypeError, ValueError):
        at = None
    if at is None or at.tzinfo is None:
        detail = "until_at must be a time with its offset, such as 2026-12-24T18:00:00+01:00."
        raise Problem(422, detail, fields=["until_at"])
    return at
