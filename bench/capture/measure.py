"""How much of the catchable sun is caught: recorded days, each strategy, against perfect foresight."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from typing import Any, TypeVar

from bench.capture.bound import perfect_foresight
from bench.capture.days import Spell, days_of, minutes_w
from bench.capture.lived import LivedDay, live_spell, without_heating
from bench.capture.score import POOR_CAPTURE, Possible, Row, score
from bench.capture.variants import House, Variant
from pv_heater.core.model.values import to_jsonable

R = TypeVar("R")
_Piece = tuple[Callable[..., Any], tuple[Any, ...]]
"""A function and what it is called with; both can be sent to another process."""
Progress = Callable[[int, int], None]
"""Gets (done, all) of the work after each piece."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Capture:
    """All rows of a run; those of `where` belong to the first variant, freed of one thing after the other."""

    days: int
    draws: int
    seed: int
    rows: tuple[Row, ...]
    where: tuple[Row, ...] = ()
    notes: tuple[str, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """For programs."""
        return {
            "days": self.days,
            "draws": self.draws,
            "seed": self.seed,
            "rows": [to_jsonable(row) for row in self.rows],
            "where": [to_jsonable(row) | {"capture_difference": self._difference(row)} for row in self.where],
            "notes": list(self.notes),
        }

    def as_lines(self) -> list[str]:
        """For people: captures with strategies side by side, then what they cost in the first variant."""
        lines = [*self.notes, f"{self.days} days, draws of the forecast: {self.draws}, seed {self.seed}."]
        lines += ["Share of the catchable sun that was caught, and its spread over the draws:", ""]
        lines += _table(self.rows, lambda row: f"{row.capture_mean:.3f} ±{row.capture_sd:.3f}")
        lines += ["", f"{self.rows[0].variant}, a day:"]
        lines += [_cost_line(row) for row in self.rows if row.variant == self.rows[0].variant]
        if self.where:
            lines += ["", f"Where the rest of {self.rows[0].variant} is lost: capture would rise by", ""]
            lines += _table(self.where, lambda row: f"{self._difference(row):+.3f}")
        return lines

    def _difference(self, row: Row) -> float:
        """What a row of `where` has over the first variant."""
        first = self.rows[0].variant
        base = next(other for other in self.rows if (other.strategy, other.variant) == (row.strategy, first))
        return row.capture_mean - base.capture_mean


def measure(
    spells: Sequence[Spell],
    *,
    variants: Sequence[Variant],
    where: Sequence[Variant] = (),
    strategies: Sequence[str],
    draws: int,
    seed: int,
    jobs: int = 1,
    progress: Progress | None = None,
    notes: Sequence[str] = (),
) -> Capture:
    """Live all days in each variant with each strategy that fits it, in `jobs` processes.

    Deterministic: the same arguments give the same figures, whatever `jobs`. Raises SolverMissing without SciPy,
    ValueError where no strategy fits any variant.
    """
    houses = list(dict.fromkeys(variant.house for variant in (*variants, *where)))
    lives = [
        (variant, strategy, f"{seed} {draw}")
        for variant in (*variants, *where)
        for strategy in strategies
        if variant.fits(strategy) and (variant in variants or variants[0].fits(strategy))
        for draw in range(variant.draws(strategy, draws))
    ]
    if not lives:
        raise ValueError(f"{', '.join(strategies)} would be measured in none of the chosen variants")
    work: list[_Piece] = [(possible_of, (spell, house)) for house in houses for spell in spells]
    work += [(live_spell, (spell, *life)) for life in lives for spell in spells]
    done = all_of(work, jobs, progress)
    possible = {house: joined(done, len(spells)) for house in houses}
    lived: dict[tuple[Variant, str], list[list[LivedDay]]] = {}
    for variant, strategy, _ in lives:
        lived.setdefault((variant, strategy), []).append(joined(done, len(spells)))
    rows = {key: score(*key, days, possible[key[0].house]) for key, days in lived.items()}
    return Capture(
        days=sum(len(spell.days) for spell in spells),
        draws=draws,
        seed=seed,
        rows=tuple(row for (variant, _), row in rows.items() if variant in variants),
        where=tuple(row for (variant, _), row in rows.items() if variant in where),
        notes=tuple(notes),
    )


def possible_of(spell: Spell, house: House) -> tuple[Possible, ...]:
    """What each day of the spell held in this house."""
    return tuple(
        Possible(
            idle=without_heating(day, house),
            bound_wh=perfect_foresight(*minutes_w(day), house.home(), house.heater_w, house.tank).value_wh,
        )
        for day in days_of(spell, with_car=house.has_car)
    )


def all_of(work: Sequence[_Piece], jobs: int, progress: Progress | None) -> Iterator[Any]:
    """Each piece's result, in order."""
    if jobs == 1:
        yield from _counted(map(_do, work), len(work), progress)
        return
    with ProcessPoolExecutor(jobs) as pool:
        yield from _counted(pool.map(_do, work), len(work), progress)


def _do(piece: _Piece) -> Any:
    function, arguments = piece
    return function(*arguments)


def _counted(results: Iterator[R], total: int, progress: Progress | None) -> Iterator[R]:
    for number, result in enumerate(results, 1):
        if progress is not None:
            progress(number, total)
        yield result


def joined(done: Iterator[Sequence[R]], spells: int) -> list[R]:
    """The days of the next `spells` results, one after the other."""
    return [day for _ in range(spells) for day in next(done)]


def _table(rows: Sequence[Row], cell: Callable[[Row], str]) -> list[str]:
    """Variants below each other, strategies side by side."""
    strategies = list(dict.fromkeys(row.strategy for row in rows))
    variants = list(dict.fromkeys(row.variant for row in rows))
    cells = {(row.variant, row.strategy): cell(row) for row in rows}
    first = max(len(variant) for variant in variants)
    lines = [" " * first + "".join(f"{strategy:>15}" for strategy in strategies)]
    return lines + [
        f"{variant:<{first}}" + "".join(f"{cells.get((variant, strategy), '-'):>15}" for strategy in strategies)
        for variant in variants
    ]


def _cost_line(row: Row) -> str:
    worst = f"; worst {row.worst_capture:.2f} on {row.worst_day}" if row.worst_capture is not None else ""
    return (
        f"{row.strategy}: {row.heat_wh / 1000:.2f} kWh of heat, {row.bought_for_heat_percent:.1f} % of it bought, "
        f"{row.closings_mean:.1f} starts (at most {row.closings_max}), {row.moves_mean:.0f} moves of the power, "
        f"{row.poor_days} sunny days below {POOR_CAPTURE:.2f}{worst}"
    )
