"""Whatever stands in the place of a file that we keep, who reads it says so or begins anew; nobody hangs or breaks."""

import os
import re
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from pv_heater.commands.calibration_walk import read_progress
from pv_heater.errors import ConfigError
from pv_heater.forecasts.cached import CachedAnswer, ForecastCache
from pv_heater.tariffs.price_cache import KeptAnswer, PriceCache
from pv_heater.victron.modbus.units import UnitsFile
from tests.waiting import WITHIN_S

PACKAGE = Path(__file__).parent.parent / "pv_heater"
OTHERS = {
    "brackets": lambda path: path.write_text("[" * 100_000),
    "objects within objects": lambda path: path.write_text('{"a":' * 100_000),
    "a list": lambda path: path.write_text("[]"),
    "a number": lambda path: path.write_text("1e999"),
    "zero bytes": lambda path: path.write_bytes(b"\0" * 40),
    "no text": lambda path: path.write_bytes(b"\xff\xfe\xfa"),
    "nothing": lambda path: path.write_text(""),
    "cut off": lambda path: path.write_text('{"points": [[1, 2'),
    "a pipe": lambda path: os.mkfifo(path),
    "a folder": lambda path: path.mkdir(),
    "a broken link": lambda path: path.symlink_to(path.with_name("gone")),
}


def prices(folder: Path) -> tuple[Path, Callable[[], bool]]:
    cache = PriceCache(folder, "zone")
    return cache._path, lambda: cache.load() == KeptAnswer()


def sun(folder: Path) -> tuple[Path, Callable[[], bool]]:
    path = folder / "forecast.json"
    return path, lambda: ForecastCache(path).load() == CachedAnswer()


def units(folder: Path) -> tuple[Path, Callable[[], bool]]:
    file = UnitsFile(folder)
    return file.path, lambda: file.load("HQ1") is None


def progress(folder: Path) -> tuple[Path, Callable[[], bool]]:
    path = folder / "curve.json"

    def refuses() -> bool:
        with pytest.raises(ConfigError, match="there is nothing to resume in"):
            read_progress(path)
        return True

    return path, refuses


@pytest.mark.parametrize("other", OTHERS)
@pytest.mark.parametrize("reader", [prices, sun, units, progress])
def test_something_else_in_the_place_of_a_kept_file(
    reader: Callable[[Path], tuple[Path, Callable[[], bool]]], other: str, tmp_path: Path
) -> None:
    path, copes = reader(tmp_path)
    assert copes(), "a file that is not there"
    OTHERS[other](path)
    said: list[object] = []
    thread = threading.Thread(target=lambda: said.append(copes()), daemon=True)
    thread.start()
    thread.join(WITHIN_S)
    assert said == [True]


def test_files_of_ours_are_read_in_one_place() -> None:
    """A `json.loads` of its own forgot brackets within brackets, or waited for a pipe."""
    own = re.compile(r"json\.loads?\([^\n]*(read_text|read_bytes|open)\(")
    found = {
        str(path.relative_to(PACKAGE)) for path in PACKAGE.rglob("*.py") if own.search(path.read_text(encoding="utf-8"))
    }
    assert found == {"status/words.py"}, "the program's own words alone: state_file.read_object for all others"
