"""What there is for ``main.py off`` to switch: read so loosely that a mistake in one place hides nothing in another."""

from __future__ import annotations

import errno
import os
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from pv_heater.config.legacy_keys import has_flat_keys, unflatten
from pv_heater.config.yaml_lines import Unreadable, read_document
from pv_heater.core.model.lean import dataclass
from pv_heater.core.settings.pins import PinGroup, PinName
from pv_heater.io.gpio.pins_file import CANNOT, FILE_NAME, Output, outputs_in, read_pins_file

ON_PAPER = ("dry_run", "battery")
"""Entries in the list of loads that switch nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OffOutputs:
    """What there is to switch off, and how."""

    outputs: tuple[Output, ...]
    networked: tuple[Mapping[str, Any], ...]
    """Loads of the configuration that have no pins."""
    factory: str
    """Library that drives the pins."""
    pin_log: Path | None
    state_dir: Path
    doubts: tuple[str, ...]
    """What could not be understood, a sentence each."""
    out_of_reach: bool
    """Whether a relay of the settings cannot be switched, which a doubt says."""
    config_readable: bool

    @property
    def kind(self) -> str:
        """Which pins these are for the locks: mock or real."""
        return "mock" if self.factory == "mock" else "real"

    @property
    def names(self) -> list[str]:
        """Every pin."""
        return [name for output in self.outputs for name in _pin_names(output)]


def find(config_path: Path) -> OffOutputs:
    """The pins of the configuration, unless it is dry, and those of the last real run that it does not name."""
    config, trouble = _read_config(config_path)
    state_dir = _state_dir(config, config_path)
    kept = read_pins_file(state_dir) or {}
    outputs, doubts = outputs_in({} if _is_dry(config) else config)
    named = {PinName.parse(name) for output in outputs for name in _pin_names(output)}
    outputs += [rest for output in outputs_in(kept)[0] if (rest := _without(output, named)) is not None]
    gpio: Mapping[str, Any] = next(
        (item["gpio"] for item in (config, kept) if isinstance(item.get("gpio"), Mapping)), {}
    )
    factory, pin_log = gpio.get("factory", "auto"), gpio.get("pin_log")
    return OffOutputs(
        outputs=tuple(outputs),
        networked=() if _is_dry(config) else tuple(_networked(config)),
        factory=factory if factory in ("lgpio", "rpigpio", "mock") else "auto",
        pin_log=Path(pin_log) if isinstance(pin_log, str) else None,
        state_dir=state_dir,
        doubts=(*([trouble] if trouble else []), *doubts),
        out_of_reach=any(CANNOT in doubt for doubt in doubts),
        config_readable=not trouble,
    )


def _read_config(path: Path) -> tuple[Mapping[str, Any], str]:
    try:
        document = read_document(path)
    except Unreadable as error:
        return {}, f"{path} cannot be used ({error}); going by {FILE_NAME} of the last run"
    if has_flat_keys(document):
        unflatten(document)
    return document.values, ""


def _is_dry(config: Mapping[str, Any]) -> bool:
    return str(config.get("dry_run")).lower() in ("true", "yes", "on")


def _networked(config: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Loads in which no pin is named, not even a wrong one."""
    loads = config.get("loads")
    rows = [load for load in (loads if isinstance(loads, list) else []) if isinstance(load, Mapping)]
    return [row for row in rows if row.get("type") not in ON_PAPER and outputs_in({"loads": [row]}) == ([], [])]


def _state_dir(config: Mapping[str, Any], config_path: Path) -> Path:
    named = config.get("state_dir", "auto")
    if isinstance(named, str) and named != "auto" and (folder := _folder(named)) is not None:
        return folder
    given = os.environ.get("STATE_DIRECTORY", "").split(":")[0]
    return Path(given) if given else config_path.parent / "state"


def _folder(named: str) -> Path | None:
    """None for a name that no folder can have: no controller ever ran with it, and the pins matter more."""
    try:
        folder = Path(named).expanduser()
        os.lstat(folder)
    except (RuntimeError, ValueError):  # the home of a user that there is not, a zero byte
        return None
    except OSError as error:
        return None if error.errno == errno.ENAMETOOLONG else folder
    return folder


def _pin_names(output: Output) -> list[str]:
    return [name for group in output.groups for name in group.names]


def _without(output: Output, named: set[PinName]) -> Output | None:
    """What is left of it: a relay moved to another pin leaves the old one closed, though its servo stayed."""

    def is_free(group: PinGroup | None) -> bool:
        return group is not None and not any(PinName.parse(name) in named for name in group.names)

    rest = replace(
        output,
        relays=tuple(relay for relay in output.relays if is_free(relay)),
        servo=output.servo if is_free(output.servo) else None,
        wiper=output.wiper if is_free(output.wiper) else None,
    )
    return rest if rest.groups else None
