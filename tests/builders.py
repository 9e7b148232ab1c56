"""Values for tests: sane defaults, so that a test says only what matters to it."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from pv_heater import Controller, load_config
from pv_heater.core.model.values import Decision, Forecast, Inputs, Reading

NOON = datetime(2026, 6, 21, 11, 0, tzinfo=UTC)
"""Bright day at the home of the tests (47 N 15 E)."""


def reading(at: datetime = NOON, **fields: Any) -> Reading:
    """A house with 3 kW of sun and 500 W of use, battery nearly full; any field may be given."""
    values: dict[str, Any] = {
        "taken_at": at,
        "source": "test",
        "pv_w": 3000.0,
        "consumption_w": 500.0,
        "grid_w": 0.0,
        "battery_w": 0.0,
        "battery_soc_percent": 97.0,
        "interval_s": 10.0,
    }
    return Reading(**(values | fields))


def balanced(seen: Reading, given: Collection[str] = ()) -> Reading:
    """The same with what is left of sun and grid in the battery, unless its power is among the fields `given`."""
    if "battery_w" in given or seen.pv_w is None or seen.consumption_w is None:
        return seen
    return replace(seen, battery_w=seen.pv_w + (seen.grid_w or 0.0) - seen.consumption_w)


def forecast(at: datetime = NOON, pv_w: float = 4000.0, hours: int = 12) -> Forecast:
    """The same power for every hour around `at`."""
    start = at.replace(minute=0, second=0, microsecond=0) - timedelta(hours=2)
    steps = tuple((start + timedelta(hours=hour), pv_w) for hour in range(hours + 2))
    return Forecast(issued_at=at, source="test forecast", step_s=3600, steps=steps)


def config(**changes: Any) -> dict[str, Any]:
    """A mapping that loads: one relay heater of 2 kW, no delays unless given."""
    values: dict[str, Any] = {
        "site": {
            "latitude": 47.05,
            "longitude": 15.44,
            "timezone": "Europe/Vienna",
            "feed_in": False,
            "battery": {"capacity_wh": 4800, "max_charge_w": 2400},
        },
        "strategy": {"type": "balance", "filter_s": 0},
        "loads": [heater()],
    }
    return values | changes


def heater(name: str = "heater", kind: str = "dry_run", **changes: Any) -> dict[str, Any]:
    """One adjustable load without delays."""
    values: dict[str, Any] = {
        "name": name,
        "type": kind,
        "max_power_w": 2000,
        "min_power_w": 60,
        "start_delay_s": 0,
        "min_on_s": 0,
        "min_off_s": 0,
    }
    return values | changes


class House:
    """Steps a controller through a scripted time line: seconds from NOON, with a reading at each step.

    `foresees`: its decisions have plans. One costs as much as dozens of steps, and few tests look at them.
    """

    def __init__(
        self,
        settings: Mapping[str, Any] | None = None,
        state: Mapping[str, Any] | None = None,
        *,
        foresees: bool = False,
    ) -> None:
        built = load_config(settings if settings is not None else config())
        self.controller = Controller(built, state, foresees=foresees)
        self.decisions: list[tuple[float, Decision]] = []

    def at(
        self,
        seconds: float,
        *,
        silent: bool = False,
        with_forecast: Forecast | None = None,
        inputs: Mapping[str, Any] | None = None,
        now: datetime | None = None,
        **fields: Any,
    ) -> Decision:
        """One step `seconds` after NOON; `silent`: the meter has nothing new.

        What is left of sun and grid flows into the battery, or comes out of it, where its power is not given.
        """
        instant = now or NOON + timedelta(seconds=seconds)
        seen = None if silent else balanced(reading(fields.pop("taken_at", instant), **fields), fields)
        decision = self.controller.step(instant, seen, with_forecast, Inputs(tick_s=seconds, **(inputs or {})))
        self.decisions.append((seconds, decision))
        return decision
