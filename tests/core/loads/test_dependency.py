"""`after:` - a load that waits until another has had enough."""

from typing import Any

import pytest

from pv_heater.config.load import load_config
from pv_heater.core.loads.dependency import HEATS_AGAIN_S, enough_since_s
from pv_heater.core.loads.home_loads import HomeLoads
from pv_heater.core.model.requests import Force, Mode
from pv_heater.core.model.values import Phase
from pv_heater.core.settings.load import After, LoadSettings, circle_from
from pv_heater.errors import ConfigError
from tests.builders import House, config, heater


def pool_after_boiler(**boiler: Any) -> dict[str, Any]:
    return config(loads=[heater("boiler", target_c=60, hysteresis_c=5, **boiler), heater("pool", after="boiler")])


def warm(temperature_c: float) -> dict[str, float]:
    return {"boiler": temperature_c}


def test_a_load_waits_though_there_is_sun_for_both_and_says_for_whom() -> None:
    house = House(pool_after_boiler(max_power_w=1000))
    decision = house.at(0, pv_w=4000.0, load_c=warm(50.0))
    assert (decision.setpoints["boiler"].power_w, decision.setpoints["pool"].power_w) == (1000, 0)
    assert decision.loads["pool"].rule == "after"
    assert decision.loads["pool"].because == "it waits until boiler has had enough today"


def test_it_runs_once_the_other_is_at_its_target_and_on_while_that_cools_without_sun_for_it() -> None:
    house = House(pool_after_boiler())
    house.at(0, load_c=warm(60.0))
    assert house.at(10, load_c=warm(60.0)).setpoints["pool"].power_w == 2000
    # Cooled to be heated again, with a battery row's worth of shade between: the pool does not flicker.
    off = {"commands": (Force(load="boiler", mode=Mode.OFF),)}
    decision = house.at(20, load_c=warm(50.0), consumption_w=2500.0, inputs=off)
    assert decision.setpoints["pool"].on


def test_it_stops_once_the_other_heats_again_for_long_enough_to_be_more_than_a_test() -> None:
    house = House(pool_after_boiler(max_power_w=1000))
    house.at(0, pv_w=6000.0, load_c=warm(60.0))
    assert house.at(10, pv_w=6000.0, load_c=warm(60.0)).setpoints["pool"].on
    house.at(20, pv_w=6000.0, load_c=warm(50.0))
    for seconds in range(30, 700, 10):
        drawn_w = sum(point.power_w for point in house.decisions[-1][1].setpoints.values())
        decision = house.at(seconds, pv_w=6000.0, consumption_w=500.0 + drawn_w, load_c=warm(50.0))
        assert decision.setpoints["boiler"].on
        assert decision.setpoints["pool"].on is (seconds <= 30 + HEATS_AGAIN_S + 10), seconds


def test_the_days_minimum_of_the_other_is_enough() -> None:
    house = House(config(loads=[heater("boiler", max_power_w=1000, daily_min_wh=100), heater("pool", after="boiler")]))
    for second in range(0, 340, 10):
        decision = house.at(second, pv_w=4000.0)
        assert decision.setpoints["pool"].on is (second > 360)
    for second in range(340, 400, 10):
        decision = house.at(second, pv_w=4000.0, consumption_w=1500.0)
    assert (decision.setpoints["boiler"].power_w, decision.setpoints["pool"].on) == (1000, True)


def test_what_the_other_had_yesterday_does_not_count_today() -> None:
    house = House(config(loads=[heater("boiler", daily_max_wh=10), heater("pool", after="boiler")]))
    house.at(0)
    house.at(60)
    assert house.at(70).setpoints["pool"].on
    rows = house.controller.state()["loads"]
    assert rows["boiler"]["energy_wh"] >= 10
    house.at(86_400, consumption_w=500.0)
    tomorrow = house.at(86_410, consumption_w=500.0)
    assert (tomorrow.setpoints["boiler"].on, tomorrow.setpoints["pool"].on) == (True, False)


def test_a_temperature_that_is_not_known_is_no_target_reached() -> None:
    decision = None
    house = House(pool_after_boiler())
    for seconds in (0, 10, 20):
        decision = house.at(seconds)
    assert decision is not None
    assert decision.loads["boiler"].phase is Phase.FULL
    assert decision.loads["pool"].rule == "after"


