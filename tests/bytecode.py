"""Each module is compiled once: not by each of six workers, and not by each program that a test starts."""

from __future__ import annotations

import contextlib
import importlib
import importlib.util
import os
import shutil
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import pytest

TESTS = Path(__file__).parent
FEW = 20
"""Test modules that have changed; the workers see to so many by themselves."""


def keep_bytecode(config: pytest.Config) -> None:
    """Where Python may keep none beside the modules, it does so in pytest's own cache; without that, for one run."""
    if not sys.dont_write_bytecode or "PYTHONPYCACHEPREFIX" in os.environ:
        return
    if hasattr(config, "cache"):
        kept = config.cache.mkdir("bytecode")
        for of_a_test in kept.joinpath(*Path(tempfile.gettempdir()).parts[1:]).glob("pytest-of-*"):
            shutil.rmtree(of_a_test, ignore_errors=True)
        folder = str(kept)
    else:
        for_one_run = tempfile.TemporaryDirectory(prefix="pv-heater-tests-", ignore_cleanup_errors=True)
        config.add_cleanup(for_one_run.cleanup)
        folder = for_one_run.name
    os.environ["PYTHONPYCACHEPREFIX"] = sys.pycache_prefix = folder
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    sys.dont_write_bytecode = False


def rewrite_assertions() -> None:
    """Have pytest do to each test module what it does at its first import, before the workers all begin with that.

    It takes some seconds of processor time where nothing is kept yet, shared by all cores, and saves most of them in
    each worker.
    """
    files = [file for file in TESTS.rglob("test_*.py") if not _is_kept(file)]
    if len(files) < FEW or sys.dont_write_bytecode:
        return
    count = os.cpu_count() or 1
    for child in [_import_in_a_copy(files[number::count]) for number in range(count)]:
        os.waitpid(child, 0)


def _is_kept(file: Path) -> bool:
    """Whether pytest's own bytecode of a module lies beside Python's; where in doubt it is only made once more."""
    beside = Path(importlib.util.cache_from_source(str(file)))
    found = beside.parent.glob(f"{file.stem}.*pytest*.pyc")
    return any(kept.stat().st_mtime >= file.stat().st_mtime for kept in found)


def _import_in_a_copy(files: Sequence[Path]) -> int:
    """The process number of a copy of this process that does it. What fails there, the workers will do and say."""
    pid = os.fork()
    if pid:
        return pid
    try:
        for file in files:
            with contextlib.suppress(Exception):
                importlib.import_module(".".join(file.relative_to(TESTS.parent).with_suffix("").parts))
    finally:
        os._exit(0)
