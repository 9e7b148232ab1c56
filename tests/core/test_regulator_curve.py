import pytest
from hypothesis import given
from hypothesis import strategies as st

from pv_heater.core.regulator_curve import RegulatorCurve, parse_curve, phase_cut
from pv_heater.core.setting import SettingProblem

TABLE = ((0.0, 0.0), (20.0, 0.0), (40.0, 300.0), (60.0, 1200.0), (80.0, 2000.0), (100.0, 2000.0))


def test_the_curve_is_exact_on_its_table_and_straight_between() -> None:
    curve = RegulatorCurve(TABLE)
    assert [curve.power_w(percent) for percent, _ in TABLE] == [watts for _, watts in TABLE]
    assert curve.percent(300) == 40
    assert curve.percent(1200) == 60
    assert curve.percent(750) == 50


def test_flat_ends_answer_the_lowest_position_that_will_do() -> None:
    curve = RegulatorCurve(TABLE)
    assert curve.percent(0) == 0
    assert curve.percent(2000) == 80
    assert curve.percent(9999) == 80
    assert curve.percent(1e-9) == pytest.approx(20)


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
        ("0,0\n100,2000\n", "at least two lines|line 1: must be two numbers"),
        ("0;0\n50;1;2\n", "line 2: must be two numbers such as 50;980 .* not '50;1;2'"),
        ("0;0\n50;nan\n", "line 2: must be two numbers"),
        ("0;0\n150;10\n", "line 2: the position must be 0 to 100 percent, not 150"),
        ("0;0\n50;10\n50;20\n", "line 3: positions must rise, but 50 follows 50"),
        ("0;0\n50;900\n100;800\n", "line 3: power must not fall, but 800 W follows 900 W"),
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
