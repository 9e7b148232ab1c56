"""Values of a GX device by topic -> Reading: whether the grid is there, and what feeds the house."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from pv_heater.errors import BadReply
from pv_heater.victron.mqtt.lost_devices import LostDevices
from tests.gx_device import PLANT, ess_house
from tests.victron.mqtt.values import ESS, checked, kind, reading


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, True),
        ({"Ac/ActiveIn/Source": 3, "Ac/In/0/Source": 3}, True),
        ({"Ac/ActiveIn/Source": 240}, False),
        ({"Ac/ActiveIn/Source": 2}, False),
        ({"Ac/In/0/Connected": 0}, False),
        ({"Ac/ActiveIn/Source": None}, None),
    ],
    ids=["grid", "shore", "on the battery", "generator", "not connected", "no inverter"],
)
def test_the_grid_is_there_when_the_inverter_says_so(changes: Mapping[str, object], expected: bool | None) -> None:
    assert reading(ess_house(**changes)).grid_connected is expected


@pytest.mark.parametrize(
    ("changes", "source"),
    [
        ({}, "grid"),
        ({"Ac/ActiveIn/Source": 2.0, "Ac/In/1/Source": 2}, "generator"),
        ({"Ac/ActiveIn/Source": 3}, "shore"),
        ({"Ac/ActiveIn/Source": 240, "Ac/Genset/L1/Power": 300.0}, "none"),
        ({"Ac/ActiveIn/Source": None, "Ac/Genset/L2/Power": 1200.0}, "generator"),
        ({"Ac/ActiveIn/Source": None, "Ac/Genset/L1/Power": 3.0}, None),
        ({"Ac/ActiveIn/Source": 0}, None),
        ({"Ac/ActiveIn/Source": 1.5}, None),
        ({"Ac/ActiveIn/Source": True}, None),
    ],
    ids=[
        "grid", "genset on the second input", "shore", "a genset that warms up", "a genset and no inverter to tell",
        "a genset at rest", "not known", "no such number", "truth",
    ],
)  # fmt: skip
def test_what_feeds_the_house_is_a_word_of_its_own(changes: Mapping[str, object], source: str | None) -> None:
    assert reading(ess_house(**changes)).ac_source == source


def test_on_a_generator_the_meter_of_the_grid_says_nothing() -> None:
    seen = reading(ess_house(**{"Ac/ActiveIn/Source": 2, "Ac/Grid/L1/Power": 290.0}))
    assert (seen.ac_source, seen.grid_connected, seen.grid_w, seen.grid_phase_w) == ("generator", False, None, ())
    assert seen.feed_in_allowed is None


def test_on_the_battery_the_last_value_of_the_grid_meter_does_not_count() -> None:
    lost = ess_house(**{"Ac/ActiveIn/Source": 240, "Ac/ActiveIn/ServiceType": None, "Ac/In/0/Connected": 0})
    seen = reading(lost)
    assert (seen.grid_w, seen.grid_phase_w, seen.grid_connected) == (None, (), False)
    checked(PLANT, watch := LostDevices())
    # Many meters are fed by the grid themselves and leave with it.
    checked(lost, watch, frozenset({"grid/30/Connected"}))


def test_a_lost_grid_meter_is_no_surplus() -> None:
    """As seen with a real systemcalc: 100 W of import became 300 W of export."""
    lost = LostDevices()
    checked(PLANT, lost)
    without = {topic: value for topic, value in PLANT.items() if not topic.startswith("grid/")}
    with pytest.raises(BadReply, match="lost its grid meter"):
        checked(without, lost, frozenset({"grid/30/Connected"}))
    replaced = {**without, **ess_house(**{"Ac/Grid/L1/Power": -300.0, **kind("vebus")})}
    for _ in range(2):
        with pytest.raises(BadReply, match="lost its grid meter"):
            checked(replaced, lost)
    checked(PLANT, lost)


def test_a_home_that_never_had_a_grid_meter_needs_none() -> None:
    no_ess = ess_house(**kind("vebus"), SystemType="Hub-4")
    checked(no_ess, LostDevices())
    chosen = {**ess_house(**kind("vebus")), f"{ESS}/RunWithoutGridMeter": 1}
    checked(chosen, LostDevices())
    forgotten = {**ess_house(**kind("vebus")), f"{ESS}/RunWithoutGridMeter": 0}
    with pytest.raises(BadReply, match="ESS is set up with a grid meter"):
        checked(forgotten, LostDevices())


@pytest.mark.parametrize("service", ["vebus", "multi", "acsystem"])
def test_any_inverter_that_stands_in_for_the_grid_meter_is_noticed(service: str) -> None:
    lost = LostDevices()
    checked(PLANT, lost)
    with pytest.raises(BadReply, match="lost its grid meter"):
        checked(ess_house(**kind(service)), lost)
    on_generator = ess_house(**{**kind("grid"), "Ac/ActiveIn/ServiceType": "genset", "Ac/ActiveIn/Source": 2})
    checked(on_generator, lost)


def test_a_second_grid_meter_may_leave() -> None:
    lost = LostDevices()
    checked(PLANT, lost)
    checked(PLANT, lost, frozenset({"grid/31/Connected"}))


def test_battery_power_without_battery_and_inverter_is_that_of_the_chargers() -> None:
    """As seen: 2295 W of "charging" went on when both had left."""
    alone = {"Dc/Battery/Soc": None, "SystemType": None, "Dc/Battery/Power": 2295, "Ac/ActiveIn/Source": None}
    lost = LostDevices()
    checked(PLANT, lost)
    with pytest.raises(BadReply, match="lost both the battery monitor and the inverter"):
        checked(ess_house(**alone), lost)
    assert reading(ess_house(**alone)).battery_w is None
