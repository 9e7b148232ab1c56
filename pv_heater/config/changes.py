"""Settings changed from outside the file, by the path that the documentation names: `loads.water_heater.min_on_s`.

The changed settings are read and checked as a file with these lines would be; the file itself stays as it is.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pv_heater.config.structure import suggestion
from pv_heater.config.yaml_lines import Document, KeyPath, Problem, Unreadable, parse_document


def apply_changes(document: Document, changes: Mapping[str, str]) -> list[Problem]:
    """Put each value, written as in a file, in its place; what cannot be placed is a problem."""
    problems = []
    for path, text in changes.items():
        try:
            keys = _keys(document.values, path)
            value = parse_document(f"value: {text}").values.get("value")
            _put(document, keys, value)
        except Unreadable as error:
            problems.append(Problem((path,), f"{text!r} {error}"))
        except _NoPlace as error:
            problems.append(Problem((path,), str(error)))
    return problems


def named(text: str, values: Mapping[str, Any]) -> str:
    """A message with loads called by their names: `loads.boiler.min_on_s` for `loads[1].min_on_s`."""
    for number, name in enumerate(_load_names(values)):
        text = text.replace(f"loads[{number}]", f"loads.{name}")
    return text


class _NoPlace(Exception):
    """There is no such place in the settings; the message says which there are."""


def _keys(values: Mapping[str, Any], path: str) -> KeyPath:
    """Where the path leads. Of a list, other than that of the loads, the parts are counted from 0."""
    keys: list[str | int] = []
    here: Any = values
    for word in path.split("."):
        if not word:
            raise _NoPlace("is no path of a setting, such as loads.water_heater.min_on_s or limits.max_grid_w")
        if isinstance(here, list):
            names = _load_names(values) if keys == ["loads"] else [str(number) for number in range(len(here))]
            if word not in names:
                what = "a load" if keys == ["loads"] else "a part"
                raise _NoPlace(f"there is no {word} in {'.'.join(map(str, keys))}; name {what}: {_listed(word, names)}")
            number = names.index(word)
            keys.append(number)
            here = here[number]
            continue
        if here is not None and not isinstance(here, Mapping):
            raise _NoPlace(f"{'.'.join(map(str, keys))} is a single value; there is nothing below it")
        keys.append(word)
        here = (here or {}).get(word)
    return tuple(keys)


def _listed(word: str, names: list[str]) -> str:
    return suggestion(word, names) if names else "it is empty"


def _load_names(values: Mapping[str, Any]) -> list[str]:
    rows = values.get("loads")
    rows = rows if isinstance(rows, list) else []
    return [str(row.get("name", row.get("type", ""))) if isinstance(row, Mapping) else "" for row in rows]


def _put(document: Document, keys: KeyPath, value: Any) -> None:
    here: Any = document.values
    for key in keys[:-1]:
        if not isinstance(here, list) and here.get(key) is None:
            here[key] = {}
        here = here[key]
    here[keys[-1]] = value
    for place in [place for place in document.lines if place[: len(keys)] == keys]:
        del document.lines[place]
    document.lines[keys] = 0  # it stands in no line
