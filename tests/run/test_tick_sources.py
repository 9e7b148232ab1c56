"""What a tick asks: each source in its own field, and nothing where there is none."""

from __future__ import annotations

from datetime import UTC, datetime

from pv_heater.core.model.requests import Mode
from pv_heater.core.model.values import Inputs, Reading
from pv_heater.core.rules.rules import Wishes
from pv_heater.run.tick_sources import NoFeed, TickSources

NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)


def inputs_of(sources: TickSources, reading: Reading | None = None) -> Inputs:
    return sources.inputs(NOON, reading, tick_s=7.0, commands=(), health={}, unreachable={})


def test_what_is_left_out_knows_nothing() -> None:
    sources = TickSources(meter=NoFeed())
    assert sources.meter.latest() is None
    assert sources.forecast.latest() is None
    assert inputs_of(sources) == Inputs(tick_s=7.0)


def test_each_answer_stands_in_its_own_field() -> None:
    reading = Reading(taken_at=NOON, source="test")
    asked: list[tuple[datetime, Reading | None]] = []

    def clock_trusted(now: datetime, seen: Reading | None) -> bool:
        asked.append((now, seen))
        return False

    sources = TickSources(
        meter=NoFeed(),
        temperatures=lambda: {"boiler": 48.5},
        powers=lambda: {"pool": (900.0, 3.0)},
        wishes=lambda: Wishes(wishes={"boiler": Mode.OFF}, because={"boiler": "dinner"}, probes={"ping('a')": True}),
        distrusted_because=lambda: "stands still",
        clock_trusted=clock_trusted,
    )
    assert inputs_of(sources, reading) == Inputs(
        tick_s=7.0,
        load_c={"boiler": 48.5},
        load_w={"pool": 900.0},
        load_w_age_s={"pool": 3.0},
        wishes={"boiler": Mode.OFF},
        wish_because={"boiler": "dinner"},
        probes={"ping('a')": True},
        distrusted_because="stands still",
        clock_trusted=False,
    )
    assert asked == [(NOON, reading)]
