"""A second opinion on what the house will use counts as far as it was right here."""

from datetime import UTC, datetime, timedelta

import pytest

from pv_heater.core.house.ahead.second_opinion import LEAST_HOURS, SecondOpinion
from pv_heater.core.model.values import Forecast

START_AT = datetime(2026, 6, 21, tzinfo=UTC)
HABIT_W = 500.0


def used_w(hour: int) -> float:
    return 1500.0 if hour % 24 == 19 else 300.0


def forecast(factor: float = 1.0, *, hours: int = 240) -> Forecast:
    at = [START_AT + timedelta(hours=hour) for hour in range(hours)]
    return Forecast(
        issued_at=START_AT, source="test", step_s=3600, steps=((START_AT, 0.0),),
        use_steps=tuple((start_at, factor * used_w(hour)) for hour, start_at in enumerate(at)),
    )  # fmt: skip


def lived(opinion: SecondOpinion, hours: int) -> SecondOpinion:
    for hour in range(hours):
        for minute in (0, 20, 40):
            at = START_AT + timedelta(hours=hour, minutes=minute)
            opinion.observe(at, used_w(hour), HABIT_W, 1200.0)
    return opinion


def test_it_counts_only_once_it_has_been_compared_for_two_days() -> None:
    opinion = SecondOpinion()
    opinion.take(forecast())
    assert lived(opinion, int(LEAST_HOURS)).share == 0.0
    assert opinion.weighed_w(START_AT, HABIT_W) == HABIT_W


def test_a_good_one_takes_over_and_what_it_counts_too_much_is_taken_out() -> None:
    opinion = SecondOpinion()
    opinion.take(forecast(factor=2.0))  # the portal counts the heater, this house does not
    lived(opinion, 100)
    assert opinion.share > 0.9
    assert opinion.factor == pytest.approx(0.5)
    evening_at = START_AT + timedelta(hours=4 * 24 + 19, minutes=30)
    assert opinion.weighed_w(evening_at, HABIT_W) > 1300.0


def test_a_bad_one_hardly_counts() -> None:
    opinion = SecondOpinion()
    wrong = forecast()
    shifted = tuple((at + timedelta(hours=7), use_w) for at, use_w in wrong.use_steps)
    opinion.take(Forecast(issued_at=START_AT, source="test", step_s=3600, steps=wrong.steps, use_steps=shifted))
    for hour in range(120):
        opinion.observe(START_AT + timedelta(hours=hour), used_w(hour), used_w(hour) + 10.0, 3600.0)
    assert opinion.share < 0.05


def test_where_nobody_tells_nothing_changes() -> None:
    opinion = SecondOpinion()
    for nothing in (None, Forecast(issued_at=START_AT, source="test", step_s=3600, steps=())):
        opinion.take(nothing)
        assert lived(opinion, 3).state()["counted"] == 0.0
        assert opinion.weighed_w(START_AT, HABIT_W) == HABIT_W


def test_it_ends_with_its_last_hour() -> None:
    opinion = SecondOpinion()
    opinion.take(forecast(hours=100))
    lived(opinion, 100)
    assert opinion.weighed_w(START_AT + timedelta(hours=99, minutes=59), HABIT_W) != HABIT_W
    assert opinion.weighed_w(START_AT + timedelta(hours=100), HABIT_W) == HABIT_W


def test_what_was_learned_survives_and_rubbish_does_not() -> None:
    opinion = SecondOpinion()
    opinion.take(forecast())
    state = lived(opinion, 80).state()
    again = SecondOpinion()
    again.restore(state)
    assert again.share == pytest.approx(opinion.share, abs=0.01)
    for broken in ({}, state | {"counted": "many"}, state | {"told_off_wh": -1.0}, state | {"seen_wh": float("nan")}):
        other = SecondOpinion()
        other.restore(broken)
        assert other.share == 0.0
