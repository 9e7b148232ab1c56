"""What the worst days lost, cause by cause: the account that a home gets each evening, of days that were lived here."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from itertools import islice, pairwise
from typing import Any

from bench.capture.days import Spell, minutes_w
from bench.capture.lived import LivedHome, lives
from bench.capture.measure import Capture
from bench.capture.variants import HEATER, Variant
from pv_heater.config.load import load_config
from pv_heater.core.model.values import Decision, Forecast, Reading
from pv_heater.report.account import DayReport, NoReport, report_of
from pv_heater.report.causes import Change
from pv_heater.report.day import LoadLimits, RecordedDay, ReportedHome
from pv_heater.report.text import table_of
from pv_heater.sim.recording import HomeRecording

STEP_S = 60.0
WORST = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Lost:
    """A day among the worst."""

    day: str
    lost_wh: float
    """Against the bound of this bench, which also knows how a charge tapers."""
    report: DayReport | NoReport


@dataclass(frozen=True, slots=True, kw_only=True)
class Worst:
    """The days that lost most, the worst first."""

    variant: str
    strategy: str
    days: tuple[Lost, ...]

    def as_json(self) -> dict[str, Any]:
        """For programs."""
        days = [{"name": one.day, "lost_wh": round(one.lost_wh), **one.report.as_json()} for one in self.days]
        return {"variant": self.variant, "strategy": self.strategy, "days": days}

    def as_lines(self) -> list[str]:
        """For people: what was lost against the bound, and the accounts below it."""
        names = ", ".join(f"{one.day} {one.lost_wh:.0f}" for one in self.days)
        return [
            f"The {len(self.days)} days that lost most, {self.variant}, {self.strategy}, Wh against the bound:",
            f"{names}.",
            "Their accounts, as a home gets them each evening:",
            "",
            *table_of([one.report for one in self.days]),
        ]


class Kept:
    """Satisfies `loop.Reporter`: keeps of a day what a home's history would keep of it."""

    def __init__(self, recording: HomeRecording, home: LivedHome) -> None:
        self._recording, self._home = recording, home
        self._told: tuple[str | None, ...] = ()
        self._blocked_by: str | None = None
        self._powers: list[tuple[float, float]] = []
        """(from this second on, the heater's power)."""
        self._soc_percent: dict[int, float] = {}
        self.changes: list[Change] = []

    def report(self, now: datetime, decision: Decision, reading: Reading | None, forecast: Forecast | None) -> None:  # noqa: ARG002
        """Note this tick."""
        second = (now - self._recording.start_at).total_seconds()
        load, step = decision.loads[HEATER], int(second // STEP_S)
        self._powers.append((second, load.power_w))
        self._soc_percent[step] = self._home.soc_percent
        if decision.blocked_by != self._blocked_by:
            self._blocked_by = decision.blocked_by
            self.changes.append(Change(step=step, load=None, rule=decision.blocked_by))
        told = (load.rule, str(load.phase), str(load.mode))
        if told != self._told:
            self._told = told
            rule, phase, mode = told
            self.changes.append(Change(step=step, load=HEATER, rule=rule, phase=phase, mode=mode))

    def as_recorded(self) -> RecordedDay:
        """The day, minute by minute."""
        sun_w, use_w = minutes_w(self._recording)
        heat_ws = [0.0] * len(sun_w)
        for (begin_s, power_w), (end_s, _) in pairwise([*self._powers, (self._recording.end_s, 0.0)]):
            for step in range(int(begin_s // STEP_S), min(len(sun_w), int(end_s // STEP_S) + 1)):
                held_s = min(end_s, (step + 1) * STEP_S) - max(begin_s, step * STEP_S)
                heat_ws[step] += power_w * max(0.0, held_s)
        return RecordedDay(
            day=date.fromisoformat(self._recording.name.rpartition(" ")[2]),
            step_s=STEP_S,
            sun_w=sun_w,
            house_w=use_w,
            soc_percent=[self._soc_percent.get(step) for step in range(len(sun_w))],
            load_w={HEATER: [energy_ws / STEP_S for energy_ws in heat_ws]},
            changes=self.changes,
        )


def worst_days(result: Capture, variants: Sequence[Variant], spells: Sequence[Spell], *, most: int = WORST) -> Worst:
    """The `most` days that lost most with the best strategy of the first variant, in its first draw.

    `variants` and `spells` are those that were measured.
    """
    variant = next(variant for variant in variants if variant.name == result.rows[0].variant)
    row = max((row for row in result.rows if row.variant == variant.name), key=lambda row: row.capture_mean)
    lived = {day.day: day for day in row.by_day}
    numbered = [(day.name, spell, n) for spell in spells for n, day in enumerate(spell.days) if day.name in lived]
    numbered.sort(key=lambda one: lived[one[0]].gained_wh - lived[one[0]].possible_wh)
    home = reported_home(variant, spells[0], row.strategy)
    return Worst(
        variant=variant.name,
        strategy=row.strategy,
        days=tuple(
            Lost(
                day=name,
                lost_wh=lived[name].possible_wh - lived[name].gained_wh,
                report=report_of(_kept(spell, number, variant, row.strategy, f"{result.seed} 0"), home),
            )
            for name, spell, number in numbered[:most]
        ),
    )


def reported_home(variant: Variant, spell: Spell, strategy: str) -> ReportedHome:
    """The home as a report asks for it."""
    config, house = load_config(variant.settings(spell.place, strategy)), variant.house
    return ReportedHome(
        loads={HEATER: LoadLimits(max_power_w=house.heater_w, dead_band_w=config.policies[0].dead_band_w)},
        capacity_wh=house.capacity_wh,
        max_charge_w=house.max_charge_w,
        reserve_percent=house.home().reserve_percent,
        slack_w=config.limits.max_battery_discharge_w,
        delay_s=variant.pace.delay_s,
    )


def _kept(spell: Spell, number: int, variant: Variant, strategy: str, seed: str) -> RecordedDay:
    """That day of the spell, lived after those before it."""
    until = replace(spell, days=spell.days[: number + 1])
    _, _, kept = next(islice(lives(until, variant, strategy, seed, Kept), number, None))
    return kept.as_recorded()
