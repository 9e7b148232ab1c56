"""The judge of a long life flags every kind of broken promise, and nothing else."""

from collections import Counter
from collections.abc import Sequence
from typing import Any

import pytest

from bench.faults.rig import SERVO_ZERO
from bench.torture.judge import BACK_S, LOST_S, Counted, Kind, Life, Promise, Span, Told, judge
from bench.torture.planted import PLANTED
from bench.torture.report import tortured

RELAY, SERVO = "gpiochip0/17", "gpiochip0/21"
OPEN, CLOSED, UP = 0.0, 1.0, 0.09


def change(at_s: float, pin: str, state: float | None) -> dict[str, Any]:
    return {"mono_s": at_s, "pin": pin, "state": state}


def heated(begin_s: float, end_s: float) -> list[dict[str, Any]]:
    """As it ought to be: knob to zero, contact closed, knob up; contact open, knob to zero."""
    return [
        change(begin_s - 1, SERVO, SERVO_ZERO), change(begin_s, RELAY, CLOSED), change(begin_s + 1, SERVO, UP),
        change(end_s, RELAY, OPEN), change(end_s + 1, SERVO, SERVO_ZERO), change(end_s + 2, SERVO, None),
    ]  # fmt: skip


def words(begin_s: int, end_s: int, *, forbids: bool = False) -> list[Told]:
    """A good one every second."""
    return [Told(at_s=float(second), good=True, forbids=forbids) for second in range(begin_s, end_s)]


def life(pins: Sequence[dict[str, Any]], **other: Any) -> Life:
    told: dict[str, Any] = {"house": words(0, 200), "tank": words(0, 200)} | other
    usual: dict[str, Any] = {"relays": (RELAY,), "spans": (), "counted": (), "begins": (0.0,), "end_s": 200.0}
    return Life(pins=pins, **usual | told)


def broken(of: Life) -> list[Promise]:
    return [one.promise for one in judge(of) if one.broken]


def span(kind: Kind, begin_s: float, end_s: float, bound_s: float = 0.0) -> Span:
    return Span(kind=kind, begin_s=begin_s, end_s=end_s, fault=0, bound_s=bound_s)


def counted(promise: Promise, seconds: float, bound_s: float) -> Counted:
    return Counted(promise=promise, at_s=10.0, seconds=seconds, bound_s=bound_s, fault=0)


SOUND = life(
    [*heated(10, 60), *heated(80, 120)],
    house=[*words(0, 90), *words(122, 200)],
    spans=(span(Kind.OFF, 89, 130, 31.6), span(Kind.STILL, 121, 130)),
    counted=(counted(Promise.BACK, BACK_S, BACK_S), counted(Promise.LOST, LOST_S, LOST_S)),
)


def test_what_is_as_promised_is_judged_and_not_blamed() -> None:
    found = judge(SOUND)
    assert {one.promise for one in found} == set(Promise) - {Promise.GUARD}, "no guard held"
    assert [one for one in found if one.broken] == []


@pytest.mark.parametrize(
    ("sick", "promise"),
    [
        (life(heated(10, 100), house=words(0, 61)), Promise.UNREAD),
        (life(heated(10, 100), house=[]), Promise.UNREAD),
        (life(heated(10, 100)[:3], house=words(0, 20)), Promise.UNREAD),
        (life(heated(10, 100), house=[*words(0, 50), *words(50, 101, forbids=True)]), Promise.GUARD),
        (life(heated(10, 60), tank=[*words(0, 5), *words(5, 70, forbids=True)]), Promise.GUARD),
        (life(heated(10, 100), tank=words(0, 61)), Promise.PROBE),
        (life(heated(10, 60)[1:]), Promise.KNOB),
        (life([change(3, SERVO, UP), *heated(10, 60)[1:]]), Promise.KNOB),
        (life(heated(10, 60), spans=(span(Kind.OFF, 20, 58, 31.6),)), Promise.OFF),
        (life(heated(10, 60), spans=(span(Kind.STILL, 5, 30),)), Promise.STILL),
        (life([], counted=(counted(Promise.BACK, BACK_S + 1, BACK_S),)), Promise.BACK),
        (life([], counted=(counted(Promise.LOST, LOST_S + 1, LOST_S),)), Promise.LOST),
    ],
)  # fmt: skip
def test_each_promise_is_missed_when_it_is_broken(sick: Life, promise: Promise) -> None:
    assert broken(sick) == [promise]


