"""A home's ticks on a clock of the test's own, into a history in a real file."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from pv_heater.core.model.day_energies import DayEnergies, LoadDay, Lost
from pv_heater.core.model.values import Decision
from pv_heater.core.settings.history import History
from pv_heater.history.kept import KeptHistory
from tests.builders import House, config, heater

VIENNA = ZoneInfo("Europe/Vienna")
BEGIN = datetime(2026, 6, 1, 4, 0, tzinfo=UTC)
"""Six in the morning in Vienna: the next roll-up is a day away."""
NOTHING = DayEnergies(
    day=None, caught_wh=0.0, lost_wh={}, hidden_wh=0.0, bought_wh=0.0, battery_drain_wh=0.0, feed_in_wh=0.0,
    pv_wh=0.0, house_wh=0.0, seen_s=0.0, pv_possible_w=None, loads={},
)  # fmt: skip


@cache
def some_decision(*names: str) -> Decision:
    """A real one, of a home with these loads."""
    return House(config(loads=[heater(name) for name in names])).at(0)


class Life:
    """Ticks by the second of a day; the sun is a function of the time, so that a test can reckon it again."""

    def __init__(
        self,
        path: Path,
        *,
        begin: datetime = BEGIN,
        settings: History | None = None,
        loads: tuple[str, ...] = ("tank",),
        counts: DayEnergies = NOTHING,
        left: Mapping[str, Any] | None = None,
    ) -> None:
        self.now, self.at_s, self.counts, self.loads = begin, 0.0, counts, loads
        self.kept = KeptHistory(
            path, settings or History(backups=0), VIENNA, now=lambda: self.now, monotonic_s=lambda: self.at_s, left=left
        )
        self.writer = self.kept.writer
        self.brightness = 1.0

    def sun_w(self, at: datetime) -> float:
        """Some watts of every instant, all different."""
        return self.brightness * (2000.0 + 1000.0 * math.sin(at.timestamp() / 7000.0) + at.timestamp() % 97)

    def tick(
        self, step_s: float = 10.0, *, trusted: bool | None = None, state: Mapping[str, Any] | None = None
    ) -> None:
        """One more tick; the counters grow by what the last seconds brought."""
        self.now += timedelta(seconds=step_s)
        self.at_s += step_s
        pv_w = self.sun_w(self.now)
        self._count(pv_w, step_s)
        decision = some_decision(*self.loads)
        states = {
            name: replace(
                decision.loads[name], power_w=pv_w / 4, temperature_c=40.0 + self.at_s % 300 / 100, **(state or {})
            )
            for name in self.loads
        }
        trace = replace(
            decision.trace, pv_w=pv_w, base_w=pv_w / 2, grid_w=-pv_w / 4, battery_w=0.0,
            battery_soc_percent=50.0 + self.at_s % 9000 / 300, clock_trusted=trusted,
        )  # fmt: skip
        decision = replace(decision, trace=trace, loads=states, today=self.counts)
        self.kept.recorder.report(self.now, decision, None, None)

    def _count(self, pv_w: float, step_s: float) -> None:
        day, hours = self.now.astimezone(VIENNA).date(), step_s / 3600.0
        was = self.counts if self.counts.day in (None, day) else NOTHING
        quarter_wh = pv_w / 4 * hours
        self.counts = replace(
            was, day=day, caught_wh=was.caught_wh + quarter_wh * len(self.loads),
            feed_in_wh=was.feed_in_wh + quarter_wh,
            lost_wh={Lost.HEATER_TOO_SMALL: was.lost_wh.get(Lost.HEATER_TOO_SMALL, 0.0) + quarter_wh},
            pv_wh=was.pv_wh + pv_w * hours, house_wh=was.house_wh + pv_w / 2 * hours, seen_s=was.seen_s + step_s,
            pv_possible_w=pv_w,
            loads={
                name: LoadDay(energy_wh=_energy_wh(was, name) + quarter_wh, sun_wh=0.0, starts=1)
                for name in self.loads
            },
        )  # fmt: skip

    def live(self, seconds: float, *, step_s: float = 10.0, trusted: bool | None = None, looks_s: float = 10.0) -> None:
        """So many seconds of ticks, the writer looking as often as its thread does, or every `looks_s`."""
        for number in range(round(seconds / step_s)):
            self.tick(step_s, trusted=trusted)
            if number * step_s % looks_s < step_s:
                self.writer.look()
        self.writer.look()

    def sun_means(self, start_at: datetime, count: int, step_s: int) -> list[float]:
        """What the sun gave in each step, from the ticks of every ten seconds within it."""
        return [
            sum(self.sun_w(start_at + timedelta(seconds=step * step_s + offset)) for offset in range(0, step_s, 10))
            / (step_s / 10)
            for step in range(count)
        ]


def _energy_wh(counts: DayEnergies, name: str) -> float:
    return counts.loads[name].energy_wh if name in counts.loads else 0.0
