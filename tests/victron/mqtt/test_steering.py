"""Who else steers the battery, by the topics of a GX device: each of Victron's brains, and what old firmware lacks."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

import pytest

from pv_heater.core.model.steering import By, Does, Steering
from pv_heater.victron.mqtt.steering import PLAN_S, OtherBrains
from pv_heater.victron.mqtt.topics import ALONG, WAKING, GxValues, makes_a_reading
from tests.gx_device import PLANT
from tests.source_tools import NOON
from tests.victron.mqtt.values import ESS, reading

DESS = "system/0/DynamicEss"
PLAN = "settings/0/Settings/DynamicEss/Schedule"
MODE = "settings/0/Settings/DynamicEss/Mode"
STATE = "system/0/SystemState/State"
ACTIVE: Mapping[str, object] = {MODE: 1, f"{DESS}/Active": 1, f"{DESS}/TargetSoc": 60.0, STATE: 260}


def steering(*changes: Mapping[str, object], brains: OtherBrains | None = None, tick_s: float = 0.0) -> Steering | None:
    told: dict[str, object] = {**PLANT}
    for change in changes:
        told |= change
    seen = (brains or OtherBrains()).noted(reading(told), GxValues(told, [].append), tick_s, clock_offset_s=None)
    return seen.steering


def slots(*rows: tuple[float, float, float], strategy: int = 0) -> dict[str, object]:
    """Slots (hours from noon, hours long, target), the last first: their numbers mean nothing."""
    told: dict[str, object] = {}
    for index, (from_h, long_h, percent) in enumerate(reversed(rows)):
        start_s = int((NOON + timedelta(hours=from_h)).timestamp())
        own = {"Start": start_s, "Duration": int(long_h * 3600), "TargetSoc": percent, "Soc": 0, "Strategy": strategy}
        told |= {f"{PLAN}/{index}/{name}": value for name, value in own.items()}
    return told


@pytest.mark.parametrize(
    ("number", "does"),
    [
        *((number, Does.FOLLOWS) for number in (1, 4, 7, 14, 17, 20, 91, 93, 94, 95, 97, 98)),
        *((number, Does.CHARGES) for number in (2, 3, 10, 11, 12, 16, 18)),
        *((number, Does.HOLDS) for number in (5, 8, 9, 15, 21)),
        *((number, Does.SELLS) for number in (6, 13, 19, 22)),
        *((number, Does.UNKNOWN) for number in (0, 23, 92, 96, 99, -1, 1e300, "6", None)),
    ],
)
def test_what_dynamic_ess_does(number: object, does: Does) -> None:
    told = steering(ACTIVE, {f"{DESS}/ReactiveStrategy": number})
    assert told == Steering(by=By.DYNAMIC_ESS, does=does, target_percent=60.0)


@pytest.mark.parametrize(
    ("number", "rate_w", "expected_w"),
    [(2, 1500, 1500.0), (3, 1500, 1500.0), (6, -2100, -2100.0), (6, 2100, -2100.0), (9, 700, None), (2, 0, None),
     (2, None, None)],
)  # fmt: skip
def test_its_rate_is_one_of_charging_or_of_selling(number: int, rate_w: object, expected_w: float | None) -> None:
    told = steering(ACTIVE, {f"{DESS}/ReactiveStrategy": number, f"{DESS}/ChargeRate": rate_w})
    assert told is not None
    assert told.charge_w == expected_w


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({MODE: 0, f"{DESS}/Active": 0}, None),
        ({MODE: 1, f"{DESS}/Active": 0, f"{DESS}/ErrorCode": 3}, None),
        ({MODE: 1}, Does.UNKNOWN),
        ({STATE: 260}, Does.UNKNOWN),
        ({STATE: 260, f"{DESS}/Active": 0, f"{DESS}/ReactiveStrategy": 1}, Does.UNKNOWN),
        ({f"{DESS}/Active": 1}, Does.UNKNOWN),
        ({f"{DESS}/Active": 2}, Does.CHARGES),
        ({f"{DESS}/Active": 3}, Does.SELLS),
        ({f"{DESS}/Active": 4}, Does.UNKNOWN),
        ({f"{DESS}/Active": 1, f"{DESS}/Strategy": 1}, Does.FOLLOWS),
        ({f"{DESS}/Active": 1, f"{DESS}/Strategy": 0}, Does.UNKNOWN),
        ({MODE: None, f"{DESS}/Active": None, STATE: None}, None),
        ({MODE: "on", f"{DESS}/Active": [], STATE: {}}, None),
    ],
    ids=str,
)
def test_whether_it_is_active_and_what_firmware_without_its_strategy_tells(
    changes: Mapping[str, object], expected: Does | None
) -> None:
    told = steering(changes)
    assert (None if told is None else (told.by, told.does)) == (
        None if expected is None else (By.DYNAMIC_ESS, expected)
    )


@pytest.mark.parametrize("target", [0, 0.0, None, -1, 101, "60"])
def test_no_target_is_not_a_target_of_0(target: object) -> None:
    told = steering(ACTIVE, {f"{DESS}/ReactiveStrategy": 1, f"{DESS}/TargetSoc": target})
    assert told is not None
    assert told.target_percent is None


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({STATE: 257}, Steering(by=By.SUSTAIN, does=Does.CHARGES)),
        ({STATE: 258}, Steering(by=By.RECHARGE, does=Does.CHARGES)),
        ({STATE: 256}, None),
        ({STATE: 252}, None),
        ({f"{ESS}/BatteryLife/State": 7}, Steering(by=By.SUSTAIN, does=Does.CHARGES)),
        ({f"{ESS}/BatteryLife/State": 8}, Steering(by=By.RECHARGE, does=Does.CHARGES)),
        ({f"{ESS}/BatteryLife/State": 7, STATE: 3}, None),
        ({f"{ESS}/BatteryLife/State": 9}, Steering(by=By.KEEP_CHARGED, does=Does.HOLDS)),
        ({f"{ESS}/Hub4Mode": 3}, Steering(by=By.EXTERNAL_CONTROL)),
        ({f"{ESS}/Hub4Mode": 2, f"{ESS}/BatteryLife/State": 10}, None),
        ({STATE: 259}, Steering(by=By.SCHEDULED_CHARGING, does=Does.CHARGES)),
        (
            {"system/0/Control/ScheduledCharge": 1, "system/0/Control/ScheduledSoc": 90},
            Steering(by=By.SCHEDULED_CHARGING, does=Does.CHARGES, target_percent=90),
        ),
        (
            {STATE: 259, "system/0/Control/ScheduledSoc": 80},
            Steering(by=By.SCHEDULED_CHARGING, does=Does.HOLDS, target_percent=80),
        ),
        ({**ACTIVE, f"{DESS}/ReactiveStrategy": 6, STATE: 257}, Steering(by=By.SUSTAIN, does=Does.CHARGES)),
        ({"platform/0/Services/OpportunityLoads/Mode": 1}, Steering(opportunity_loads=True)),
        ({"platform/0/Services/OpportunityLoads/Mode": 0}, None),
        (
            {"platform/0/Services/OpportunityLoads/Mode": 1, f"{ESS}/Hub4Mode": 3},
            Steering(by=By.EXTERNAL_CONTROL, opportunity_loads=True),
        ),
        ({}, None),
    ],
    ids=str,
)
def test_the_other_brains(changes: Mapping[str, object], expected: Steering | None) -> None:
    assert steering(changes) == expected


def test_until_when_it_sells_and_what_is_planned_after() -> None:
    sells = {**ACTIVE, f"{DESS}/ReactiveStrategy": 6}
    plan = slots((-1, 2, 60), (1, 1, 50), (2, 1, 40), (3, 2, 40), (5, 1, 90))
    assert steering(sells, plan) == Steering(
        by=By.DYNAMIC_ESS, does=Does.SELLS, target_percent=60.0, ahead_percent=60.0, until_at=NOON + timedelta(hours=3)
    )


@pytest.mark.parametrize(
    ("number", "rows", "ahead_percent", "until_h"),
    [
        (9, [(0, 1, 50), (1, 1, 50), (2, 2, 95), (4, 1, 95), (5, 1, 30), (6, 1, 100)], 95.0, 2),
        (2, [(0, 1, 50), (1, 1, 70), (2, 1, 70)], 70.0, 2),
        (4, [(0, 1, 50)], 50.0, 1),
        (4, [(-3, 1, 50), (-2, 1, 60)], None, None),
        (4, [(0, 1, 50), (2, 1, 95)], 50.0, 1),
        (4, [], None, None),
    ],
    ids=["holds, fills later", "charges on", "one slot", "all is over", "a gap", "no plan"],
)
def test_what_is_planned(
    number: int, rows: list[tuple[float, float, float]], ahead_percent: float | None, until_h: float | None
) -> None:
    told = steering(ACTIVE, {f"{DESS}/ReactiveStrategy": number}, slots(*rows))
    assert told is not None
    until_at = None if until_h is None else NOON + timedelta(hours=until_h)
    assert (told.ahead_percent, told.until_at) == (ahead_percent, until_at)


def test_slots_without_a_target_bind_nobody() -> None:
    told = steering(ACTIVE, {f"{DESS}/ReactiveStrategy": 1, f"{DESS}/TargetSoc": 0}, slots((0, 1, 80), strategy=1))
    assert told is not None
    assert (told.planned_percent, told.until_at) == (None, NOON + timedelta(hours=1))


def test_a_plan_of_rubbish_is_none() -> None:
    rubbish = {f"{PLAN}/{index}/{name}": value for index, value in enumerate((1e300, -1, "x", None, [], 10**400))
               for name in ("Start", "Duration", "TargetSoc")}  # fmt: skip
    told = steering(ACTIVE, {f"{DESS}/ReactiveStrategy": 2}, rubbish)
    assert told == Steering(by=By.DYNAMIC_ESS, does=Does.CHARGES, target_percent=60.0)


def test_the_plan_is_looked_at_now_and_then() -> None:
    brains, charges = OtherBrains(), {**ACTIVE, f"{DESS}/ReactiveStrategy": 2}
    first = steering(charges, slots((0, 1, 70)), brains=brains)
    assert steering(charges, slots((0, 1, 90)), brains=brains, tick_s=PLAN_S - 1) == first
    later = steering(charges, slots((0, 1, 90)), brains=brains, tick_s=PLAN_S)
    assert later is not None
    assert later.ahead_percent == 90.0


def test_all_of_it_is_asked_for_and_the_plan_wakes_nobody() -> None:
    assert f"{PLAN}/+/TargetSoc" in ALONG
    assert f"{DESS}/ReactiveStrategy" in WAKING
    assert makes_a_reading(f"{DESS}/ReactiveStrategy")
    assert not makes_a_reading(f"{DESS}/ChargeRate")
    assert not makes_a_reading(f"{PLAN}/7/Start")
