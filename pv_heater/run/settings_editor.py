"""Live settings of the running program: read, changed in the file and in the home at once, and taken back.

The file is the truth: a change is written there first, and what the home goes by is the file as it was read back. The
last changes can be undone; they are kept in the state folder, readable for nobody else.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from pv_heater.config.live import differs_otherwise, rows_of, with_live
from pv_heater.config.model import Config
from pv_heater.config.places import SHIPPED_CONFIG
from pv_heater.config.settings_edit import Change, Edited, SettingsText, Step, order_row, undone
from pv_heater.config.yaml_edit import CannotEdit, Splice
from pv_heater.controller import Controller
from pv_heater.core.model.plain_text import plain_message
from pv_heater.core.model.setting import SettingProblem
from pv_heater.errors import ConfigError, NotEditable, SettingsConflict, WrongSettings
from pv_heater.io.system.own_files import rewrite_file
from pv_heater.io.system.state_file import UnreadableState, read_object, write_atomically
from pv_heater.run.loop import Loop
from pv_heater.run.transition_log import TransitionLog

log = logging.getLogger(__name__)

UNDO_NAME = "settings-undo.json"
MOST_UNDONE = 10
OWNER_ONLY = 0o600
"""Beside the changes a list of loads may be kept, and a password may stand among them."""
NO_FILE = "the settings do not come from a file"
SHIPPED = (
    "this is the example that comes with the program; copy it to Files/config-private.yaml, start with that, and "
    "settings can be changed here"
)


class SettingsFile:
    """`status.home.SettingsEditor` for one settings file. Safe from any thread; never called by the loop's."""

    def __init__(self, config: Config, folder: Path, apply: Callable[[Config], None]) -> None:
        """`config` is what the home runs with, `folder` the state folder; `apply` hands the loop another one."""
        self._running = config
        self._file = config.path
        self._undo_file = folder / UNDO_NAME
        self._apply = apply
        self._lock = threading.Lock()

    def read(self) -> dict[str, Any]:
        """Every setting with its value, and whether it may be changed here."""
        with self._lock:
            undo = len(self._undo())
            try:
                before, tag = self._read()
                self._check_may_write(before)
            except (NotEditable, ConfigError) as error:
                return {"editable": False, "why_not": str(error), "etag": self._tag(), "undo": 0, **self._as_run()}
            return {
                "editable": True,
                "why_not": None,
                "etag": tag,
                "undo": undo,
                "settings": before.rows_as_json(),
                "restart_needed": differs_otherwise(self._running, before.config),
            }

    def change(self, changes: Mapping[str, Any], *, etag: str, who: str) -> dict[str, Any]:
        """Change settings by their paths; None is the default. Raises WrongSettings, SettingsConflict, NotEditable."""
        with self._lock:
            before = self._begin(etag)
            edited = before.changed(changes)
            if not edited.changes and edited.after.text == before.text:
                return self._answer((), edited, "nothing is different from before")
            entry = {"steps": [_step_as_json(step) for step in edited.steps]}
            return self._put(before, edited, who, [*self._undo(), entry])

    def undo(self, *, etag: str, who: str) -> dict[str, Any]:
        """Take back the last change that was made here. Raises the same; NotEditable where there is none."""
        with self._lock:
            before, kept = self._begin(etag), self._undo()
            if not kept:
                raise NotEditable("there is no change to undo")
            *rest, last = kept
            return self._put(before, _taken_back(before, last), who, rest)

    def _begin(self, etag: str) -> SettingsText:
        before, tag = self._read_or_refuse()
        self._check_may_write(before)
        if etag != tag:
            raise SettingsConflict("the settings file has been changed meanwhile; read it again")
        return before

    def _put(self, before: SettingsText, edited: Edited, who: str, undo: list[Mapping[str, Any]]) -> dict[str, Any]:
        """Write, remember, log, and let the loop go by it."""
        try:
            config = with_live(self._running, edited.after.config)
        except SettingProblem as error:
            raise WrongSettings(
                [(error.key or "", f"{error}; the file was changed by hand as well, so start the program again first")]
            ) from None
        try:
            rewrite_file(before.file, before.text.encode(), edited.after.text.encode())
        except FileExistsError:
            raise SettingsConflict("the settings file has been changed meanwhile; read it again") from None
        except OSError as error:
            raise NotEditable(f"{before.file} cannot be written: {error.strerror or error}") from None
        self._remember(edited, undo)
        self._running = config
        for change in edited.changes:
            log.info("settings: %s", plain_message(f"{change}, by {who}"))
        self._apply(config)
        return self._answer(edited.changes, edited, "")

    def _answer(self, changes: tuple[Change, ...], edited: Edited, message: str) -> dict[str, Any]:
        told = "; ".join(map(str, changes))
        return {
            "message": message or (f"{told}: written and in force" if told else "written; no value is another"),
            "applied": {change.path: change.new for change in changes},
            "etag": _tag_of(edited.after.text.encode()),
            "warnings": list(edited.after.config.warnings),
            "undo": len(self._undo()),
        }

    def _read(self) -> tuple[SettingsText, str]:
        """The file and its tag. Raises NotEditable, ConfigError."""
        if self._file is None:
            raise NotEditable(NO_FILE)
        try:
            data = self._file.read_bytes()
            text = data.decode("utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise NotEditable(f"{self._file} cannot be read: {getattr(error, 'strerror', None) or error}") from None
        return SettingsText.read(self._file, text), _tag_of(data)

    def _read_or_refuse(self) -> tuple[SettingsText, str]:
        try:
            return self._read()
        except ConfigError as error:
            raise NotEditable(f"the file as it is now would not be accepted; put it right first. {error}") from None

    def _check_may_write(self, before: SettingsText) -> None:
        place = before.file.resolve()
        if place == SHIPPED_CONFIG.resolve():
            raise NotEditable(SHIPPED)
        if not (os.access(place, os.W_OK) and os.access(place.parent, os.W_OK)):
            raise NotEditable(
                f"this program may not write {place} and its folder; let it, or change the file by hand and start again"
            )

    def _tag(self) -> str:
        try:
            return "none" if self._file is None else _tag_of(self._file.read_bytes())
        except OSError:
            return "none"

    def _as_run(self) -> dict[str, Any]:
        """What the home runs with, where the file says nothing that can be used."""
        rows = [row.as_json(None) for row in rows_of(self._running, {})]
        return {"settings": [*rows, order_row(self._running, None)], "restart_needed": False}

    def _undo(self) -> list[Mapping[str, Any]]:
        """The changes that can be taken back, the oldest first; a damaged list is none."""
        try:
            kept = read_object(self._undo_file)
        except UnreadableState:
            return []
        if kept is None or kept.get("file") != str(self._file):
            return []
        entries = kept.get("changes")
        return [entry for entry in entries if isinstance(entry, dict)] if isinstance(entries, list) else []

    def _remember(self, edited: Edited, undo: list[Mapping[str, Any]]) -> None:
        entries = [dict(entry) for entry in undo[-MOST_UNDONE:]]
        for entry in entries:
            entry.setdefault("old", {change.path: change.old for change in edited.changes})
        try:
            text = json.dumps({"file": str(self._file), "changes": entries}, indent=1)
            write_atomically(self._undo_file, text + "\n", OWNER_ONLY)
        except OSError as error:
            log.warning("settings: this change cannot be undone later, %s: %s", self._undo_file, error.strerror)


def live_settings(
    config: Config, folder: Path, loop: Loop, controller: Controller, transitions: TransitionLog
) -> SettingsFile:
    """The editor of a running home. The loop's own thread lets controller and log go by what was changed."""

    def go_by(changed: Config) -> None:
        controller.adopt(changed)
        transitions.adopt(all_steps=changed.log.steps == "all")

    return SettingsFile(config, folder, lambda changed: loop.at_next_tick(lambda: go_by(changed)))


def _taken_back(before: SettingsText, entry: Mapping[str, Any]) -> Edited:
    """To the letter where nothing else was changed there since; else the old values are set as new ones."""
    try:
        return undone(before, [_step_of(step) for step in entry["steps"]])
    except (CannotEdit, ConfigError, KeyError, TypeError):
        old = entry.get("old")
        if not isinstance(old, Mapping):
            raise NotEditable("the last change cannot be undone: the list of changes is damaged") from None
        return before.changed(old)


def _step_as_json(step: Step) -> dict[str, Any]:
    if step.splice is None:
        return {"order": list(step.order or ())}
    return {"start": step.splice.start, "removed": step.splice.removed, "inserted": step.splice.inserted}


def _step_of(item: Mapping[str, Any]) -> Step:
    if "order" in item:
        return Step(order=tuple(map(str, item["order"])))
    splice = Splice(start=int(item["start"]), removed=str(item["removed"]), inserted=str(item["inserted"]))
    return Step(splice=splice)


def _tag_of(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()[:16]
