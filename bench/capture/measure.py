"""How much of the catchable sun is caught: recorded days, each strategy, against perfect foresight."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from fnmatch import fnmatch
from typing import Any, TypeVar

from bench.capture.bound import perfect_foresight
from bench.capture.days import Spell, days_of, minutes_w
from bench.capture.lived import LivedDay, live_spell, without_heating
from bench.capture.score import POOR_CAPTURE, Possible, Row, score
from bench.capture.variants import House, Variant
from pv_heater.core.model.lean import to_jsonable

R = TypeVar("R")
WINTER = (11, 12, 1, 2)
"""Months in which a day is short and a mistake expensive."""
FEEDS_BELOW_EACH_OTHER = 2
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
        if len({row.feed for row in self.rows}) > FEEDS_BELOW_EACH_OTHER:
            return lines + self._side_by_side()
        lines += ["Share of the catchable sun that was caught, and its spread over the draws:", ""]
        lines += _table(self.rows, lambda row: f"{row.capture_mean:.3f} ±{row.capture_sd:.3f}")
        lines += ["", f"{self.rows[0].variant}, a day:"]
        lines += [_cost_line(row) for row in self.rows if row.variant == self.rows[0].variant]
        if self.where:
            lines += ["", f"Where the rest of {self.rows[0].variant} is lost: capture would rise by", ""]
            lines += _table(self.where, lambda row: f"{self._difference(row):+.3f}")
        return lines

    def _side_by_side(self) -> list[str]:
        """Feeds side by side, for each strategy: what was caught, and what it cost."""
        lines: list[str] = []
        for strategy in dict.fromkeys(row.strategy for row in self.rows):
            rows = [row for row in self.rows if row.strategy == strategy]
            days = {row.feed: len(row.by_day) for row in rows}
            lines += [f"{strategy}; days: {', '.join(f'{feed} {count}' for feed, count in days.items())}"]
            for title, cell in _CELLS:
                lines += ["", f"{title}:", *_table(rows, cell, by_feed=True)]
            lines.append("")
        return lines[:-1]

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
    slow_days: str = "*",
) -> Capture:
    """Live all days in each variant with each strategy that fits it, in `jobs` processes.

    Variants that are lived second by second live only the files whose names match `slow_days`, all where none does.
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

    def lived_by(variant: Variant) -> list[int]:
        names = [spell.name for spell in spells]
        slow = [number for number, name in enumerate(names) if fnmatch(name, slow_days)]
        return slow if slow and variant.by_the_second else list(range(len(names)))

    work: list[_Piece] = [(possible_of, (spell, house)) for house in houses for spell in spells]
    work += [(live_spell, (spells[number], *life)) for life in lives for number in lived_by(life[0])]
    done = all_of(work, jobs, progress)
    possible: dict[House, list[Sequence[Possible]]] = {house: [next(done) for _ in spells] for house in houses}
    lived: dict[tuple[Variant, str], list[list[LivedDay]]] = {}
    for variant, strategy, _ in lives:
        lived.setdefault((variant, strategy), []).append(joined(done, len(lived_by(variant))))
    rows = {}
    for (variant, strategy), days in lived.items():
        held = [day for number in lived_by(variant) for day in possible[variant.house][number]]
        rows[variant, strategy] = score(variant, strategy, days, held)
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
            in_winter=day.start_at.month in WINTER,
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


def _table(rows: Sequence[Row], cell: Callable[[Row], str], *, by_feed: bool = False) -> list[str]:
    """Variants below each other, strategies side by side; or what they are whatever their feed, and feeds."""
    cells = {(row.kind, row.feed) if by_feed else (row.variant, row.strategy): cell(row) for row in rows}
    down, across = (list(dict.fromkeys(words)) for words in zip(*cells, strict=True))
    first = max(len(word) for word in down)
    lines = [" " * first + "".join(f"{word:>16}" for word in across)]
    return lines + [
        f"{word:<{first}}" + "".join(f"{cells.get((word, other), '-'):>16}" for other in across) for word in down
    ]


_CELLS: tuple[tuple[str, Callable[[Row], str]], ...] = (
    (
        "caught of what could be, and the spread over the draws",
        lambda row: f"{row.capture_mean:.3f} ±{row.capture_sd:.3f}",
    ),
    ("the worst day of more than 3 kWh to gain", lambda row: _or_dash(row.worst_capture, "{:.2f}")),
    ("caught from November to February", lambda row: _or_dash(row.winter_capture, "{:.3f}")),
    ("bought, % of the heat; in winter", lambda row: _bought(row)),
    ("starts a day; at most", lambda row: f"{row.closings_mean:.1f}; {row.closings_max}"),
    ("moves of the power a day", lambda row: f"{row.moves_mean:.0f}"),
)
"""What is told where feeds stand side by side."""


def _bought(row: Row) -> str:
    return f"{row.bought_for_heat_percent:.1f}; {_or_dash(row.winter_bought_percent, '{:.1f}')}"


def _or_dash(value: float | None, how: str) -> str:
    return "-" if value is None else how.format(value)


def _cost_line(row: Row) -> str:
    worst = f"; worst {row.worst_capture:.2f} on {row.worst_day}" if row.worst_capture is not None else ""
    return (
        f"{row.strategy}: {row.heat_wh / 1000:.2f} kWh of heat, {row.bought_for_heat_percent:.1f} % of it bought, "
        f"{row.closings_mean:.1f} starts (at most {row.closings_max}), {row.moves_mean:.0f} moves of the power, "
        f"{row.poor_days} sunny days below {POOR_CAPTURE:.2f}{worst}"
    )
