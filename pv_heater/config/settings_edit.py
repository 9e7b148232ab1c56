"""What a change of live settings makes of a settings file: the whole new text, checked as a start would check it.

Pure: texts in, texts out. `run.settings_editor` reads and writes the file.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from pv_heater.config.describe import as_written
from pv_heater.config.layout import is_of_this_layout
from pv_heater.config.live import ORDER, ORDER_HELP, LiveRow, json_value, order_of, rows_of
from pv_heater.config.load import load_config
from pv_heater.config.model import Config
from pv_heater.config.yaml_edit import CannotEdit, Splice, splice_of, with_order, with_value
from pv_heater.config.yaml_lines import Document, KeyPath, parse_document, without_invisible
from pv_heater.core.model.lean import dataclass
from pv_heater.errors import ConfigError, NotEditable, WrongSettings

LONGEST = 200
"""No live setting is a longer text."""
LARGEST = 1e15
"""Nor a larger number; JSON knows whole numbers that no float holds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One setting that is another now; both values in JSON types."""

    path: str
    old: Any
    new: Any
    unit: str = ""

    def __str__(self) -> str:
        unit = f" {self.unit}" if self.unit and self.new is not None else ""
        return f"{self.path} {_shown(self.old)} -> {_shown(self.new)}{unit}"


@dataclass(frozen=True, slots=True, kw_only=True)
class SettingsText:
    """A settings file that can be read: its text, what it says, and the place of each setting."""

    file: Path
    text: str
    config: Config
    document: Document

    @classmethod
    def read(cls, file: Path, text: str) -> SettingsText:
        """`text` is what `file` holds, or is to hold. Raises ConfigError, and NotEditable for an older layout."""
        config = load_config(file, text=text)
        document = parse_document(without_invisible(text))
        if not is_of_this_layout(document):
            raise NotEditable(
                "the file still uses the names of an earlier program, which `main.py check` lists with the new ones; "
                "once they are replaced, settings can be changed here"
            )
        return cls(file=file, text=text, config=config, document=document)

    @property
    def rows(self) -> list[LiveRow]:
        """Every setting with its value."""
        return rows_of(self.config, self.document.values)

    def rows_as_json(self) -> list[dict[str, Any]]:
        """The rows for a page, the order of the loads among them."""
        rows = [row.as_json(self.document.lines.get(row.keys)) for row in self.rows]
        return [*rows, order_row(self.config, self.document.lines.get(("loads",)))]

    def changed(self, changes: Mapping[str, Any]) -> Edited:
        """The file with these settings changed. Raises WrongSettings with all problems at once."""
        rows = {row.path: row for row in self.rows}
        problems = [
            (path, problem)
            for path, value in changes.items()
            if (problem := self._refused(path, value, rows)) is not None
        ]
        text, steps = self.text, []
        for path, value in changes.items() if not problems else ():
            step = self._step(text, path, value, rows)
            if step is not None:
                text = step[0]
                steps.append(step[1])
        if problems:
            raise WrongSettings(problems)
        return Edited.of(self, text, tuple(steps))

    def _refused(self, path: str, value: Any, rows: Mapping[str, LiveRow]) -> str | None:
        """What is wrong with a change at first sight; None: its value is for the loading to judge."""
        if path == ORDER:
            names = order_of(self.config)
            fits = isinstance(value, list) and sorted(map(str, value)) == sorted(names)
            return None if fits else f"must be a list of {', '.join(names)}, each once"
        row = rows.get(path)
        if row is None:
            return "is not a setting of this file"
        if not row.live:
            line = self.document.line_of(row.keys)
            where = f" in line {line}" if line is not None else ""
            return f"is not changed while the program runs: edit {self.file.name}{where} and start it again"
        if isinstance(value, list | dict):
            return "must be a single value"
        if isinstance(value, int | float) and not abs(value) <= LARGEST:  # NaN as well
            return f"must be a number of at most {LARGEST:g}"
        if isinstance(value, str) and (len(value) > LONGEST or not value.isprintable()):
            return f"must be a text of at most {LONGEST} printable characters"
        if value is None and as_written(None, row.field) == "null" and not _may_be_none(row):
            return "must be given"
        return None

    def _step(self, text: str, path: str, value: Any, rows: Mapping[str, LiveRow]) -> tuple[str, Step] | None:
        """(the text with one change, what was done to it); None where it says so already. Raises WrongSettings."""
        try:
            if path == ORDER:
                before = order_of(self.config)
                after = with_order(text, ("loads",), [before.index(name) for name in value])
                return (after, Step(order=tuple(before))) if value != before else None
            row = rows[path]
            written = _written(value, row)
            if value is None and row.keys not in self.document.lines:
                return None
            after = with_value(text, row.keys, written)
        except CannotEdit as error:
            raise WrongSettings([(path, str(error))]) from None
        return (after, Step(splice=splice_of(text, after))) if after != text else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """What was done to the text, to be undone: a splice, or the order of the loads, as it was."""

    splice: Splice | None = None
    order: tuple[str, ...] | None = None

    def undone(self, text: SettingsText) -> str:
        """The text before. Raises CannotEdit where that place says something else by now."""
        if self.splice is not None:
            return self.splice.undone(text.text)
        now = order_of(text.config)
        if self.order is None or sorted(self.order) != sorted(now):
            raise CannotEdit("there are other loads now")
        return with_order(text.text, ("loads",), [now.index(name) for name in self.order])


@dataclass(frozen=True, slots=True, kw_only=True)
class Edited:
    """A settings file after a change, checked."""

    after: SettingsText
    changes: tuple[Change, ...]
    steps: tuple[Step, ...] = ()
    """In the order in which they were done."""

    @classmethod
    def of(cls, before: SettingsText, text: str, steps: tuple[Step, ...] = ()) -> Edited:
        """Raises WrongSettings where the new text is not what a start would accept."""
        try:
            after = SettingsText.read(before.file, text)
        except ConfigError as error:
            raise WrongSettings(_fields(error, before)) from None
        return cls(after=after, changes=tuple(changes_between(before, after)), steps=steps)


def undone(now: SettingsText, steps: Sequence[Step]) -> Edited:
    """The file before these steps. Raises CannotEdit, WrongSettings."""
    text = now
    for step in reversed(steps):
        text = SettingsText.read(now.file, step.undone(text))
    return Edited.of(now, text.text)


def changes_between(before: SettingsText, after: SettingsText) -> list[Change]:
    """Every setting that has another value."""
    old = {row.path: json_value(row.value) for row in before.rows if row.live}
    changes = [
        Change(path=row.path, old=old.get(row.path), new=json_value(row.value), unit=row.field.metadata["unit"])
        for row in after.rows
        if row.live and json_value(row.value) != old.get(row.path)
    ]
    names = order_of(before.config), order_of(after.config)
    return changes if names[0] == names[1] else [*changes, Change(path=ORDER, old=names[0], new=names[1])]


def order_row(config: Config, line: int | None) -> dict[str, Any]:
    """The row of the loads' order."""
    names = order_of(config)
    return {
        "path": ORDER, "label": "order", "load": None, "kind": "order", "unit": "", "value": names, "default": None,
        "minimum": None, "maximum": None, "choices": names, "help": ORDER_HELP, "line": line,
        "live": True, "secret": False,
    }  # fmt: skip


