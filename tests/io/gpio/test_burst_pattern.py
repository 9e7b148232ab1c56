"""Which mains cycles are let through: how even, how exact, and what a thread that overslept makes of it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pv_heater.io.gpio.burst import MOST_MADE_UP_UNITS, MOST_REPAID_UNITS, Burst, next_unit

TEN_SECONDS = 500
"""Cycles at 50 Hz."""


def pattern(share: float, units: int) -> list[bool]:
    burst = next_unit(Burst(), share, 0.0)
    units_on = [burst.on]
    for _ in range(units - 1):
        burst = next_unit(burst, share)
        units_on.append(burst.on)
    return units_on


def test_one_percent_over_ten_seconds_is_five_cycles_evenly_spread() -> None:
    on = [number for number, is_on in enumerate(pattern(0.01, TEN_SECONDS)) if is_on]
    assert on == [49, 149, 249, 349, 449]


@given(share=st.floats(0.0, 1.0))
def test_over_ten_seconds_the_energy_is_within_half_a_percent_of_full_power(share: float) -> None:
    assert abs(sum(pattern(share, TEN_SECONDS)) / TEN_SECONDS - share) <= 0.005


@given(share=st.floats(0.0, 1.0), units=st.integers(1, 2000))
def test_however_long_it_runs_it_is_never_more_than_half_a_cycle_off(share: float, units: int) -> None:
    assert abs(sum(pattern(share, units)) - share * units) <= 0.5 + 1e-9


@given(share=st.floats(0.02, 0.98))
def test_pauses_and_bursts_are_of_even_length(share: float) -> None:
    text = "".join("1" if on else "0" for on in pattern(share, 1000))
    for other in ("0", "1"):
        lengths = {len(run) for run in text.strip("1" if other == "0" else "0").split(other)[1:-1] if run}
        assert not lengths or max(lengths) - min(lengths) <= 1


@pytest.mark.parametrize(("share", "on"), [(0.0, 0), (-1.0, 0), (1.0, 100), (1.5, 100)])
def test_nothing_and_everything_are_exact(share: float, on: int) -> None:
    assert sum(pattern(share, 100)) == on


def test_a_share_of_nothing_forgets_what_is_owed() -> None:
    assert next_unit(Burst(on=True, owed_units=0.4), 0.0) == Burst()


def test_who_overslept_while_it_was_on_pays_back() -> None:
    """A second at full power instead of a tenth: off until the mean is right again."""
    burst = next_unit(Burst(on=True), 0.1, 50.0)
    units = 50
    while not burst.on:
        burst = next_unit(burst, 0.1)
        units += 1
    assert units == pytest.approx(500, abs=10)


def test_who_overslept_while_it_was_off_makes_up_for_little() -> None:
    burst = next_unit(Burst(on=False), 0.5, 400.0)
    on = 0
    for _ in range(100):
        on += burst.on
        burst = next_unit(burst, 0.5)
    assert 50 < on <= 50 + MOST_MADE_UP_UNITS + 1


def test_no_hang_is_paid_back_for_ever() -> None:
    burst = next_unit(Burst(on=True), 0.5, 1e9)
    assert burst.owed_units == -MOST_REPAID_UNITS
