"""Commissioning, with a real loop, a real servo regulator on mock pins, and what the wires saw."""

import logging
from typing import Any

import pytest

from pv_heater.controller import Controller
from pv_heater.core.model.values import Phase, Reading, Setpoint
from pv_heater.core.settings.pins import RelayPin
from pv_heater.loads.pins.relay_loads import Relay, RelaySettings
from pv_heater.run.home.newest import NewestStatus
from pv_heater.run.journal import Journal
from pv_heater.run.loop import Loop
from pv_heater.run.requests import CommandHandler
from pv_heater.run.tick_sources import TickSources
from pv_heater.sim.clock import SimClock
from tests.builders import NOON, balanced, config, heater, reading
from tests.loads.rig import RELAY, Rig
from tests.run.test_requests import Output

PUMP = "GPIO5"


class Wired:
    """A home with the regulator and a pump behind a relay; there is no sun to spare unless `pv_w` says so."""

    def __init__(self, **limits: Any) -> None:
        self.rig = Rig()
        self.pv_w, self.consumption_w = 300.0, 500.0
        rows = [heater("water_heater", max_power_w=2000, min_off_s=60), heater("pump", max_power_w=300)]
        pump = RelaySettings(name="pump", max_power_w=300, relay=RelayPin(pin=PUMP, active_high=True))
        self.newest, journal = NewestStatus(lambda: self.loop.commands_seen), Journal()
        self.loop = Loop(
            controller=Controller.from_config(config(loads=rows, limits=limits)),
            clock=self.rig.clock,
            sources=TickSources(meter=self),
            loads=[self.rig.load, Relay(pump, self.rig.tools)],
            reporters=(self.newest, journal),
        )
        self.handler = CommandHandler(self.loop, lambda: self.newest.status, list, journal)
        self.run(2)
        self.since = len(self.rig.seen())

    def latest(self) -> Reading:
        seen = reading(self.rig.clock.now(), pv_w=self.pv_w, consumption_w=self.consumption_w, battery_soc_percent=60.0)
        return balanced(seen)

    def ask(self, what: str, load: str = "water_heater", **more: Any) -> str:
        request = {"command": "try", "load": load, "what": what, "who": "a test", **more}
        return str(self.handler(request)["message"])

    def run(self, seconds: float) -> None:
        """Ticks as the loop makes them, early ones too, without the safe end that `Loop.run` has."""
        end_s = self.rig.clock.now_s + seconds
        due_s = self.rig.clock.now_s
        while self.rig.clock.now_s < end_s:
            early_s = self.loop.tick()
            while due_s <= self.rig.clock.now_s:
                due_s += 1.0
            self.rig.clock.now_s = min(due_s, due_s if early_s is None else max(early_s, self.rig.clock.now_s + 0.01))

    @property
    def words(self) -> list[str]:
        """What the regulator's wires saw."""
        seen = zip(self.rig.words(), self.rig.seen(), strict=True)
        return [word for word, item in list(seen)[self.since :] if item.pin != PUMP and word != "let go"]

    def relay_times(self) -> list[tuple[str, float]]:
        """(close or open, when), changes only."""
        seen = [item for item in self.rig.seen()[self.since :] if item.pin == RELAY]
        return [("close" if item.state == 1.0 else "open", item.at_s) for item in seen]


@pytest.fixture
def wired() -> Wired:
    return Wired()


