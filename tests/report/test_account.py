"""The account of a day: it adds up to the Wh, each cause stands where it belongs, and what is unknown stays unknown."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from math import pi, sin

import pytest

from pv_heater.core.model.rule_id import Rule
from pv_heater.report.account import DayReport, NoReport, report_of
from pv_heater.report.causes import BY_RULE, Cause, Change, causes_of
from pv_heater.report.day import LoadLimits, RecordedDay, ReportedHome

DAY = date(2026, 5, 28)
STEPS = 288
"""Of five minutes."""
HOME = ReportedHome(
    loads={"heater": LoadLimits(max_power_w=2000.0, dead_band_w=100.0)},
    capacity_wh=4800.0,
    max_charge_w=2400.0,
    reserve_percent=20.0,
)
SUN_W = [max(0.0, 3500.0 * sin(pi * (step / 12.0 - 6.0) / 14.0)) if 72 <= step <= 240 else 0.0 for step in range(STEPS)]
"""From six to eight."""
HOUSE_W = [300.0] * STEPS
FROM_NOON = [1800.0 if 144 <= step < 200 else 0.0 for step in range(STEPS)]
BY_PLAN = Change(step=-10, load="heater", rule="plan", phase="off", mode="auto")


def recorded(power_w: Sequence[float | None], *changes: Change) -> RecordedDay:
    return RecordedDay(
        day=DAY,
        step_s=300.0,
        sun_w=SUN_W,
        house_w=HOUSE_W,
        soc_percent=[60.0] * STEPS,
        load_w={"heater": power_w},
        changes=changes or (BY_PLAN,),
    )


def account(day: RecordedDay, home: ReportedHome = HOME) -> DayReport:
    report = report_of(day, home)
    assert isinstance(report, DayReport)
    assert report.caught_wh + sum(report.lost_wh.values()) == report.possible_wh
    return report


def between(first: int, end: int, rule: str, phase: str, mode: str = "auto") -> tuple[Change, ...]:
    during = Change(step=first, load="heater", rule=rule, phase=phase, mode=mode)
    return BY_PLAN, during, replace(BY_PLAN, step=end)


def test_a_day_without_heating_caught_nothing_and_foresight_alone_could_tell() -> None:
    report = account(recorded([0.0] * STEPS))
    assert report.caught_wh == report.heat_wh == 0
    assert report.possible_wh > 10_000
    assert dict(report.lost_wh) == {Cause.FORECAST: report.possible_wh}


@pytest.mark.parametrize(
    ("rule", "phase", "mode", "cause"),
    [
        ("full", "full", "auto", Cause.TANK_FULL),
        ("forced_off", "off", "off", Cause.OWNER),
        ("inverter", "cooldown", "auto", Cause.LIMITS),
        ("no_reading", "off", "auto", Cause.TROUBLE),
        ("battery_low", "off", "auto", Cause.GUARD),
        ("min_off", "cooldown", "auto", Cause.DWELL),
    ],
)
def test_what_decided_answers_for_what_foresight_would_have_missed_by_it(
    rule: str, phase: str, mode: str, cause: Cause
) -> None:
    """Nothing heated all day; of the best hours that cause alone had kept the heater off."""
    day = recorded([0.0] * STEPS, *between(108, 228, rule, phase, mode))
    report = account(day)
    assert report.lost_wh[cause] > 7_000
    assert report.lost_wh[cause] > report.lost_wh[Cause.FORECAST] > 0
    assert set(report.lost_wh) == {cause, Cause.FORECAST}


def test_what_could_be_made_up_for_later_was_lost_only_on_its_way_through_the_battery() -> None:
    short = between(84, 87, "min_off", "cooldown")
    kept_off_wh = sum(max(0.0, sun - 300.0) for sun in SUN_W[84:87]) / 12.0
    assert account(recorded([0.0] * STEPS, *short)).lost_wh.get(Cause.DWELL, 0) < 0.08 * kept_off_wh


def test_heat_that_the_owner_forces_by_night_counts_against_him() -> None:
    night_w = [2000.0 if 12 <= step < 36 else 0.0 for step in range(STEPS)]
    report = account(recorded(night_w, *between(12, 36, "forced_on", "heating", "on")))
    assert report.bought_more_wh > 1000
    assert report.lost_wh[Cause.OWNER] > 0
    assert report.caught_wh < 0


def test_a_late_meter_answers_for_what_was_done_as_soon_as_it_told() -> None:
    """The heater follows the sun ten minutes late, up and down; the battery is full."""
    sun_w = [3000.0 if (step // 6) % 2 else 800.0 for step in range(STEPS)]
    late_w = [0.0, 0.0, *(min(2000.0, sun - 300.0) for sun in sun_w[:-2])]
    day = replace(recorded(late_w), sun_w=sun_w, soc_percent=[100.0] * STEPS)
    prompt = account(day)
    late = account(day, replace(HOME, delay_s=600.0))
    assert late.lost_wh[Cause.DELAY] > 1000
    assert late.lost_wh.get(Cause.FORECAST, 0) < prompt.lost_wh[Cause.FORECAST] / 4
    assert late.possible_wh == prompt.possible_wh
    assert late.lost_wh[Cause.BEYOND] == prompt.lost_wh[Cause.BEYOND]


def test_the_dead_band_answers_where_the_power_followed_the_sun_to_within_it() -> None:
    """The battery is full, and the heater stays 60 W below what the sun leaves."""
    below_w = [max(0.0, min(2000.0, sun - 300.0) - 60.0) for sun in SUN_W]
    day = replace(recorded(below_w), soc_percent=[100.0] * STEPS)
    report, coarse = account(day), account(day, replace(HOME, loads={"heater": LoadLimits(max_power_w=2000.0)}))
    assert report.lost_wh[Cause.DWELL] > 100
    assert Cause.DWELL not in coarse.lost_wh
    assert coarse.lost_wh[Cause.FORECAST] == pytest.approx(
        report.lost_wh[Cause.DWELL] + report.lost_wh[Cause.FORECAST], abs=1
    )


def test_two_loads_answer_each_for_itself() -> None:
    home = replace(HOME, loads={name: LoadLimits(max_power_w=1000.0) for name in ("heater", "pool")})
    full = Change(step=-1, load="heater", rule="full", phase="full", mode="auto")
    forced = Change(step=-1, load="pool", rule="forced_off", phase="off", mode="off")
    day = replace(recorded([0.0] * STEPS, full, forced), load_w={"heater": [0.0] * STEPS, "pool": [0.0] * STEPS})
    report = account(day, home)
    assert set(report.lost_wh) == {Cause.TANK_FULL, Cause.OWNER}
    assert min(report.lost_wh.values()) > 3000


def test_money_adds_up_to_the_cent() -> None:
    for per_kwh in (0.337, 0.0, -0.021):
        report = report_of(recorded(FROM_NOON), HOME, per_kwh=per_kwh)
        assert isinstance(report, DayReport)
        money = report.money
        assert money is not None
        assert set(money.lost) == set(report.lost_wh)
        cents = [round(100 * amount) for amount in (money.caught, *money.lost.values(), -money.possible)]
        assert sum(cents) == 0
        assert money.possible == pytest.approx(report.possible_wh * per_kwh / 1000, abs=0.005)
        assert report.as_json()["lost_money"].keys() == report.as_json()["lost_wh"].keys()
    assert account(recorded(FROM_NOON)).as_json()["lost_money"] is None


def test_a_hole_is_in_no_figure_and_is_said() -> None:
    day = recorded(FROM_NOON)
    holed = replace(day, sun_w=[None if 120 <= step < 132 else sun for step, sun in enumerate(SUN_W)])
    report, whole = account(holed), account(day)
    assert (report.unknown_s, report.seen_s) == (3600.0, 86_400.0 - 3600.0)
    assert whole.unknown_s == 0
    assert report.possible_wh < whole.possible_wh


def test_a_gap_of_a_reading_or_two_is_no_hole() -> None:
    day = recorded(FROM_NOON)
    holed = replace(day, house_w=[None if step == 120 else 300.0 for step in range(STEPS)])
    assert account(holed) == account(day)


def test_a_day_of_which_nothing_is_known_has_no_report() -> None:
    day = recorded(FROM_NOON)
    nothing = replace(day, sun_w=[None] * STEPS)
    assert report_of(nothing, HOME) == NoReport(day=DAY, because="nobody knows sun and house of that day")
    uncharged = replace(day, soc_percent=[None] * STEPS)
    assert report_of(uncharged, HOME) == NoReport(day=DAY, because="nobody knows the battery's charge of that day")
    without = replace(HOME, capacity_wh=0.0, max_charge_w=0.0)
    assert isinstance(report_of(uncharged, without), DayReport)


def test_what_decided_before_midnight_goes_on_and_before_that_it_is_unknown() -> None:
    full = Change(step=2, load="heater", rule="full", phase="full", mode="auto")
    home = Change(step=4, load=None, rule="battery_low")
    off = Change(step=4, load="heater", rule="plan", phase="off", mode="auto")
    assert causes_of([full, home, off], "heater", 6) == [
        *[Cause.UNKNOWN] * 2,
        *[Cause.TANK_FULL] * 2,
        *[Cause.GUARD] * 2,
    ]
    assert causes_of([BY_PLAN], "heater", 2) == [Cause.FORECAST] * 2


def test_every_rule_that_is_no_strategys_has_its_cause() -> None:
    assert set(BY_RULE) == {str(rule) for rule in Rule}
