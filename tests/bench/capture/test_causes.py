"""What a lived day lost is accounted for as a home accounts for it."""

from dataclasses import replace

from bench.capture.causes import worst_days
from bench.capture.measure import measure
from bench.capture.variants import MAIN
from pv_heater.report.account import DayReport
from tests.bench.capture.test_measure import spell, stretch


def test_the_worst_day_stands_first_and_its_account_adds_up() -> None:
    dull, bright = (replace(stretch([sun_w] * 40), name=f"T{sun_w:.0f} 2026-06-21") for sun_w in (600.0, 4500.0))
    spells = [spell(dull), spell(bright)]
    result = measure(spells, variants=MAIN[:1], strategies=["balance"], draws=1, seed=1)
    worst = worst_days(result, MAIN[:1], spells)
    assert [one.day for one in worst.days] == ["T4500 2026-06-21", "T600 2026-06-21"]
    for one in worst.days:
        assert isinstance(one.report, DayReport)
        assert sum(one.report.lost_wh.values()) == one.report.possible_wh - one.report.caught_wh
    bright_report = worst.days[0].report
    assert isinstance(bright_report, DayReport)
    assert abs(bright_report.possible_wh - result.rows[0].by_day[1].possible_wh) < 60
    assert abs(bright_report.caught_wh - result.rows[0].by_day[1].gained_wh) < 60
    assert len(worst_days(result, MAIN[:1], spells, most=1).as_lines()) > 4
