"""The rules of the live program: built from the settings."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from pv_heater.core.rules import Rules
from pv_heater.io.state_file import StateFile, UnreadableState
from pv_heater.rules.files import FOLDER, RuleFiles
from pv_heater.rules.runner import RuleRunner

STATE_NAME = "rules.json"


def rules_folder(config_path: Path | None) -> Path | None:
    """Where rule files lie: beside the settings. None for settings that are no file."""
    return None if config_path is None else config_path.absolute().parent / FOLDER


def build_rules(
    config_path: Path | None, loads: Iterable[str], rules: Rules, state_dir: Path, monotonic_s: Callable[[], float]
) -> RuleRunner:
    """The runner with the memory of the last run."""
    state_file = StateFile(state_dir / STATE_NAME)
    folder = rules_folder(config_path)
    return RuleRunner(
        RuleFiles(folder, loads) if folder is not None else RuleFiles.none(),
        rules.picture,
        rules.probes,
        monotonic_s,
        saved=_memory(state_file),
        save=state_file.save_now,
    )


def _memory(state_file: StateFile) -> Mapping[str, Any] | None:
    """What rule files remembered; None without. They keep no faults: a damaged memory is only forgotten."""
    try:
        return state_file.load()
    except UnreadableState as error:
        state_file.set_aside(str(error), "Timers and held conditions of rule files begin anew")
        return None
