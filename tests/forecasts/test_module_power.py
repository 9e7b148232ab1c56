from __future__ import annotations

import pytest

from pv_heater.forecasts.open_meteo_answer import USUAL_AIR_C, module_w


def test_full_light_on_cold_and_on_hot_modules() -> None:
    # Full light warms the cell by 31.25 K, so that air of -6.25 degC leaves it at its standard 25 degC.
    assert module_w(4.4, 1000, -6.25) == pytest.approx(4.4 * 1000 * 0.90)
    assert module_w(4.4, 1000, 25.0) == pytest.approx(4.4 * 1000 * 0.90 * (1 - 0.0037 * 31.25))


def test_power_grows_with_light_and_falls_with_warmth() -> None:
    assert module_w(1, 200, 20) < module_w(1, 400, 20) < module_w(1, 800, 20)
    assert module_w(1, 800, 30) < module_w(1, 800, 0)


def test_without_a_temperature_it_is_as_in_usual_air() -> None:
    assert module_w(1, 500, None) == module_w(1, 500, USUAL_AIR_C)


@pytest.mark.parametrize("light_w_m2", [0.0, -1.6])
def test_the_night_gives_nothing_and_never_less(light_w_m2: float) -> None:
    assert module_w(4.4, light_w_m2, -20.0) == 0
