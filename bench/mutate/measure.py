"""Runs the changes of each module against its tests, and counts what they let pass."""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import field
from fnmatch import fnmatch
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from bench.mutate.explained import EXPLAINED
from bench.mutate.plugin import CAUGHT, HUNG, NOT_ENTERED, NOT_TRIED, SURVIVED
from pv_heater import PROJECT_FOLDER
from pv_heater.core.model.lean import dataclass

_MODES = (
    "tests/controller/test_modes.py",
    "tests/controller/test_stop_reasons.py",
    "tests/controller/test_controller.py",
)
_OF_DUTIES = ("tests/core/duties", "tests/scenarios/test_guarantee.py", "tests/scenarios/test_hygiene.py", *_MODES)
_OF_PINS = ("tests/loads/pins", "tests/io/gpio/test_mock.py", "tests/io/gpio/test_lgpio.py", "tests/run/test_trials.py")
TESTS: Mapping[str, Sequence[str]] = {
    "core.house.guards": (
        "tests/core/house/test_guards.py",
        "tests/core/house/test_unknown_quantities.py",
        "tests/core/house/test_generator.py",
        "tests/core/loads/test_margins.py",
    ),
    "core.loads.machine": (
        "tests/core/loads/test_machine.py",
        "tests/core/loads/test_levels.py",
        "tests/core/loads/test_switching.py",
        "tests/core/loads/test_run_to_end.py",
        *_MODES,
    ),
    "core.loads.allocator": (
        "tests/core/loads/test_allocator.py",
        "tests/core/loads/test_levels.py",
        "tests/controller/test_sharing.py",
    ),
    "core.duties.boost": ("tests/core/duties/test_boost_later.py", *_OF_DUTIES),
    "core.duties.cheapest_quarters": ("tests/core/duties/test_cheapest_quarters.py", "tests/controller/test_prices.py"),
    "core.duties.duties": _OF_DUTIES,
    "core.duties.first_warm_day": (*_OF_DUTIES, "tests/core/test_vacations.py"),
    "core.duties.frost": ("tests/core/duties/test_frost.py",),
    "core.duties.guarantee": _OF_DUTIES,
    "core.duties.legionella": _OF_DUTIES,
    "core.duties.legionella_record": _OF_DUTIES,
    "core.duties.negative_price": ("tests/controller/test_prices.py", "tests/scenarios/test_market_days.py"),
    "core.duties.of_load": _OF_DUTIES,
    "core.duties.tank": ("tests/core/duties/test_tank.py", *_OF_DUTIES),
    "run.loop": ("tests/run/test_loop.py", "tests/run/test_trials.py", "tests/io/system/test_watchdog.py"),
    "io.system.watchdog": ("tests/io/system/test_watchdog.py",),
    "io.gpio.pins": _OF_PINS,
    "loads.pins.pin_load": _OF_PINS,
    "loads.pins.regulated": _OF_PINS,
    "loads.pins.relay_bank": _OF_PINS,
    "loads.pins.relay_loads": _OF_PINS,
    "commands.off": ("tests/commands/test_off.py",),
}
"""Each module that decides or switches, and the tests that belong to it."""
LONGEST_RUN_S = 4 * 3600.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Tried:
    """What became of the changes of one module."""

    module: str
    rows: tuple[Mapping[str, Any], ...] = ()
    left_out: tuple[str, ...] = ()
    """Tests that are too slow, or fail without any change."""
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


def measure(pattern: str, seed: int, sample: int | None, *, jobs: int, progress: Callable[[int, int], None]) -> Result:
    """Every module whose name fits. Raises ValueError where none does."""
    modules = [name for name in TESTS if fnmatch(name, pattern)]
    if not modules:
        raise ValueError(f"no such module is tried; there are {', '.join(TESTS)}")
    done: list[Tried] = []
    with ThreadPoolExecutor(max_workers=jobs) as pool:
        for one in pool.map(lambda name: _of_module(name, seed, sample), modules):
            done.append(one)
            progress(len(done), len(modules))
    return Result(seed=seed, sample=sample, tried=tuple(done))


def _of_module(name: str, seed: int, sample: int | None) -> Tried:
    with TemporaryDirectory() as folder:
        into = Path(folder) / "result.json"
        words = [sys.executable, "-m", "pytest", "-q", "-n", "0", "-p", "no:cacheprovider", "-p", "bench.mutate.plugin"]
        words += ["--mutate", name, "--mutate-seed", str(seed), "--mutate-into", str(into)]
        words += [] if sample is None else ["--mutate-sample", str(sample)]
        done = subprocess.run(
            [*words, *TESTS[name]], cwd=PROJECT_FOLDER, capture_output=True, text=True, timeout=LONGEST_RUN_S
        )
        if not into.exists():
            return Tried(module=name, trouble=(done.stdout + done.stderr).strip()[-500:] or "it gave no answer")
        found = json.loads(into.read_text(encoding="utf-8"))
    return Tried(module=name, rows=tuple(found["rows"]), left_out=tuple(found["left_out"]))
