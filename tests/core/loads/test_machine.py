from dataclasses import replace

import pytest

from pv_heater.core.actuators.idle import Idle
from pv_heater.core.actuators.load_meters import Measured
from pv_heater.core.house.guards import Block
from pv_heater.core.loads.claims import held_w, takes_surplus
from pv_heater.core.loads.duty import Duty
from pv_heater.core.loads.load_step import Memory, Outcome, Run
from pv_heater.core.loads.machine import TRANSITIONS, Event, advance
from pv_heater.core.model.requests import Mode
from pv_heater.core.model.rule_id import Rule
from pv_heater.core.model.values import Phase, Stop
from pv_heater.core.settings.load import LoadSettings
from tests.core.loads.steps import load_step

POLICY = LoadSettings(
    name="heater", max_power_w=2000, min_power_w=100, min_on_s=300, min_off_s=200, start_delay_s=30, dead_band_w=100
)
NIGHT = Block(guard="night", safety=False, at_once=False, because="outside the daylight hours")
STALE = Block(guard="no_reading", safety=False, at_once=True, because="the last reading is old")
FUSE = Block(guard="soft_fuse", safety=True, at_once=True, because="the house draws 9000 W")


def play(script: list[tuple[float, float, Phase, float]], policy: LoadSettings = POLICY) -> Outcome:
    """Rows of (second, allotted W, expected phase, expected W), from a load that is off."""
    memory = Memory()
    for tick_s, allotted_w, phase, power_w in script:
        outcome = advance(policy, memory, load_step(tick_s, allotted_w))
        memory = outcome.memory
        assert (memory.phase, memory.power_w) == (phase, power_w), f"at {tick_s} s"
    return outcome


def heating(tick_s: float = 0.0, power_w: float = 1000.0, **changes: object) -> Memory:
    return replace(Memory(phase=Phase.HEATING, since_s=tick_s, power_w=power_w), **changes)  # type: ignore[arg-type]


def test_every_phase_can_be_reached_and_left() -> None:
    reached = {target for row in TRANSITIONS.values() for target in row.values()}
    assert reached == set(Phase)
    assert all(row for row in TRANSITIONS.values())
    assert set(TRANSITIONS) == set(Phase)


def test_every_event_is_used_by_the_table() -> None:
    assert {event for row in TRANSITIONS.values() for event in row} == set(Event)


def test_surplus_must_outlast_the_start_delay() -> None:
    play([
        (0, 1000, Phase.ARMED, 0),
        (29, 1000, Phase.ARMED, 0),
        (30, 1000, Phase.HEATING, 1000),
    ])  # fmt: skip


def test_a_gap_in_the_surplus_starts_the_delay_anew() -> None:
    play([
        (0, 1000, Phase.ARMED, 0),
        (20, 0, Phase.OFF, 0),
        (25, 1000, Phase.ARMED, 0),
        (50, 1000, Phase.ARMED, 0),
        (55, 1000, Phase.HEATING, 1000),
    ])  # fmt: skip


def test_start_needs_more_than_stop() -> None:
    play([
        (0, 119, Phase.OFF, 0),
        (1, 120, Phase.ARMED, 0),
        (31, 200, Phase.HEATING, 200),
        (331, 101, Phase.HEATING, 200),
        (332, 100, Phase.HEATING, 100),
        (333, 99, Phase.COOLDOWN, 0),
    ])  # fmt: skip


def test_minimum_on_time_runs_at_least_power() -> None:
    play([
        (0, 1000, Phase.ARMED, 0),
        (30, 1000, Phase.HEATING, 1000),
        (31, 0, Phase.HEATING, 100),
        (329, 0, Phase.HEATING, 100),
        (330, 0, Phase.COOLDOWN, 0),
    ])  # fmt: skip


def test_minimum_off_time_is_kept() -> None:
    play([
        (0, 1000, Phase.ARMED, 0),
        (30, 1000, Phase.HEATING, 1000),
        (330, 0, Phase.COOLDOWN, 0),
        (529, 2000, Phase.COOLDOWN, 0),
        (530, 2000, Phase.ARMED, 0),
        (560, 2000, Phase.HEATING, 2000),
    ])  # fmt: skip


