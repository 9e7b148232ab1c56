import random
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pv_heater.core.actuators.idle import LEAST_SPAN_S, LONG_SPAN_S, Idle, IdleLoads
from pv_heater.core.model.values import Reading
from tests.builders import NOON, reading

FULL_W = {"boiler": 1500.0, "pool": 1500.0, "pump": 800.0}


def seen(taken_s: float, consumption_w: float | None = None, **load_w: float) -> Reading:
    return reading(NOON + timedelta(seconds=taken_s), consumption_w=consumption_w, load_w=load_w)


def found_by(told_w: dict[str, float], *rows: Reading, apart_s: float = 10.0) -> list[dict[str, str]]:
    drawing = IdleLoads(FULL_W)
    return [drawing.find(row, apart_s * index, told_w) for index, row in enumerate(rows)]


def found_by_house(told_w: dict[str, float], house_w: float, **load_w: float) -> dict[str, str]:
    """What a reading every 10 s has told after five minutes, and nothing a reading before."""
    *before, last = found_by(told_w, *[seen(0, house_w, **load_w)] * (int(LONG_SPAN_S / 10) + 1))
    assert not any(found.keys() - load_w.keys() for found in before)
    return last


@pytest.mark.parametrize(
    ("told_w", "measured_w", "full"),
    [
        (1500, 0, True),
        (1500, 374, True),
        (1500, 376, False),
        (1500, 500, False),  # one phase of three is left: a fault perhaps, but no thermostat
        (1500, -1490, False),  # the clamp is the wrong way round
        (160, 5, True),
        (140, 0, False),  # the lowest tenth, see below
        (0, 0, False),
    ],
)
def test_a_measured_load_is_full_below_a_quarter_of_its_power(told_w: float, measured_w: float, full: bool) -> None:
    row = seen(0, boiler=measured_w)
    assert [bool(found) for found in found_by({"boiler": told_w}, row, row)] == [False, full]


@pytest.mark.parametrize(
    ("told_w", "house_w", "full"),
    [(1500, 300, True), (1500, 749, True), (1500, 751, False), (310, 100, True), (290, 0, False)],
)
def test_a_house_that_draws_less_than_half_of_what_its_only_load_would_proves_it(
    told_w: float, house_w: float, full: bool
) -> None:
    assert bool(found_by_house({"boiler": told_w}, house_w)) is full


@pytest.mark.parametrize(
    ("told_w", "house_w", "full"),
    [
        ({"boiler": 1500, "pump": 800}, 1000, {"boiler"}),  # the pump and 200 W of the house
        ({"boiler": 1500, "pool": 1500}, 1400, set()),  # either
        ({"boiler": 1500, "pool": 1500}, 1600, set()),
        ({"boiler": 1500, "pool": 1500}, 300, {"boiler", "pool"}),
        ({"boiler": 1500, "pump": 200}, 300, {"boiler"}),
        ({"boiler": 1500, "pump": 800}, 1900, set()),
    ],
)
def test_of_several_only_that_which_cannot_be_drawing_is_found(
    told_w: dict[str, float], house_w: float, full: set[str]
) -> None:
    assert found_by_house(told_w, house_w).keys() == full


def test_what_is_measured_is_no_part_of_the_riddle() -> None:
    """The boiler's own meter shows 1480 W; the other 220 W of the house cannot hold the pump's 800 W."""
    assert found_by_house({"boiler": 1500.0, "pump": 800.0}, 1700, boiler=1480).keys() == {"pump"}


def test_two_samples_in_a_row_are_needed() -> None:
    idle, busy = seen(0, boiler=0), seen(0, boiler=1500)
    assert not any(found_by({"boiler": 1500.0}, idle, busy, idle, busy))


def test_a_fast_meters_hiccup_is_not_enough() -> None:
    row = seen(0, boiler=0)
    answers = found_by({"boiler": 1500.0}, *[row] * 9, apart_s=1.0)
    assert [bool(found) for found in answers[:6]] == [False] * int(LEAST_SPAN_S) + [True]


def test_what_only_the_house_tells_takes_five_minutes_at_the_portals_pace_too() -> None:
    answers = found_by({"boiler": 1500.0}, *[seen(0, 310)] * 7, apart_s=60.0)
    assert [index for index, found in enumerate(answers) if found] == [5]


def test_one_reading_of_a_house_that_draws_enough_begins_the_five_minutes_anew() -> None:
    empty, busy = seen(0, 310), seen(0, 1800)
    answers = found_by({"boiler": 1500.0}, *[empty] * 29, busy, *[empty] * 31)
    assert [index for index, found in enumerate(answers) if found] == [60]


