"""`interruptible: false` - a load that once started runs to its end."""

from datetime import timedelta
from typing import Any

import pytest

from pv_heater.config.load import load_config
from pv_heater.core.actuators.load_meters import Measured
from pv_heater.core.loads.load_step import LONGEST_RUN_S, Run
from pv_heater.core.model.requests import Force, Mode
from pv_heater.core.model.values import Decision, Phase
from pv_heater.errors import ConfigError
from tests.builders import NOON, House, config, heater

PLUG = {"type": "http", "url": "http://192.168.1.60/rpc/Switch.GetStatus?id=0", "path": "apower"}


def washer(**changes: Any) -> dict[str, Any]:
    row = heater("washer", "relay", max_power_w=2000, relay={"pin": "GPIO17", "active_high": True}, **changes)
    return {key: value for key, value in {**row, "interruptible": False}.items() if key != "min_power_w"}


def measured(power_w: float, **inputs: Any) -> dict[str, Any]:
    return {"load_w": {"washer": power_w}, **inputs}


def washing(**changes: Any) -> House:
    """A house whose washer has run for a minute and draws."""
    house = House(config(loads=[washer(**changes), heater("boiler")]))
    house.at(0, pv_w=2600.0, inputs=measured(0.0))
    assert house.at(60, pv_w=2600.0, consumption_w=2500.0, inputs=measured(2000.0)).setpoints["washer"].on
    return house


def shade(house: House, seconds: float, power_w: float = 1900.0, **fields: Any) -> Decision:
    inputs = measured(power_w, **fields.pop("inputs", {}))
    return house.at(seconds, pv_w=0.0, consumption_w=500.0 + power_w, grid_w=500.0, inputs=inputs, **fields)


def test_neither_shade_nor_grid_nor_an_empty_battery_nor_a_silent_meter_stops_it() -> None:
    house = washing(power_from=PLUG)
    for seconds in range(70, 1000, 10):
        decision = shade(house, seconds, battery_soc_percent=15.0)
        assert decision.setpoints["washer"].power_w == 2000
    assert decision.blocked_by == "battery_low"
    for seconds in range(1000, 3000, 10):
        decision = house.at(seconds, silent=True, inputs=measured(1900.0))
    assert decision.blocked_by == "no_reading"
    assert decision.loads["washer"].rule == "run_to_end"
    assert decision.loads["washer"].next_change_at == NOON + timedelta(seconds=LONGEST_RUN_S)


def test_a_pause_in_the_programme_is_no_end_and_no_open_thermostat() -> None:
    house = washing(power_from=PLUG)
    for seconds in range(70, 360, 10):
        assert shade(house, seconds, power_w=2.0).setpoints["washer"].on
    assert shade(house, 360, power_w=900.0).setpoints["washer"].on
    for seconds in range(370, 660, 10):
        assert shade(house, seconds, power_w=2.0).setpoints["washer"].on


def test_less_than_five_watts_for_five_minutes_is_the_end_of_it_and_enough_for_the_day() -> None:
    house = washing(power_from=PLUG)
    for seconds in range(100, 400, 10):
        assert shade(house, seconds, power_w=4.9).setpoints["washer"].on
    state = shade(house, 400, power_w=4.9).loads["washer"]
    assert (state.phase, state.power_w) == (Phase.FULL, 0.0)
    assert state.because == "its run of today has ended: it drew less than 5 W for 5 min"
    later = house.at(3600, pv_w=6000.0)
    assert (later.setpoints["washer"].on, later.setpoints["boiler"].on) == (False, True)
    tomorrow = [house.at(86_400 + seconds, pv_w=6000.0) for seconds in (0, 10)]
    assert tomorrow[-1].setpoints["washer"].on


def test_one_measurement_repeated_for_an_hour_is_no_end() -> None:
    """A plug that stands still at 0 W: only its values of another time prove anything."""
    run = Run(since_s=0.0)
    for _ in range(3600):
        run = run.after(Measured(power_w=0.0, taken_s=60.0))
    assert not run.rests
    assert run.after(Measured(power_w=0.0, taken_s=360.0)).rests


def test_what_was_measured_before_it_began_says_nothing_of_the_run() -> None:
    assert Run(since_s=100.0).after(Measured(power_w=0.0, taken_s=99.0)) == Run(since_s=100.0)


def test_a_machine_that_nobody_set_going_is_tried_again_and_not_done_for_the_day() -> None:
    house = House(config(loads=[washer(power_from=PLUG)]))
    house.at(0, inputs=measured(0.0))
    for seconds in range(10, 330, 10):
        decision = house.at(seconds, consumption_w=500.0, inputs=measured(1.0))
    assert decision.loads["washer"].phase is Phase.FULL
    assert "nobody has set it going" in decision.loads["washer"].because
    for seconds in range(330, 2200, 10):
        decision = house.at(seconds, consumption_w=500.0, inputs=measured(1.0))
        if decision.setpoints["washer"].on:
            break
    assert seconds == pytest.approx(310 + 1800, abs=20)


