"""What `whatif` and `tune` do: find the days, live them with each settings, and tell what came of it."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from pv_heater.commands.whatif.campaign import How, Progress, live_all
from pv_heater.commands.whatif.compare import Comparison
from pv_heater.commands.whatif.days import Days, days_of
from pv_heater.commands.whatif.difference import Draws
from pv_heater.commands.whatif.executor import executor_of
from pv_heater.commands.whatif.kept import make_room, what_counts
from pv_heater.commands.whatif.lived import TICK_S
from pv_heater.commands.whatif.tune import BASE, Sweep, Tuning, settings_to_try, tuned, usual_sweeps
from pv_heater.config.load import Config, load_config
from pv_heater.config.places import SHIPPED_CONFIG
from pv_heater.core.model.lean import dataclass
from pv_heater.errors import ConfigError
from pv_heater.run.state_dir import state_dir

FOLDER = "whatif"
"""In the state folder."""
DRAWS = 3
"""Of the forecast's errors, where there is a forecast."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What both commands can be told."""

    recordings: Path | None = None
    days: int | None = None
    feed: str | None = None
    """None: as the settings measure."""
    seeds: int | None = None
    jobs: int = 1
    dask: str | None = None
    keep: Path | None = None
    """Where finished days are kept; None: in the state folder."""
    tick_s: float = TICK_S

    def folder(self, config: Config) -> Path:
        """Where finished days are kept."""
        return self.keep if self.keep is not None else state_dir(config) / FOLDER


def what_if(config: Config, changes: Mapping[str, str], asked: Asked, progress: Progress) -> Comparison:
    """Today's settings beside changed ones. Raises ConfigError for what `check` refuses, or what changes nothing."""
    changed = load_config(config.path or SHIPPED_CONFIG, changes=changes)
    if what_counts(changed) == what_counts(config):
        names = ", ".join(changes)
        text = f"{names}: as it is set, or nothing that a replayed day could show"
        raise ConfigError("--set", [text])
    lived, days, notes = _lived(config, {"today": config, "changed": changed}, asked, progress)
    return Comparison(
        title=days.title, changes=changes, today=lived["today"], changed=lived["changed"], notes=tuple(notes)
    )


def tune(config: Config, sweeps: Sequence[str], asked: Asked, progress: Progress) -> Tuning:
    """Each setting of `sweeps` (none: the usual ones) with its values. Raises ConfigError, ValueError."""
    chosen = [Sweep.parsed(text, config) for text in sweeps] or usual_sweeps(config)
    settings = {
        label: load_config(config.path or SHIPPED_CONFIG, changes=changes) if changes else config
        for label, changes in settings_to_try(chosen).items()
    }
    lived, days, notes = _lived(config, settings, asked, progress)
    assert BASE in lived
    return tuned(days.title, chosen, lived, notes)


def _lived(
    config: Config, settings: Mapping[str, Config], asked: Asked, progress: Progress
) -> tuple[dict[str, Draws], Days, list[str]]:
    today = datetime.now(ZoneInfo(config.site.timezone)).date()
    days = days_of(config, asked.recordings, asked.days, today)
    notes = [*days.notes]
    folder: Path | None = asked.folder(config)
    try:
        make_room(asked.folder(config))
    except OSError as error:
        notes.append(f"Finished days are not kept: {folder}: {error.strerror or error}.")
        folder = None
    draws = asked.seeds if asked.seeds is not None else DRAWS if _is_drawn(config) else 1
    how = How(feed=asked.feed or _feed_of(config), seeds=draws, tick_s=asked.tick_s, folder=folder)
    with executor_of(asked.jobs, asked.dask) as executor:
        lived = live_all(settings, days.chains, how, executor, progress)
    return dict(lived), days, notes


def _is_drawn(config: Config) -> bool:
    """Whether chance has a say: only in what is expected of the sun."""
    return bool(config.forecast) and config.site.located and bool(config.site.pv)


def _feed_of(config: Config) -> str:
    """How the meter of these settings tells."""
    if not config.meter:
        return "live"
    first = config.meter[0]
    if first.type == "recording":
        return "vrm" if first.settings.feed == "vrm" else "live"
    return "vrm" if first.type == "vrm" else "live"


def processes(asked: int | None) -> int:
    """How many; None: one a core."""
    return asked or os.cpu_count() or 1


def gently() -> None:
    """Give way to whatever else runs here, a controller above all."""
    os.nice(10)
