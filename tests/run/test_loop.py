"""The loop with loads that remember what was done to them, on a clock that a test moves."""

import json
import threading
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from pv_heater import Controller, load_config
from pv_heater.core.model.requests import ClearFault, Force, Mode
from pv_heater.core.model.values import OFF, Decision, Forecast, Phase, Reading, Setpoint
from pv_heater.errors import HardwareError
from pv_heater.run.loop import Loop
from pv_heater.run.settings_editor import live_settings
from pv_heater.run.tick_sources import TickSources
from pv_heater.run.transition_log import TransitionLog
from pv_heater.sim.clock import SimClock
from tests.builders import NOON, balanced, config, heater, reading


class RememberingLoad:
    """Satisfies ports.Load; breaks when told to."""

    def __init__(self, name: str, diary: list[tuple[str, str, float]]) -> None:
        self.name = name
        self._diary = diary
        self._setpoint = OFF
        self.fails = False
        self.safe_fails = False
        self.safe_needs_s: list[float] = []
        """How long each look at its way to rest takes until the next; at rest after the last."""
        self.safe_at_s: list[float] = []
        self.error: Exception = HardwareError("pin still lost")
        self.wants_tick_after_s: float | None = None
        self.tripped = False
        self.unreachable: str | None = None

    def apply(self, setpoint: Setpoint, tick_s: float) -> float | None:
        self._diary.append((self.name, "apply", setpoint.power_w))
        if self.fails:
            raise HardwareError("pin lost")
        self._setpoint = setpoint
        return None if self.wants_tick_after_s is None else tick_s + self.wants_tick_after_s

    def safe(self, tick_s: float) -> float | None:
        self._diary.append((self.name, "safe", 0.0))
        self._setpoint = OFF
        self.safe_at_s.append(tick_s)
        if self.safe_fails:
            raise self.error
        return tick_s + self.safe_needs_s.pop(0) if self.safe_needs_s else None

    def trip(self) -> None:
        self.tripped = True

    def reset(self) -> None:
        self.tripped = False
        self._diary.append((self.name, "reset", 0.0))

    def trouble(self) -> str | None:
        return self.unreachable

    def still_on(self) -> str | None:
        return None if self._setpoint is OFF else f"{self.name} has not confirmed it"

    def power_w(self) -> float:
        return self._setpoint.power_w

    def close(self) -> None:
        self._diary.append((self.name, "close", 0.0))


class WokenClock(SimClock):
    """Counts how often the loop was woken."""

    woken = 0

    def wake(self) -> None:
        self.woken += 1


class Table:
    """A meter whose reading a test lays down."""

    def __init__(self, make: Callable[[], Reading | None]) -> None:
        self._make = make

    def latest(self) -> Reading | None:
        return self._make()


class Bench:
    """A loop with two loads and everything a test wants to touch."""

    def __init__(self, **settings: Any) -> None:
        self.diary: list[tuple[str, str, float]] = []
        self.clock = WokenClock(NOON)
        self.fields: dict[str, Any] = {}
        self.silent = False
        self.decisions: list[Decision] = []
        self.loads = [RememberingLoad("boiler", self.diary), RememberingLoad("pool", self.diary)]
        rows = [heater("boiler", max_power_w=1000), heater("pool", max_power_w=1000)]
        self.controller = Controller(load_config(config(**({"loads": rows} | settings))), foresees=False)
        self.transitions = TransitionLog({"boiler": 1000.0, "pool": 1000.0})
        self.watchdog = TickWatchdog()
        self.loop = Loop(
            controller=self.controller,
            clock=self.clock,
            sources=TickSources(
                meter=Table(
                    lambda: (
                        None
                        if self.silent
                        else balanced(reading(**{"at": self.clock.now()} | self.fields), self.fields)
                    )
                )
            ),
            loads=self.loads,
            reporters=(self, self.transitions),
            watchdogs=(self.watchdog,),
        )

    def report(self, now: datetime, decision: Decision, seen: Reading | None, forecast: Forecast | None) -> None:
        self.decisions.append(decision)

    def tick(self, seconds: float = 1.0) -> Decision:
        self.clock.wait_until(self.clock.monotonic_s() + seconds)
        self.loop.tick()
        return self.decisions[-1]

    def done(self) -> list[tuple[str, str, float]]:
        """What was done since the last look."""
        done, self.diary[:] = list(self.diary), []
        return done


class TickWatchdog:
    def __init__(self) -> None:
        self.pets = 0
        self.reason: str | None = None

    def pet(self, tick_s: float) -> None:
        self.pets += 1

    def tripped(self) -> str | None:
        return self.reason

    def reset(self) -> None:
        self.reason = None