def test_what_the_way_from_outside_takes_is_allowed_while_a_loop_hangs_and_no_longer() -> None:
    pins, house = heated(10, 100), words(0, 50)
    assert broken(life(pins, house=house)) == [Promise.UNREAD]
    assert broken(life(pins, house=house, spans=(span(Kind.SLOW, 50, 110, 60.0),))) == []
    assert broken(life(pins, house=house, spans=(span(Kind.SLOW, 50, 110, 40.0),))) == [Promise.UNREAD]
    assert broken(life(pins, house=house, spans=(span(Kind.SLOW, 120, 130, 60.0),))) == [Promise.UNREAD]


def test_a_plausible_lie_may_last_as_long_as_it_takes_to_find_it_out_and_excuses_nothing_else() -> None:
    pins, house = heated(10, 100), words(0, 50)
    assert broken(life(pins, house=house, spans=(span(Kind.LATE, 50, 110, 60.0),))) == []
    assert broken(life(pins, house=house, spans=(span(Kind.LATE, 50, 110, 40.0),))) == [Promise.UNREAD]
    above = [*words(0, 50), *words(50, 100, forbids=True)]
    assert broken(life(pins, house=above, spans=(span(Kind.LATE, 50, 110, 60.0),))) == [Promise.GUARD]
    assert broken(life(pins, tank=words(0, 50), spans=(span(Kind.LATE, 50, 110, 60.0),))) == [Promise.PROBE]


def test_a_silent_meter_does_not_end_what_is_forced_but_a_guard_does() -> None:
    forced = (span(Kind.FORCED, 40, 110),)
    assert broken(life(heated(10, 100), house=words(0, 50), spans=forced)) == []
    above = [*words(0, 50), *words(50, 100, forbids=True)]
    assert broken(life(heated(10, 100), house=above, spans=forced)) == [Promise.GUARD]


def test_time_in_which_others_had_the_processor_is_not_the_programs() -> None:
    pins, house = heated(10, 100), words(0, 61)
    assert broken(life(pins, house=house, queued=[(0.0, 0.0), (70.0, 0.0), (80.0, 20.0)])) == []
    assert broken(life(pins, house=house, queued=[(0.0, 0.0), (20.0, 20.0), (120.0, 20.0)])) == [Promise.UNREAD]


def test_a_fault_that_was_taken_away_at_once_proves_nothing() -> None:
    assert [one for one in judge(life(heated(10, 60), spans=(span(Kind.OFF, 20, 25, 31.6),)))
            if one.promise is Promise.OFF] == []  # fmt: skip


def test_a_broken_promise_is_told_with_how_to_have_it_again() -> None:
    sick = life(heated(10, 100), house=words(0, 61), begins=(5.0, 50.0), first=7)
    told = tortured(sick, judge(sick), seed=3, speed=10, only="*", real_s=20, names=["a", "b"], groups=Counter("ab"),
                    stuck=(), remarks=())  # fmt: skip
    assert not told.kept
    assert told.wrong == (
        "Broken at 55.0 s: closed after the last believable reading, 40.0 s of which 0.0 s waited for the processor, "
        "bound 31.6 s, by fault 8 (b). Again: python main.py bench torture --seed 3 --speed 10 --first 8 --faults 1",
    )
    assert told.heated_s == 90
    assert "Broken promises: 1." in told.as_lines()
    assert told.broken == (Promise.UNREAD,)


def test_each_promise_has_a_bug_that_it_must_catch() -> None:
    assert {planted.promise for planted in PLANTED.values()} == set(Promise)
