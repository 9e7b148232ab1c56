"""Days out of a recording: from midnight to midnight, with as many hours as its clock gives them."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from pv_heater.sim.recording import HomeRecording, whole_days

VIENNA = ZoneInfo("Europe/Vienna")


def hours(start_at: datetime, count: int) -> HomeRecording:
    return HomeRecording(
        name="hours", start_at=start_at, offsets_s=tuple(3600.0 * n for n in range(count)), end_s=3600.0 * count,
        pv_w=tuple(map(float, range(count))), load_w=(200.0,) * count,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("start_at", "lengths_h"),
    [
        (datetime(2026, 5, 1, tzinfo=VIENNA), [24, 24]),
        (datetime(2026, 3, 28, tzinfo=VIENNA), [24, 23]),
        (datetime(2026, 10, 24, tzinfo=VIENNA), [24, 25]),
        (datetime(2026, 5, 1, 22, tzinfo=VIENNA), [24]),
    ],
)
def test_a_day_has_the_hours_of_its_zone_and_pieces_are_left_out(start_at: datetime, lengths_h: list[int]) -> None:
    days = list(whole_days(hours(start_at, 49)))
    assert [day.end_s / 3600 for day in days] == lengths_h
    assert all(f"{day.start_at:%H:%M}" == "00:00" for day in days)


def test_a_day_has_the_powers_of_its_hours() -> None:
    (day,) = whole_days(hours(datetime(2026, 5, 1, 22, 0, tzinfo=VIENNA), 30))
    assert day.pv_w == tuple(map(float, range(2, 26)))


def test_a_recording_of_less_than_a_day_holds_none() -> None:
    assert list(whole_days(hours(datetime(2026, 5, 1, tzinfo=VIENNA), 23))) == []
