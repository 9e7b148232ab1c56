"""What is expected of the sun: the forecast, corrected by the day so far and by the days before."""

import json
from dataclasses import asdict
from datetime import UTC, datetime, timedelta

import pytest

from pv_heater.core.house.ahead.expected_sun import SunAhead
from pv_heater.core.house.ahead.quarters import quarters_between
from pv_heater.core.house.ahead.sun_correction import Correction
from pv_heater.core.house.sun import clear_sky_w
from pv_heater.core.model.values import Forecast
from pv_heater.core.settings.home import PvPlane, Site

MIDNIGHT = datetime(2026, 6, 21, tzinfo=UTC)
DAY = quarters_between(MIDNIGHT, MIDNIGHT + timedelta(days=1))
PLANES = (PvPlane(kwp=6.0, tilt_deg=30.0, azimuth_deg=0.0),)
HERE = Site(latitude=47.05, longitude=15.44, pv=PLANES)
NOWHERE = Site()
NOON = 48


def even(pv_w: float, first: int = 24, last: int = 72, start_at: datetime = MIDNIGHT, quarters: int = 96) -> Forecast:
    """`pv_w` from six to six, nothing else."""
    steps = tuple((start_at + timedelta(minutes=15 * i), pv_w if first <= i < last else 0.0) for i in range(quarters))
    return Forecast(issued_at=start_at, source="test", step_s=900, steps=steps)


def day_with(site: Site, forecast: Forecast | None) -> SunAhead:
    sun = SunAhead(site)
    sun.begin_day(DAY)
    sun.take(forecast, DAY)
    return sun


def watch(sun: SunAhead, pv_w: float, first: int, last: int) -> None:
    for number in range(first, last):
        sun.observe(DAY[number], pv_w, 900.0)


def test_quarters_begin_on_the_quarter_and_cover_a_day_of_25_hours() -> None:
    assert DAY[0] == MIDNIGHT
    assert len(DAY) == 96
    odd = quarters_between(MIDNIGHT + timedelta(minutes=7), MIDNIGHT + timedelta(hours=25))
    assert (odd[0], len(odd)) == (MIDNIGHT, 100)


def test_without_place_and_modules_the_forecast_is_taken_as_it_is() -> None:
    sun = day_with(NOWHERE, even(2000))
    assert sun.is_known
    assert (sun.expected_w(NOON), sun.expected_w(10)) == (2000, 0)
    assert sun.clear_w(NOON) == 4000


def test_a_fifth_of_its_energy_is_spread_like_a_clear_day() -> None:
    sun = day_with(HERE, even(2000))
    energy_w = sum(sun.expected_w(number) or 0.0 for number in range(96))
    assert energy_w == pytest.approx(48 * 2000)
    clear_w = clear_sky_w(PLANES, 47.05, 15.44, DAY[NOON] + timedelta(minutes=7.5))
    assert sun.clear_w(NOON) == pytest.approx(clear_w)
    total_clear_w = sum(sun.clear_w(number) for number in range(96))
    assert sun.expected_w(NOON) == pytest.approx(0.8 * 2000 + 0.2 * clear_w * 48 * 2000 / total_clear_w)


def test_without_forecast_half_a_clear_sky_and_twice_the_doubt() -> None:
    sun = day_with(HERE, None)
    assert sun.expected_w(NOON) == pytest.approx(0.5 * sun.clear_w(NOON))
    assert sun.correction() == Correction(factor=1.0, share=0.0, spread=2.0)


def test_without_anything_nothing_is_known() -> None:
    sun = day_with(NOWHERE, None)
    assert not sun.is_known
    assert sun.expected_now_w(DAY[NOON]) is None


def test_beyond_its_end_a_forecast_says_nothing() -> None:
    sun = day_with(NOWHERE, even(2000, quarters=40))
    assert sun.expected_w(39) == 2000
    assert sun.expected_w(40) is None


def test_the_day_so_far_counts_against_three_tenths_of_the_forecast() -> None:
    """24 kWh are expected; after 3 h of 1800 W instead of 2000 W: (5.4 + 7.2) / (6 + 7.2)."""
    sun = day_with(NOWHERE, even(2000))
    watch(sun, 1800.0, 24, 36)
    assert sun.correction().spread == pytest.approx((7.2 / (7.2 + 6.0)) ** 0.5)
    assert sun.expected_now_w(DAY[NOON]) == pytest.approx((5.4 + 7.2) / (6.0 + 7.2) * 2000)


def test_a_forecast_that_is_always_half_of_the_truth_is_corrected_across_days() -> None:
    sun = SunAhead(NOWHERE)
    for _ in range(20):
        sun.begin_day(DAY)
        sun.take(even(1000), DAY)
        watch(sun, 2000.0, 24, 72)
        sun.end_day()
    assert sun.correction().factor == pytest.approx((120 + 24) / (60 + 24), abs=0.01)


def test_without_forecasts_the_usual_share_of_a_clear_sky_is_learned() -> None:
    sun = SunAhead(HERE)
    for _ in range(20):
        sun.begin_day(DAY)
        for number in range(96):
            sun.observe(DAY[number], 0.2 * sun.clear_w(number), 900.0)
        sun.end_day()
    sun.begin_day(DAY)
    assert (sun.expected_w(NOON) or 0.0) / sun.clear_w(NOON) == pytest.approx(0.2, abs=0.01)


