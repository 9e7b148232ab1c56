"""What the load balancer's calibration and its inverted polynomial got wrong, each as it must be here."""

import pytest

from pv_heater.commands.calibration_walk import curve_of
from pv_heater.core.actuators.curve import RegulatorCurve, curve_text, parse_curve
from tests.commands.test_calibration_walk import walk


def test_the_calibration_tool_wrote_decimal_commas_that_its_reader_rejected() -> None:
    curve = curve_of(walk(points=5).calibrator.points)
    text = curve_text(curve)
    assert "," not in text
    assert parse_curve(text, "own.csv").points[-1] == (100.0, 1900.0)
    assert parse_curve(text.replace(".", ","), "edited in a spreadsheet.csv") == parse_curve(text, "own.csv")


def test_the_calibration_tool_spun_for_ever_at_a_step_that_read_0_watts() -> None:
    walked = walk(points=11, fails=lambda _, power_w: power_w if power_w > 300 else 0.0)
    assert walked.calibrator.done
    assert [walked.calibrator.points[percent] for percent in (10.0, 20.0, 30.0)] == [0.0, 0.0, 0.0]
    assert walked.load.power_w() == 0


def test_inverting_the_polynomial_divided_by_zero_on_an_exact_match_and_knew_no_ends() -> None:
    curve = RegulatorCurve(((0.0, 0.0), (20.0, 0.0), (50.0, 1150.0), (80.0, 2298.5), (100.0, 2298.5)))
    assert [curve.percent(watts) for watts in (0.0, 1150.0, 2298.5, 5000.0)] == [0.0, 50.0, 80.0, 80.0]


def test_the_polynomial_gave_less_than_nothing_at_zero() -> None:
    curve = parse_curve("100;2298.5\n50;1150\n20;116\n0;0\n", "sb.csv")
    assert curve.power_w(0.0) == 0.0
    assert min(curve.power_w(percent / 10) for percent in range(1001)) == 0.0


def test_the_calibration_tool_left_the_heater_on_when_it_was_ended() -> None:
    walked = walk(until_s=200.0)
    assert max(walked.seen) == pytest.approx(1900)
    assert walked.load.power_w() == 0