def test_changes_inside_the_dead_band_do_not_move() -> None:
    play([
        (0, 1000, Phase.ARMED, 0),
        (30, 1000, Phase.HEATING, 1000),
        (31, 1099, Phase.HEATING, 1000),
        (32, 1100, Phase.HEATING, 1100),
        (33, 1001, Phase.HEATING, 1100),
        (34, 1000, Phase.HEATING, 1000),
        (35, 1950, Phase.HEATING, 1950),
        (36, 2500, Phase.HEATING, 2000),
        (37, 1910, Phase.HEATING, 2000),
        (38, 1900, Phase.HEATING, 1900),
        (39, 1980, Phase.HEATING, 1900),
        (40, 2000, Phase.HEATING, 2000),
        (41, 1980, Phase.HEATING, 2000),
    ])  # fmt: skip


def test_a_relay_is_on_at_full_power_or_off() -> None:
    class RelayPolicy(LoadSettings):
        adjustable = False

    policy = RelayPolicy(name="pump", max_power_w=800, min_on_s=0, min_off_s=0, start_delay_s=0, dead_band_w=50)
    play([(0, 799, Phase.OFF, 0), (1, 800, Phase.HEATING, 800), (2, 750, Phase.HEATING, 800),
          (3, 749, Phase.OFF, 0)], policy)  # fmt: skip


@pytest.mark.parametrize("block", [NIGHT, STALE, FUSE])
def test_a_blocked_load_does_not_start(block: Block) -> None:
    kind = {"safety": block} if block.safety else {"energy": block}
    outcome = advance(POLICY, Memory(), load_step(0, 2000, **kind))
    assert outcome.memory.phase is Phase.OFF
    assert outcome.rule == block.guard
    assert outcome.because == block.because


def test_an_energy_guard_waits_out_the_minimum_on_time_at_least_power() -> None:
    outcome = advance(POLICY, heating(0), load_step(100, 2000, energy=NIGHT))
    assert (outcome.memory.phase, outcome.memory.power_w, outcome.rule) == (Phase.HEATING, 100, "min_on")
    assert outcome.next_change_s == 300
    outcome = advance(POLICY, outcome.memory, load_step(300, 2000, energy=NIGHT))
    assert outcome.memory.phase is Phase.COOLDOWN


@pytest.mark.parametrize("kind", [{"energy": STALE}, {"safety": FUSE}])
def test_lost_readings_and_safety_guards_ignore_the_minimum_on_time(kind: dict[str, Block]) -> None:
    outcome = advance(POLICY, heating(0), load_step(1, 2000, **kind))
    assert (outcome.memory.phase, outcome.memory.power_w) == (Phase.COOLDOWN, 0)


@pytest.mark.parametrize("phase", list(Phase))
def test_in_every_phase_a_contact_opens_as_the_machine_says_whatever_names_the_reason(phase: Phase) -> None:
    memory = Memory(phase=phase, power_w=0.0 if phase is not Phase.HEATING else 1000.0, opened_s=0.0, idle=IDLE)
    ordinary = advance(POLICY, replace(memory, fault="welded" if phase is Phase.FAULT else None), load_step(10, 0.0))
    assert ordinary.stop is (Stop.SAFETY if phase is Phase.FAULT else Stop.NORMAL)
    for unsafe in ({"safety": replace(FUSE, because="in other words")}, {"health": "pin lost"}):
        outcome = advance(POLICY, memory, load_step(10, 1000, **unsafe))
        assert (outcome.stop, outcome.memory.power_w) == (Stop.SAFETY, 0.0)


def test_a_forced_load_passes_energy_guards_but_not_safety() -> None:
    forced = Memory(mode=Mode.ON, mode_until_s=7200.0, forced_w=1200.0)
    outcome = advance(POLICY, forced, load_step(0, 0, energy=NIGHT))
    assert (outcome.memory.phase, outcome.memory.power_w) == (Phase.HEATING, 1200)
    outcome = advance(POLICY, outcome.memory, load_step(1, 0, safety=FUSE))
    assert outcome.memory.phase is Phase.COOLDOWN


def test_a_forced_mode_ends_by_itself() -> None:
    forced = Memory(mode=Mode.ON, mode_until_s=600.0)
    outcome = advance(POLICY, forced, load_step(599, 0))
    assert outcome.memory.phase is Phase.HEATING
    assert outcome.next_change_s == 600
    outcome = advance(POLICY, replace(outcome.memory, since_s=0.0), load_step(600, 0))
    assert (outcome.memory.mode, outcome.memory.phase) == (Mode.AUTO, Phase.COOLDOWN)


