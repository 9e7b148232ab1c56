"""What is expected of sun and house, for whoever asks first."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from pv_heater.core.house.ahead.house_ahead import HouseAhead
from pv_heater.core.house.facts import HouseFacts
from pv_heater.core.house.least_charge import LeastCharge
from pv_heater.core.model.local_time import midnight_at
from pv_heater.core.model.values import Forecast, Reading
from pv_heater.core.settings.home import PvPlane, Site

VIENNA = Site(latitude=47.05, longitude=15.44, timezone="Europe/Vienna", pv=(PvPlane(kwp=6.0),))


def even(midnight: datetime, hours: int, pv_w: float = 1000.0) -> Forecast:
    steps = tuple((midnight + timedelta(hours=hour), pv_w) for hour in range(hours))
    return Forecast(issued_at=midnight, source="test", step_s=3600, steps=steps)


def facts(reading: Reading, taken_s: float, *, is_new: bool = True) -> HouseFacts:
    return HouseFacts(
        now=reading.taken_at, vacation_until_at=None, daylight=True, reading=reading, reading_is_new=is_new,
        taken_tick_s=taken_s, reading_age_s=0.0, max_reading_age_s=60.0, source_interval_s=None, base_w=500.0,
        least_charge=LeastCharge(percent=25.0, release_percent=26.0),
    )  # fmt: skip


def test_a_reading_teaches_once_whoever_asks_first() -> None:
    now = datetime(2026, 6, 21, 10, tzinfo=UTC)
    ahead = HouseAhead(VIENNA)
    ahead.begin(now, even(now.replace(hour=0), 48))
    first = Reading(taken_at=now, source="test", pv_w=800.0)
    assert ahead.learn(facts(first, 0.0), first, sun_hides=False) == 0, "nobody knows for how long it speaks"
    later = Reading(taken_at=now + timedelta(seconds=60), source="test", pv_w=800.0)
    assert ahead.learn(facts(later, 60.0), later, sun_hides=False) == 60
    learned = ahead.state()
    assert ahead.learn(facts(later, 60.0), later, sun_hides=False) == 0
    assert ahead.learn(facts(later, 70.0, is_new=False), later, sun_hides=False) == 0
    assert ahead.state() == learned
    assert learned["sun"]["seen_wh"] == pytest.approx(800 / 60, abs=0.1)


@pytest.mark.parametrize(
    ("day", "today_quarters", "tomorrow_quarters"),
    [((2026, 3, 28), 96, 92), ((2026, 3, 29), 92, 96), ((2026, 10, 24), 96, 100), ((2026, 10, 25), 100, 96)],
)
def test_days_of_23_and_25_hours_are_as_long_as_they_are(
    day: tuple[int, int, int], today_quarters: int, tomorrow_quarters: int
) -> None:
    midnight = midnight_at(date(*day), ZoneInfo(VIENNA.timezone))
    ahead = HouseAhead(VIENNA)
    ahead.begin(midnight, None)
    today, tomorrow = ahead.today_and_tomorrow(midnight)
    assert (len(today), len(tomorrow)) == (today_quarters, tomorrow_quarters)
    assert today[-1].end_at == tomorrow[0].start_at == ahead.ends_at
    both = [*today, *tomorrow]
    assert [stretch.end_at for stretch in both[:-1]] == [stretch.start_at for stretch in both[1:]]
    noon = [stretch for stretch in tomorrow if stretch.start_at.hour == 11]
    assert min(stretch.sun_w for stretch in noon) > 500


def test_the_present_quarter_is_what_is_left_of_it_and_knowledge_ends_with_the_forecast() -> None:
    now = datetime(2026, 6, 21, 10, 5, tzinfo=UTC)
    ahead = HouseAhead(Site(timezone="UTC"))
    ahead.begin(now, even(now.replace(hour=9, minute=0), 8))
    today, tomorrow = ahead.today_and_tomorrow(now)
    assert (today[0].start_at, today[0].hours) == (now, pytest.approx(10 / 60))
    assert today[-1].end_at == datetime(2026, 6, 21, 17, tzinfo=UTC)
    assert tomorrow == []


def test_tomorrow_is_made_once_for_a_forecast() -> None:
    now = datetime(2026, 6, 21, 10, tzinfo=UTC)
    forecast = even(now.replace(hour=0), 72)
    ahead = HouseAhead(VIENNA)
    ahead.begin(now, forecast)
    _, tomorrow = ahead.today_and_tomorrow(now)
    ahead.begin(now + timedelta(hours=1), forecast)
    assert ahead.today_and_tomorrow(now + timedelta(hours=1))[1] is tomorrow
    ahead.begin(now + timedelta(hours=1), even(now.replace(hour=0), 72, 500.0))
    assert ahead.today_and_tomorrow(now + timedelta(hours=1))[1][40].sun_w < tomorrow[40].sun_w