def test_what_the_house_tells_of_a_load_is_overruled_by_its_own_meter() -> None:
    """The house reads 0 W for ever, a broken sensor perhaps; the boiler's meter shows that it draws."""
    assert not found_by_house({"boiler": 1500.0}, 0, boiler=1480)


def test_in_the_lowest_tenth_of_its_range_it_takes_five_minutes() -> None:
    """The knob may be a little off there; but a load that draws nothing must not keep the watts of others for ever."""
    answers = found_by({"boiler": 140.0}, *[seen(0, boiler=0)] * 31)
    assert [index for index, found in enumerate(answers) if found] == [30]


def test_a_load_that_was_off_in_between_is_judged_anew() -> None:
    drawing, row = IdleLoads(FULL_W), seen(0, boiler=0)
    assert not drawing.find(row, 0.0, {"boiler": 1500.0})
    assert not drawing.find(row, 10.0, {"boiler": 0.0})
    assert not drawing.find(row, 20.0, {"boiler": 1500.0})
    assert drawing.find(row, 30.0, {"boiler": 1500.0})


def test_a_meter_that_tells_nothing_proves_nothing() -> None:
    row = seen(0)
    assert found_by({"boiler": 1500.0}, row, row) == [{}, {}]


def test_the_words_tell_the_first_time_from_the_next_and_from_a_load_that_never_drew() -> None:
    drawing, told_w = IdleLoads(FULL_W), {"boiler": 1500.0}
    texts: list[str] = []
    for second, measured_w in enumerate([3, 3, 1500, 3, 3, 3, 3, 1490, 2, 2]):
        texts += drawing.find(seen(0, boiler=measured_w), 10.0 * second, told_w).values()
    assert texts == [
        "draws nothing, 3 W of 1500 W: thermostat open, or its fuse or cable",
        "draws nothing, 3 W of 1500 W: the thermostat has opened",
        "draws nothing, 3 W of 1500 W: the thermostat is still open",
        "draws nothing, 2 W of 1500 W: the thermostat has opened",
    ]


def test_without_a_meter_of_its_own_the_words_say_what_gave_it_away() -> None:
    found = found_by({"boiler": 1500.0}, seen(0, 1800), *[seen(0, 310)] * 31)[-1]
    assert found == {
        "boiler": "draws nothing, the house used 310 W while it alone was set to 1500 W: the thermostat has opened"
    }


def test_found_idle_lasts_until_its_time_is_up_or_it_is_seen_to_draw() -> None:
    idle = Idle(because="draws nothing", until_s=1800.0)
    assert not idle.ends(1799.0, power_w=0.0, measured_w=None)
    assert not idle.ends(1799.0, power_w=1500.0, measured_w=3.0)
    assert not idle.ends(1799.0, power_w=0.0, measured_w=1500.0)
    assert idle.ends(1799.0, power_w=1500.0, measured_w=1490.0)
    assert idle.ends(1800.0, power_w=0.0, measured_w=None)


@given(
    seed=st.integers(0, 10**6),
    told_w=st.floats(150, 1500),
    curve=st.floats(0.75, 1.15),
    base_w=st.floats(0, 400),
    measured=st.booleans(),
)
def test_noise_rounding_and_a_poor_curve_never_make_a_drawing_load_full(
    seed: int, told_w: float, curve: float, base_w: float, measured: bool
) -> None:
    """1 % noise and whole watts on house and load; a regulator whose curve is a quarter wrong, at low mains voltage."""
    noise, drawing = random.Random(seed), IdleLoads(FULL_W)
    for second in range(0, 600, 10):
        house_w = round((base_w + told_w * curve) * noise.gauss(1.0, 0.01))
        own = {"boiler": float(round(told_w * curve * noise.gauss(1.0, 0.01)))} if measured else {}
        assert not drawing.find(seen(0, float(house_w), **own), float(second), {"boiler": told_w})


@given(seed=st.integers(0, 10**6), told_w=st.floats(160, 1500), standby_w=st.floats(0, 15))
def test_noise_does_not_hide_a_load_that_draws_nothing(seed: int, told_w: float, standby_w: float) -> None:
    noise, drawing = random.Random(seed), IdleLoads(FULL_W)
    rows = [seen(0, boiler=float(round(standby_w * noise.gauss(1.0, 0.01)))) for _ in range(2)]
    assert not drawing.find(rows[0], 0.0, {"boiler": told_w})
    assert drawing.find(rows[1], 10.0, {"boiler": told_w})
