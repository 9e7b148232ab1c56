"""Finished days are kept, so that a call that was ended goes on where it was, and a second one has less to do.

A run (one chain of days with one settings and one draw) is two files: a line of figures a day, and what its last day
handed on. They are found by what decides them: the program, the settings, the feed, the draw and the first day; a line
counts while its day is still the same.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
import time
from collections.abc import Sequence
from dataclasses import asdict, replace
from functools import cache
from pathlib import Path

from pv_heater import PROJECT_FOLDER
from pv_heater.commands.whatif.one_day import Carried, DayFigures, DayOutcome
from pv_heater.config.load import Config
from pv_heater.config.model import Gpio, Log
from pv_heater.core.settings.history import History
from pv_heater.io.system.own_files import private
from pv_heater.io.system.state_file import UnreadableState, read_object
from pv_heater.sim.recording import HomeRecording

log = logging.getLogger(__name__)
DECIDING = ("core", "strategies", "sim", "config", "run", "commands/whatif", "controller.py")
"""What of the package decides how a day goes."""
FORGOTTEN_AFTER_S = 60 * 86_400.0
PREFIX = "whatif-"


@cache
def program() -> str:
    """This version, whatever it calls itself: a fingerprint of the sources that decide."""
    found = hashlib.sha256()
    for part in DECIDING:
        path = PROJECT_FOLDER / "pv_heater" / part
        for file in [path] if path.is_file() else sorted(path.rglob("*.py")):
            found.update(file.read_bytes())
    return found.hexdigest()


def what_counts(config: Config) -> str:
    """The settings that decide a replayed day, as text: those of page, log, sources and messages do not."""
    rows = [replace(row, settings=None) for row in config.meter], [row.type for row in config.forecast]
    return repr(
        (
            replace(
                config, meter=(), forecast=(), web=None, mqtt=None, publish=(), messages=None, display=(), gpio=Gpio(),
                log=Log(), history=History(), state_dir=None, tick_s=1.0, warnings=(), path=None, secret_files=(),
            ),
            rows,
        )
    )  # fmt: skip


def fingerprint(*parts: object) -> str:
    """Of values that say in full what they are."""
    return hashlib.sha256(repr(parts).encode()).hexdigest()[:32]


def of_day(day: HomeRecording | None) -> str:
    """Whether two days are the same."""
    return "" if day is None else fingerprint(day.start_at.isoformat(), tuple(day.offsets_s), day.pv_w, day.load_w)


class KeptRun:
    """The finished days of one run. With no folder nothing is kept, and nothing is found."""

    def __init__(self, folder: Path | None, key: str) -> None:
        self._lines = None if folder is None else folder / f"{PREFIX}{key}.jsonl"
        self._end = None if folder is None else folder / f"{PREFIX}{key}.end.json"
        self.figures: list[DayFigures] = []
        """Of the days that are done."""
        self._carried: Carried | None = None

    def find(self, days: Sequence[str]) -> None:
        """What is kept of these days, told by their fingerprints: all of them, or all but the last ones."""
        if self._lines is None or self._end is None:
            return
        try:
            end = read_object(self._end) or {}
            text = self._lines.read_text(encoding="utf-8").splitlines()[: end["days"]]
            rows = [json.loads(line) for line in text]
            if len(rows) < end["days"] or any(row["day"] != day for row, day in zip(rows, days, strict=False)):
                return
            found, carried = [DayFigures(**row["figures"]) for row in rows], Carried(**end["carried"])
            if len(rows) < len(days):
                with open(self._lines, "w", encoding="utf-8", opener=private) as file:
                    file.writelines(f"{line}\n" for line in text)  # without a day whose end was not written any more
            os.utime(self._lines)
        except (UnreadableState, OSError, ValueError, KeyError, TypeError, RecursionError):
            return
        self.figures, self._carried = found[: len(days)], carried

    @property
    def end(self) -> Carried | None:
        """What the last finished day handed on; None before the first."""
        return self._carried

    def add(self, day: str, outcome: DayOutcome) -> None:
        """One more. A folder that takes no more, or is taken away, keeps no more days; those before it stay."""
        self.figures.append(outcome.figures)
        self._carried = outcome.end
        if self._lines is not None and self._end is not None:
            try:
                self._write(day, outcome, self._lines, self._end)
            except OSError as error:
                log.warning("finished days are no longer kept: %s", error)
                self._lines = self._end = None

    def _write(self, day: str, outcome: DayOutcome, lines: Path, end: Path) -> None:
        with open(lines, "w" if len(self.figures) == 1 else "a", encoding="utf-8", opener=private) as file:
            file.write(json.dumps({"day": day, "figures": asdict(outcome.figures)}) + "\n")
        draft = end.with_suffix(".draft")
        with open(draft, "w", encoding="utf-8", opener=private) as file:
            json.dump({"days": len(self.figures), "carried": asdict(outcome.end)}, file)
        os.replace(draft, end)


def make_room(folder: Path) -> None:
    """Make the folder, and forget in it what nobody has asked for in two months. Raises OSError."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    for file in folder.glob(f"{PREFIX}*"):
        if file.stat().st_mtime < time.time() - FORGOTTEN_AFTER_S:
            file.unlink(missing_ok=True)
