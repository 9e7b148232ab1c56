"""What is said of a difference: its size, whether it may be chance, and what to keep."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree

import pytest

from pv_heater.commands.whatif.compare import Comparison, named_changes
from pv_heater.commands.whatif.difference import FIGURES, Difference
from pv_heater.commands.whatif.tune import BASE, Sweep, settings_to_try, tuned, usual_sweeps
from tests.commands.whatif.homes import config, figures

DAYS = 20
WEATHER_WH = [3000.0 + 400.0 * (number * 7 % DAYS) for number in range(DAYS)]
"""Days are as different as weather makes them."""
PATH = "loads.heater.min_on_s"


def days(more_wh: float = 0.0, *, jitter_wh: float = 0.0, starts: int = 3, bought_wh: float = 0.0) -> list[list]:
    """The same weather, so much more caught, give or take."""
    return [
        [
            figures(wh + more_wh + jitter_wh * (-1) ** number, starts=starts, bought_wh=bought_wh)
            for number, wh in enumerate(WEATHER_WH)
        ]
    ]


def advice(changed: list[list], tmp_path: Path) -> str:
    sweep = Sweep.parsed(f"{PATH}=120,300", config(tmp_path))
    result = tuned("twenty days", [sweep], {BASE: days(), f"{PATH}=120": changed}, [])
    return result.swept[0].advice


def test_weather_does_not_hide_a_small_steady_difference() -> None:
    found = Difference.between(days(), days(60.0, jitter_wh=30.0), FIGURES["caught_wh"])
    assert found.mean == pytest.approx(60.0)
    assert found.is_real
    assert (found.low, found.high) == (pytest.approx(30.0), pytest.approx(90.0))


def test_what_chance_alone_gives_is_called_so() -> None:
    found = Difference.between(days(), days(60.0, jitter_wh=600.0), FIGURES["caught_wh"])
    assert found.mean == pytest.approx(60.0)
    assert not found.is_real


def test_among_many_the_best_is_doubted_more() -> None:
    alone, among = (
        Difference.between(days(), days(60.0, jitter_wh=110.0), FIGURES["caught_wh"], compared=number)
        for number in (1, 12)
    )
    assert alone.is_real
    assert not among.is_real


def test_fewer_than_five_days_prove_nothing() -> None:
    few, more = [days()[0][:4]], [days(500.0)[0][:4]]
    assert Difference.between(few, more, FIGURES["caught_wh"]).spread is None
    text = "\n".join(Comparison(title="4 days", changes={PATH: "1"}, today=few, changed=more).as_lines())
    assert "4 days are too little" in text


def test_a_comparison_shows_both_sides_the_difference_and_what_is_chance() -> None:
    result = Comparison(
        title="20 days of spring", changes={PATH: "120"}, today=days(), changed=days(500.0, jitter_wh=100.0, starts=4)
    )
    text = "\n".join(result.as_lines())
    assert text.startswith(f"What if {PATH} = 120? 20 days of spring.")
    row = next(line for line in text.splitlines() if line.startswith("sun caught, kWh"))
    assert row.split()[3:] == ["6.80", "7.30", "+0.50", "±0.05", "+0.40", "to", "+0.60"]
    assert "Larger than its spread: sun caught, heat, sun left over, starts." in text
    assert "Without heating 10.00 kWh of sun a day would be left over; nothing catches more." in text
    told = result.as_json()
    assert told["difference"]["caught_wh"]["mean"] == 500.0
    assert told["difference"]["caught_wh"]["is_real"]
    assert not told["difference"]["moves"]["is_real"]


def test_a_gain_that_costs_starts_is_weighed_not_ordered(tmp_path: Path) -> None:
    text = advice(days(100.0, jitter_wh=20.0, starts=5), tmp_path)
    assert text.startswith(f"{PATH}: 120 s catches 1.5 % more a day and starts 2.0 times a day more")
    assert text.endswith("keep 300 s if the relay's life counts more.")


def test_a_gain_that_costs_nothing_is_named_better(tmp_path: Path) -> None:
    assert "120 s catches 1.5 % more a day, with as many starts: better than 300 s" in advice(
        days(100.0, jitter_wh=20.0), tmp_path
    )


def test_a_gain_that_is_bought_is_none(tmp_path: Path) -> None:
    text = advice(days(100.0, bought_wh=80.0), tmp_path)
    assert "keep 300 s; nothing else that was tried gains anything (120 s: -60 Wh a day)" in text


def test_a_gain_within_its_spread_is_no_reason(tmp_path: Path) -> None:
    text = advice(days(100.0, jitter_wh=900.0), tmp_path)
    assert "keep 300 s; the best other, 120 s, gains 100 Wh a day, which is within its spread of" in text


def test_the_same_sun_with_fewer_starts_is_told(tmp_path: Path) -> None:
    assert "120 s spares 2.0 starts a day" in advice(days(-5.0, jitter_wh=100.0, starts=1), tmp_path)


def test_the_picture_has_every_value_with_axes_and_units_and_no_small_letters(tmp_path: Path) -> None:
    sweep = Sweep.parsed(f"{PATH}=120,600", config(tmp_path))
    lived = {BASE: days(), f"{PATH}=120": days(90.0, starts=5), f"{PATH}=600": days(-90.0, starts=2)}
    result = tuned("20 days", [sweep], lived, [])
    root = ElementTree.fromstring(result.as_svg())
    texts = [element for element in root.iter() if element.tag.endswith("text")]
    words = [element.text for element in texts]
    assert {"120", "300", "600", PATH, "sun caught, kWh a day", "bought for it, kWh a day", "starts a day"} <= set(
        words
    )
    assert min(int(element.get("font-size", "0")) for element in texts) >= 20
    assert all(0 <= float(element.get("x", "-1")) <= 640 for element in texts)
    assert "  300 *" in "\n".join(result.as_lines())


def test_the_usual_sweeps_leave_out_what_is_set_already(tmp_path: Path) -> None:
    sweeps = usual_sweeps(config(tmp_path))
    assert [sweep.path for sweep in sweeps][:1] == [PATH]
    assert "300" not in sweeps[0].values
    assert len(settings_to_try(sweeps)) == 1 + sum(len(sweep.values) for sweep in sweeps)


@pytest.mark.parametrize("words", [["limits.max_grid_w"], ["=3"], ["limits.max_grid_w="], ["a.b=1", "a.b=2"]])
def test_a_change_that_is_none_is_refused(words: list[str]) -> None:
    with pytest.raises(ValueError, match=r"PATH=VALUE|twice"):
        named_changes(words)
