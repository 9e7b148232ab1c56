from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pv_heater.core.actuators.curve import RegulatorCurve, curve_text, parse_curve, phase_cut, rising
from pv_heater.core.model.setting import SettingProblem

TABLE = ((0.0, 0.0), (20.0, 0.0), (40.0, 300.0), (60.0, 1200.0), (80.0, 2000.0), (100.0, 2000.0))


def test_the_curve_is_exact_on_its_table_both_ways() -> None:
    curve = RegulatorCurve(TABLE)
    assert [curve.power_w(percent) for percent, _ in TABLE] == [watts for _, watts in TABLE]
    assert curve.percent(300) == 40
    assert curve.percent(1200) == 60


def test_two_points_are_a_straight_line() -> None:
    curve = RegulatorCurve(((0.0, 0.0), (100.0, 1000.0)))
    assert curve.power_w(12.5) == pytest.approx(125)
    assert curve.percent(125) == pytest.approx(12.5)


def test_flat_ends_answer_the_lowest_position_that_will_do() -> None:
    curve = RegulatorCurve(TABLE)
    assert curve.percent(0) == 0
    assert curve.percent(2000) == 80
    assert curve.percent(9999) == 80
    assert curve.percent(1e-9) == pytest.approx(20, abs=1e-3)


@given(st.floats(1, 3000), st.floats(0, 1))
def test_power_to_position_and_back_is_the_same_power(max_power_w: float, share: float) -> None:
    curve = phase_cut(max_power_w)
    assert curve.power_w(curve.percent(share * max_power_w)) == pytest.approx(share * max_power_w, abs=1e-6)


@pytest.mark.parametrize(("percent", "share"), [(25, 0.0908), (50, 0.5), (75, 0.9092), (100, 1.0)])
def test_phase_cut_is_no_straight_line(percent: float, share: float) -> None:
    assert phase_cut(1.0).power_w(percent) == pytest.approx(share, abs=1e-4)


def test_decimal_commas_headers_comments_and_a_byte_order_mark_are_read() -> None:
    curve = parse_curve("\ufeffpercent;watts\n# measured in May\n\n0;0\n12,5; 110,5\n100;2000\n", "c.csv")
    assert curve.points == ((0, 0), (12.5, 110.5), (100, 2000))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "at least two lines such as 0;0 and 100;2000, but has 0"),
        ("0;0\n50;1;2\n", "line 2: must be two numbers such as 50;980 .* not '50;1;2'"),
        ("0;0\n50;nan\n", "line 2: must be two numbers"),
        ("0;0\n150;10\n", "line 2: the position must be 0 to 100 percent, not 150"),
        ("0;0\n50;10\n50;20\n", "line 3: positions must rise or fall all the way, but 50 stands beside 50"),
        ("0;0\n60;10\n50;20\n100;2000\n", "line 3: positions must rise or fall all the way"),
        ("0;0\n50;900\n70;800\n100;2000\n", "line 3: power must rise .* at 70 % it is 800 W, and 900 W below that"),
        ("percent;watts\nPercent;Watts\n0;0\n100;2000\n", "line 2: must be two numbers"),
        ("12,5,110,5\n", "line 1: must be two numbers"),
        ("0;0\n100;0\n", "must give some power"),
    ],
)
def test_a_bad_file_is_refused_with_its_name_and_line(text: str, message: str) -> None:
    with pytest.raises(SettingProblem, match=f"^c.csv.*({message})"):
        parse_curve(text, "c.csv")


def test_full_power_is_never_beyond_the_end_by_a_rounding_error() -> None:
    """A servo refuses any angle beyond its travel, so that would end the program at every noon."""
    curve = RegulatorCurve(((9.912645336582116, 313.8675653620737), (100.0, 362.75009476778064)))
    assert curve.percent(5000.0) == 100.0


@pytest.mark.parametrize(
    "text",
    [
        "0;0\n50;1000.5\n100;2000\n",
        "100;2000\n50;1000,5\n0;0\n",
        "0\t0\n50\t1000,5\n100\t2000\n",
        "percent,watts\r\n0,0\r\n50,1000.5\r\n100,2000\r\n",
        '"Position";"Leistung"\n"0";"0"\n"50";"1000,5"\n"100";"2000"\n',
    ],
    ids=["rising", "falling with decimal commas", "tabs", "commas", "quoted"],
)
def test_the_usual_ways_to_write_a_table_are_the_same_curve(text: str) -> None:
    assert parse_curve(text, "c.csv").points == ((0, 0), (50, 1000.5), (100, 2000))