def _may_be_none(row: LiveRow) -> bool:
    return row.field.default is None


def _written(value: Any, row: LiveRow) -> str:
    """A value from JSON as it may stand in the file; whether it fits is for the loading to say."""
    if value is None or isinstance(value, bool | str):
        return value.strip() or "null" if isinstance(value, str) else as_written(value, row.field)
    return f"{value:.12g}"


def _shown(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(map(str, value))
    if isinstance(value, bool):
        return "true" if value else "false"
    return "not set" if value is None else f"{value:g}" if isinstance(value, float) else str(value)


def _fields(error: ConfigError, before: SettingsText) -> list[tuple[str, str]]:
    """Each problem with the path of its setting."""
    names = {row.keys: row.path for row in before.rows}
    if len(error.places) != len(error.problems):
        return [("", problem) for problem in error.problems]
    found = []
    for place, problem in zip(error.places, error.problems, strict=True):
        named = before.document.name_of(place)
        message = re.sub(rf"^(line \d+: )?{re.escape(named)}: ", "", problem)
        found.append((_path_of(place, names, named), message))
    return found


def _path_of(place: KeyPath, names: Mapping[KeyPath, str], named: str) -> str:
    """The path of a setting, or of the group around it."""
    if place in names:
        return names[place]
    below = next(((keys, path) for keys, path in names.items() if keys[: len(place)] == place), None)
    if below is None:
        return named
    keys, path = below
    return path.rsplit(".", len(keys) - len(place))[0]
