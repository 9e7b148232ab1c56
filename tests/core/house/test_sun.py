"""The allowed hours, wherever the home is and whatever its clock says."""

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from pv_heater.core.house.sun import DaylightHours, SunCourse, sun_elevation_deg
from pv_heater.core.model.setting import DayTime
from pv_heater.core.settings.home import Daylight, Site

JUNE = datetime(2026, 6, 21, tzinfo=UTC)
DECEMBER = datetime(2026, 12, 21, tzinfo=UTC)


def hours(latitude: float, longitude: float, zone: str) -> DaylightHours:
    return DaylightHours(Daylight(), Site(latitude=latitude, longitude=longitude, timezone=zone), ZoneInfo(zone))


@pytest.mark.parametrize("zone", ["UTC", "Europe/Vienna", "America/Los_Angeles", "Pacific/Auckland"])
@pytest.mark.parametrize("longitude", [-150.0, -75.0, 15.0, 100.0, 175.0])
@pytest.mark.parametrize("latitude", [-40.0, 0.0, 47.0])
def test_a_clock_far_from_the_place_neither_forbids_the_day_nor_allows_the_night(
    latitude: float, longitude: float, zone: str
) -> None:
    """A site left at the default zone UTC lies this far from it."""
    daylight = hours(latitude, longitude, zone)
    for start_at in (JUNE, DECEMBER):
        for hour in range(24):
            now = start_at + timedelta(hours=hour)
            sun_deg = sun_elevation_deg(latitude, longitude, now)
            if sun_deg > 15:
                assert daylight.allows(now), (now, sun_deg)
            if sun_deg < -1:
                assert not daylight.allows(now), (now, sun_deg)


def test_polar_night_allows_nothing_and_midnight_sun_everything() -> None:
    daylight = hours(70.0, 25.0, "Europe/Oslo")
    assert not any(daylight.allows(DECEMBER + timedelta(hours=hour)) for hour in range(24))
    assert sum(daylight.allows(JUNE + timedelta(hours=hour)) for hour in range(24)) >= 22


@pytest.mark.parametrize("zone", ["Europe/Vienna", "Pacific/Auckland"])
def test_a_day_shorter_than_its_offsets_allows_nothing(zone: str) -> None:
    window = Daylight(start=DayTime.parse("sunrise+5h"), end=DayTime.parse("sunset-5h"))
    daylight = DaylightHours(window, Site(latitude=47.0, longitude=15.0, timezone=zone), ZoneInfo(zone))
    assert not any(daylight.allows(DECEMBER + timedelta(minutes=10 * step)) for step in range(144))
    assert any(daylight.allows(JUNE + timedelta(minutes=10 * step)) for step in range(144))


def test_clock_times_that_pass_midnight_allow_the_night() -> None:
    window = Daylight(start=DayTime.parse("22:00"), end=DayTime.parse("06:00"))
    daylight = DaylightHours(window, Site(timezone="Europe/Vienna"), ZoneInfo("Europe/Vienna"))
    day_at = datetime(2026, 10, 24, tzinfo=UTC)  # the night in which summer time ends
    allowed = [daylight.allows(day_at + timedelta(hours=hour)) for hour in range(48)]
    local = [(day_at + timedelta(hours=hour)).astimezone(ZoneInfo("Europe/Vienna")).hour for hour in range(48)]
    assert allowed == [hour >= 22 or hour < 6 for hour in local]


def test_the_next_change_is_sunrise_by_night_and_sunset_by_day() -> None:
    daylight = hours(47.0, 15.0, "Europe/Vienna")
    for hour in range(48):
        now = JUNE + timedelta(hours=hour)
        change_at = daylight.changes_at(now)
        assert change_at is not None
        assert now < change_at <= now + timedelta(hours=24)
        moment = timedelta(seconds=1)
        assert daylight.allows(change_at - moment) is daylight.allows(now)
        assert daylight.allows(change_at) is not daylight.allows(now)


def test_polar_day_and_night_have_no_change_in_sight() -> None:
    daylight = hours(70.0, 25.0, "Europe/Oslo")
    assert daylight.changes_at(JUNE) is None
    assert daylight.changes_at(DECEMBER) is None


def test_hours_across_midnight_change_at_their_own_ends() -> None:
    night = Daylight(start=DayTime(event="clock", clock=time(22)), end=DayTime(event="clock", clock=time(6)))
    daylight = DaylightHours(night, Site(), ZoneInfo("UTC"))
    assert daylight.changes_at(JUNE.replace(hour=23)) == JUNE.replace(hour=6) + timedelta(days=1)
    assert daylight.changes_at(JUNE.replace(hour=5)) == JUNE.replace(hour=6)
    assert daylight.changes_at(JUNE.replace(hour=12)) == JUNE.replace(hour=22)


@pytest.mark.parametrize(("latitude", "longitude"), [(47.05, 15.44), (-33.9, 151.2), (70.0, 25.0), (0.0, 0.0)])
@pytest.mark.parametrize("day", [0, 90, 172, 265, 340])
def test_the_suns_course_keeps_close_to_its_computed_heights(latitude: float, longitude: float, day: int) -> None:
    course = SunCourse(latitude, longitude)
    start_at = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(days=day)
    for second in range(0, 86_400, 97):
        at = start_at + timedelta(seconds=second)
        true_deg = sun_elevation_deg(latitude, longitude, at)
        assert course.elevation_deg(at) == pytest.approx(true_deg, abs=0.02 if 2.0 < true_deg < 80.0 else 0.7)


def test_the_suns_course_does_not_depend_on_what_was_asked_before() -> None:
    epoch = datetime(1970, 1, 1, tzinfo=UTC)  # where a Pi without network time may begin
    asked = SunCourse(47.05, 15.44)
    for minute in (0, 3, 700, 5, 4, 12):
        at = epoch + timedelta(minutes=minute)
        assert asked.elevation_deg(at) == SunCourse(47.05, 15.44).elevation_deg(at)
