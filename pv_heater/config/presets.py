"""Presets: settings of known devices, data in Files/presets/<table>/<word>.yaml, filled in under the user's own.

A user's ``{preset: shelly_pro_3em, host: 192.168.1.50}`` becomes the settings of that file. A key that both have is the
user's, groups are joined key by key, and ``{host}`` in a text of the file becomes what the user gives as `host`, or
what the file itself gives as default.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from pv_heater import PROJECT_FOLDER
from pv_heater.config.scalars import check_host, shown
from pv_heater.config.structure import suggestion
from pv_heater.config.yaml_lines import read_document
from pv_heater.core.model.lean import dataclass
from pv_heater.core.model.setting import SettingProblem

PRESETS_FOLDER = PROJECT_FOLDER / "Files" / "presets"
_BLANK = re.compile(r"(?<!\$)\{(?!(?:percent|power_w|amps)\})([a-z_]+)\}")
"""A place to be filled in; ``${NAME}`` is the environment's, ``{percent}``, ``{power_w}``, ``{amps}`` an output's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Filled:
    """A group of settings with its preset."""

    values: dict[str, Any]
    blanks: frozenset[str]
    """Keys that only fill places of the preset, unless the adapter has a setting of that name as well."""


def preset_words(table: str, type_: str | None = None, *, folder: Path = PRESETS_FOLDER) -> list[str]:
    """The presets of a table such as ``meters``; with `type_`, those that are for it."""
    words = sorted(path.stem for path in (folder / table).glob("*.yaml"))
    return [word for word in words if type_ in (None, _read(folder, table, word)["type"])]


def with_preset(given: Mapping[str, Any], table: str, *, folder: Path = PRESETS_FOLDER) -> Filled:
    """A user's group of settings with its preset filled in; without ``preset`` as it is. Raises SettingProblem."""
    own = {key: item for key, item in given.items() if key != "preset"}
    if "preset" not in given:
        return Filled(values=own, blanks=frozenset())
    word = given["preset"]
    known = preset_words(table, folder=folder)
    if word not in known:
        raise SettingProblem(_no_such(word, known), "preset")
    preset = _read(folder, table, word)
    if own.get("type", preset["type"]) != preset["type"]:
        raise SettingProblem(f"{word} is for `type: {preset['type']}`, not {shown(own['type'])}", "preset")
    blanks = frozenset(name for text in _texts(preset) for name in _BLANK.findall(text))
    fillings = {**preset, **own}
    for blank in sorted(blanks):
        if not isinstance(fillings.get(blank), str | int | float):
            raise SettingProblem(f"is missing; the preset {word} needs it", blank)
    if "host" in blanks:
        try:
            check_host(str(fillings["host"]))
        except SettingProblem as problem:
            raise SettingProblem(str(problem), "host") from None
    return Filled(values=_merged(_filled(preset, fillings), own), blanks=blanks)


def _no_such(word: Any, known: list[str]) -> str:
    if not known:
        return "cannot be used here: there are no presets for this section"
    hint = suggestion(word, known)
    choice = "" if hint.startswith("known") else f" known here: {', '.join(known)}"
    return f"{shown(word)} is not a preset; {hint}{choice}"


def _read(folder: Path, table: str, word: str) -> dict[str, Any]:
    document = read_document(folder / table / f"{word}.yaml")
    if document.problems or not isinstance(document.values.get("type"), str):
        raise ValueError(f"the preset {table}/{word}.yaml is broken: {document.problems or 'it has no type'}")
    return document.values


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    for item in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from _texts(item)


def _filled(value: Any, fillings: Mapping[str, Any]) -> Any:
    if isinstance(value, str):
        return _BLANK.sub(lambda match: str(fillings[match[1]]), value)
    if isinstance(value, list):
        return [_filled(item, fillings) for item in value]
    return {key: _filled(item, fillings) for key, item in value.items()} if isinstance(value, dict) else value


def _merged(preset: dict[str, Any], own: Mapping[str, Any]) -> dict[str, Any]:
    """Both groups joined; `own` wins."""
    joined = {**preset, **own}
    for key in preset.keys() & own.keys():
        if isinstance(preset[key], dict) and isinstance(own[key], Mapping):
            joined[key] = _merged(preset[key], own[key])
    return joined
