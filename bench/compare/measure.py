"""The laws beside each other: the same days, forecasts and home, and what each made of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

from bench.capture.days import Spell
from bench.capture.lived import LivedDay, forecast_of, live_spell
from bench.capture.measure import Progress, all_of, joined, possible_of
from bench.capture.score import Row as Score
from bench.capture.score import score
from bench.capture.variants import HEATER, Variant
from bench.compare.seen import Home as KnownHome
from bench.compare.seen import Law, Seen
from bench.compare.table import HOMES, LAWS, OURS, Row
from pv_heater.commands.whatif.lived import pace_s
from pv_heater.core.house.sun import SunCourse
from pv_heater.core.model.lean import to_jsonable
from pv_heater.core.model.values import Forecast
from pv_heater.sim.clock import SimClock
from pv_heater.sim.feed import DailyForecastFeed, SimulatedFeed
from pv_heater.sim.home import Home
from pv_heater.sim.recording import HomeRecording


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """All scores of a run; `strategy` of each is the law's name."""

    days: int
    draws: int
    seed: int
    scores: tuple[Score, ...]
    notes: tuple[str, ...] = ()

    def of(self, law: str, variant: str) -> Score | None:
        """None where the law was not lived in that home."""
        return next((one for one in self.scores if (one.strategy, one.variant) == (law, variant)), None)

    def as_json(self) -> dict[str, Any]:
        """For programs."""
        return {
            "days": self.days,
            "draws": self.draws,
            "seed": self.seed,
            "scores": [to_jsonable(one) for one in self.scores],
            "assumed": {row.name: row.assumed() for row in LAWS},
            "notes": list(self.notes),
        }

    def as_lines(self) -> list[str]:
        """For people: what was caught, what it cost, and what was assumed."""
        width = max(len(row.name) for row in LAWS)
        lines = [*self.notes, f"{self.days} days, draws of the forecast: {self.draws}, seed {self.seed}."]
        lines += ["Share of the catchable sun that was caught, and its spread over the draws:", ""]
        lines.append(" " * width + "".join(f"{variant.name:>17}" for variant in HOMES))
        for row in LAWS:
            found = [self.of(row.name, variant.name) for variant in HOMES]
            cells = [f"{one.capture_mean:.3f} ±{one.capture_sd:.3f}" if one else "-" for one in found]
            lines.append(f"{row.name:<{width}}" + "".join(f"{cell:>17}" for cell in cells))
        lines += ["", f"{HOMES[0].name}, a day:"]
        lines += [_cost_line(one) for one in self.scores if one.variant == HOMES[0].name]
        lines += ["", "What was assumed:"]
        said: set[str] = set()
        for row in LAWS:
            assumed = row.assumed()
            lines += ["", f"{row.name}: {'as above' if assumed in said else ' '.join(assumed.split())}"]
            said.add(assumed)
        return lines


def measure(
    spells: Sequence[Spell],
    *,
    draws: int,
    seed: int,
    jobs: int = 1,
    progress: Progress | None = None,
    notes: Sequence[str] = (),
) -> Compared:
    """Live all days with each law in each home that it is made for. Deterministic, whatever `jobs`."""
    lives = [
        (row, variant, f"{seed} {draw}")
        for row in LAWS
        for variant in HOMES
        if row.fits(variant)
        for draw in range(draws if row.by_forecast else 1)
    ]
    work: list[Any] = [(possible_of, (spell, HOMES[0].house)) for spell in spells]
    work += [(live_law, (spell, *life)) for life in lives for spell in spells]
    done = all_of(work, jobs, progress)
    possible = joined(done, len(spells))
    lived: dict[tuple[Row, Variant], list[list[LivedDay]]] = {}
    for row, variant, _ in lives:
        lived.setdefault((row, variant), []).append(joined(done, len(spells)))
    return Compared(
        days=sum(len(spell.days) for spell in spells),
        draws=draws,
        seed=seed,
        scores=tuple(score(variant, row.name, days, possible) for (row, variant), days in lived.items()),
        notes=tuple(notes),
    )


def live_law(spell: Spell, row: Row, variant: Variant, seed: str) -> tuple[LivedDay, ...]:
    """Each day from midnight with a half full battery; what the law keeps goes from day to day."""
    if row.make is None:
        return live_spell(spell, variant, OURS, seed)
    law = row.make(KnownHome(house=variant.house, feed_in=variant.feed_in))
    forecast = forecast_of(spell, variant, seed)
    return tuple(_live_day(day, law, row.every_s, spell, variant, forecast) for day in spell.days)


def _live_day(
    day: HomeRecording, law: Law, every_s: float, spell: Spell, variant: Variant, forecast: Forecast | None
) -> LivedDay:
    clock, home = SimClock(day.start_at), Home(variant.house.home(variant.pace, feed_in=variant.feed_in))
    set_w, closings, moves = 0.0, 0, 0

    def advance(from_s: float, to_s: float) -> None:
        for begin_s, end_s, sun_w, use_w in day.stretches(from_s, to_s):
            home.advance(begin_s, end_s, sun_w, use_w, {HEATER: set_w})

    advance(0.0, 0.0)
    clock.on_advance(advance)
    meter = SimulatedFeed(lambda: home.reading(clock.now()), variant.pace.interval_s, clock, variant.pace.delay_s)
    promised = DailyForecastFeed(forecast, clock)
    course = SunCourse(spell.place.latitude, spell.place.longitude)
    zone = ZoneInfo(spell.place.timezone)
    while clock.monotonic_s() < day.end_s:
        reading = meter.latest()
        if reading is not None:
            at = clock.now().astimezone(zone)
            power_w = law.heat_w(Seen(at=at, reading=reading, forecast=promised.latest(), set_w=set_w))
            closings += power_w > 0.0 >= set_w
            moves += power_w > 0.0 and set_w > 0.0 and power_w != set_w
            set_w = power_w
        clock.wait_until(min(day.end_s, clock.monotonic_s() + pace_s(course, clock.now(), every_s)))
    return LivedDay(
        day=day.name,
        value_wh=home.ledger.value_wh(),
        heat_wh=home.ledger.heat_total_wh,
        import_wh=home.ledger.grid_import_wh,
        closings=closings,
        moves=moves,
    )


def _cost_line(one: Score) -> str:
    worst = f"; worst {one.worst_capture:.2f} on {one.worst_day}" if one.worst_capture is not None else ""
    return (
        f"{one.strategy}: {one.heat_wh / 1000:.2f} kWh of heat, {one.bought_for_heat_percent:.1f} % of it bought, "
        f"{one.closings_mean:.1f} starts (at most {one.closings_max}), {one.moves_mean:.0f} moves{worst}"
    )
