"""Numbers as the log says them."""

import pytest

from pv_heater.core.model.words import duration_text, kilowatt_hours, kilowatts, span_text, spare_text


@pytest.mark.parametrize(
    ("power_w", "text"),
    [(0, "0 W"), (466.4, "466 W"), (999.4, "999 W"), (999.6, "1.0 kW"), (1694, "1.7 kW"), (-2500, "-2.5 kW")],
)
def test_a_power_has_the_unit_that_suits_it(power_w: float, text: str) -> None:
    assert kilowatts(power_w) == text


@pytest.mark.parametrize(("energy_wh", "text"), [(0, "0 Wh"), (450.2, "450 Wh"), (9806, "9.81 kWh")])
def test_an_energy_has_the_unit_that_suits_it(energy_wh: float, text: str) -> None:
    assert kilowatt_hours(energy_wh) == text


@pytest.mark.parametrize(
    ("span_s", "text"), [(30, "30 s"), (60, "1 min"), (90, "90 s"), (900, "15 min"), (7200, "2 h"), (0.5, "0.5 s")]
)
def test_a_span_that_was_set_is_said_exactly(span_s: float, text: str) -> None:
    assert span_text(span_s) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "0 s"), (45.2, "45 s"), (180, "3 min"), (5400, "1 h 30 min"), (172_800, "2 days"), (-3, "0 s")],
)
def test_times_are_told_as_people_say_them(seconds: float, text: str) -> None:
    assert duration_text(seconds) == text


@pytest.mark.parametrize(
    ("spare_w", "mean_s", "text"),
    [
        (1694, 60.0, "1.7 kW spare (1 min mean)"),
        (-207, 60.0, "207 W short (1 min mean)"),
        (-0.2, None, "0 W spare"),
        (900, None, "900 W spare"),
    ],
)
def test_a_mean_is_called_a_mean_and_too_little_is_short(spare_w: float, mean_s: float | None, text: str) -> None:
    assert spare_text(spare_w, mean_s) == text