def test_every_load_is_told_at_every_tick_changed_or_not() -> None:
    bench = Bench()
    for _ in range(3):
        bench.tick()
        assert bench.done() == [("boiler", "apply", 1000.0), ("pool", "apply", 1000.0)]
        bench.fields["consumption_w"] = 2500.0


def test_loads_that_go_off_are_told_first() -> None:
    bench = Bench()
    bench.fields.update(pv_w=500.0)
    bench.loop.submit(Force(load="pool", mode=Mode.ON))
    bench.tick()
    bench.loop.submit(Force(load="pool", mode=Mode.OFF))
    bench.loop.submit(Force(load="boiler", mode=Mode.ON))
    bench.done()
    bench.tick()
    assert bench.done() == [("pool", "apply", 0.0), ("boiler", "apply", 1000.0)]


def test_a_safety_guard_leads_to_the_safety_stop_and_others_to_the_normal_one() -> None:
    bench = Bench(limits={"max_house_w": 5000})
    bench.tick()
    bench.done()
    bench.fields.update(consumption_w=5001.0)
    bench.tick()
    assert {kind for _, kind, _ in bench.done()} == {"safe"}
    bench.fields.update(consumption_w=500.0, battery_soc_percent=5.0)
    bench.tick()
    assert {kind for _, kind, _ in bench.done()} == {"apply"}


def test_a_broken_load_is_made_safe_at_once_and_others_go_on() -> None:
    bench = Bench()
    bench.loads[0].fails = True
    bench.tick()
    assert ("boiler", "safe", 0.0) in bench.done()
    decision = bench.tick()
    assert decision.loads["boiler"].phase is Phase.FAULT
    assert "pin lost" in decision.loads["boiler"].because
    assert decision.loads["pool"].phase is Phase.HEATING


def test_a_load_that_cannot_be_made_safe_does_not_spin_the_loop() -> None:
    bench = Bench()
    bench.loads[0].fails = bench.loads[0].safe_fails = True
    bench.loop.run(until_s=5.0)
    assert len(bench.decisions) == 6  # five ticks, and one more at once when the failure was new


def test_a_fault_ends_by_clear_only_and_resets_the_output() -> None:
    bench = Bench()
    bench.loads[0].fails = True
    bench.tick()
    bench.loads[0].fails = False
    assert bench.tick().loads["boiler"].phase is Phase.FAULT
    bench.loop.submit(ClearFault(load="boiler"))
    bench.done()
    bench.tick()
    assert ("boiler", "reset", 0.0) in bench.done()
    assert bench.tick().loads["boiler"].phase is Phase.HEATING


def test_an_exception_in_a_tick_leaves_every_load_safe() -> None:
    bench = Bench()
    bench.tick()
    bench.done()
    bench.fields["nonsense"] = 1.0
    with pytest.raises(TypeError):
        bench.loop.run()
    done = bench.done()
    assert [item[:2] for item in done] == [("boiler", "safe"), ("pool", "safe"), ("boiler", "close"), ("pool", "close")]


@pytest.mark.parametrize("error", [HardwareError("pin lost"), ValueError("a bug")])
def test_a_load_whose_safety_stop_fails_does_not_keep_the_next_from_its_own(error: Exception) -> None:
    bench = Bench()
    bench.loads[0].error = error
    bench.loads[0].safe_fails = True
    bench.loop.make_safe()
    assert ("pool", "safe", 0.0) in bench.done()


def test_each_load_that_needs_time_to_come_to_rest_gets_it_at_its_own_moments() -> None:
    bench = Bench()
    bench.loads[0].safe_needs_s, bench.loads[1].safe_needs_s = [0.6, 0.4], [0.25]
    bench.loop.make_safe()
    assert bench.loads[0].safe_at_s == pytest.approx([0.0, 0.6, 1.0])
    assert bench.loads[1].safe_at_s == pytest.approx([0.0, 0.25])


def test_a_load_that_never_comes_to_rest_holds_the_end_no_longer_than_promised() -> None:
    bench = Bench()
    bench.clock.wait_until(100.0)
    bench.loads[0].safe_needs_s = [1.0] * 100
    bench.loop.make_safe()
    assert bench.loads[0].safe_at_s == pytest.approx([100.0 + second for second in range(8)])
    assert [item for item in bench.done() if item[1] == "close"] == [("boiler", "close", 0.0), ("pool", "close", 0.0)]


def test_the_load_that_asks_for_the_earliest_tick_gets_it() -> None:
    bench = Bench()
    bench.loads[0].wants_tick_after_s, bench.loads[1].wants_tick_after_s = 0.6, 0.2
    assert bench.loop.tick() == pytest.approx(bench.clock.monotonic_s() + 0.2)