def test_a_click_closes_at_zero_for_its_time_and_no_longer(wired: Wired, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    assert wired.ask("click", for_s=3) == ("water_heater: its contact closes for 3 s, the knob at zero, then opens")
    asked_s = wired.rig.clock.now_s
    wired.run(30)
    assert wired.words == ["zero", "rest", "close", "open"]
    (_, closed_s), (_, opened_s) = wired.relay_times()
    assert asked_s + 0.6 <= closed_s < opened_s <= asked_s + 3 + 0.01
    said = [record.getMessage() for record in caplog.records if "trial" in record.getMessage()]
    assert said == [
        "water_heater: trial, click for 3 s, by a test", "water_heater: trial over: its time is up"
    ]  # fmt: skip


def test_a_position_moves_the_knob_alone_and_home_again(wired: Wired) -> None:
    assert "contact open, the knob goes to 40 %" in wired.ask("position", percent=40, for_s=5, mains_is_off=True)
    wired.run(4)
    assert wired.words == ["turn", "rest"]
    wired.run(20)
    assert wired.words == ["turn", "rest", "zero", "rest"]
    assert wired.relay_times() == []


def test_nobody_turns_a_knob_without_saying_that_the_mains_is_off(wired: Wired) -> None:
    for word in ({}, {"mains_is_off": False}, {"mains_is_off": "yes"}, {"mains_is_off": 1}):
        with pytest.raises(ValueError, match="mains_is_off"):
            wired.ask("position", percent=40, **word)
    wired.run(5)
    assert wired.words == []


def test_off_ends_it_at_once_and_stays(wired: Wired) -> None:
    wired.ask("click", for_s=10)
    wired.run(3)
    assert wired.words[-1] == "close"
    wired.loop.latch_off("off")
    assert wired.words[-1] == "open"  # before any tick
    wired.run(20)
    assert wired.words.count("close") == 1
    with pytest.raises(ValueError, match="it has a fault: "):
        wired.ask("click")


@pytest.mark.parametrize("what", [{"what": "click"}, {"what": "position", "percent": 70, "mains_is_off": True}])
def test_the_end_of_the_program_opens_first_and_turns_home(wired: Wired, what: dict[str, Any]) -> None:
    wired.ask(**what)
    wired.run(3)
    before = len(wired.words)
    wired.loop.make_safe()
    rest = wired.words[before:]
    # An open contact that is opened again is no change on its wire.
    assert rest[:3] == (["open", "zero", "rest"] if what["what"] == "click" else ["zero", "rest"])
    assert "close" not in rest


def test_a_trip_of_the_watchdog_holds_it_open(wired: Wired) -> None:
    wired.ask("click", for_s=10)
    wired.run(2)
    wired.rig.load.trip()
    wired.run(10)
    assert wired.words.count("close") == 1
    assert [word for word, _ in wired.relay_times()] == ["close", "open"]


def test_a_safety_guard_ends_it_and_forbids_the_next() -> None:
    wired = Wired(max_house_w=4000)
    wired.ask("click", for_s=10)
    wired.run(3)
    wired.consumption_w = 4500.0
    wired.run(2)
    assert wired.words == ["zero", "rest", "close", "open", "zero", "rest"]
    with pytest.raises(ValueError, match="blocked for safety: the house draws 4500 W"):
        wired.ask("click")


def test_a_start_of_the_load_comes_first_and_begins_at_zero(wired: Wired) -> None:
    wired.ask("position", percent=90, for_s=60, mains_is_off=True)
    wired.run(5)
    wired.pv_w = 4000.0
    wired.run(15)
    assert wired.words[:5] == ["turn", "rest", "zero", "rest", "close"]
    with pytest.raises(ValueError, match="it is on; force it off first"):
        wired.ask("click")


def test_a_load_that_rests_is_not_clicked_but_its_knob_may_move(wired: Wired) -> None:
    wired.pv_w = 4000.0
    wired.run(10)
    wired.pv_w, wired.since = 300.0, len(wired.rig.seen())
    wired.run(30)
    status = wired.newest.status
    assert status is not None
    assert status.decision.loads["water_heater"].phase is not Phase.HEATING
    with pytest.raises(ValueError, match=r"rests for \d+ s more"):
        wired.ask("click")
    wired.ask("position", percent=10, mains_is_off=True)


def test_one_at_a_time_and_an_end_on_request(wired: Wired) -> None:
    assert wired.ask("click", "pump", for_s=8) == "pump: its contact closes for 8 s, then opens"
    wired.run(2)
    with pytest.raises(ValueError, match=r"pump is being tried \(click for 8 s\); one at a time"):
        wired.ask("click")
    wired.ask("end")
    wired.run(2)
    wired.ask("click")
    wired.run(1)
    wired.run(10)
    assert wired.words == ["zero", "rest", "close", "open"]


def test_two_that_ask_in_one_tick_do_not_both_get_it(wired: Wired) -> None:
    wired.ask("click", for_s=2)
    wired.ask("click", "pump", for_s=2)
    wired.run(10)
    states = [item.state for item in wired.rig.seen() if item.pin == PUMP]
    assert states == [0.0]
    assert wired.words == ["zero", "rest", "close", "open"]


def test_what_was_asked_of_a_loop_that_hung_is_not_done_later(wired: Wired) -> None:
    wired.ask("click")
    wired.rig.clock.now_s += 8.0
    wired.run(5)
    assert wired.words == []


@pytest.mark.parametrize(
    ("request_", "message"),
    [
        ({"what": "blink"}, "water_heater can be tried by click or position, not by blink"),
        ({"what": "dance"}, "what must be click, position, blink or end"),
        ({"what": "click", "for_s": 11}, "click lasts 1 to 10 s, not 11 s"),
        ({"what": "click", "for_s": 0.2}, "click lasts 1 to 10 s"),
        ({"what": "click", "for_s": float("nan")}, "for_s must be a number"),
        ({"what": "click", "percent": 5}, "a position needs a percent"),
        ({"what": "position", "mains_is_off": True}, "a position needs a percent"),
        ({"what": "position", "mains_is_off": True, "percent": 101}, "percent must be a number, 0 to 100, not 101"),
        (
            {"what": "position", "mains_is_off": True, "percent": float("nan")},
            "percent must be a number, 0 to 100, not nan",
        ),
        ({"what": "position", "mains_is_off": True, "percent": 10**400}, "0 to 100, not 1000"),
        ({"what": "position", "mains_is_off": True, "percent": "40"}, "percent must be a number"),
        ({"what": "click", "load": "nobody"}, "there is no load 'nobody'; there is water_heater, pump"),
        ({}, "what is missing"),
    ],
)
def test_what_makes_no_sense_is_refused_in_words(wired: Wired, request_: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        wired.handler({"command": "try", "load": "water_heater", **request_})
    wired.run(3)
    assert wired.words == []


def test_a_device_on_the_network_blinks_at_its_least_power() -> None:
    told: list[tuple[float, float]] = []
    clock = SimClock(NOON)

    class Dimmer(Output):
        tries = ("blink",)

        def apply(self, setpoint: Setpoint, tick_s: float) -> float | None:
            if not told or told[-1][1] != setpoint.power_w:
                told.append((round(tick_s, 2), setpoint.power_w))
            return None

    newest = NewestStatus()
    loop = Loop(
        controller=Controller.from_config(config()),
        clock=clock,
        sources=TickSources(meter=Dark(clock)),
        loads=[Dimmer()],
        reporters=(newest,),
    )
    handler = CommandHandler(loop, lambda: newest.status, list, Journal())
    loop.tick()
    answer = handler({"command": "try", "load": "heater", "what": "blink", "for_s": 3})
    assert answer["message"] == "heater: on for 1 s with 60 W, off for 1 s, on for 1 s, then off"
    start_s = clock.monotonic_s()
    loop.run(until_s=start_s + 8)
    assert [(round(at_s - start_s, 1), power_w) for at_s, power_w in told] == [
        (0, 0), (0, 60), (1, 0), (2, 60), (3, 0)
    ]  # fmt: skip


class Dark:
    """A meter at night."""

    def __init__(self, clock: SimClock) -> None:
        self._clock = clock

    def latest(self) -> Reading:
        return balanced(reading(self._clock.now(), pv_w=0.0, battery_soc_percent=60.0))