def test_without_a_meter_of_its_own_it_ends_after_its_longest_time() -> None:
    house = House(config(loads=[washer(run_s=1200)]))
    house.at(0)
    for seconds in range(10, 1200, 10):
        decision = house.at(seconds, pv_w=0.0, consumption_w=500.0)
        assert decision.setpoints["washer"].on
    assert decision.loads["washer"].margins["wait_s"] == pytest.approx(10)
    state = house.at(1200, pv_w=0.0).loads["washer"]
    assert (state.phase, state.because) == (
        Phase.FULL, "its run of today has ended: it has run for 20 min, its longest time",
    )  # fmt: skip


def test_a_run_whose_meter_is_lost_ends_all_the_same() -> None:
    house = washing(power_from=PLUG)
    assert house.at(LONGEST_RUN_S - 10, pv_w=0.0).setpoints["washer"].on
    assert not house.at(LONGEST_RUN_S, pv_w=0.0).setpoints["washer"].on


def test_safety_comes_before_the_laundry() -> None:
    house = House(config(limits={"max_house_w": 5000}, loads=[washer(run_s=7200)]))
    house.at(0)
    state = house.at(10, consumption_w=5500.0).loads["washer"]
    assert (state.power_w, state.rule) == (0.0, "soft_fuse")


def test_neither_its_rule_nor_its_timer_nor_a_device_out_of_reach_ends_it() -> None:
    """A plug that does not answer for a while goes on with what it was told; off would be half a wash."""
    off_soon = {"from": "13:05", "to": "20:00", "mode": "off"}
    house = washing(power_from=PLUG, timers=[off_soon])
    for wish in ({"wishes": {"washer": Mode.OFF}}, {"unreachable": {"washer": "does not answer"}}):
        assert shade(house, 70 if "wishes" in wish else 80, inputs=wish).setpoints["washer"].on
    assert shade(house, 600).setpoints["washer"].on


def test_a_fault_ends_it_and_so_does_its_owner() -> None:
    house = washing(power_from=PLUG)
    assert not shade(house, 70, inputs={"health": {"washer": "relay: stuck"}}).setpoints["washer"].on
    house = washing(power_from=PLUG)
    off = {"commands": (Force(load="washer", mode=Mode.OFF),)}
    assert not shade(house, 70, inputs=off).setpoints["washer"].on


def test_a_run_that_was_forced_on_goes_on_to_its_end_when_the_mode_is_over() -> None:
    house = House(config(loads=[washer(run_s=3600)]))
    house.at(0, pv_w=0.0, inputs={"commands": (Force(load="washer", mode=Mode.ON, for_s=600),)})
    decision = house.at(3590, pv_w=0.0)
    assert (decision.loads["washer"].mode, decision.setpoints["washer"].on) == (Mode.AUTO, True)
    assert not house.at(3600, pv_w=0.0).setpoints["washer"].on


def test_its_power_is_not_shared_out_again_while_it_runs() -> None:
    house = washing(power_from=PLUG)
    decision = house.at(70, pv_w=1500.0, consumption_w=2500.0, inputs=measured(2000.0))
    assert (decision.setpoints["washer"].power_w, decision.setpoints["boiler"].on) == (2000, False)
    decision = house.at(80, pv_w=3500.0, consumption_w=2500.0, inputs=measured(2000.0))
    assert (decision.setpoints["washer"].power_w, decision.setpoints["boiler"].power_w) == (2000, 1000)


def test_a_run_of_today_is_remembered_over_a_restart() -> None:
    house = House(config(loads=[washer(run_s=600)]))
    for seconds in range(0, 620, 10):
        house.at(seconds)
    again = House(config(loads=[washer(run_s=600)]), house.controller.state())
    for seconds in range(620, 700, 10):
        assert not again.at(seconds).setpoints["washer"].on
    assert again.at(700).loads["washer"].because.startswith("its run of today has ended")


def test_a_state_from_before_there_were_runs_still_loads_and_a_run_of_yesterday_is_no_run_of_today() -> None:
    house = House(config(loads=[washer(run_s=600)]))
    for seconds in range(0, 620, 10):
        house.at(seconds)
    saved = house.controller.state()
    tomorrow = House(config(loads=[washer(run_s=600)]), saved)
    assert [tomorrow.at(86_400 + seconds).setpoints["washer"].on for seconds in (0, 10)][-1]
    old = {name: value for name, value in saved["loads"]["washer"].items() if name != "ran_because"}
    again = House(config(loads=[washer(run_s=600)]), {**saved, "loads": {"washer": old}})
    assert [again.at(620 + seconds).setpoints["washer"].on for seconds in (0, 10)][-1]


def test_a_load_that_measures_nothing_must_be_given_a_longest_time() -> None:
    with pytest.raises(ConfigError, match=r"loads\[0\]\.run_s: is missing; without power_from nothing else shows"):
        load_config(config(loads=[washer()]))
    with pytest.raises(ConfigError, match=r"loads\[0\]\.run_s: means nothing without `interruptible: false`"):
        load_config(config(loads=[heater(run_s=600)]))
