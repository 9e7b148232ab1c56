"""A driver that hangs: its values stand still though the house moves."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from pv_heater.core.model.power_balance import house_w
from pv_heater.victron.mqtt.lost_devices import HungDrivers, drivers_of, house_of
from pv_heater.victron.mqtt.topics import GxValues
from tests.gx_device import PLANT, charger, ess_house, two_trackers
from tests.victron.mqtt.values import reading


def hangs(still: Mapping[str, object], *, house_moves: bool = True, seconds: int = 40) -> frozenset[str]:
    """What is said to hang at the end of that time."""
    watch, found = HungDrivers(), frozenset[str]()
    moving = {topic: value for topic, value in PLANT.items() if not topic.startswith("solarcharger/")}
    for second in range(0, seconds + 1, 5):
        house = ess_house(**{"Dc/Battery/Power": 1000.0 + (second if house_moves else 0)})
        values = GxValues({**moving, **house, **still}, [].append)
        found = watch.hung(drivers_of(values), house_of(values), float(second))
    return found


def test_a_charger_that_claims_power_and_never_moves_hangs() -> None:
    assert hangs(charger(279, 1500.0)) == {"solarcharger/279"}
    assert hangs(two_trackers(280)) == {"solarcharger/280"}
    assert hangs(charger(279, 1500.0), seconds=25) == frozenset()


MULTI = {
    "vebus/276/Ac/ActiveIn/L1/P": -1500.0, "vebus/276/Ac/Out/L1/P": 470, "vebus/276/Dc/0/Voltage": 52.41,
    "vebus/276/Dc/0/Power": 2000.0,
}  # fmt: skip


METER = {"grid/30/Ac/L1/Power": 49.0, "grid/30/Ac/L1/Voltage": 231.4, "grid/30/Ac/L1/Current": 0.4}


def test_an_inverter_or_a_grid_meter_that_never_moves_hangs() -> None:
    assert hangs(MULTI) == {"vebus/276"}
    assert hangs({**MULTI, **METER}) == {"vebus/276", "grid/30"}
    assert hangs(MULTI, seconds=25) == frozenset()
    assert hangs({**MULTI, **METER}, house_moves=False) == frozenset()


def battery(power_w: float, instance: int = 512) -> dict[str, object]:
    own = {"Voltage": 52.4, "Current": power_w / 52.4, "Power": power_w}
    return {f"battery/{instance}/Dc/0/{name}": value for name, value in own.items()}


def test_a_battery_monitor_hangs_after_twice_as_long_and_only_the_one_in_use() -> None:
    live = {"house_moves": True}
    assert hangs(battery(-1500.0), seconds=65, **live) == {"battery/512"}
    assert hangs(battery(-1500.0), seconds=55, **live) == frozenset()
    assert hangs(battery(-300.0), seconds=120, **live) == frozenset(), "a quiet night"
    assert hangs(battery(-1500.0, 278), seconds=120, **live) == frozenset(), "a shunt that the system does not use"


@pytest.mark.parametrize(
    ("number", "source", "connected"), [(1, None, None), (3, None, None), (2, "generator", False), (240, "none", False)]
)
def test_the_last_word_of_a_hung_inverter_counts_only_against_heating(
    number: int, source: str | None, connected: bool | None
) -> None:
    seen = reading({**PLANT, **MULTI, "system/0/Ac/ActiveIn/Source": number}, hung={"vebus/276"})
    assert (seen.ac_source, seen.grid_connected) == (source, connected)


def test_an_inverter_at_rest_and_a_meter_that_stands_for_none_do_not_hang() -> None:
    resting = dict.fromkeys(MULTI, 0.0) | {"vebus/276/Dc/0/Voltage": 52.41}
    assert hangs({**resting, **METER, "grid/30/Ac/L1/Power": 0.0}) == frozenset()


def test_of_a_hung_inverter_neither_consumption_nor_its_input_is_believed() -> None:
    seen = reading({**PLANT, **MULTI}, hung={"vebus/276"})
    assert (seen.consumption_w, seen.ac_source, seen.grid_connected) == (None, None, None)
    assert (seen.pv_w, seen.grid_w, seen.battery_w) == (pytest.approx(2695.12), 100.0, 1048)
    assert house_w(seen) == pytest.approx(2695.12 + 100 - 1048)


def test_a_charger_may_rest_at_night_and_a_house_may_be_still() -> None:
    assert hangs(charger(279, 0.0, mode=0)) == frozenset()
    assert hangs(charger(279, 1500.0), house_moves=False) == frozenset()


def test_the_share_of_a_hung_charger_is_not_believed_and_not_taken_for_nothing() -> None:
    seen = reading(PLANT, hung={"solarcharger/279"})
    assert seen.pv_w is None
    assert (seen.grid_w, seen.battery_w, seen.consumption_w) == (100.0, 1048, 1747.0)
    by_inverter = {**PLANT, "system/0/ActiveBatteryService": "com.victronenergy.vebus/276"}
    assert reading(by_inverter, hung={"solarcharger/279"}).battery_w is None


def test_a_hung_chargers_mode_says_nothing() -> None:
    values = {**PLANT, **charger(279, 1500.0, mode=1)}
    assert reading(values).pv_throttled is True
    assert reading(values, hung={"solarcharger/279"}).pv_throttled is False
