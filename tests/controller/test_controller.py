import json
import subprocess
import sys
from datetime import timedelta

import pytest

from pv_heater import Controller, Inputs, load_config
from pv_heater.core.model.lean import to_jsonable
from pv_heater.core.model.requests import ClearFault, Force, Mode, Vacation
from pv_heater.core.model.values import Phase
from pv_heater.errors import ConfigError
from tests.builders import NOON, House, balanced, config, forecast, heater, reading

DAY_SCRIPT = """
import json
from datetime import timedelta
from pv_heater import Controller, Inputs, load_config
from pv_heater.core.model.lean import to_jsonable
from tests.builders import NOON, config, forecast, reading
controller = Controller.from_config(config())
drawn_w = 0.0
for step in range(400):
    now = NOON + timedelta(seconds=30 * step)
    sun_w = 500 + 37 * (step * 7919 % 83)
    seen = reading(now, pv_w=float(sun_w), consumption_w=500 + drawn_w, battery_soc_percent=90 + step % 11)
    decision = controller.step(now, seen, forecast(now))
    drawn_w = decision.setpoints["heater"].power_w
    print(json.dumps(to_jsonable(decision)))
print(json.dumps(controller.state(), sort_keys=True))
"""


def test_the_public_names_of_the_embedding_api() -> None:
    controller = Controller.from_config(config(), state=None)
    decision = controller.step(NOON, reading(), forecast())
    assert decision.setpoints["heater"].power_w == 2000
    assert json.loads(json.dumps(controller.state()))["schema"] == 2


def test_reading_and_forecast_may_be_none() -> None:
    decision = Controller.from_config(config()).step(NOON, None, None)
    assert decision.blocked_by == "no_reading"
    assert not decision.setpoints["heater"].on


def test_the_same_calls_give_the_same_bytes_in_two_processes() -> None:
    outputs = [
        subprocess.run(
            [sys.executable, "-c", DAY_SCRIPT], capture_output=True, check=True, env={"PYTHONHASHSEED": seed}
        )
        for seed in ("1", "2")
    ]
    assert outputs[0].stdout == outputs[1].stdout
    assert outputs[0].stdout.count(b"heating") > 100


def test_a_repeated_reading_is_no_new_evidence() -> None:
    """Called every second with one reading, or once a minute: the same power after a minute."""
    often, seldom = House(), House()
    for second in range(60):
        often.at(second, now=NOON + timedelta(seconds=second), pv_w=1200.0, battery_soc_percent=99.0, taken_at=NOON)
    seldom.at(0, pv_w=1200.0, battery_soc_percent=99.0, taken_at=NOON)
    last = seldom.at(59, pv_w=1200.0, battery_soc_percent=99.0, taken_at=NOON)
    assert often.decisions[-1][1].setpoints == last.setpoints


def test_time_comes_from_now_when_no_tick_is_given_and_steps_back_count_nothing() -> None:
    controller = Controller.from_config(config(loads=[heater(start_delay_s=60)]))
    phases = []
    for seconds in (0, 30, -600, -570, -541, -539):
        now = NOON + timedelta(seconds=seconds)
        phases.append(controller.step(now, reading(now), None).loads["heater"].phase)
    # 30 s forward, a step back that counts 0, then 30 + 29 + 2 s more; the reading keeps its age by monotonic time.
    assert phases[:3] == [Phase.ARMED] * 3
    assert phases[-1] is Phase.HEATING


def test_ticks_that_begin_anew_neither_rejuvenate_readings_nor_prolong_forced_modes() -> None:
    """A caller that restarts its own clock, with the controller kept."""
    house = House()
    house.at(1_000_000, now=NOON, inputs={"commands": (Force(load="heater", mode=Mode.ON, for_s=600),)})
    modes, ages = [], []
    for second in range(0, 1300, 100):
        decision = house.at(second, now=NOON + timedelta(seconds=second), silent=True)
        modes.append(decision.loads["heater"].mode)
        ages.append(decision.blocked_by)
    assert modes[:6] == [Mode.ON] * 6
    assert modes[6:] == [Mode.AUTO] * 7
    assert ages[3:] == ["no_reading"] * 10


@pytest.mark.parametrize("law", [{"type": "balance"}, {"type": "forecast_gap"}])
def test_a_meter_that_once_said_something_absurd_is_believed_again_afterwards(law: dict[str, str]) -> None:
    house = House(config(strategy=law))
    for second, absurd_w in enumerate((1.7e308, -1.7e308) * 3):
        house.at(second, pv_w=absurd_w, consumption_w=-absurd_w, grid_w=-absurd_w, battery_w=absurd_w)
    decision = house.at(10)
    for second in range(20, 500, 10):
        decision = house.at(second, consumption_w=500 + decision.setpoints["heater"].power_w)
    assert decision.loads["heater"].phase is Phase.HEATING


