"""Each module is compiled once: not by each of six workers, and not by each program that a test starts."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import pytest
from _pytest.assertion.rewrite import (
    PYC_TAIL,
    _read_pyc,
    _rewrite_test,
    _write_pyc,
    assertstate_key,
    get_cache_dir,
    try_makedirs,
)

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


def rewrite_assertions(config: pytest.Config) -> None:
    """What pytest does to each test module at its first import, before the workers begin and all do so at once.

    It takes 3 s of processor time where nothing is kept yet, shared by all cores, and saves it in each worker.
    """
    files = [file for file in TESTS.rglob("test_*.py") if _read_pyc(file, _kept(file)) is None]
    if len(files) < FEW or sys.dont_write_bytecode:
        return
    count = os.cpu_count() or 1
    for child in [_in_a_copy(config, files[number::count]) for number in range(count)]:
        os.waitpid(child, 0)


def _kept(file: Path) -> Path:
    return get_cache_dir(file) / f"{file.stem}{PYC_TAIL}"


def _in_a_copy(config: pytest.Config, files: Sequence[Path]) -> int:
    """The process number of a copy of this process that does it. What fails there, the workers will do and say."""
    pid = os.fork()
    if pid:
        return pid
    try:
        for file in files:
            source_hash, code = _rewrite_test(file, config)
            if try_makedirs(get_cache_dir(file)):
                _write_pyc(config.stash[assertstate_key], code, source_hash, _kept(file))
    finally:
        os._exit(0)