def test_a_fall_within_the_noise_of_a_meter_is_made_flat() -> None:
    curve = parse_curve("0;-3\n40;700\n50;695\n100;2000\n", "c.csv")
    assert curve.points == ((0, 0), (40, 697.5), (50, 697.5), (100, 2000))


@st.composite
def tables(draw: st.DrawFn) -> tuple[tuple[float, float], ...]:
    percents = sorted(draw(st.lists(st.integers(0, 1000), min_size=2, max_size=30, unique=True)))
    rises = draw(st.lists(st.just(0.0) | st.floats(0.001, 500), min_size=len(percents), max_size=len(percents)))
    watts = [sum(rises[: number + 1]) for number in range(len(rises))]
    return tuple((percent / 10, watt) for percent, watt in zip(percents, watts, strict=True))


@given(tables())
def test_between_the_points_it_never_falls_and_never_overshoots(table: tuple[tuple[float, float], ...]) -> None:
    curve = RegulatorCurve(table)
    for (low, low_w), (high, high_w) in pairwise(table):
        between = [curve.power_w(low + (high - low) * step / 8) for step in range(8)] + [curve.power_w(high)]
        assert between[0] == low_w
        assert between[-1] == high_w
        assert all(first <= second + 1e-9 * high_w for first, second in pairwise(between))


@given(tables(), st.floats(0, 1))
def test_a_position_gives_back_the_power_it_was_asked_for(table: tuple[tuple[float, float], ...], share: float) -> None:
    curve = RegulatorCurve(table)
    low_w, high_w = table[0][1], table[-1][1]
    power_w = low_w + share * (high_w - low_w)
    if power_w > 0:
        assert curve.power_w(curve.percent(power_w)) == pytest.approx(power_w, abs=1e-3)


def test_it_is_the_same_line_as_the_reference_implementation() -> None:
    reference = pytest.importorskip("scipy.interpolate").PchipInterpolator
    table = parse_curve(EXAMPLE.read_text(), EXAMPLE.name).points[::10]
    curve, line = RegulatorCurve(table), reference(*zip(*table, strict=True))
    assert all(curve.power_w(step / 10) == pytest.approx(float(line(step / 10)), abs=1e-9) for step in range(1001))


EXAMPLE = Path(__file__).parents[3] / "Files/curves/example_2300w.csv"


def test_the_shipped_example_has_the_figures_of_a_measured_regulator() -> None:
    curve = parse_curve(EXAMPLE.read_text(), EXAMPLE.name)
    assert len(curve.points) == 201
    assert curve.power_w(100) == 2298.5
    assert curve.power_w(50) == pytest.approx(1150, abs=1)
    assert curve.power_w(20) == pytest.approx(116, abs=1)


def test_a_curve_of_21_points_is_within_a_hundredth_where_a_polynomial_errs_by_22_watts() -> None:
    """One ancestor fitted a polynomial of degree 5 through 201 points: 23 W off, and below 0 W at the end."""
    polynomial = pytest.importorskip("numpy.polynomial").Polynomial
    whole = parse_curve(EXAMPLE.read_text(), EXAMPLE.name).points
    curve = RegulatorCurve(whole[::10])
    assert max(abs(curve.power_w(percent) - watts) for percent, watts in whole) < 0.01 * whole[-1][1]
    fitted = polynomial.fit(*zip(*whole, strict=True), 5)
    assert max(abs(fitted(percent) - watts) for percent, watts in whole) > 21
    assert fitted(0.0) < 0
    every = RegulatorCurve(whole)
    assert all(every.power_w(percent) == watts for percent, watts in whole)
    assert all(every.power_w(every.percent(watts)) == watts for _, watts in whole)


def test_what_is_written_is_read_again() -> None:
    curve = RegulatorCurve(((0.0, 0.0), (33.5, 411.2), (100.0, 2000.0)))
    assert parse_curve(curve_text(curve, ["measured in May"]), "c.csv") == curve


def test_rising_leaves_a_rising_table_alone() -> None:
    assert rising([(0.0, 0.0), (50.0, 20.0), (100.0, 20.0)]) == ((0.0, 0.0), (50.0, 20.0), (100.0, 20.0))
