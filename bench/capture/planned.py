"""How far the planned day was off: the charge expected at sunset, hour by hour, against what it came to."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from datetime import datetime
from math import sqrt
from typing import Any

from bench.capture.days import Spell
from bench.capture.lived import LivedHome, lives
from bench.capture.variants import Variant
from pv_heater.core.model.lean import to_jsonable
from pv_heater.core.model.values import Decision, Forecast, Reading
from pv_heater.sim.recording import HomeRecording

Progress = Callable[[int, int], None]
"""Gets (done, all) of the work after each piece."""
LATEST_S = 120.0
"""A plan is looked at within two minutes of the full hour."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Guess:
    """A charge that was planned for a sunset."""

    made_at: datetime
    hour: int
    """The local hour at which it was planned."""
    sunset_at: datetime
    tomorrow: bool
    """Whether it was tomorrow's sunset."""
    planned_percent: float
    came_percent: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """All guesses that were made at one hour."""

    variant: str
    strategy: str
    tomorrow: bool
    hour: int | None
    """None: of all hours."""
    guesses: int
    mean_error_percent: float
    """Above 0: more was planned than came."""
    mean_absolute_error_percent: float
    spread_percent: float
    """Root of the mean square."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Planned:
    """All rows of a run."""

    days: int
    draws: int
    seed: int
    rows: tuple[Row, ...]
    notes: tuple[str, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """For programs."""
        rows = [to_jsonable(row) for row in self.rows]
        return {"days": self.days, "draws": self.draws, "seed": self.seed, "rows": rows, "notes": list(self.notes)}

    def as_lines(self) -> list[str]:
        """For people: one table for each feed, strategy and sunset."""
        lines = [*self.notes, f"{self.days} days, draws of the forecast: {self.draws}, seed {self.seed}."]
        lines.append("Charge planned for sunset less what it came to, in points of the battery's percent:")
        before = None
        for row in self.rows:
            table = (row.variant, row.strategy, row.tomorrow)
            if table != before:
                day = "tomorrow" if row.tomorrow else "today"
                lines += [
                    "",
                    f"{row.strategy}, {row.variant}, sunset {day}",
                    "planned at   guesses   mean   absolute   spread",
                ]
                before = table
            hour = "all" if row.hour is None else f"{row.hour:02d}:00"
            lines.append(
                f"{hour:<10} {row.guesses:>9} {row.mean_error_percent:>+6.1f} {row.mean_absolute_error_percent:>10.1f} "
                f"{row.spread_percent:>8.1f}"
            )
        return lines


class _Guesses:
    """Satisfies `loop.Reporter`: notes what is planned at each full hour, and the charge at each sunset."""

    def __init__(self, home: LivedHome) -> None:
        self._home = home
        self._hour: int | None = None
        self._open: list[tuple[datetime, datetime, bool, float]] = []
        """(made, sunset, tomorrow's, planned) of sunsets to come."""
        self.done: list[Guess] = []

    def report(self, now: datetime, decision: Decision, reading: Reading | None, forecast: Forecast | None) -> None:  # noqa: ARG002
        """Note this tick."""
        due = [guess for guess in self._open if guess[1] <= now]
        if due:
            self._open = [guess for guess in self._open if guess[1] > now]
            self.done += [self._came(*guess) for guess in due]
        plan = decision.plan
        if plan is None:
            return
        local = now.astimezone(plan.made_at.tzinfo)
        if local.hour == self._hour or local.minute * 60 + local.second > LATEST_S:
            return
        self._hour = local.hour
        for sunset_at, tomorrow, percent in (
            (plan.tonight_at, False, plan.soc_tonight_percent),
            (plan.tomorrow_at, True, plan.soc_tomorrow_percent),
        ):
            if sunset_at is not None and sunset_at > now and percent is not None:
                self._open.append((local, sunset_at, tomorrow, percent))

    def _came(self, made_at: datetime, sunset_at: datetime, tomorrow: bool, percent: float) -> Guess:
        return Guess(
            made_at=made_at,
            hour=made_at.hour,
            sunset_at=sunset_at,
            tomorrow=tomorrow,
            planned_percent=percent,
            came_percent=self._home.soc_percent,
        )


def measure(
    spells: Sequence[Spell],
    *,
    variants: Sequence[Variant],
    strategies: Sequence[str],
    draws: int,
    seed: int,
    jobs: int = 1,
    progress: Progress | None = None,
    notes: Sequence[str] = (),
) -> Planned:
    """Live every spell in one piece, so that a tomorrow comes, with each strategy. Deterministic, whatever `jobs`."""
    lived = [
        (variant, strategy, f"{seed} {draw}")
        for variant in variants
        for strategy in strategies
        if variant.fits(strategy)
        for draw in range(draws)
    ]
    if not lived:
        raise ValueError(f"{', '.join(strategies)} would be measured in none of the chosen variants")
    work = [(spell, *life) for life in lived for spell in spells]
    found: dict[tuple[str, str], list[Guess]] = {}
    for number, ((_, variant, strategy, _), guesses) in enumerate(zip(work, _all_of(work, jobs), strict=True), 1):
        found.setdefault((variant.name, strategy), []).extend(guesses)
        if progress is not None:
            progress(number, len(work))
    return Planned(
        days=sum(len(spell.days) for spell in spells),
        draws=draws,
        seed=seed,
        rows=tuple(row for (name, strategy), guesses in found.items() for row in _rows(name, strategy, guesses)),
        notes=tuple(notes),
    )


def guesses_of(spell: Spell, variant: Variant, strategy: str, seed: str) -> list[Guess]:
    """What was planned and what came in one spell."""

    def watch(recording: HomeRecording, home: LivedHome) -> _Guesses:
        del recording
        return _Guesses(home)

    in_one_piece = replace(spell, days=(replace(spell.whole, name=spell.name),))
    return [
        guess
        for _, _, seen in lives(in_one_piece, variant, strategy, seed, watch, foresees=True)
        for guess in seen.done
    ]


def _all_of(work: Sequence[tuple[Spell, Variant, str, str]], jobs: int) -> Iterator[list[Guess]]:
    if jobs == 1:
        yield from (guesses_of(*piece) for piece in work)
        return
    with ProcessPoolExecutor(jobs) as pool:
        yield from pool.map(_guesses_of, work)


def _guesses_of(piece: tuple[Spell, Variant, str, str]) -> list[Guess]:
    return guesses_of(*piece)


def _rows(variant: str, strategy: str, guesses: Sequence[Guess]) -> Iterator[Row]:
    for tomorrow in (False, True):
        of_day = [guess for guess in guesses if guess.tomorrow is tomorrow]
        for hour in sorted({guess.hour for guess in of_day}):
            yield _row(variant, strategy, tomorrow, hour, [guess for guess in of_day if guess.hour == hour])
        if of_day:
            yield _row(variant, strategy, tomorrow, None, of_day)


def _row(variant: str, strategy: str, tomorrow: bool, hour: int | None, guesses: Sequence[Guess]) -> Row:
    errors = [guess.planned_percent - guess.came_percent for guess in guesses]
    return Row(
        variant=variant,
        strategy=strategy,
        tomorrow=tomorrow,
        hour=hour,
        guesses=len(errors),
        mean_error_percent=round(sum(errors) / len(errors), 2),
        mean_absolute_error_percent=round(sum(map(abs, errors)) / len(errors), 2),
        spread_percent=round(sqrt(sum(error * error for error in errors) / len(errors)), 2),
    )
