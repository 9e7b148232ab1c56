"""What a step costs, counted in calls of functions: a count is the same on a busy machine and on a slow one."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

import pytest

from tests.builders import House, config, forecast, heater


class Calls:
    """Counts every call, of Python's own functions and of built-in ones."""

    def __init__(self) -> None:
        self.count = 0

    def note(self, _frame: FrameType, event: str, _what: Any) -> None:
        self.count += event in ("call", "c_call")

    @contextmanager
    def counted(self) -> Iterator[None]:
        before = sys.getprofile()
        sys.setprofile(self.note)
        try:
            yield
        finally:
            sys.setprofile(before)


def calls_a_step(loads: int, *, repeated: bool) -> float:
    """In half a minute of steady sun, when everything is settled; `repeated`: the meter says nothing new."""
    rows = [heater(f"load_{number}", max_power_w=300 if number else 2000) for number in range(loads)]
    house, seen = House(config(strategy={"type": "plan"}, loads=rows), foresees=True), forecast()
    for second in range(60):
        house.at(second, with_forecast=seen)
    calls = Calls()
    for second in range(60, 90):
        with calls.counted():
            house.at(second, silent=repeated, with_forecast=seen)
    return calls.count / 30


@pytest.mark.parametrize(
    ("loads", "most", "most_repeated"),
    [(1, 445, 275), (4, 595, 420), (12, 945, 760)],
)
def test_a_step_makes_no_more_calls_than_this(loads: int, most: float, most_repeated: float) -> None:
    """Beyond what there were on the day of writing by a twentieth; who adds work to every step shall see it here."""
    assert calls_a_step(loads, repeated=False) <= most
    assert calls_a_step(loads, repeated=True) <= most_repeated
