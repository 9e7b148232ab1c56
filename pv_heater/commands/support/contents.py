"""What goes into the bundle, part by part. Each is scrubbed afterwards; none keeps another out."""

from __future__ import annotations

import os
import platform
import shutil
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from datetime import datetime, timedelta
from importlib.metadata import distributions
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from pv_heater import PROJECT_FOLDER, __version__
from pv_heater.commands.check import check_all
from pv_heater.commands.running import ask_running
from pv_heater.commands.support.personal import Found
from pv_heater.config.load import Config
from pv_heater.core.model.lean import dataclass
from pv_heater.history.csv_text import day_lines
from pv_heater.history.kept import FILE_NAME
from pv_heater.history.reader import HistoryReader
from pv_heater.io.supply import Supply
from pv_heater.io.system.clock import network_time_synchronised
from pv_heater.io.system.log_place import log_place
from pv_heater.io.system.state_file import read_object
from pv_heater.run.home.history import history_path
from pv_heater.run.state_dir import state_dir

LOG_BYTES = 1_000_000
"""Of the newest lines; of the file that was put aside before, as many again at most."""
HISTORY_DAYS = 3
FIGURES_DAYS = 31
QUARTER_S = 900
WHY_ENTRIES = 50
_STATE_PARTS = ("state.json", "state.damaged", "running.json", "pins.json")


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One file of the bundle. `made` raises whatever it likes where there is nothing."""

    name: str
    says: str
    """What it is, for people."""
    made: Callable[[], Any]
    """A text, or what becomes JSON."""


def parts(found: Found, settings: Callable[[], str], environ: Mapping[str, str]) -> list[Part]:
    """All of them, in the order in which they are looked at; `settings` gives the scrubbed file."""
    config, folder = found.config, found.state_folder(environ)
    return [
        Part(name="version.txt", says="this program, Python and libraries", made=_versions),
        Part(name="system.txt", says="machine, memory, disk, clock, supply", made=lambda: _system(folder, environ)),
        Part(name="settings.yaml", says="your settings, without remarks", made=settings),
        Part(name="problems.txt", says="what is wrong with the settings", made=lambda: _problems(found)),
        Part(name="log.txt", says="the last lines of the log", made=lambda: _log(found, environ)),
        Part(name="state.json", says="what a restart takes up again, faults first", made=lambda: _state(folder)),
        Part(name="status.json", says="what the running controller says", made=lambda: _asked(config, "status")),
        Part(name="why.json", says="its last decisions", made=lambda: _asked(config, "why")),
        Part(
            name="history.csv",
            says=f"the last {HISTORY_DAYS} days, by quarter hours",
            made=lambda: _quarters(found, folder),
        ),
        Part(name="changes.json", says="what changed in them, and why", made=lambda: _changes(found, folder)),
        Part(name="days.csv", says=f"figures of the last {FIGURES_DAYS} days", made=lambda: _days(found, folder)),
        Part(name="check.txt", says="what `check` finds now; each source is asked once", made=lambda: _check(config)),
    ]


class NothingThere(Exception):
    """The part is empty, and the message says why."""


def _versions() -> str:
    packages = sorted({f"{found.name} {found.version}" for found in distributions() if found.name}, key=str.lower)
    return "\n".join([f"pv-heater {__version__}, {_commit()}", f"Python {sys.version}", "", *packages, ""])


def _commit() -> str:
    """Which commit the files are of, without asking git."""
    git = PROJECT_FOLDER / ".git"
    with suppress(OSError):
        if git.is_file():
            git = PROJECT_FOLDER / git.read_text(encoding="utf-8").partition("gitdir:")[2].strip()
        head = (git / "HEAD").read_text(encoding="utf-8").strip()
        if not head.startswith("ref: "):
            return f"commit {head[:7]}"
        name = head[5:]
        shared = git / (git / "commondir").read_text(encoding="utf-8").strip() if (git / "commondir").exists() else git
        if (shared / name).exists():
            return f"commit {(shared / name).read_text(encoding='utf-8').strip()[:7]}"
        for line in (shared / "packed-refs").read_text(encoding="utf-8").splitlines():
            if line.endswith(f" {name}"):
                return f"commit {line[:7]}"
    return "commit unknown"


def _system(folder: Path, environ: Mapping[str, str]) -> str:
    uname = os.uname()
    rows = {
        "machine": _text("/proc/device-tree/model").rstrip("\0") or uname.machine,
        "kernel": f"{uname.sysname} {uname.release} {uname.machine}",
        "system": next(
            (line[13:-1] for line in _text("/etc/os-release").splitlines() if line[:12] == "PRETTY_NAME="), ""
        ),
        "python": platform.python_implementation(),
        "uptime": _text("/proc/uptime").partition(" ")[0] + " s",
        "load": _text("/proc/loadavg").strip(),
        "memory": ", ".join(" ".join(line.split()) for line in _text("/proc/meminfo").splitlines()[:3]),
        "temperature": _text("/sys/class/thermal/thermal_zone0/temp").strip() or "unknown",
        "supply": Supply(lambda: 0.0).trouble() or "nothing is known against it",
        "clock": "set by network time" if network_time_synchronised() else "not set by network time",
        "user": "root" if os.geteuid() == 0 else "not root",
        "under systemd": str("INVOCATION_ID" in environ),
    }
    with suppress(OSError):
        disk = shutil.disk_usage(folder)
        rows["disk"] = f"{disk.free / 1e6:.0f} MB of {disk.total / 1e6:.0f} MB free"
    rows["files"] = "; ".join(_listed(folder))
    return "".join(f"{name}: {value}\n" for name, value in rows.items())


def _listed(folder: Path) -> Iterator[str]:
    """What lies in the state folder: size, mode, age."""
    with suppress(OSError):
        for path in sorted(folder.rglob("*"))[:100]:
            with suppress(OSError):
                seen = path.lstat()
                when = datetime.fromtimestamp(seen.st_mtime).astimezone().isoformat(timespec="minutes")
                yield f"{path.relative_to(folder)} {seen.st_size} bytes {seen.st_mode & 0o777:o} {when}"


def _problems(found: Found) -> str:
    if found.config is None:
        return "\n".join([*found.problems, ""])
    return "\n".join([*(found.config.warnings or ("none",)), ""])


def _log(found: Found, environ: Mapping[str, str]) -> str:
    path = log_place(found.text_at("log", "file"), environ).path
    texts = [_end_of(file) for file in (path.with_name(f"{path.name}.1"), path) if file.exists()]
    if not texts:
        raise NothingThere("there is no log file; under systemd, journalctl -u pv-heater may have more")
    return "".join(texts)


def _end_of(path: Path) -> str:
    with path.open("rb") as file:
        size = file.seek(0, os.SEEK_END)
        file.seek(max(0, size - LOG_BYTES))
        text = file.read(LOG_BYTES).decode("utf-8", errors="replace")
    return text.partition("\n")[2] if size > LOG_BYTES else text


def _state(folder: Path) -> dict[str, Any]:
    state: dict[str, Any] = {}
    for name in _STATE_PARTS:
        try:
            content: Any = read_object(folder / name)
        except Exception as error:  # noqa: BLE001 - a damaged one is what is looked for
            content = f"cannot be read: {error}"
        if content is not None:
            state[name] = content
    if not state:
        raise NothingThere("nothing was saved yet")
    faults = state["state.json"].get("faults") if isinstance(state.get("state.json"), dict) else None
    return {"faults": faults, **state}


def _asked(config: Config | None, command: str) -> dict[str, Any]:
    config = _needed(config)
    request = {"command": command} | ({"load": None, "last": WHY_ENTRIES} if command == "why" else {})
    return dict(ask_running(config.path, state_dir(config), request))


def _reader(found: Found, folder: Path) -> tuple[HistoryReader, ZoneInfo]:
    zone = ZoneInfo("UTC") if found.config is None else ZoneInfo(found.config.site.timezone)
    path = folder / FILE_NAME if found.config is None else history_path(found.config, folder)
    return HistoryReader(path, zone), zone


def _quarters(found: Found, folder: Path) -> str:
    reader, zone = _reader(found, folder)
    now = datetime.now(zone)
    return "".join(reader.csv(now - timedelta(days=HISTORY_DAYS), now, QUARTER_S))


def _changes(found: Found, folder: Path) -> list[dict[str, Any]]:
    reader, zone = _reader(found, folder)
    now = datetime.now(zone)
    return reader.transitions(now - timedelta(days=HISTORY_DAYS), now)


def _days(found: Found, folder: Path) -> str:
    reader, zone = _reader(found, folder)
    today = datetime.now(zone).date()
    return "".join(day_lines(reader.days(today - timedelta(days=FIGURES_DAYS), today), zone))


def _check(config: Config | None) -> str:
    return "\n".join([*check_all(_needed(config)).as_lines(), ""])


def _needed(config: Config | None) -> Config:
    if config is None:
        raise NothingThere("the settings cannot be read, see problems.txt")
    return config


def _text(path: str) -> str:
    try:
        return Path(path).read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
