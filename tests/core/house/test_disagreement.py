from typing import Any

from pv_heater.core.house.meter_doubts import Disagreement
from tests.builders import reading


def lived(seconds: int, disagreement: Disagreement | None = None, from_s: int = 0, **other: Any) -> Disagreement:
    """One meter as the builder has it, the other with `other`."""
    disagreement = disagreement or Disagreement()
    for tick_s in range(from_s, from_s + seconds):
        disagreement.observe(reading(), reading(**other), float(tick_s))
    return disagreement


def test_ten_minutes_of_another_house_are_told_with_both_values() -> None:
    assert lived(590, pv_w=2000.0).texts() == {}
    assert lived(620, pv_w=2000.0).texts() == {"pv_w": "PV 3000 against 2000 W"}


def test_a_fifth_or_300_w_is_accuracy() -> None:
    assert lived(1000, pv_w=2450.0, grid_w=290.0, battery_soc_percent=88.0).texts() == {}


def test_a_meter_that_is_a_minute_behind_does_not_disagree() -> None:
    disagreement, sun_w = Disagreement(), [3000.0 if tick_s // 120 % 2 else 500.0 for tick_s in range(4000)]
    for tick_s in range(60, 4000):
        one, other = reading(pv_w=sun_w[tick_s]), reading(pv_w=sun_w[tick_s - 60])
        disagreement.observe(one, other, float(tick_s))
        assert disagreement.texts() == {}


def test_it_ends_when_they_agree_again_and_not_before_half_the_bound() -> None:
    disagreement = lived(700, grid_w=1000.0)
    assert set(disagreement.texts()) == {"grid_w"}
    lived(300, disagreement, 700)
    assert set(disagreement.texts()) == {"grid_w"}
    lived(2000, disagreement, 1000)
    assert disagreement.texts() == {}


def test_what_one_of_them_does_not_measure_is_not_compared() -> None:
    assert lived(1000, pv_w=None, battery_soc_percent=50.0).texts() == {
        "battery_soc_percent": "state of charge 97 against 50 %"
    }