def test_a_tripped_watchdog_latches_every_load_until_each_is_cleared() -> None:
    bench = Bench()
    bench.tick()
    bench.watchdog.reason = "watchdog: the loop completed no tick for 12 s"
    decision = bench.tick()
    assert {state.phase for state in decision.loads.values()} == {Phase.FAULT}
    bench.loop.submit(ClearFault(load="boiler"))
    bench.tick()
    phases = {name: state.phase for name, state in bench.tick().loads.items()}
    assert phases == {"boiler": Phase.HEATING, "pool": Phase.FAULT}


def test_a_clear_that_comes_while_the_loop_hangs_frees_only_the_load_it_names() -> None:
    """Otherwise the others would be held open by the watchdog, and look as if they heated."""
    bench = Bench()
    bench.tick()
    bench.watchdog.reason = "watchdog: the loop completed no tick for 12 s"
    bench.loop.submit(ClearFault(load="boiler"))
    phases = {name: state.phase for name, state in bench.tick().loads.items()}
    assert phases["pool"] is Phase.FAULT
    bench.loop.submit(ClearFault(load="pool"))
    bench.tick()
    assert bench.tick().loads["pool"].phase is Phase.HEATING


def test_the_watchdog_is_fed_only_by_completed_ticks() -> None:
    bench = Bench()
    bench.tick()
    assert bench.watchdog.pets == 1
    bench.fields["nonsense"] = 1.0
    with pytest.raises(TypeError):
        bench.tick()
    assert bench.watchdog.pets == 1


def test_an_early_tick_does_not_shift_the_pace() -> None:
    bench = Bench()
    bench.loads[0].wants_tick_after_s = 0.3
    times: list[float] = []
    bench.report = lambda *_: times.append(bench.clock.monotonic_s())  # type: ignore[method-assign]
    bench.loop.run(until_s=2.5)
    assert [round(at_s, 3) for at_s in times] == [0.0, 0.3, 0.6, 0.9, 1.0, 1.3, 1.6, 1.9, 2.0, 2.3]


def test_it_is_known_how_late_a_tick_began() -> None:
    bench = Bench()
    late: list[float | None] = []

    def slow(*_: object) -> None:
        late.append(bench.loop.late_s)
        if bench.clock.monotonic_s() == 1.0:
            bench.clock.wait_until(2.4)

    bench.report = slow  # type: ignore[method-assign]
    assert bench.loop.late_s is None
    bench.loop.run(until_s=4.5)
    assert late == [0.0, 0.0, 1.0, 0.0], "the tick of second 2 came at 3"


def test_commands_to_unknown_loads_are_refused_where_they_are_given() -> None:
    with pytest.raises(ValueError, match="no load 'cellar'; there is boiler, pool"):
        Bench().loop.submit(ClearFault(load="cellar"))


def test_latch_off_puts_everything_into_fault() -> None:
    bench = Bench()
    bench.tick()
    bench.loop.latch_off("switched off by hand")
    decision = bench.tick()
    assert {state.phase for state in decision.loads.values()} == {Phase.FAULT}
    assert "switched off by hand; ends only by `clear pool`" in decision.loads["pool"].because


def test_a_command_an_off_an_action_and_a_stop_wake_the_loop() -> None:
    bench = Bench()
    for number, ask in enumerate(
        (
            lambda: bench.loop.submit(Force(load="boiler", mode=Mode.OFF)),
            lambda: bench.loop.latch_off(OFF_WORD),
            lambda: bench.loop.end_trial("a test"),
            lambda: bench.loop.stop("a test"),
        ),
        1,
    ):
        ask()
        assert bench.clock.woken == number


def test_whoever_asked_sees_by_its_number_that_a_tick_has_done_it() -> None:
    bench = Bench()
    bench.tick()
    assert bench.loop.commands_seen == 0
    force = bench.loop.submit(Force(load="boiler", mode=Mode.OFF))
    off = bench.loop.latch_off(OFF_WORD)
    assert (force, off) == (1, 3)
    assert bench.loop.commands_seen == 0
    bench.tick()
    assert bench.loop.commands_seen == off


def test_each_load_says_for_itself_whether_it_is_off() -> None:
    bench = Bench()
    bench.tick()
    assert bench.loop.still_on() == {"boiler": "boiler has not confirmed it", "pool": "pool has not confirmed it"}
    bench.loads[0].safe(1.0)
    assert bench.loop.still_on() == {"boiler": None, "pool": "pool has not confirmed it"}
    assert bench.loop.prices == bench.controller.prices == ()


