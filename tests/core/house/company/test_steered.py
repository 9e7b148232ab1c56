"""What heats while somebody else steers the battery: each thing that is done, and changes while a load is on."""

from __future__ import annotations

import pytest

from pv_heater.core.house.company.meanings import ENDS, LOADS_TEXT, MEANINGS
from pv_heater.core.house.company.steered import KEPT_S, SETTLED_S
from pv_heater.core.model.steering import By, Does, Steering
from tests.builders import NOON
from tests.core.house.company.steered_home import STRATEGIES, SteeredHome

DESS = By.DYNAMIC_ESS
SELLS = Steering(by=DESS, does=Does.SELLS, target_percent=40.0, charge_w=-2100.0)
HOLDS = Steering(by=DESS, does=Does.HOLDS, target_percent=50.0)
CHARGES = Steering(by=DESS, does=Does.CHARGES, target_percent=80.0, charge_w=1000.0)
FOLLOWS = Steering(by=DESS, does=Does.FOLLOWS, ahead_percent=90.0)
UNKNOWN = Steering(by=DESS)


def home(
    steering: Steering | None, strategy: str = "balance", *, battery_w: float, sun_w: float = 2500.0
) -> SteeredHome:
    lived = SteeredHome(strategy)
    lived.steering, lived.battery_w, lived.sun_w = steering, battery_w, sun_w
    return lived


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_what_is_sold_from_the_battery_is_not_sun(strategy: str) -> None:
    """2.1 kW from the battery go to the grid beside 600 W of sun."""
    sells = home(SELLS, strategy, battery_w=-2100.0, sun_w=1100.0)
    sells.forecast_w = 4000.0
    sells.live(300)
    assert sells.heat_w <= 600.0


@pytest.mark.parametrize("strategy", STRATEGIES)
@pytest.mark.parametrize("steering", [CHARGES, HOLDS, FOLLOWS, UNKNOWN], ids=lambda steering: str(steering.does))
def test_what_is_bought_for_the_battery_heats_nothing(strategy: str, steering: Steering) -> None:
    """2 kW of sun beyond the house, and 2 kW of the grid, both for the battery; the guard would let 3 kW pass."""
    buys = SteeredHome(strategy, limits={"max_grid_w": 3000})
    buys.steering, buys.battery_w, buys.forecast_w = steering, 4000.0, 4000.0
    assert not buys.live(300).setpoints["heater"].on


def test_a_purchase_is_named_where_the_guard_is_the_one_to_say_no() -> None:
    buys = home(CHARGES, battery_w=4000.0).live(60)
    assert buys.because == "the grid delivers 2000 W, Dynamic ESS buys for the battery, the limit is 80 W"


@pytest.mark.parametrize("strategy", ["balance", "plan", "bucket"])
@pytest.mark.parametrize("charge_percent", [30.0, 50.0, 80.0])
def test_an_export_while_the_battery_is_held_is_real_surplus(strategy: str, charge_percent: float) -> None:
    """Without Dynamic ESS the battery would have to be filled first."""
    holds = home(HOLDS, strategy, battery_w=0.0)
    holds.soc_percent = charge_percent
    holds.live(300)
    assert holds.heat_w == pytest.approx(2000.0, abs=60)


def test_what_a_plan_leaves_of_the_sun_while_it_charges_heats() -> None:
    """1 kW is charged as planned, the other kilowatt is exported."""
    charges = home(CHARGES, battery_w=1000.0)
    load = charges.live(300).loads["heater"]
    assert charges.heat_w == pytest.approx(1000.0, abs=60)
    because = "Dynamic ESS charges the battery to 80 %; only what that leaves is spare; 1.0 kW of it for the loads"
    assert (load.rule, load.because) == ("steered", because)


def test_the_heater_gives_back_what_a_plan_wants_for_the_battery() -> None:
    """It has all the sun when the plan begins to want 1.5 kW of it; the battery gets what the heater lets it."""
    changes = home(HOLDS, battery_w=0.0)
    changes.live(300)
    changes.steering = Steering(by=DESS, does=Does.CHARGES, target_percent=80.0, charge_w=1500.0)
    changes.live(30)
    assert changes.heat_w <= 500.0


def test_where_nothing_is_told_of_how_only_what_battery_and_grid_leave_heats() -> None:
    """At a full battery, where our own law would give the heater all of it."""
    unknown = home(UNKNOWN, battery_w=2000.0)
    unknown.soc_percent = 100.0
    unknown.live(300)
    assert unknown.heat_w == 0.0
    unknown.battery_w = 1200.0
    unknown.live(300)
    assert unknown.heat_w == pytest.approx(800.0, abs=60)
    unknown.battery_w = -1500.0
    unknown.live(60)
    assert unknown.heat_w <= 2000.0


def test_a_battery_that_is_said_to_be_sold_and_is_charged_is_believed_to_have_precedence() -> None:
    contradicts = home(SELLS, battery_w=2000.0)
    contradicts.live(300)
    assert contradicts.heat_w == 0.0
    contradicts.soc_percent = 100.0
    contradicts.live(300)
    assert contradicts.heat_w == 0.0


@pytest.mark.parametrize(
    "fields",
    [
        {"battery_w": None, "consumption_w": None},
        {"battery_w": None, "pv_w": None},
        {"grid_w": None, "consumption_w": None, "battery_w": None},
    ],
    ids=["no battery, no use", "no battery, no sun", "neither grid nor battery nor use"],
)
@pytest.mark.parametrize("steering", [SELLS, HOLDS, CHARGES, UNKNOWN], ids=lambda steering: str(steering.does))
def test_an_export_that_may_be_the_battery_s_heats_nothing(steering: Steering, fields: dict[str, None]) -> None:
    blind = home(steering, battery_w=-2100.0, sun_w=600.0)
    blind.fields = dict(fields)
    assert not blind.live(120).setpoints["heater"].on


