"""Full is what the battery no longer takes."""

from typing import Any

import pytest

from pv_heater.core.house.full import TakesNothing
from pv_heater.core.settings import Battery, Site
from tests.builders import reading

SITE = Site(timezone="Europe/Vienna", battery=Battery(capacity_wh=4800, max_charge_w=2400))
THROTTLED = {"pv_throttled": True, "battery_w": 20.0}
EVEN = {"pv_w": 625.0, "consumption_w": 620.0, "battery_w": 5.0, "grid_w": 0.0}


def seen(full: TakesNothing, from_s: int, to_s: int, own_w: float = 0.0, **fields: Any) -> bool:
    for second in range(from_s, to_s + 1, 10):
        full.observe(reading(**fields), second, own_w)
    return full.is_full


@pytest.mark.parametrize("charge", [None, 60.0, 96.0, 104.0])
@pytest.mark.parametrize(
    ("fields", "for_s"),
    [
        (THROTTLED, 30),
        ({"charger_state": "float", "battery_w": 20.0}, 30),
        ({"charger_state": "absorption", "battery_w": 90.0}, 30),
        (EVEN, 300),
    ],
    ids=["throttled", "float", "absorption", "sun just as much as is used"],
)
def test_a_battery_that_takes_nothing_though_there_is_sun_is_full(
    fields: dict[str, Any], for_s: int, charge: float | None
) -> None:
    full = TakesNothing(SITE)
    assert not seen(full, 0, for_s - 10, battery_soc_percent=charge, **fields)
    assert seen(full, for_s, for_s, battery_soc_percent=charge, **fields)


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
