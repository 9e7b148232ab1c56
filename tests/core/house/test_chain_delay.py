"""How long a step of our own takes to show, learned from a house that is seen late."""

import pytest

from pv_heater.core.house.chain_delay import LONGEST_S, USUAL_S, ChainDelay


def stepped(delay: ChainDelay, from_s: float, own_w: tuple[float, float], shows_after_s: float, pace_s: float) -> None:
    """A steady house of 500 W, and one step of our own 30 s after `from_s`."""
    step_s = from_s + 30.0
    number = 0
    told = False
    while (tick_s := from_s + number * pace_s) < step_s + 20.0:
        delay.observe(tick_s, 500.0 + own_w[tick_s >= step_s + shows_after_s])
        if tick_s >= step_s and not told:
            delay.note_own(tick_s, own_w[1])
            told = True
        number += 1


@pytest.mark.parametrize(("shows_after_s", "least_s", "most_s"), [(1.0, 2.0, 3.0), (4.0, 5.0, 6.0), (6.5, 7.5, 9.0)])
def test_it_is_learned_from_steps_that_show(shows_after_s: float, least_s: float, most_s: float) -> None:
    delay = ChainDelay()
    assert delay.seconds == USUAL_S
    own_w = 0.0
    for number in range(5):
        stepped(delay, 100.0 * number, (own_w, 1500.0 - own_w), shows_after_s, 1.0)
        own_w = 1500.0 - own_w
        if number == 0 and shows_after_s > USUAL_S:
            assert delay.seconds >= least_s  # a longer delay is believed at once
    assert least_s <= delay.seconds <= most_s


def test_steps_that_never_show_teach_nothing() -> None:
    """A thermostat has opened: the house stays as it is."""
    delay = ChainDelay()
    for number in range(5):
        stepped(delay, 100.0 * number, (0.0, 0.0), 1.0, 1.0)
        delay.note_own(100.0 * number + 60.0, 1500.0 if number % 2 else 0.0)
    assert delay.seconds == USUAL_S


def test_a_kettle_long_after_a_step_is_not_taken_for_it() -> None:
    delay = ChainDelay()
    for second in range(10):
        delay.observe(float(second), 500.0)
    delay.note_own(9.5, 2000.0)
    for second in range(10, 30):
        delay.observe(float(second), 500.0 if second < 9.5 + LONGEST_S else 2500.0)
    assert delay.seconds == USUAL_S


def test_readings_far_apart_teach_nothing() -> None:
    delay = ChainDelay()
    for number in range(5):
        stepped(delay, 100.0 * number, (0.0, 1500.0) if number % 2 == 0 else (1500.0, 0.0), 1.0, 10.0)
    assert delay.seconds == USUAL_S


def test_two_steps_in_opposite_directions_that_mix_teach_nothing() -> None:
    delay = ChainDelay()
    for second in range(40):
        delay.observe(float(second), 500.0 if second < 17 else 700.0)
        if second == 10:
            delay.note_own(10.0, 1400.0)
        if second == 12:
            delay.note_own(12.0, 200.0)
    assert delay.seconds == USUAL_S


def test_a_second_step_up_before_the_first_has_shown_teaches_once_both_have() -> None:
    """What the first one only seems to leave is given away as well: else no home would learn that its meter is late."""
    delay = ChainDelay()
    for second in range(40):
        delay.observe(float(second), 500.0 + (1000.0 if second >= 16 else 0.0) + (700.0 if second >= 20 else 0.0))
        if second == 10:
            delay.note_own(10.0, 1000.0)
        if second == 14:
            delay.note_own(14.0, 1700.0)
        if second == 19:
            assert delay.seconds == USUAL_S
    assert 6.0 < delay.seconds <= 8.0


def test_the_first_of_two_steps_that_draws_nothing_is_not_taken_for_a_late_meter() -> None:
    delay = ChainDelay()
    for second in range(40):
        delay.observe(float(second), 500.0 if second < 16 else 1700.0)
        if second == 10:
            delay.note_own(10.0, 1000.0)
        if second == 14:
            delay.note_own(14.0, 2200.0)
    assert delay.seconds == USUAL_S