def test_a_fault_ends_only_when_cleared() -> None:
    outcome = advance(POLICY, heating(0), load_step(1, 2000, health="servo: pin lost"))
    assert (outcome.memory.phase, outcome.memory.power_w) == (Phase.FAULT, 0)
    outcome = advance(POLICY, outcome.memory, load_step(2, 2000))
    assert outcome.memory.phase is Phase.FAULT
    assert "servo: pin lost" in outcome.because
    outcome = advance(POLICY, outcome.memory, load_step(3, 2000, cleared=True))
    assert outcome.memory.phase is Phase.COOLDOWN


def test_a_used_up_switch_budget_keeps_an_idle_load_off_and_a_running_one_on() -> None:
    policy = replace_policy(max_closings_per_day=2)
    outcome = advance(policy, Memory(closings=2), load_step(0, 2000))
    assert (outcome.memory.phase, outcome.rule) == (Phase.OFF, "max_closings")
    outcome = advance(policy, heating(0, closings=2), load_step(400, 2000))
    assert outcome.memory.phase is Phase.HEATING
    outcome = advance(policy, Memory(closings=2, mode=Mode.ON, mode_until_s=9e9), load_step(0, 0))
    assert outcome.memory.phase is Phase.HEATING


def test_daily_maximum_makes_it_full_until_the_count_begins_anew() -> None:
    policy = replace_policy(daily_max_wh=3000)
    outcome = advance(policy, heating(0, energy_wh=3000.0), load_step(301, 2000))
    assert (outcome.memory.phase, outcome.rule) == (Phase.FULL, "full")
    outcome = advance(policy, replace(outcome.memory, energy_wh=0.0), load_step(302, 2000))
    assert outcome.memory.phase is Phase.COOLDOWN


def test_target_temperature_frees_with_hysteresis() -> None:
    policy = replace_policy(target_c=60, hysteresis_c=3)
    outcome = advance(policy, heating(0), load_step(301, 2000, temperature_c=60.0))
    assert outcome.memory.phase is Phase.FULL
    outcome = advance(policy, outcome.memory, load_step(302, 2000, temperature_c=57.1))
    assert outcome.memory.phase is Phase.FULL
    outcome = advance(policy, outcome.memory, load_step(303, 2000, temperature_c=56.9))
    assert outcome.memory.phase is Phase.COOLDOWN


def test_power_rises_along_the_ramp_and_falls_at_once() -> None:
    policy = replace_policy(ramp_s=10, start_delay_s=0)
    memory = Memory()
    seen = []
    for tick_s in range(5):
        memory = advance(policy, memory, load_step(tick_s, 2000)).memory
        seen.append(memory.power_w)
    assert seen == [100, 300, 500, 700, 900]
    assert advance(policy, memory, load_step(5, 200)).memory.power_w == 200


def test_an_ageing_reading_ramps_an_automatic_load_down() -> None:
    outcome = advance(POLICY, heating(0, 2000), load_step(400, 2000, stale_share=0.5))
    assert outcome.memory.power_w == 1000
    outcome = advance(POLICY, outcome.memory, load_step(401, 2000, stale_share=0.04))
    assert outcome.memory.phase is Phase.COOLDOWN


def test_reasons_of_timers_are_worded_by_the_machine() -> None:
    outcome = advance(POLICY, Memory(), load_step(0, 1000))
    assert (outcome.rule, outcome.next_change_s) == ("start_delay", 30)
    assert outcome.because == "1000 W more sun than use; must last 30 s"
    cooling = Memory(phase=Phase.COOLDOWN, opened_s=0.0)
    outcome = advance(POLICY, cooling, load_step(50, 1000))
    assert (outcome.rule, outcome.because) == ("min_off", "150 s of 200 s minimum off time are left")


def replace_policy(**changes: object) -> LoadSettings:

    return replace(POLICY, **changes)


IDLE = Idle(because="draws nothing, 3 W of 1000 W: the thermostat has opened", until_s=1800.0)


def test_a_load_that_draws_nothing_is_full_at_once_whatever_its_minimum_on_time() -> None:
    outcome = advance(POLICY, heating(idle=IDLE), load_step(30.0, 1000.0, energy=NIGHT))
    assert (outcome.memory.phase, outcome.memory.power_w, outcome.rule) == (Phase.FULL, 0.0, "full")
    assert (outcome.because, outcome.next_change_s) == (IDLE.because, 1800.0)