def test_it_must_have_had_enough_for_as_long_as_asked_and_the_end_is_told() -> None:
    rows = [heater("boiler", daily_max_wh=1), heater("pool", after={"load": "boiler", "for_s": 300})]
    house = House(config(loads=rows))
    house.at(0)
    for seconds in range(10, 320, 10):
        decision = house.at(seconds)
        if seconds == 100:
            assert decision.loads["pool"].margins["wait_s"] == pytest.approx(210)
        assert not decision.setpoints["pool"].on or seconds >= 310
    assert house.at(330).setpoints["pool"].on


def test_an_owner_who_forces_it_on_does_not_wait() -> None:
    house = House(pool_after_boiler())
    decision = house.at(0, load_c=warm(20.0), inputs={"commands": (Force(load="pool", mode=Mode.ON, for_s=600),)})
    assert decision.setpoints["pool"].power_w == 2000


def test_while_it_waits_its_share_passes_on() -> None:
    rows = [heater("boiler", "relay", max_power_w=2000, relay={"pin": "GPIO17", "active_high": True})]
    del rows[0]["min_power_w"]
    house = House(config(loads=[*rows, heater("pool", after="boiler"), heater("garage")]))
    decision = house.at(0, pv_w=2000.0)
    assert {name: point.power_w for name, point in decision.setpoints.items()} == {
        "boiler": 0, "pool": 0, "garage": 1500,
    }  # fmt: skip


def test_no_search_for_hidden_sun_is_made_for_a_load_that_has_to_wait() -> None:
    pool = LoadSettings(name="pool", max_power_w=1000, min_power_w=10, after=After(load="boiler"))
    loads = HomeLoads([LoadSettings(name="boiler", max_power_w=2000), pool])
    assert set(loads.held_back(0.0)) == {"pool"}
    automatic = loads.automatic(0.0, {})
    assert automatic.capacity_w == 3000
    assert automatic.next_to_start is not None
    assert automatic.next_to_start.name == "boiler"


@pytest.mark.parametrize(
    ("loads", "says"),
    [
        (
            [heater("boiler"), heater("pool", after="boilr")],
            "loads[1].after: there is no load 'boilr'; did you mean boiler?",
        ),
        ([heater("pool", after="pool")], "loads[0].after: pool waits for pool, so none of them would ever run"),
        (
            [heater("a", after="b"), heater("b", after={"load": "c"}), heater("c", after="a")],
            "loads[0].after: a waits for b waits for c waits for a, so none",
        ),
        ([heater("pool", after={"for_s": 5})], "loads[0].after.load: is missing"),
        ([heater("pool", after=["a"])], "loads[0].after: must be a group of settings (load, for_s), not a list"),
    ],
)  # fmt: skip
def test_a_wrong_name_or_a_circle_is_refused_when_the_settings_are_read(loads: list[Any], says: str) -> None:
    with pytest.raises(ConfigError) as caught:
        load_config(config(loads=loads))
    assert says in caught.value.problems[0]


def test_a_wrong_name_is_told_with_its_line(tmp_path: Any) -> None:
    path = tmp_path / "config.yaml"
    path.write_text(
        "meter: {type: recording, path: day.csv}\nloads:\n  - {name: boiler, type: dry_run, max_power_w: 1000}\n"
        "  - name: pool\n    type: dry_run\n    max_power_w: 1000\n    after: boilr\n",
        encoding="utf-8",
    )
    with pytest.raises(ConfigError, match=r"line 7: loads\[1\]\.after: there is no load 'boilr'; did you mean boiler"):
        load_config(path, environ={})


def test_the_way_back_to_a_load_is_found_and_a_circle_of_others_ends_the_search() -> None:
    assert circle_from("a", {"a": "b", "b": "a"}) == ["a", "b", "a"]
    assert circle_from("a", {"a": "b", "b": "c", "c": "b"}) == []
    assert circle_from("a", {"a": "b"}) == []


def test_enough_is_counted_from_its_beginning() -> None:
    assert enough_since_s(None, 5.0, enough=True, heating_since_s=None) == 5.0
    assert enough_since_s(5.0, 9.0, enough=True, heating_since_s=None) == 5.0
    assert enough_since_s(5.0, 9.0, enough=False, heating_since_s=8.0) == 5.0
    assert enough_since_s(5.0, 9.0 + HEATS_AGAIN_S, enough=False, heating_since_s=8.0) is None
