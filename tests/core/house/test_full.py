"""Full is what the battery no longer takes."""

from typing import Any

import pytest

from pv_heater.core.house.full import TakesNothing
from pv_heater.core.settings.home import Battery, Site
from tests.builders import reading

SITE = Site(timezone="Europe/Vienna", battery=Battery(capacity_wh=4800, max_charge_w=2400))
THROTTLED = {"pv_throttled": True, "battery_w": 20.0}
EVEN = {"pv_w": 625.0, "consumption_w": 620.0, "battery_w": 5.0, "grid_w": 0.0}


def seen(full: TakesNothing, from_s: int, to_s: int, own_w: float = 0.0, **fields: Any) -> bool:
    for second in range(from_s, to_s + 1, 10):
        full.observe(reading(**fields), second, own_w)
    return full.is_full


def given(full: TakesNothing, from_s: int, wh: float, **fields: Any) -> int:
    """Let the battery give at 300 W; the second at which it has."""
    to_s = from_s + round(wh * 12 / 10) * 10
    seen(full, from_s, to_s, battery_w=-300.0, **fields)
    return to_s + 10


@pytest.mark.parametrize("charge", [None, 60.0, 96.0, 104.0])
@pytest.mark.parametrize(
    ("fields", "for_s"),
    [
        (THROTTLED, 30),
        ({"charger_state": "float", "battery_w": 20.0}, 30),
        ({"charger_state": "absorption", "battery_w": 90.0}, 30),
    ],
    ids=["throttled", "float", "absorption"],
)
def test_a_battery_that_takes_nothing_though_there_is_sun_is_full(
    fields: dict[str, Any], for_s: int, charge: float | None
) -> None:
    full = TakesNothing(SITE)
    assert not seen(full, 0, for_s - 10, battery_soc_percent=charge, **fields)
    assert seen(full, for_s, for_s, battery_soc_percent=charge, **fields)


@pytest.mark.parametrize(("charge", "is_full"), [(None, True), (60.0, False), (96.0, True), (104.0, True)])
def test_sun_just_as_much_as_is_used_is_hidden_where_the_charge_shown_does_not_deny_it(
    charge: float | None, is_full: bool
) -> None:
    """61 % and a low sun that carries the house, no more: every morning looks like that."""
    full = TakesNothing(SITE)
    assert not seen(full, 0, 290, battery_soc_percent=charge, **EVEN)
    assert seen(full, 300, 300, battery_soc_percent=charge, **EVEN) is is_full


@pytest.mark.parametrize("charge", [None, 97.0])
def test_a_battery_that_has_given_would_take_it_back(charge: float | None) -> None:
    """200 Wh given by night: sun that just carries the house is all there is, until they are back."""
    full = TakesNothing(SITE)
    at_s = given(full, 0, 200, battery_soc_percent=charge)
    assert not seen(full, at_s, at_s + 1800, battery_soc_percent=charge, **EVEN)
    assert not seen(full, at_s + 1810, at_s + 3600, battery_soc_percent=charge, battery_w=450.0)
    assert seen(full, at_s + 3610, at_s + 4000, battery_soc_percent=charge, **EVEN)


def test_a_charge_shown_that_stands_still_while_the_battery_gives_and_takes_says_nothing() -> None:
    full = TakesNothing(SITE)
    at_s = given(full, 0, 200, battery_soc_percent=60.0)
    assert not seen(full, at_s, at_s + 1800, battery_soc_percent=60.0, battery_w=450.0)
    assert seen(full, at_s + 1810, at_s + 2200, battery_soc_percent=60.0, **EVEN)


def test_one_found_full_is_not_emptied_slowly() -> None:
    """Too little to be noticed in a minute: 100 W, which is what it may give to find sun, for an hour and a half."""
    full = TakesNothing(SITE)
    assert seen(full, 0, 300, battery_soc_percent=96.0, **EVEN)
    assert seen(full, 310, 5000, 100.0, battery_w=-100.0)
    assert not seen(full, 5010, 5600, 100.0, battery_w=-100.0)
    assert not seen(full, 5610, 7000, **EVEN)


@pytest.mark.parametrize(
    ("own_w", "fields"),
    [
        (0.0, {"pv_throttled": True, "battery_w": 300.0}),
        (0.0, {"pv_throttled": True, "battery_w": -300.0}),
        (0.0, {"pv_throttled": False, **EVEN}),
        (0.0, {"charger_state": "float", "battery_w": 5.0, "pv_throttled": False}),
        (0.0, {"charger_state": "bulk", "battery_w": 500.0}),
        (0.0, EVEN | {"grid_w": 300.0}),
        (0.0, EVEN | {"pv_w": 0.0}),
        (1000.0, EVEN),
        (0.0, {"battery_w": None, "consumption_w": None, "pv_throttled": True}),
    ],
    ids=[
        "takes",
        "gives",
        "not throttled",
        "float, not throttled",
        "bulk",
        "bought",
        "no sun",
        "our own doing",
        "?",
    ],
)
def test_one_that_takes_or_gives_or_has_no_sun_is_not(own_w: float, fields: dict[str, Any]) -> None:
    assert not seen(TakesNothing(SITE), 0, 900, own_w, **fields)


def test_it_stays_full_while_loads_use_what_it_leaves_until_it_takes_or_gives_for_a_minute() -> None:
    for battery_w in (400.0, -400.0):
        full = TakesNothing(SITE)
        assert seen(full, 0, 30, **THROTTLED)
        assert seen(full, 40, 3600, 1500.0, pv_throttled=False, battery_w=-60.0)
        assert seen(full, 3610, 3660, 1500.0, pv_throttled=False, battery_w=battery_w)
        assert not seen(full, 3670, 3680, 1500.0, pv_throttled=False, battery_w=battery_w)
