"""A meter that was silent, and what it says after that."""

from datetime import timedelta

from pv_heater.core.house.reading_age import ReadingAge
from tests.builders import NOON, reading


class Meter:
    """A look a second at a meter that tells something new each `pace_s`."""

    def __init__(self, source: str = "test", pace_s: float = 1.0) -> None:
        self.evidence = ReadingAge(max_reading_age_s=None, local_source=True)
        self.source, self.pace_s, self.tick_s = source, pace_s, 0.0

    def live(self, seconds: int, *, silent: bool = False, **fields: object) -> list[bool]:
        """Whether each second brought a reading that was taken."""
        news = []
        for _ in range(seconds):
            now = NOON + timedelta(seconds=self.tick_s)
            stamp = NOON + timedelta(seconds=self.tick_s // self.pace_s * self.pace_s)
            values = {"source": self.source, "interval_s": self.pace_s} | fields
            seen = None if silent else reading(stamp, **values)
            self.evidence.observe(seen, now, self.tick_s)
            news.append(self.evidence.is_new)
            self.tick_s += 1.0
        return news


def test_after_a_silence_what_was_slept_through_is_not_taken() -> None:
    meter = Meter()
    meter.live(5)
    course = meter.evidence.course
    meter.live(75, silent=True)
    assert meter.live(5) == [False, False, False, True, True]
    assert meter.evidence.course == course + 1


def test_a_hiccup_of_some_seconds_is_no_silence() -> None:
    meter = Meter()
    meter.live(5)
    course = meter.evidence.course
    meter.live(8, silent=True)
    assert meter.live(2) == [True, True]
    assert meter.evidence.course == course


def test_a_meter_that_is_asked_more_often_than_it_tells_is_not_silent() -> None:
    meter = Meter(pace_s=20.0)
    assert sum(meter.live(200)) == 10
    assert meter.evidence.course == 1


def test_the_portal_dates_its_readings_itself_and_is_believed_at_once() -> None:
    meter = Meter(source="vrm", pace_s=60.0)
    meter.live(61)
    meter.live(300, silent=True)
    assert meter.live(2)[0]
    assert meter.evidence.course == 2


def test_a_caller_that_takes_long_steps_makes_no_silence() -> None:
    evidence = ReadingAge(max_reading_age_s=None, local_source=True)
    for second in range(0, 3000, 300):
        now = NOON + timedelta(seconds=second)
        evidence.observe(reading(now, interval_s=1.0), now, float(second))
        assert evidence.is_new
    assert evidence.course == 1


def test_another_source_or_a_sun_that_was_left_out_is_another_course() -> None:
    meter = Meter()
    meter.live(5)
    meter.live(5, pv_w=None)
    assert meter.evidence.course == 2
    meter.source = "http"
    meter.live(5)
    assert meter.evidence.course == 3
