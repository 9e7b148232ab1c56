"""Commissioning, with a real loop, a real servo regulator on mock pins, and what the wires saw."""

import logging
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from pv_heater.controller import Controller
from pv_heater.core.model.rule_id import Rule
from pv_heater.core.model.values import Decision, LoadState, Phase, Reading, Setpoint, Stop
from pv_heater.core.settings.load import LoadSettings
from pv_heater.core.settings.pins import RelayPin
from pv_heater.loads.pins.relay_loads import Relay, RelaySettings
from pv_heater.run.home.newest import NewestStatus
from pv_heater.run.journal import Journal
from pv_heater.run.loop import Loop
from pv_heater.run.requests import CommandHandler
from pv_heater.run.tick_sources import TickSources
from pv_heater.run.trials import BEGINS_WITHIN_S, USUAL_S, Trial, Trials
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


class Told(Output):
    """A load with a knob that may be tried in every way, and remembers what it was told."""

    tries = ("click", "position", "blink")
    early_s: float | None = None

    def __init__(self) -> None:
        self.told: list[object] = []

    def apply(self, setpoint: Setpoint, tick_s: float) -> float | None:
        self.told.append((setpoint.on, setpoint.power_w))
        return self.early_s


class Knob(Told):
    def close_at_zero(self, tick_s: float) -> float | None:
        self.told.append("closed")
        return self.early_s

    def turn_while_open(self, percent: float, tick_s: float) -> float | None:
        self.told.append(percent)
        return self.early_s


def trials_of(load: Told) -> Trials:
    policy = LoadSettings(name="heater", max_power_w=1000, min_power_w=1)
    return Trials({"heater": load}, lambda: {"heater": policy})


def trial(what: str, for_s: float = 3.0, percent: float | None = None) -> Trial:
    return Trial(load="heater", what=what, for_s=for_s, who="a test", percent=percent)


def dark_decision(**changes: Any) -> Decision:
    decision = Controller.from_config(config()).step(NOON, None, None)
    state: LoadState = replace(decision.loads["heater"], rests_until_at=None, **changes)
    return replace(decision, blocked_by=None, loads={"heater": state})


def test_what_nobody_says_is_short_and_what_somebody_says_is_bounded() -> None:
    wired = Wired()
    assert "closes for 3 s" in wired.ask("click", "pump")
    wired = Wired()
    assert "home after 20 s" in wired.ask("position", percent=1, mains_is_off=True)
    decision, trials = dark_decision(), trials_of(Told())
    assert "on for 2 s" in trials.expected(trial("blink", USUAL_S["blink"]), decision, NOON)
    for what, longest_s, percent in (("click", 10.0, None), ("position", 60.0, 50.0), ("blink", 10.0, None)):
        for for_s in (1.0, longest_s):
            trials.expected(trial(what, for_s, percent), decision, NOON)
        for for_s in (0.9, longest_s + 0.1):
            with pytest.raises(ValueError, match=f"lasts 1 to {longest_s:g} s"):
                trials.expected(trial(what, for_s, percent), decision, NOON)


def test_a_position_is_anything_from_0_to_100() -> None:
    decision, trials = dark_decision(), trials_of(Told())
    for percent in (0.0, 0.5, 100.0):
        trials.expected(trial("position", 5.0, percent), decision, NOON)
    for percent in (-0.1, 100.1):
        with pytest.raises(ValueError, match="0 to 100 %, not"):
            trials.expected(trial("position", 5.0, percent), decision, NOON)


def test_nothing_is_tried_before_the_first_tick() -> None:
    for decision, now in ((None, NOON), (dark_decision(), None), (None, None)):
        with pytest.raises(ValueError, match="has not completed its first tick"):
            trials_of(Told()).expected(trial("click"), decision, now)


@pytest.mark.parametrize(("changes", "message"), [
    ({"rule": Rule.TOO_HOT}, "blocked for safety"), ({"rule": Rule.UNREACHABLE}, "blocked for safety"),
    ({"stop": Stop.SAFETY}, "blocked for safety"), ({"phase": Phase.HEATING}, "it is on"),
    ({"power_w": 0.5}, "it is on"),
])  # fmt: skip
def test_each_of_the_reasons_against_a_trial_is_enough_and_ends_one(changes: dict[str, Any], message: str) -> None:
    trials = trials_of(Told())
    with pytest.raises(ValueError, match=message):
        trials.expected(trial("click"), dark_decision(**changes), NOON)
    trials.begin(trial("click"), 0.0, 0.0)
    assert trials.holds("heater", dark_decision(), 0.5)
    assert not trials.holds("heater", dark_decision(**changes), 1.0)
    assert not trials.holds("heater", dark_decision(), 1.5)


def test_a_contact_rests_until_its_second_and_no_longer() -> None:
    decision = dark_decision()
    for left_s, rests in ((0.0, False), (1.0, True)):
        state = replace(decision.loads["heater"], rests_until_at=NOON + timedelta(seconds=left_s))
        resting = replace(decision, loads={"heater": state})
        if rests:
            with pytest.raises(ValueError, match="rests for 1 s more"):
                trials_of(Told()).expected(trial("click"), resting, NOON)
        else:
            trials_of(Told()).expected(trial("click"), resting, NOON)


def test_a_trial_begins_as_late_as_it_may_and_no_later() -> None:
    for late_s, begins in ((BEGINS_WITHIN_S, True), (BEGINS_WITHIN_S + 0.1, False)):
        trials = trials_of(Told())
        trials.begin(trial("click"), 100.0, 100.0 + late_s)
        assert trials.holds("heater", dark_decision(), 100.0 + late_s) is begins


def test_each_part_of_a_blink_asks_for_the_tick_at_which_it_ends() -> None:
    load = Told()
    trials = trials_of(load)
    trials.begin(trial("blink", 6.0), 100.0, 100.0)
    asked = [trials.step(load, 100.0 + second) for second in (0.0, 1.9, 2.0, 3.9, 4.0, 5.9)]
    assert asked == [102.0, 102.0, 104.0, 104.0, 106.0, 106.0]
    assert load.told == [(True, 1.0)] * 2 + [(False, 0.0)] * 2 + [(True, 1.0)] * 2


def test_a_knob_that_is_tried_at_zero_goes_to_zero_and_is_looked_at_as_early_as_it_asks() -> None:
    load = Knob()
    for what, percent, told in (("position", 0.0, 0.0), ("click", None, "closed")):
        trials = trials_of(load)
        trials.begin(trial(what, 5.0, percent), 100.0, 100.0)
        for early_s, wakes_s in ((None, 105.0), (101.5, 101.5), (109.0, 105.0)):
            load.early_s = early_s
            assert trials.step(load, 101.0) == wakes_s
            assert load.told.pop() == told