def test_it_tells_how_far_the_last_days_were_off_once_three_were_seen() -> None:
    sun = SunAhead(NOWHERE)
    told = []
    for pv_w in (1000.0, 2000.0, 1000.0):
        sun.begin_day(DAY)
        sun.take(even(2000), DAY)
        watch(sun, pv_w, 24, 72)
        sun.end_day()
        told.append(sun.error)
    assert told[:2] == [None, None]
    assert told[2] is not None
    assert told[2].days == 3
    assert told[2].share == pytest.approx(0.35, abs=0.1)
    later = SunAhead(NOWHERE)
    later.restore(json.loads(json.dumps(sun.state())))
    assert later.error is not None
    assert later.error.share == pytest.approx(told[2].share, abs=0.001)
    later.restore({"errors": [0.1, "much", float("nan"), -1, 7, None, 0.3]})
    assert later.error is None, "two are left"


def test_a_day_that_was_hardly_seen_tells_nothing_of_how_far_it_was_off() -> None:
    sun = SunAhead(HERE)
    for _ in range(5):
        sun.begin_day(DAY)
        sun.take(even(2000), DAY)
        watch(sun, 100.0, 24, 28)
        sun.end_day()
    assert sun.error is None


def test_it_goes_on_after_a_restart_on_the_same_day() -> None:
    sun = day_with(HERE, even(2000))
    watch(sun, 700.0, 24, 40)
    later = day_with(HERE, even(2000))
    later.restore(json.loads(json.dumps(sun.state())))
    assert asdict(later.correction()) == pytest.approx(asdict(sun.correction()), rel=1e-3)


@pytest.mark.parametrize("broken", [{}, {"factor": "much"}, {"factor": float("nan")}, {"usual_share": None}])
def test_a_broken_state_is_as_none(broken: dict[str, object]) -> None:
    sun = day_with(HERE, even(2000))
    sun.restore(broken)
    assert sun.correction() == Correction(factor=1.0, share=0.0, spread=1.0)


def test_no_state_makes_it_believe_anything() -> None:
    sun = day_with(HERE, even(2000))
    sun.restore({"factor": 1e9, "usual_share": -5, "seen_wh": -1, "expected_wh": 1e-9})
    assert 0.2 <= sun.correction().factor <= 5.0


def test_a_day_without_sun_divides_by_nothing() -> None:
    sun = day_with(HERE, even(0.0))
    watch(sun, 0.0, 0, 96)
    sun.end_day()
    assert sun.correction().factor == 1.0


def test_a_forecast_of_nothing_is_none() -> None:
    """Less than the darkest day gives: expected, doubted and corrected as without a forecast, today and tomorrow."""
    nothing, none = day_with(HERE, even(0.0, quarters=192)), day_with(HERE, None)
    tomorrow = [at + timedelta(days=1) for at in DAY]
    assert nothing.tomorrow_w(tomorrow) == none.tomorrow_w(tomorrow)
    assert nothing.morning_spread == none.morning_spread
    for sun in (nothing, none):
        watch(sun, 1500.0, 24, 36)
    assert nothing.likely_w() == none.likely_w()
    assert nothing.correction() == none.correction()
    for sun in (nothing, none):
        sun.end_day()
    assert nothing.state() == none.state()


def test_a_forecast_of_a_dark_day_is_believed() -> None:
    """A twentieth of a clear day is what dark days give."""
    blind = day_with(HERE, None)
    clear_wh = sum(blind.clear_w(number) for number in range(96)) / 4.0
    sun = day_with(HERE, even(0.05 * clear_wh / 12.0))
    assert sun.morning_spread < blind.morning_spread
    assert sum(watts or 0.0 for watts in sun.likely_w()) / 4.0 == pytest.approx(0.05 * clear_wh)


@pytest.mark.parametrize("forecast_w", [0.0, 100.0])
def test_a_forecast_of_next_to_nothing_is_corrected_by_the_sun_that_is_seen(forecast_w: float) -> None:
    """Under a clear sky: by noon the afternoon is expected as bright as it will be, within a tenth."""
    sun = day_with(HERE, even(forecast_w))
    for number in range(NOON):
        sun.observe(DAY[number], sun.clear_w(number), 900.0)
    clear_w = sum(sun.clear_w(number) for number in range(NOON, 96))
    assert sum(watts or 0.0 for watts in sun.likely_w()[NOON:]) == pytest.approx(clear_w, rel=0.1)


def test_a_forecast_of_twice_the_truth_is_corrected_by_the_sun_that_is_missing() -> None:
    sun = day_with(HERE, even(3000.0))
    told_w = sum(sun.expected_w(number) or 0.0 for number in range(NOON, 96))
    for number in range(NOON):
        sun.observe(DAY[number], 0.5 * (sun.expected_w(number) or 0.0), 900.0)
    assert 0.4 < sum(watts or 0.0 for watts in sun.likely_w()[NOON:]) / told_w < 0.8


def test_a_morning_of_fog_does_not_prove_that_a_bright_forecast_is_wrong() -> None:
    """Until ten there was next to no sun where 3 kW were forecast: half of it is still expected."""
    sun = day_with(HERE, even(3000.0))
    watch(sun, 100.0, 24, 36)
    told_w = sum(sun.expected_w(number) or 0.0 for number in range(NOON, 96))
    assert 0.4 < sum(watts or 0.0 for watts in sun.likely_w()[NOON:]) / told_w < 0.7


def test_an_hour_early_proves_nothing_against_a_forecast() -> None:
    """A clear morning whose forecast comes an hour late: the afternoon is off by what the day so far is, no more."""
    sun = day_with(HERE, None)
    late = tuple((at + timedelta(hours=1), sun.clear_w(number)) for number, at in enumerate(DAY))
    sun.take(Forecast(issued_at=MIDNIGHT, source="test", step_s=900, steps=late), DAY)
    for number in range(32):
        sun.observe(DAY[number], sun.clear_w(number), 900.0)
    told_w = sum(sun.expected_w(number) or 0.0 for number in range(NOON, 96))
    assert sum(watts or 0.0 for watts in sun.likely_w()[NOON:]) < 1.2 * told_w