@pytest.mark.parametrize(
    ("steering", "battery_w", "most_w"),
    [(SELLS, -2100.0, 600.0), (CHARGES, 4000.0, 0.0), (UNKNOWN, 2600.0, 0.0)],
    ids=["sells", "buys", "unknown"],
)
def test_a_change_while_a_load_is_on_shows_at_the_next_reading_but_one(
    steering: Steering, battery_w: float, most_w: float
) -> None:
    changes = home(HOLDS, battery_w=0.0)
    changes.live(300)
    assert changes.heat_w > 1900.0
    changes.steering, changes.battery_w, changes.sun_w = steering, battery_w, 1100.0
    changes.live(30)
    assert changes.heat_w <= most_w + 1.0
    changes.steering, changes.battery_w, changes.sun_w = HOLDS, 0.0, 2500.0
    changes.live(300)
    assert changes.heat_w > 1900.0


def test_its_target_takes_the_place_of_our_own_plan() -> None:
    """At 85 % the battery waits for the 90 % of later; at 92 % it is entitled to nothing, though we would hold 97 %."""
    for strategy in ("balance", "plan"):
        follows = home(FOLLOWS, strategy, battery_w=0.0)
        follows.soc_percent, follows.battery_w = 85.0, None
        follows.live(120)
        low_w = follows.heat_w
        follows.soc_percent = 92.0
        follows.live(300)
        assert low_w < 1200.0
        assert follows.heat_w == pytest.approx(2000.0, abs=60)


@pytest.mark.parametrize("by", [By.SUSTAIN, By.RECHARGE, By.SCHEDULED_CHARGING])
def test_a_battery_that_is_charged_by_ess_comes_first(by: By) -> None:
    first = home(Steering(by=by, does=Does.CHARGES), battery_w=2000.0)
    first.live(300)
    assert first.heat_w == 0.0


def test_scheduled_charging_that_has_its_charge_leaves_the_sun() -> None:
    there = home(Steering(by=By.SCHEDULED_CHARGING, does=Does.HOLDS, target_percent=50.0), battery_w=0.0)
    there.live(300)
    assert there.heat_w == pytest.approx(2000.0, abs=60)


def test_a_battery_that_is_kept_charged_comes_first() -> None:
    kept = home(Steering(by=By.KEEP_CHARGED, does=Does.HOLDS), battery_w=2000.0)
    kept.soc_percent = 90.0
    kept.live(300)
    assert kept.heat_w < 300.0


def test_under_external_control_the_house_s_own_sum_counts() -> None:
    outside = home(Steering(by=By.EXTERNAL_CONTROL), battery_w=-1000.0, sun_w=1500.0)
    outside.soc_percent = 100.0
    outside.live(300)
    assert 0.0 < outside.heat_w <= 1000.0


def test_opportunity_loads_alone_change_nothing_and_are_named() -> None:
    plain, named = home(None, battery_w=0.0), home(Steering(opportunity_loads=True), battery_w=0.0)
    for lived in (plain, named):
        lived.soc_percent = 100.0
    assert named.live(120).setpoints == plain.live(120).setpoints
    assert named.decision is not None
    assert named.decision.notices == (LOADS_TEXT,)


def test_it_is_said_when_it_begins_and_when_it_ends() -> None:
    said = home(None, battery_w=0.0, sun_w=1100.0)
    assert said.live(60).notices == ()
    until_at = NOON.replace(hour=17)
    said.steering = Steering(by=DESS, does=Does.SELLS, until_at=until_at)
    said.battery_w = -2100.0
    begun = said.live(SETTLED_S + 10).notices
    assert begun == ("Dynamic ESS sells 2.1 kW from the battery until 19:00; not counted as sun",)
    said.battery_w = -1900.0
    assert said.live(60).notices == begun
    assert said.decision is not None
    assert said.decision.trace.steering_because is not None
    assert said.decision.trace.steering_because.startswith("Dynamic ESS sells 1.9 kW")
    said.steering, said.battery_w = None, 0.0
    assert said.live(SETTLED_S + 10).notices == (ENDS[DESS],)
    assert said.decision.trace.steering_because is None
    assert said.live(700).notices == ()


def test_what_changes_for_a_moment_is_not_said() -> None:
    flickers = home(HOLDS, battery_w=0.0)
    begun = flickers.live(60).notices
    for _ in range(3):
        flickers.steering = CHARGES
        assert flickers.live(10).notices == begun
        flickers.steering = HOLDS
        assert flickers.live(10).notices == begun


def test_a_meter_that_tells_nothing_of_it_does_not_end_it() -> None:
    """Another meter stands in for a quarter of an hour; what it cannot tell goes on."""
    stands_in = home(CHARGES, battery_w=2000.0)
    stands_in.live(60)
    stands_in.steering, stands_in.fields = None, {"source": "another"}
    assert not stands_in.live(300).setpoints["heater"].on
    assert stands_in.decision is not None
    assert stands_in.decision.trace.steering == CHARGES
    assert stands_in.live(KEPT_S).trace.steering is None


def test_while_the_battery_is_moved_that_it_takes_nothing_does_not_make_it_full() -> None:
    held = home(HOLDS, battery_w=0.0, sun_w=500.0)
    held.fields = {"pv_throttled": None, "battery_soc_percent": None}
    held.live(600)
    assert held.decision is not None
    assert held.decision.blocked_by == "battery_low"


def test_every_meaning_has_its_words() -> None:
    assert {by for by, _ in MEANINGS} == set(By) == set(ENDS)
    assert {does for by, does in MEANINGS if by is DESS} == set(Does)