def test_off_opens_contacts_though_the_loop_hangs() -> None:
    bench = Bench()
    bench.tick()
    bench.loop.latch_off("switched off by hand")
    assert all(load.tripped for load in bench.loads)


def test_stop_ends_the_loop_and_says_why() -> None:
    bench = Bench()
    bench.loop.stop("SIGTERM")
    bench.loop.run()
    assert bench.loop.stop_reason == "SIGTERM"
    assert ("boiler", "safe", 0.0) in bench.done()


def test_transitions_are_one_line_each_with_cause_and_numbers(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")
    bench = Bench()
    bench.fields.update(pv_w=0.0)
    bench.tick()
    bench.fields.update(pv_w=1300.0)
    bench.tick()
    bench.fields.update(pv_w=1500.0, consumption_w=1300.0)
    bench.tick()
    lines = [record.getMessage() for record in caplog.records if record.name == "pv_heater.transitions"]
    assert lines == [
        "boiler off -> heating 800 W: 800 W spare, battery 97 % needs nothing",
    ]


def test_a_wall_clock_that_jumps_by_months_does_not_end_a_reading_early() -> None:
    """Ages are monotonic: only the meter's silence counts."""
    bench = Bench()
    bench.tick()
    last = reading(bench.clock.now())
    decision = bench.controller.step(NOON + timedelta(days=0, seconds=2), last, None)
    assert decision.loads["boiler"].phase is Phase.HEATING


def test_a_load_that_cannot_be_reached_goes_off_gives_its_share_away_and_comes_back() -> None:
    bench = Bench()
    bench.fields["pv_w"] = 1600.0  # enough for one of them
    bench.tick()
    assert bench.tick().setpoints["boiler"].on
    bench.loads[0].unreachable = "boiler at 192.168.1.9 does not answer"
    decision = bench.tick()
    assert not decision.setpoints["boiler"].on
    assert decision.loads["boiler"].because == "boiler at 192.168.1.9 does not answer"
    assert decision.loads["boiler"].phase is not Phase.FAULT
    assert bench.tick().setpoints["pool"].on
    bench.loads[0].unreachable = None
    bench.tick()
    assert bench.tick().setpoints["boiler"].on, "it is first in the list, and needs no clear"


def test_another_reason_of_the_same_guard_is_another_line(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")
    bench = Bench()
    bench.fields["at"] = NOON - timedelta(hours=6)
    bench.silent = True
    bench.tick()
    bench.silent = False
    bench.tick()
    bench.tick()
    held = [line for line in caplog.messages if line.startswith("blocked by")]
    assert [line.split(": ", 1)[1][:20] for line in held] == ["the meter has not an", "the last reading is "]


def test_a_full_load_in_an_overloaded_house_gets_the_safety_stop_though_its_reason_is_another() -> None:
    rows = [heater("boiler", max_power_w=1000, daily_max_wh=10), heater("pool", max_power_w=1000)]
    bench = Bench(limits={"max_house_w": 4000}, loads=rows)
    bench.tick()
    bench.tick(60.0)
    assert bench.tick().loads["boiler"].phase is Phase.FULL
    bench.done()
    bench.fields.update(consumption_w=6000.0)
    assert bench.tick().loads["boiler"].rule == "full"
    assert set(bench.done()) == {("boiler", "safe", 0.0), ("pool", "safe", 0.0)}


OFF_WORD = "switched off by hand"


def resting_bench() -> Bench:
    rows = [heater("boiler", max_power_w=1000, min_off_s=120), heater("pool", max_power_w=1000, min_off_s=120)]
    bench = Bench(loads=rows)
    assert bench.tick().loads["boiler"].phase is Phase.HEATING
    return bench


@pytest.mark.parametrize("clears_after", [1, 8])
def test_an_off_and_a_clear_in_the_same_tick_pass_through_the_fault_and_the_minimum_off_time(
    clears_after: int,
) -> None:
    bench = resting_bench()
    bench.loop.latch_off(OFF_WORD)
    for _ in range(clears_after):
        bench.loop.submit(ClearFault(load="boiler"))
    phases = [bench.tick().loads["boiler"].phase for _ in range(119)]
    assert phases == [Phase.FAULT] + [Phase.COOLDOWN] * 118
    assert bench.tick(3.0).loads["boiler"].phase is Phase.HEATING
    assert bench.decisions[-1].loads["pool"].phase is Phase.FAULT


def test_an_off_that_comes_after_clears_of_the_same_tick_holds() -> None:
    bench = resting_bench()
    for _ in range(4):
        bench.loop.submit(ClearFault(load="boiler"))
    bench.loop.latch_off(OFF_WORD)
    assert {bench.tick().loads["boiler"].phase for _ in range(5)} == {Phase.FAULT}


def test_a_clear_that_comes_while_off_still_opens_the_contacts_frees_nothing() -> None:
    bench = resting_bench()
    bench.loads[1].trip = lambda: bench.loop.submit(ClearFault(load="boiler"))  # type: ignore[method-assign]
    bench.loop.latch_off(OFF_WORD)
    assert {bench.tick().loads["boiler"].phase for _ in range(5)} == {Phase.FAULT}


def test_a_clear_and_a_tick_that_come_while_off_still_opens_the_contacts_close_none_again() -> None:
    bench = resting_bench()
    bench.done()

    def meanwhile() -> None:
        bench.loop.submit(ClearFault(load="boiler"))
        bench.tick()

    bench.loads[1].trip = meanwhile  # type: ignore[method-assign]
    bench.loop.latch_off(OFF_WORD)
    assert ("boiler", "reset", 0.0) not in bench.done()
    assert bench.loads[0].tripped
    assert {bench.tick().loads["boiler"].phase for _ in range(5)} == {Phase.FAULT}


def test_a_clear_while_the_loop_hangs_does_not_undo_the_watchdog_before_it_was_seen() -> None:
    bench = resting_bench()
    bench.watchdog.reason = "watchdog: the loop completed no tick for 12 s"
    bench.loop.submit(ClearFault(load="boiler"))
    assert bench.tick().loads["boiler"].phase is Phase.FAULT
    assert bench.tick().loads["boiler"].phase is Phase.COOLDOWN
    assert bench.tick(118.0).loads["boiler"].phase is Phase.COOLDOWN


def test_a_clear_between_a_pin_that_failed_and_the_next_step_waits_for_that_step() -> None:
    bench = resting_bench()
    bench.loads[0].fails = True
    bench.tick()
    bench.loads[0].fails = False
    bench.loop.submit(ClearFault(load="boiler"))
    assert [bench.tick().loads["boiler"].phase for _ in range(3)] == [Phase.FAULT, Phase.COOLDOWN, Phase.COOLDOWN]


def test_a_clear_that_was_put_off_does_not_wait_for_the_next_second() -> None:
    bench = resting_bench()
    bench.loop.latch_off(OFF_WORD)
    bench.loop.submit(ClearFault(load="boiler"))
    assert bench.loop.tick() == bench.clock.monotonic_s()
    assert bench.loop.tick() is None


def test_clears_by_many_threads_and_one_off_close_nothing_within_the_minimum_off_time() -> None:
    bench = resting_bench()
    started = threading.Barrier(9)

    def clears() -> None:
        started.wait()
        for _ in range(50):
            bench.loop.submit(ClearFault(load="boiler"))

    def off() -> None:
        started.wait()
        bench.loop.latch_off(OFF_WORD)

    threads = [threading.Thread(target=target) for target in [*[clears] * 8, off]]
    for thread in threads:
        thread.start()
    while any(thread.is_alive() for thread in threads):
        bench.loop.tick()
    for thread in threads:
        thread.join()
    phases = [bench.tick().loads["boiler"].phase for _ in range(100)]
    assert Phase.HEATING not in phases
    assert Phase.FAULT in {decision.loads["boiler"].phase for decision in bench.decisions}


def test_a_changed_setting_is_in_force_at_the_next_tick_and_the_load_stays_on(tmp_path: Path) -> None:
    bench = Bench()
    bench.tick()
    assert bench.tick().loads["boiler"].phase is Phase.HEATING
    file = tmp_path / "home.yaml"
    rows = [heater("boiler", max_power_w=1000), heater("pool", max_power_w=1000)]
    file.write_text(json.dumps(config(loads=rows, meter={"type": "recording", "path": "x.csv"}), indent=1))
    editor = live_settings(load_config(file), tmp_path, bench.loop, bench.controller, bench.transitions)
    bench.done()
    editor.change({"limits.max_house_w": 2500, "log.steps": "all"}, etag=editor.read()["etag"], who="a test")
    assert bench.controller.policies["boiler"].min_on_s == 0
    bench.fields["consumption_w"] = 2200.0
    decision = bench.tick()
    assert (decision.thresholds.max_house_w, decision.loads["boiler"].phase) == (2500, Phase.HEATING)
    assert ("boiler", "safe", 0.0) not in bench.done()
    editor.change({"limits.max_house_w": 1000}, etag=editor.read()["etag"], who="a test")
    assert bench.tick().blocked_by == "soft_fuse"
