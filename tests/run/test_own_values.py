"""Values of the owner's own beside the loop: fresh, lost, and what stands in."""

from __future__ import annotations

from pathlib import Path

import pytest

from pv_heater.errors import BadReply
from pv_heater.run.sources import OwnValues
from pv_heater.sensors.file import FileValue


class Cellar:
    """A sensor of the test's own: the next answer is `value`."""

    interval_s, max_age_s = 10.0, 60.0

    def __init__(self) -> None:
        self.value: float | None = 50.0

    def read(self) -> float:
        if self.value is None:
            raise BadReply("the cellar says 'abc', where a number should be")
        return self.value

    def close(self) -> None:
        """Nothing to end."""


@pytest.mark.parametrize(("when_lost", "instead"), [("unknown", None), ("last", 50.0), ("12.5", 12.5)])
def test_a_value_is_lost_after_its_time_and_back_with_the_next(
    when_lost: str, instead: float | None, caplog: pytest.LogCaptureFixture
) -> None:
    now_s, cellar = [0.0], Cellar()
    meaning = FileValue.Settings(file=str(Path("/run/x")), unit="%", when_lost=when_lost)
    values = OwnValues({"humidity": cellar}, {"humidity": meaning}, lambda: now_s[0])
    first = values.now()["humidity"]
    assert (first.value, first.age_s) == (None if when_lost != "12.5" else 12.5, None)
    assert first.because is not None
    values.poll_once()
    now_s[0] = 59.0
    seen = values.now()["humidity"]
    assert (seen.value, seen.age_s, seen.because, seen.unit) == (50.0, 59.0, None, "%")
    cellar.value = None
    values.poll_once()
    now_s[0] = 61.0
    lost = values.now()["humidity"]
    assert (lost.value, lost.age_s) == (instead, 61.0)
    assert lost.because is not None
    assert "'abc'" in lost.because
    values.now()
    assert sum("The value of humidity is lost, 50.0 was 61 s ago" in line for line in caplog.messages) == 1
    cellar.value = 55.0
    values.poll_once()
    assert values.now()["humidity"].value == 55.0
