"""Other live settings while the controller runs: what it remembers stays, and nothing goes by the old ones."""

from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from typing import Any

import pytest

from pv_heater import load_config
from pv_heater.config.live import LiveRow, with_live
from pv_heater.core.model.requests import Boost, ClearFault, Force, Mode
from pv_heater.core.model.values import Phase
from tests.builders import House, config, heater
from tests.config.test_live import LIVE, changed, home

STOPS = {"limits.daylight.from", "limits.daylight.to", "limits.max_house_w", "limits.max_phase_w"}
"""As the tests change these, nothing may heat any more."""
HERE = [row for row in LIVE if row.load != "second"]


def running_home() -> House:
    """The first load heats, the second is in fault; energies and closings are counted."""
    house = House(home())
    for seconds in range(0, 60, 5):
        house.at(seconds, load_c={"first": 30.0}, inputs={"health": {"second": "the wire is loose"}})
    assert house.decisions[-1][1].loads["first"].phase is Phase.HEATING
    return house


@pytest.mark.parametrize("row", HERE, ids=lambda row: row.path)
def test_no_live_setting_costs_anything_that_is_remembered(row: LiveRow) -> None:
    house, settings = running_home(), load_config(home())
    before = house.controller.state()
    house.controller.adopt(with_live(settings, load_config(changed(home(), row))))
    after = house.controller.state()
    for learned in ("strategy", "loads", "faults", "powers", "curves", "rules", "house", "day"):
        assert after[learned] == before[learned], learned
    decision = house.at(60, load_c={"first": 30.0}, inputs={"health": {"second": "the wire is loose"}})
    assert decision.loads["second"].phase is Phase.FAULT
    assert decision.loads["first"].starts == 1
    assert decision.loads["first"].energy_wh > 0
    if row.path not in STOPS:
        assert decision.loads["first"].phase is Phase.HEATING


def test_a_forced_mode_a_boost_and_a_rest_go_on() -> None:
    house = House(config(loads=[heater("a", min_off_s=300), heater("b"), heater("c")]))
    house.at(
        0, inputs={"commands": (Force(load="a", mode=Mode.ON, for_s=60), Force(load="b", mode=Mode.ON, for_s=500))}
    )
    house.at(30, pv_w=0.0, battery_soc_percent=50.0, inputs={"commands": (Boost(load="c", for_s=400),)})
    house.at(61, pv_w=0.0, battery_soc_percent=50.0)
    before = house.at(62, pv_w=0.0, battery_soc_percent=50.0)
    assert [before.loads[name].phase for name in "abc"] == [Phase.COOLDOWN, Phase.HEATING, Phase.HEATING]
    running = load_config(config(loads=[heater("a", min_off_s=300), heater("b"), heater("c")]))
    turned = load_config(config(loads=[heater("c"), heater("a", min_off_s=310), heater("b")]))
    house.controller.adopt(with_live(running, turned))
    after = house.at(63, pv_w=0.0, battery_soc_percent=50.0)
    assert list(after.loads) == ["c", "a", "b"]
    assert [after.loads[name].phase for name in "abc"] == [Phase.COOLDOWN, Phase.HEATING, Phase.HEATING]
    assert after.loads["b"].mode is Mode.ON
    assert house.at(365, pv_w=3000.0).loads["a"].phase is Phase.COOLDOWN  # until 61 + 310, no longer 61 + 300
    assert house.at(372, pv_w=3000.0).loads["a"].phase is not Phase.COOLDOWN


def test_a_lower_limit_stops_at_once_and_a_higher_one_lets_go() -> None:
    values = config(limits={"max_house_w": 9000})
    house, running = House(values), load_config(values)
    assert house.at(1).loads["heater"].phase is Phase.HEATING
    house.controller.adopt(lower := with_live(running, load_config(config(limits={"max_house_w": 1000}))))
    stopped = house.at(2, consumption_w=2500.0)
    assert (stopped.loads["heater"].phase, stopped.blocked_by) == (Phase.OFF, "soft_fuse")
    house.controller.adopt(with_live(lower, running))
    assert house.at(3).blocked_by is None
    assert house.at(4).loads["heater"].phase is Phase.HEATING


def test_a_change_closes_nothing_by_itself() -> None:
    """An idle load in the dark stays off, whatever is changed that does not ask for it."""
    settings = load_config(home())
    for row in HERE:
        house = House(home())
        house.at(0, pv_w=0.0, battery_soc_percent=40.0, load_c={"first": 70.0})
        house.controller.adopt(with_live(settings, load_config(changed(home(), row))))
        for seconds in range(1, 4):
            decision = house.at(seconds, pv_w=0.0, battery_soc_percent=40.0, load_c={"first": 70.0})
            assert not any(setpoint.on for setpoint in decision.setpoints.values()), row.path


def test_the_battery_is_kept_for_the_house_as_the_new_reserve_says() -> None:
    house, running = House(), load_config(config())
    assert house.at(0, battery_soc_percent=30.0).blocked_by is None
    site = {**config()["site"], "battery": {"capacity_wh": 4800, "max_charge_w": 2400, "reserve_percent": 40}}
    house.controller.adopt(with_live(running, load_config(config(site=site))))
    assert house.at(1, battery_soc_percent=30.0).blocked_by == "battery_low"
    assert house.decisions[-1][1].thresholds.min_battery_percent == pytest.approx(41.9)


def test_a_fault_is_cleared_after_a_change_as_before() -> None:
    house, running = running_home(), load_config(home())
    house.controller.adopt(with_live(running, load_config(home(limits={"max_grid_w": 90}))))
    cleared = house.at(61, inputs={"commands": (ClearFault(load="second"),)})
    assert cleared.loads["second"].phase is not Phase.FAULT


def test_nothing_in_the_controller_goes_on_by_the_settings_of_before() -> None:
    """Whoever keeps limits, a load's settings or the strategy's in an object of the controller must let go of them."""
    house, settings = House(home()), load_config(home())
    controller = house.controller
    house.at(0, load_c={"first": 30.0})
    old = [controller._limits, controller._limits.daylight, *controller.policies.values()]
    old += [controller._strategy._settings, *(policy.hot_water for policy in controller.policies.values())]
    values = home()
    for row in LIVE:
        values = changed(values, row) if row.path not in ("log.steps",) else values
    controller.adopt(with_live(settings, load_config(values)))
    house.at(1, load_c={"first": 30.0})
    forbidden = {id(item): type(item).__name__ for item in old if item is not None}
    found = {path: forbidden[id(item)] for path, item in _inside(controller, "controller") if id(item) in forbidden}
    assert found == {}


def _inside(root: Any, name: str) -> Iterator[tuple[str, Any]]:
    """Everything of ours that hangs on an object, with the way to it."""
    seen: set[int] = set()
    waiting = [(name, root)]
    while waiting:
        path, item = waiting.pop()
        if id(item) in seen or isinstance(item, str | bytes | int | float | type(None)):
            continue
        seen.add(id(item))
        yield path, item
        if isinstance(item, dict):
            waiting += [(f"{path}[{key}]", inner) for key, inner in item.items()]
        elif isinstance(item, list | tuple | set | frozenset):
            waiting += [(f"{path}[]", inner) for inner in item]
        elif type(item).__module__.startswith("pv_heater"):
            slots = [slot for cls in type(item).__mro__ for slot in getattr(cls, "__slots__", ())]
            names = {*slots, *getattr(item, "__dict__", {})}
            if is_dataclass(type(item)):
                names |= {field.name for field in fields(type(item))}
            waiting += [(f"{path}.{key}", getattr(item, key)) for key in names if hasattr(item, key)]
