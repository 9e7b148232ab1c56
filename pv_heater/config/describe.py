"""What each setting is, in words: for `check`, the comments of Files/config.yaml and the pages.

All of it comes from the settings' own declarations, so that text and program cannot disagree.
"""

from __future__ import annotations

from dataclasses import Field, is_dataclass, replace
from datetime import time
from typing import Any, get_args, get_origin

from pv_heater.config.scalars import UNIT_NAMES
from pv_heater.config.structure import without_none
from pv_heater.core.model.lean import dataclass
from pv_heater.core.model.setting import DayTime, Secret, default_of, is_required, key_of, settings_of


@dataclass(frozen=True, slots=True, kw_only=True)
class SettingRow:
    """One setting as text. `default` None: it must be given. `limits` is empty where anything goes."""

    name: str
    """With its groups: ``relay.pin``; ``pv[].kwp`` in a list."""
    kind: str
    unit: str
    limits: str
    default: str | None
    help: str

    @property
    def facts(self) -> str:
        """Unit, range and default in a few words: ``W, 1 to 100000, default 60``."""
        default = "must be given" if self.default is None else f"default {self.default or 'not set'}"
        kind = "" if self.kind == "text" else self.kind
        return ", ".join(part for part in (self.unit or kind, self.limits, default) if part)


def describe(settings_cls: type[Any]) -> list[SettingRow]:
    """A row for each setting of a settings class, those of its groups included, in order."""
    rows: list[SettingRow] = []
    for field in settings_of(settings_cls):
        inner, in_list = group_of(field)
        if inner is None:
            rows.append(row_of(field))
        else:
            prefix = f"{key_of(field)}{'[]' if in_list else ''}."
            rows += [replace(row, name=prefix + row.name) for row in describe(inner)]
    return rows


def group_of(field: Field[Any]) -> tuple[type[Any] | None, bool]:
    """The settings class inside a field, if any, and whether the field is a list of it."""
    bare = without_none(field.type)
    in_list = get_origin(bare) is tuple
    if in_list:
        bare = get_args(bare)[0]
    is_group = isinstance(bare, type) and is_dataclass(bare) and bare is not DayTime
    return (bare if is_group else None), in_list


def row_of(field: Field[Any]) -> SettingRow:
    """The row of a field that is not a group."""
    unit = field.metadata["unit"]
    return SettingRow(
        name=key_of(field),
        kind=_kind(field),
        unit=UNIT_NAMES.get(unit, unit) if unit == "deg" else unit,
        limits=_limits(field),
        default=_default(field),
        help=field.metadata["help"],
    )


def _kind(field: Field[Any]) -> str:
    bare = without_none(field.type)
    kinds: dict[Any, str] = {
        bool: "true or false",
        int: "whole number",
        float: "number",
        Secret: "secret text",
        DayTime: "time",
        time: "time",
    }
    return kinds.get(bare, "text") if get_origin(bare) is not tuple else "list"


def _limits(field: Field[Any]) -> str:
    low, high, choices = (field.metadata[name] for name in ("minimum", "maximum", "choices"))
    if choices is not None:
        return " | ".join(str(choice) for choice in choices)
    if low is not None and high is not None:
        return f"{_text(low)} to {_text(high)}"
    if low is not None:
        return f"at least {_text(low)}"
    return f"at most {_text(high)}" if high is not None else ""


def _default(field: Field[Any]) -> str | None:
    """The default as it may be written in YAML; empty where nothing is set, None where there is none."""
    if is_required(field):
        return None
    default = default_of(field)
    if default is None:
        help_text = field.metadata["help"]
        return next((word for word in ("auto", "max") if word in help_text.replace(";", " ").split()), "")
    return _text(default)


def as_written(value: Any, field: Field[Any]) -> str:
    """A value as it stands in YAML, unquoted; None is the default."""
    return _text(value) if value is not None else _default(field) or "null"


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value == int(value):
        return str(int(value))
    if isinstance(value, time):
        return value.isoformat(timespec="minutes")
    if isinstance(value, tuple):
        return f"[{', '.join(_text(item) for item in value)}]"
    return str(value)