def test_found_full_it_takes_no_surplus_and_holds_none_back() -> None:
    memory = heating(idle=IDLE)
    assert not takes_surplus(POLICY, memory, 30.0)
    assert held_w(POLICY, memory, 30.0) == 0.0
    assert held_w(POLICY, replace(memory, mode=Mode.ON), 30.0) == 0.0
    assert memory.credited_w == 0.0


def test_after_half_an_hour_it_is_freed_and_goes_the_normal_way() -> None:
    memory = advance(POLICY, heating(idle=IDLE), load_step(30.0, 1000.0)).memory
    memory = advance(POLICY, memory, load_step(1799.0, 1000.0)).memory
    assert memory.phase is Phase.FULL
    outcome = advance(POLICY, memory, load_step(1800.0, 0.0))
    assert (outcome.memory.phase, outcome.memory.idle) == (Phase.OFF, None)
    assert (outcome.rule, outcome.because) == ("full", "to be tested again, it drew nothing")
    again = advance(POLICY, outcome.memory, load_step(1801.0, 1000.0)).memory
    assert again.phase is Phase.ARMED
    assert advance(POLICY, again, load_step(1831.0, 1000.0)).memory.phase is Phase.HEATING


def test_forced_on_it_stays_on_and_says_that_it_draws_nothing() -> None:
    outcome = advance(POLICY, heating(idle=IDLE, mode=Mode.ON), load_step(30.0, 0.0))
    assert (outcome.memory.phase, outcome.memory.power_w) == (Phase.HEATING, 2000.0)
    assert outcome.because == f"forced on, but {IDLE.because}"
    drawing = advance(POLICY, outcome.memory, load_step(40.0, 0.0, measured=Measured(power_w=1990.0, taken_s=40.0)))
    assert (drawing.memory.idle, drawing.because) == (None, "forced on")


def test_forcing_a_full_load_on_is_a_new_test() -> None:
    full = Memory(phase=Phase.FULL, idle=IDLE, opened_s=0.0, mode=Mode.ON)
    outcome = advance(POLICY, full, load_step(250.0, 0.0))
    assert (outcome.memory.phase, outcome.memory.idle) == (Phase.HEATING, None)


def test_safety_and_the_owners_off_come_before_full() -> None:
    fused = advance(POLICY, heating(idle=IDLE, mode=Mode.ON), load_step(30.0, 0.0, safety=FUSE))
    assert (fused.memory.power_w, fused.rule) == (0.0, "soft_fuse")
    off = advance(POLICY, heating(idle=IDLE, mode=Mode.OFF), load_step(30.0, 1000.0))
    assert off.memory.power_w == 0.0


@pytest.mark.parametrize(("at_once", "phase"), [(True, Phase.FULL), (False, Phase.HEATING)])
def test_a_duty_that_has_had_enough_leaves_a_load_to_the_guards_that_it_passed(at_once: bool, phase: Phase) -> None:
    """Paid heat or a timer may run while a guard forbids automatic heating; its minimum on time may not."""
    policy = replace_policy(daily_max_wh=100.0)
    block = Block(guard=Rule.SLOW_SOURCE, safety=False, at_once=at_once, because="a sample every 15 min only")
    duty = Duty(rule=Rule.TIMER, because="its timer", until_s=9e3, power_w=1000.0, until_full=True)
    outcome = advance(policy, heating(energy_wh=100.0), load_step(10.0, 0.0, energy=block, duty=duty))
    assert outcome.memory.phase is phase


@pytest.mark.parametrize(("before_w", "allotted_w", "power_w"), [
    (970.0, 1000.0, 1000.0), (976.0, 1000.0, 976.0), (90.0, 60.0, 60.0), (84.0, 60.0, 84.0), (600.0, 630.0, 600.0),
])  # fmt: skip
def test_the_ends_are_reached_by_a_quarter_of_the_dead_band(before_w: float, allotted_w: float, power_w: float) -> None:
    policy = LoadSettings(name="heater", max_power_w=1000, min_power_w=60, dead_band_w=100)
    memory = Memory(phase=Phase.HEATING, since_s=0.0, power_w=before_w)
    assert advance(policy, memory, load_step(1.0, allotted_w)).memory.power_w == power_w


def test_a_load_that_became_interruptible_forgets_its_run() -> None:
    memory = Memory(phase=Phase.HEATING, since_s=0.0, power_w=500.0, run=Run(since_s=0.0))
    policy = LoadSettings(name="heater", max_power_w=1000)
    assert policy.interruptible
    assert advance(policy, memory, load_step(1.0, 500.0)).memory.run is None
