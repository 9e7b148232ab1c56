"""After a silence: when is what a device tells the present, and not what it slept through?"""

from __future__ import annotations

from pv_heater.victron.mqtt.calm import Calm

GRID, USE = "system/0/Ac/Grid/L1/Power", "system/0/Ac/Consumption/L1/Power"


def after_silence(silent_s: float) -> tuple[Calm, float]:
    """A device heard again at that moment."""
    calm, began_s = Calm(10.0), 1000.0
    calm.begin(began_s)
    calm.heard(began_s + 1.0)
    calm.heard(began_s + 1.0 + silent_s)
    return calm, began_s + 1.0 + silent_s


def play(calm: Calm, from_s: float, seconds: float, every_s: float) -> float:
    """Both topics change so often; when that ends."""
    steps = round(seconds / every_s)
    for step in range(steps):
        now_s = from_s + step * every_s
        calm.heard(now_s)
        calm.changed(GRID, now_s)
        calm.changed(USE, now_s)
    return from_s + (steps - 1) * every_s


def test_nothing_is_waited_for_without_a_silence() -> None:
    calm, now_s = after_silence(9.0)
    assert calm.is_over(now_s)
    assert play(calm, now_s, 1.0, 0.02) > now_s
    assert calm.is_over(now_s + 1.0), "a quick device is not a burst"


def test_three_quiet_seconds_end_it_and_each_replayed_second_begins_them_anew() -> None:
    calm, now_s = after_silence(75.0)
    last_s = play(calm, now_s, 1.9, 1 / 40)
    assert not calm.is_over(last_s + 2.9)
    assert calm.is_over(last_s + 3.0)


def test_values_at_their_usual_pace_are_no_burst() -> None:
    calm, now_s = after_silence(75.0)
    play(calm, now_s, 4.0, 1.0)
    assert calm.is_over(now_s + 3.0)


def test_a_night_that_was_slept_through_is_waited_for_and_a_quick_device_not_for_ever() -> None:
    calm, now_s = after_silence(400.0)
    assert not calm.is_over(play(calm, now_s, 10.0, 1 / 40) + 1.0), "400 s at forty times the pace"
    last_s = play(calm, now_s, 200.0, 0.05)
    assert calm.is_over(last_s)
    assert calm.is_over(now_s + 103.0)


def test_a_second_silence_is_waited_out_again() -> None:
    calm, now_s = after_silence(75.0)
    assert calm.is_over(now_s + 3.0)
    calm.heard(now_s + 100.0)
    assert not calm.is_over(now_s + 100.0)
    assert calm.silent_s == 100.0


def test_a_program_that_starts_while_the_device_is_held_up_waits_too() -> None:
    calm = Calm(10.0)
    calm.begin(0.0)
    calm.heard(12.0)
    assert not calm.is_over(14.9)
    assert calm.is_over(15.0)