def test_a_forced_mode_in_the_saved_state_lasts_a_week_at_most() -> None:
    house = House()
    house.at(0, inputs={"commands": (Force(load="heater", mode=Mode.ON),)})
    saved = json.loads(json.dumps(house.controller.state()))
    saved["loads"]["heater"]["mode_left_s"] = 9e8
    again = House(state=saved)
    assert again.at(0).loads["heater"].until_at == NOON + timedelta(days=7)


def test_forced_on_heats_at_night_and_ends_by_itself() -> None:
    house = House()
    midnight = NOON + timedelta(hours=11)
    first = house.at(
        0, now=midnight, inputs={"commands": (Force(load="heater", mode=Mode.ON, for_s=600, power_w=900),)}
    )
    assert (first.loads["heater"].phase, first.loads["heater"].power_w) == (Phase.HEATING, 900)
    assert first.loads["heater"].until_at == midnight + timedelta(seconds=600)
    assert first.blocked_by == "night"
    late = house.at(601, now=midnight + timedelta(seconds=601))
    assert late.loads["heater"].mode is Mode.AUTO
    assert not late.setpoints["heater"].on


def test_force_without_a_duration_ends_after_two_hours() -> None:
    decision = House().at(0, inputs={"commands": (Force(load="heater", mode=Mode.OFF),)})
    assert decision.loads["heater"].until_at == NOON + timedelta(hours=2)


def test_vacation_holds_back_until_its_end() -> None:
    house = House()
    decision = house.at(0, inputs={"commands": (Vacation(until_at=NOON + timedelta(seconds=50)),)})
    assert decision.blocked_by == "vacation"
    assert house.at(50).blocked_by is None


def test_an_unknown_load_in_a_command_is_named() -> None:
    with pytest.raises(ValueError, match="no load 'boiler'; there is heater"):
        House().at(0, inputs={"commands": (ClearFault(load="boiler"),)})


def test_a_fault_survives_a_restart_and_ends_by_clear() -> None:
    house = House()
    house.at(0)
    house.at(1, inputs={"health": {"heater": "relay: pin lost"}})
    again = House(state=json.loads(json.dumps(house.controller.state())))
    decision = again.at(0, now=NOON + timedelta(minutes=5))
    assert decision.loads["heater"].phase is Phase.FAULT
    assert "relay: pin lost" in decision.loads["heater"].because
    again.at(1, inputs={"commands": (ClearFault(load="heater"),)})
    assert again.at(2).loads["heater"].phase is Phase.HEATING


def test_a_fault_outlives_settings_that_do_not_name_its_load() -> None:
    house = House()
    house.at(0, inputs={"health": {"heater": "relay: pin lost"}})
    without = House(config(loads=[heater("pool")]), state=house.controller.state())
    without.at(0)
    again = House(state=json.loads(json.dumps(without.controller.state())))
    assert again.at(0).loads["heater"].phase is Phase.FAULT


def test_a_forced_mode_and_the_minimum_off_time_survive_a_restart() -> None:
    settings = config(loads=[heater(min_off_s=300)])
    house = House(settings)
    house.at(0, inputs={"commands": (Force(load="heater", mode=Mode.ON, for_s=1000),)})
    saved = json.loads(json.dumps(house.controller.state()))
    again = House(settings, state=saved)
    early = again.at(0, now=NOON + timedelta(seconds=100))
    assert (early.loads["heater"].phase, early.loads["heater"].rule) == (Phase.COOLDOWN, "min_off")
    assert early.loads["heater"].until_at == NOON + timedelta(seconds=1000)
    assert again.at(299, now=NOON + timedelta(seconds=399)).loads["heater"].phase is Phase.COOLDOWN
    assert again.at(300, now=NOON + timedelta(seconds=400)).loads["heater"].phase is Phase.HEATING


def test_a_load_that_was_on_at_the_last_save_rests_in_full_after_a_crash() -> None:
    """The last save may be a quarter hour old; when the load went off nobody knows."""
    settings = config(loads=[heater(min_off_s=300)])
    house = House(settings)
    house.at(0)
    again = House(settings, state=json.loads(json.dumps(house.controller.state())))
    assert again.at(0, now=NOON + timedelta(seconds=800)).loads["heater"].phase is Phase.COOLDOWN


def test_the_rest_of_a_load_that_was_off_goes_on_over_a_restart() -> None:
    settings = config(loads=[heater(min_off_s=300)])
    house = House(settings)
    house.at(0)
    house.at(100, pv_w=0.0, battery_w=-500.0)
    again = House(settings, state=json.loads(json.dumps(house.controller.state())))
    resting = again.at(0, now=NOON + timedelta(seconds=399)).loads["heater"]
    assert (resting.phase, resting.rule) == (Phase.COOLDOWN, "min_off")
    assert resting.because == "1 s of 300 s minimum off time are left"
    assert again.at(1, now=NOON + timedelta(seconds=400)).loads["heater"].phase is Phase.HEATING


