"""Runs the changes of each module against its tests, and counts what they let pass."""

from __future__ import annotations

import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import field
from fnmatch import fnmatch
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from bench.kept_rows import Rows, digest
from bench.mutate.explained import EXPLAINED
from bench.mutate.plugin import CAUGHT, HUNG, NOT_ENTERED, NOT_TRIED, SURVIVED, chosen
from bench.mutate.rooms import MODULES, ROOMS, Room
from pv_heater import PROJECT_FOLDER
from pv_heater.core.model.lean import dataclass

LONGEST_RUN_S = 8 * 3600.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Tried:
    """What became of the changes of one module."""

    module: str
    rows: tuple[Mapping[str, Any], ...] = ()
    trouble: str | None = None

    def count(self, *outcomes: str) -> int:
        """How many ended so."""
        return sum(row["outcome"] in outcomes for row in self.rows)

    @property
    def open(self) -> list[Mapping[str, Any]]:
        """Those that no test notices and nobody has explained."""
        known = EXPLAINED.get(self.module, {})
        return [row for row in self.rows if row["outcome"] in (SURVIVED, NOT_ENTERED) and row["name"] not in known]


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """All modules."""

    seed: int
    sample: int | None
    tried: tuple[Tried, ...] = field(default=())

    @property
    def kept(self) -> bool:
        """Whether every change was noticed or is explained."""
        return all(one.trouble is None and not one.open for one in self.tried)

    def as_lines(self) -> list[str]:
        """A line a module, then what got through."""
        drawn = "all changes" if self.sample is None else f"{self.sample} changes of each module, seed {self.seed}"
        lines = [f"{drawn}; caught means that a test failed, or that it never ended"]
        lines.append(
            f"{'module':<32} {'tried':>5} {'caught':>6} {'score':>6} {'open':>5} {'explained':>9} {'not tried':>9}"
        )
        totals: Counter[str] = Counter()
        for one in self.tried:
            figures = _figures(one)
            totals.update(figures)
            lines.append(_line(one.module, figures) if one.trouble is None else f"{one.module:<32} {one.trouble}")
        lines.append(_line("all", totals))
        for one in self.tried:
            lines += [f"{one.module} line {row['line']}: {row['name']} ({row['outcome']})" for row in one.open]
        return lines


def _figures(one: Tried) -> dict[str, int]:
    through, open_count = one.count(SURVIVED, NOT_ENTERED), len(one.open)
    return {
        "tried": len(one.rows) - one.count(NOT_TRIED),
        "caught": one.count(CAUGHT, HUNG),
        "open": open_count,
        "explained": through - open_count,
        "not tried": one.count(NOT_TRIED),
    }


def _line(name: str, figures: Mapping[str, int]) -> str:
    counted = figures["tried"] - figures["explained"]
    score = f"{100 * figures['caught'] / counted:.1f} %" if counted else "-"
    return (
        f"{name:<32} {figures['tried']:>5} {figures['caught']:>6} {score:>6} {figures['open']:>5} "
        f"{figures['explained']:>9} {figures['not tried']:>9}"
    )


def measure(
    pattern: str, seed: int, sample: int | None, *, jobs: int, keep: Path | None, progress: Callable[[int, int], None]
) -> Result:
    """Every module whose name fits; rows that `keep` has of an earlier run stay. ValueError where no name fits."""
    names = [name for name in MODULES if fnmatch(name, pattern)]
    if not names:
        raise ValueError(f"no such module is tried; there are {', '.join(MODULES)}")
    texts = {name: (PROJECT_FOLDER / "pv_heater" / f"{name.replace('.', '/')}.py").read_text("utf-8") for name in names}
    wanted = {name: [key for key, _ in chosen(name, text, sample, seed)] for name, text in texts.items()}
    with TemporaryDirectory() as scratch:
        folder = keep or Path(scratch)
        folder.mkdir(parents=True, exist_ok=True)
        troubles: dict[str, str] = {}
        for room in ROOMS.values():
            mine = [name for name in room.modules if name in texts]
            if not mine:
                continue
            trouble = _try_room(room, mine, seed, sample, jobs, folder, lambda: progress(*_done(folder, wanted)))
            troubles |= dict.fromkeys(mine, trouble) if trouble else {}
        progress(1, 1)
        tried = [_tried(folder, name, keys, texts[name], troubles.get(name)) for name, keys in wanted.items()]
    return Result(seed=seed, sample=sample, tried=tuple(tried))


def _try_room(
    room: Room,
    names: Sequence[str],
    seed: int,
    sample: int | None,
    jobs: int,
    folder: Path,
    look: Callable[[], None],
) -> str | None:
    """What went wrong, or None."""
    words = [sys.executable, "-m", "pytest", "-q", "-n", "0", "-s", "--assert=plain", "-p", "no:cacheprovider"]
    words += ["-p", "bench.mutate.plugin", "--mutate", ",".join(names), "--mutate-keep", str(folder)]
    words += ["--mutate-seed", str(seed), "--mutate-jobs", str(jobs)]
    words += [] if sample is None else ["--mutate-sample", str(sample)]
    with (folder / "output.txt").open("w+", encoding="utf-8") as output:
        running = subprocess.Popen([*words, *room.tests], cwd=PROJECT_FOLDER, stdout=output, stderr=output)
        try:
            while running.poll() is None:
                with suppress(subprocess.TimeoutExpired):
                    running.wait(2.0)
                look()
        finally:
            running.kill()
            running.wait()
        output.seek(0)
        return output.read().strip()[-500:] if running.returncode else None


def _done(folder: Path, wanted: Mapping[str, Sequence[str]]) -> tuple[int, int]:
    done = 0
    for name, keys in wanted.items():
        rows = Rows(folder / f"{name}.jsonl")
        done += sum(rows.last(key) is not None for key in keys)
    return done, sum(map(len, wanted.values())) + 1


def _tried(folder: Path, name: str, keys: Sequence[str], text: str, trouble: str | None) -> Tried:
    rows = Rows(folder / f"{name}.jsonl")
    found = [row for key in keys if (row := rows.get(key, digest([text]))) is not None]
    if trouble is None and len(found) < len(keys):
        trouble = f"only {len(found)} of {len(keys)} were tried"
    return Tried(module=name, rows=tuple(found), trouble=trouble)
