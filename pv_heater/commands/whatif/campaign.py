"""All days with all settings: each run a day after the other, the runs side by side, what is done already left out."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Executor, Future, wait
from pathlib import Path

from pv_heater.commands.whatif.days import Chain
from pv_heater.commands.whatif.kept import KeptRun, fingerprint, of_day, program, what_counts
from pv_heater.commands.whatif.lived import TICK_S
from pv_heater.commands.whatif.one_day import Carried, DayFigures, DayOutcome, DayTask, live_day
from pv_heater.config.load import Config
from pv_heater.core.model.lean import dataclass

Progress = Callable[[int, int], None]
"""Gets (done, all) after each day."""


@dataclass(frozen=True, slots=True, kw_only=True)
class How:
    """How the days are lived."""

    feed: str
    seeds: int
    """Draws of the forecast's errors."""
    tick_s: float = TICK_S
    folder: Path | None = None
    """Where finished days are kept; None: nowhere."""


def live_all(
    settings: Mapping[str, Config],
    chains: Sequence[Chain],
    how: How,
    executor: Executor,
    progress: Progress = lambda done, of: None,  # noqa: ARG005
) -> dict[str, tuple[tuple[DayFigures, ...], ...]]:
    """For each settings, by their label: for each draw the figures of all days, chain after chain.

    Only the days that are being lived are in memory. Raises KeyboardInterrupt when the user ends it: what is finished
    is kept.
    """
    prints = [[of_day(chain.day(number)) for number in range(len(chain))] for chain in chains]
    runs = {
        (label, seed, index): _Run(config, chain, prints[index], how, seed)
        for label, config in settings.items()
        for seed in range(1, how.seeds + 1)
        for index, chain in enumerate(chains)
    }
    total = sum(map(len, prints)) * len(settings) * how.seeds
    done = sum(len(run.kept.figures) for run in runs.values())
    progress(done, total)
    waiting = [run for run in runs.values() if run.is_open]
    running: dict[Future[DayOutcome], _Run] = {}
    while waiting or running:
        # One at a time where a piece is done as it is given: then each is counted before the next begins.
        while waiting and not any(future.done() for future in running):
            run = waiting.pop(0)
            running[executor.submit(live_day, run.task())] = run
        for future in wait(running, return_when=FIRST_COMPLETED).done:
            run = running.pop(future)
            run.add(future.result())
            done += 1
            progress(done, total)
            if run.is_open:
                waiting.insert(0, run)
    return {
        label: tuple(
            tuple(day for index in range(len(chains)) for day in runs[label, seed, index].kept.figures)
            for seed in range(1, how.seeds + 1)
        )
        for label in settings
    }


class _Run:
    """One chain of days with one settings and one draw."""

    def __init__(self, config: Config, chain: Chain, prints: Sequence[str], how: How, seed: int) -> None:
        self._config, self._chain, self._prints, self._how, self._seed = config, chain, prints, how, seed
        key = fingerprint(program(), what_counts(config), how.feed, how.tick_s, seed, prints[0])
        self.kept = KeptRun(how.folder, key)
        self.kept.find(prints)

    @property
    def is_open(self) -> bool:
        """Whether there is a day left."""
        return len(self.kept.figures) < len(self._prints)

    def task(self) -> DayTask:
        """The next day."""
        number = len(self.kept.figures)
        return DayTask(
            config=self._config,
            day=self._chain.day(number),
            tomorrow=self._chain.day(number + 1) if number + 1 < len(self._chain) and self._config.forecast else None,
            feed=self._how.feed,
            seed=self._seed,
            begin=self.kept.end or Carried.first(self._chain.start_percent),
            tick_s=self._how.tick_s,
        )

    def add(self, outcome: DayOutcome) -> None:
        """The day is done."""
        self.kept.add(self._prints[len(self.kept.figures)], outcome)