def test_a_state_without_a_schema_is_refused() -> None:
    with pytest.raises(ValueError, match="an object with a schema"):
        Controller.from_config(config(), state={"loads": {}})


def test_closings_and_energy_begin_anew_at_local_midnight() -> None:
    house = House(config(loads=[heater(daily_max_wh=1000)]))
    midnight = NOON + timedelta(hours=11)  # 22:00 UTC is midnight in Vienna in summer
    force = {"commands": (Force(load="heater", mode=Mode.ON, for_s=36_000),)}
    house.at(0, now=midnight - timedelta(hours=1), inputs=force)
    house.at(1800, now=midnight - timedelta(minutes=30))
    house.at(3599, now=midnight - timedelta(seconds=1))
    before = house.controller.state()["loads"]["heater"]
    assert before["energy_wh"] == pytest.approx(2000, abs=2)
    house.at(3601, now=midnight + timedelta(seconds=1))
    after = house.controller.state()["loads"]["heater"]
    assert (after["closings"], after["energy_wh"]) == (0, 0.0)


def test_an_overload_behind_the_inverter_sheds_at_once() -> None:
    site = config()["site"] | {"inverter": {"max_w": 3000, "loads_on": "out"}}
    house = House(config(site=site, loads=[heater(min_on_s=300)]))
    assert house.at(0).setpoints["heater"].on
    decision = house.at(1, consumption_w=3200.0)
    assert decision.blocked_by == "inverter"
    assert not decision.setpoints["heater"].on


def test_two_loads_share_by_list_order_and_pass_on() -> None:
    house = House(config(loads=[heater("boiler", max_power_w=1000), heater("pool", max_power_w=1000)]))
    decision = house.at(0, pv_w=2000.0)  # 1500 W more than use
    assert {name: point.power_w for name, point in decision.setpoints.items()} == {"boiler": 1000, "pool": 500}
    decision = house.at(1, pv_w=2000.0, consumption_w=2000.0, inputs={"health": {"boiler": "probe torn off"}})
    assert {name: point.power_w for name, point in decision.setpoints.items()} == {"boiler": 0, "pool": 1000}


def test_loads_above_the_battery_row_come_before_the_battery() -> None:
    rows = [heater("first", max_power_w=500), {"type": "battery", "until_percent": 80}, heater("second")]
    decision = House(config(loads=rows)).at(0, battery_soc_percent=50.0, pv_w=2000.0)
    assert decision.setpoints["first"].power_w == 500
    assert decision.setpoints["second"].power_w == 0


def test_wrong_settings_raise_with_every_problem() -> None:
    with pytest.raises(ConfigError) as caught:
        Controller.from_config(config(strategy={"type": "balance", "hold_percent": 20}, limits={"max_grid": 5}))
    assert len(caught.value.problems) == 2


def test_decisions_are_plain_json() -> None:
    decision = House().at(0)
    assert json.loads(json.dumps(to_jsonable(decision)))["loads"]["heater"]["phase"] == "heating"


def test_inputs_refuse_nan() -> None:
    with pytest.raises(ValueError, match="tick_s"):
        Inputs(tick_s=float("nan"))


def test_a_dry_run_beside_a_real_house_is_neither_full_nor_subtracted_from_its_use() -> None:
    """The house uses 500 W whatever the load on paper is set to."""
    controller = Controller(load_config(config()), pretended={"heater"})
    for second in range(0, 300, 10):
        now = NOON + timedelta(seconds=second)
        decision = controller.step(now, balanced(reading(now, pv_w=1500.0)), None, Inputs(tick_s=second))
    assert decision.loads["heater"].phase is Phase.HEATING
    assert decision.setpoints["heater"].power_w == pytest.approx(1000, abs=100)


def test_the_pool_has_the_boilers_share_in_the_step_in_which_the_boiler_is_found_full() -> None:
    house = House(config(loads=[heater("boiler", max_power_w=1000), heater("pool", max_power_w=1000)]))
    powers = []
    for second in range(0, 60, 10):
        decision = house.at(second, pv_w=1500.0, load_w={"boiler": 0.0, "pool": 0.0})
        powers.append((decision.setpoints["boiler"].power_w, decision.setpoints["pool"].power_w))
    assert powers[:3] == [(1000, 0)] * 3
    assert powers[3] == (0, 1000)
    assert decision.loads["boiler"].next_change_at == NOON + timedelta(seconds=1830)


def test_a_meter_that_says_more_than_a_load_can_draw_is_not_counted_as_energy() -> None:
    for measured_w, counted_wh in ((1000.0, 1000), (2200.0, 2200), (1e300, 2000), (-500.0, 2000)):
        house = House()
        for second in range(0, 3610, 10):
            house.at(second, pv_w=9000.0, consumption_w=2500.0, load_w={"heater": measured_w} if second else {})
        counted = house.controller.state()["loads"]["heater"]["energy_wh"]
        assert counted == pytest.approx(counted_wh, rel=0.01)
