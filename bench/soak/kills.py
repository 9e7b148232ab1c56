"""The whole program killed at random, while it heats and writes: what of its day is still there at the next start?

`main.py` in a process of its own, on mock pins, with a portal on this machine as its meter. Only the pace of its
history is another: a commit every second instead of every five minutes, so that many kills meet one.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import closing, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import Any

from bench.cost.footprint_homes import vrm_home
from pv_heater.errors import HistoryTrouble, NotRunning
from pv_heater.history.store import figures_of
from pv_heater.io.system.control_client import ask
from pv_heater.io.system.control_socket import SOCKET_NAME
from pv_heater.io.system.database import open_to_read
from pv_heater.io.system.state_file import UnreadableState, read_object

COMMIT_S, LOOK_S = 1.0, 0.2
SETTLED_S = 5.0
"""Energies are settled after so many seconds; what has not been settled is in no counter."""
STARTS_WITHIN_S = 120.0
LONGEST_LIFE_S = 6.0
_PROJECT = Path(__file__).resolve().parents[2]
_HURRIED = (
    "import runpy, sys; from pv_heater.history import writer; "
    f"writer.COMMIT_EVERY_S, writer.LOOK_EVERY_S = {COMMIT_S}, {LOOK_S}; "
    "sys.argv[0] = 'main.py'; runpy.run_path('main.py', run_name='__main__')"
)
_COUNTERS = ("caught_wh", "pv_wh", "house_wh", "seen_s")

Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Kills:
    """What was seen."""

    count: int
    seed: int
    while_writing: int
    """Kills that came within 15 ms after the log of the database had grown."""
    longest_lost_s: float
    """Of the day, by its own count of seconds with a reading."""
    counted_wh: float
    """Sun of the whole time, by the history."""
    longest_closed_s: float
    """A contact after a kill, until `main.py off` or the next start had opened it."""
    wrong: tuple[str, ...]

    @property
    def kept(self) -> bool:
        """Whether everything was as promised."""
        return not self.wrong

    def as_lines(self) -> list[str]:
        """For people."""
        return [
            f"{self.count} kills, seed {self.seed}, {self.while_writing} of them while the history was written; a "
            f"commit every {COMMIT_S:g} s",
            f"at most {self.longest_lost_s:.1f} s of the day lost, limit {_most_lost_s():.1f} s; {self.counted_wh:.0f} "
            "Wh of sun counted in all",
            f"a contact stayed closed for at most {self.longest_closed_s:.1f} s",
            *(self.wrong or ("no counter went back, every file could be read",)),
        ]


def measure(count: int, seed: int, progress: Progress, *, longest_life_s: float = LONGEST_LIFE_S) -> Kills:
    """Takes some six seconds a kill."""
    random, wrong, writing = Random(seed), [], 0
    lost_s = closed_s = 0.0
    with (
        TemporaryDirectory(ignore_cleanup_errors=True) as folder,
        vrm_home(folder) as settings,
        closing(_Home(Path(folder), settings)) as home,
    ):
        for number in range(count):
            progress(number, count)
            on_disk = home.on_disk()
            home.start()
            begun = home.newest
            home.await_heating()
            wrong += [f"kill {number}: {what} on the disk, and less after the start" for what in _less(begun, on_disk)]
            time.sleep(random.uniform(0.0, longest_life_s))
            writing += home.kill(random)
            lost_s = max(lost_s, home.newest["seen_s"] - home.on_disk().get("seen_s", 0.0))
            closed_s = max(closed_s, home.opened_after_s(by_off=number % 2 == 0))
            wrong += [f"kill {number}: {what}" for what in home.damage()]
        counted_wh = home.on_disk().get("pv_wh", 0.0)
        progress(count, count)
    if lost_s > _most_lost_s():
        wrong.append(f"{lost_s:.1f} s of the day were lost")
    return Kills(
        count=count, seed=seed, while_writing=writing, longest_lost_s=lost_s, counted_wh=counted_wh,
        longest_closed_s=closed_s, wrong=tuple(wrong),
    )  # fmt: skip


def _most_lost_s() -> float:
    return COMMIT_S + LOOK_S + SETTLED_S


def _less(now: Mapping[str, float], before: Mapping[str, float]) -> list[str]:
    return [f"{key} {before[key]:.1f} -> {now[key]:.1f}" for key in _COUNTERS if now[key] < before.get(key, 0.0) - 0.11]


class _Home:
    """The program and its folder."""

    def __init__(self, folder: Path, settings: Mapping[str, Any]) -> None:
        self._folder, self._state = folder, Path(settings["state_dir"])
        self._relay = settings["loads"][0]["relay"]["pin"]
        load = {**settings["loads"][0], "start_delay_s": 0, "min_off_s": 0, "max_closings_per_day": 1000}
        limits = {"daylight": {"from": "00:00", "to": "23:59:59"}}
        self._config = folder / "config.yaml"
        self._config.write_text(json.dumps({**settings, "loads": [load], "limits": limits, "web": None}))
        self._process: subprocess.Popen[bytes] | None = None
        self.newest: Mapping[str, float] = {}

    def start(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-c", _HURRIED, "--config", str(self._config)], cwd=_PROJECT, stdout=subprocess.DEVNULL
        )
        ends_s = time.monotonic() + STARTS_WITHIN_S
        while not self._sees():
            if self._process.poll() is not None or time.monotonic() > ends_s:
                raise NotRunning(f"the program does not start\n{(self._folder / 'heater.log').read_text()[-2000:]}")
            time.sleep(0.05)

    def close(self) -> None:
        """Nothing is left running."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()

    def _sees(self) -> bool:
        with suppress(OSError, NotRunning, KeyError, TypeError):
            self.newest = self._asked()
            return True
        return False

    def await_heating(self) -> None:
        """So that a contact is closed when the program is killed."""
        ends_s = time.monotonic() + STARTS_WITHIN_S
        while self._states()[-1:] != [1.0] and time.monotonic() < ends_s:
            time.sleep(0.02)

    def _asked(self) -> Mapping[str, float]:
        answer = ask(self._state / SOCKET_NAME, {"command": "status"}, believe=lambda _: True)
        today = answer["status"]["decision"]["today"]
        return {key: float(today[key]) for key in _COUNTERS}

    def kill(self, random: Random) -> bool:
        """Whether it was while the history was written."""
        assert self._process is not None
        self._sees()
        waits = random.random() < 0.7
        if waits:
            self._await_write()
            time.sleep(random.uniform(0.0, 0.015))
        self._process.send_signal(signal.SIGKILL)
        self._process.wait()
        return waits

    def _await_write(self) -> None:
        log = self._state / "history.db-wal"
        ends_s, before = time.monotonic() + 3 * COMMIT_S, _stamp(log)
        while _stamp(log) == before and time.monotonic() < ends_s:
            time.sleep(0.0005)

    def opened_after_s(self, *, by_off: bool) -> float:
        """Until the contact that the kill left closed is open; 0 where it left none."""
        if self._states()[-1:] != [1.0]:
            return 0.0
        began_s = time.monotonic()
        if by_off:
            command = [sys.executable, "main.py", "off", "--config", str(self._config)]
            subprocess.run(command, cwd=_PROJECT, stdout=subprocess.DEVNULL, check=True)
        else:
            self.start()
            self._process.send_signal(signal.SIGKILL)  # type: ignore[union-attr]
            self._process.wait()  # type: ignore[union-attr]
        opened = [change["mono_s"] for change in self._pins() if change["mono_s"] >= began_s and change["state"] != 1.0]
        return opened[0] - began_s if opened else STARTS_WITHIN_S

    def _pins(self) -> list[dict[str, Any]]:
        lines = (self._folder / "pins.jsonl").read_text().splitlines()
        whole = [json.loads(line) for line in lines if line.endswith("}")]
        return [change for change in whole if change["pin"] == self._relay]

    def _states(self) -> list[float | None]:
        return [change["state"] for change in self._pins()]

    def on_disk(self) -> Mapping[str, float]:
        """The newest that the history has of today, as anybody would read it."""
        path = self._state / "history.db"
        if not path.exists():
            return {}
        with open_to_read(path) as database:
            if not database.columns("days"):
                return {}
            rows = database.run("SELECT figures FROM days WHERE day = ?", (datetime.now(UTC).date().isoformat(),))
        figures = figures_of(rows[0][0]) if rows else {}
        return {key: float(figures[key]) for key in _COUNTERS if key in figures}

    def damage(self) -> list[str]:
        """What is wrong with the files."""
        found = [f"{path.name} was set aside" for path in self._state.glob("*.damaged*")]
        path = self._state / "history.db"
        try:
            read_object(self._state / "state.json")
            if path.exists():
                with open_to_read(path) as database:
                    database.check()
        except (HistoryTrouble, UnreadableState) as error:
            found.append(str(error))
        return found


def _stamp(path: Path) -> tuple[int, int]:
    try:
        found = os.stat(path)
    except OSError:
        return 0, 0
    return found.st_mtime_ns, found.st_size
