"""What the running controller answers, with a real loop behind it."""

import json
from typing import Any

import pytest

from pv_heater.controller import Controller
from pv_heater.core.model.values import OFF, Reading, Setpoint
from pv_heater.run.home.newest import NewestStatus
from pv_heater.run.journal import Journal
from pv_heater.run.loop import Loop
from pv_heater.run.requests import CommandHandler
from pv_heater.run.tick_sources import TickSources
from pv_heater.sim.clock import SimClock
from tests.builders import NOON, config, reading


class Output:
    """A load that does as it is told."""

    name = "heater"
    setpoint = OFF

    def apply(self, setpoint: Setpoint, tick_s: float) -> float | None:
        self.setpoint = setpoint
        return None

    def safe(self, tick_s: float) -> float | None:
        self.setpoint = OFF
        return None

    def trip(self) -> None: ...

    def reset(self) -> None: ...

    def trouble(self) -> None:
        """Always within reach."""

    def power_w(self) -> float:
        return self.setpoint.power_w

    def close(self) -> None: ...


class Running:
    """A controller with one load, a second of simulated time a tick, and its command handler."""

    def __init__(self) -> None:
        self.clock = SimClock(NOON)
        self.pv_w = 500.0
        self.newest, journal = NewestStatus(lambda: self.loop.commands_seen), Journal()
        self.loop = Loop(
            controller=Controller.from_config(config()),
            clock=self.clock,
            sources=TickSources(meter=self),
            loads=[Output()],
            reporters=(self.newest, journal),
        )
        self.ask = CommandHandler(self.loop, lambda: self.newest.status, list, journal)

    def latest(self) -> Reading:
        return reading(self.clock.now(), pv_w=self.pv_w)

    def tick(self, pv_w: float) -> None:
        self.pv_w = pv_w
        self.clock.wait_until(self.clock.monotonic_s() + 1.0)
        self.loop.tick()


def test_why_tells_the_last_changes_oldest_first_as_plain_json() -> None:
    running = Running()
    for pv_w in (500.0, 1500.0, 0.0):
        running.tick(pv_w)
    answer = json.loads(json.dumps(running.ask({"command": "why", "load": "heater", "last": 2})))
    assert answer["ok"] is True
    assert [entry["to_phase"] for entry in answer["entries"]] == ["heating", "off"]
    assert answer["entries"][0]["flip"] == "940 W less"


def test_why_before_the_first_tick_has_nothing_to_tell() -> None:
    assert Running().ask({"command": "why"}) == {"ok": True, "entries": []}


@pytest.mark.parametrize(
    ("request_", "message"),
    [
        ({"load": "boiler"}, "there is no load 'boiler'; there is heater"),
        ({"load": 7}, "load must be the name of a load, not 7"),
        ({"last": 0}, "last must be a whole number above 0, not 0"),
        ({"last": True}, "last must be a whole number above 0, not True"),
    ],
)
def test_why_says_what_would_be_right(request_: dict[str, Any], message: str) -> None:
    running = Running()
    running.tick(500.0)
    with pytest.raises(ValueError, match=message):
        running.ask({"command": "why", **request_})


def test_status_carries_the_trace_of_the_present_decision() -> None:
    running = Running()
    running.tick(1500.0)
    decision = json.loads(json.dumps(running.ask({"command": "status"})))["status"]["decision"]
    assert decision["trace"]["spare_w"] == 1000
    assert decision["thresholds"]["grid_release_w"] == 72
    assert decision["loads"]["heater"]["margins"] == {"surplus_w": -940}


NO_NUMBERS = (10**400, -(10**400), float("nan"), float("inf"), -float("inf"), 1e10, -1, 0, True, "12", [5], {})


@pytest.mark.parametrize("number", NO_NUMBERS)
@pytest.mark.parametrize(
    ("command", "key"), [("force", "for_s"), ("force", "power_w"), ("boost", "for_s"), ("boost", "to_c")]
)
def test_what_is_no_number_that_can_be_meant_is_refused_and_nothing_changes(
    command: str, key: str, number: object
) -> None:
    running = Running()
    with pytest.raises(ValueError, match=f"{key} must be a number above 0") as refused:
        running.ask({"command": command, "load": "heater", "mode": "on", key: number})
    assert len(str(refused.value)) < 120
    assert running.loop.tick() is None
    assert running.ask({"command": "status"})["status"]["decision"]["loads"]["heater"]["mode"] == "auto"


def test_what_is_wrong_beside_loads_and_sources_stands_in_the_status() -> None:
    running = Running()
    troubles = ["the state cannot be saved: OSError: No space left on device"]
    handler = CommandHandler(running.loop, lambda: None, list, Journal(), lambda: {"state_not_saved": troubles[0]})
    assert handler({"command": "status"})["troubles"] == troubles


@pytest.mark.parametrize(
    ("request_", "message", "until"),
    [
        (
            {"command": "force", "mode": "ON", "for_s": 1200.0},
            "heater: on with 2.0 kW until 13:20, starts now",
            "13:20",
        ),
        ({"command": "force", "mode": "off"}, "heater: off until 15:00", "15:00"),
        ({"command": "boost", "for_s": 600.0}, "heater: on with up to 2.0 kW until 13:10, starts now", "13:10"),
    ],
)
def test_a_command_is_answered_with_what_it_comes_to(request_: dict[str, Any], message: str, until: str) -> None:
    running = Running()
    running.tick(500.0)
    until_at = f"2026-06-21T{until}:01+02:00"
    assert running.ask({"load": "heater", **request_}) == {
        "ok": True, "message": message, "id": 1, "until_at": until_at,
    }  # fmt: skip


@pytest.mark.parametrize(
    "request_",
    [
        {"command": "force", "mode": "on", "power_w": 9000.0},
        {"command": "force", "mode": "on", "power_w": float("nan")},
        {"command": "force", "mode": "on", "for_s": float("inf")},
        {"command": "force", "mode": "on", "for_s": 10**400},
        {"command": "force", "mode": "on", "for_s": -1.0},
        {"command": "force", "mode": "sideways"},
        {"command": "force", "mode": 7},
        {"command": "boost", "to_c": 55.0},
        {"command": "boost", "to_c": float("nan")},
        {"command": "clear"},
    ],
)
def test_what_cannot_be_is_refused_and_not_queued(request_: dict[str, Any]) -> None:
    running = Running()
    running.tick(500.0)
    with pytest.raises(ValueError, match=r"."):
        running.ask({"load": "heater", **request_})
    running.tick(500.0)
    status = json.loads(json.dumps(running.ask({"command": "status"})))["status"]
    assert status["decision"]["loads"]["heater"]["mode"] == "auto"


@pytest.mark.parametrize("at", ["9999-12-31T23:59:59-12:00", "0001-01-01T00:00:00+14:00"])
def test_an_instant_at_an_end_of_the_calendar_is_refused(at: str) -> None:
    running = Running()
    running.tick(500.0)
    for request in ({"command": "boost", "load": "heater", "at": at}, {"command": "vacation", "until_at": at}):
        with pytest.raises(ValueError, match="must be a time with its offset"):
            running.ask(request)
