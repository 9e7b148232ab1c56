"""Settings that may change while the program runs: which there are, and what a changed file means for a running home.

Everything comes from the declarations (`core.model.setting`): a row here is what `check` and Files/config.yaml say of
the same setting. Nothing is read or written here.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import Field, is_dataclass, replace
from datetime import time
from typing import Any

from pv_heater.config.describe import group_of
from pv_heater.config.model import Config, TypedSettings
from pv_heater.config.structure import without_none
from pv_heater.config.yaml_lines import KeyPath
from pv_heater.core.model.lean import dataclass
from pv_heater.core.model.setting import DayTime, Secret, default_of, key_of, setting, settings_of
from pv_heater.core.settings.load import BatteryShare, LoadSettings

ORDER = "loads.order"
"""The path of what is no line of the file: the priorities, as names in the order of the list."""
BATTERY = "battery"
"""The battery's place in it, as its `type:` says."""
ORDER_HELP = "which load gets the surplus first; battery is its place among them"
HIDDEN_TEXT = "set"
"""What is shown of a secret."""
JSON = float | int | bool | str | list[Any] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveRow:
    """One setting as the page shows it. `field` is its declaration, `keys` its place in the file."""

    path: str
    keys: KeyPath
    field: Field[Any]
    value: Any
    load: str | None = None
    """The load it belongs to."""

    @property
    def live(self) -> bool:
        """Whether it may change while the program runs."""
        return bool(self.field.metadata["live"])

    @property
    def kind(self) -> str:
        """What a value of it is: number, whole, truth, text, time, or a list of texts."""
        bare = without_none(self.field.type)
        kinds: dict[Any, str] = {bool: "truth", int: "whole", float: "number", DayTime: "time", time: "time"}
        return "list" if isinstance(self.value, tuple) else kinds.get(bare, "text")

    def as_json(self, line: int | None) -> dict[str, Any]:
        """The row of GET /api/v1/settings; `line` None: it is not in the file."""
        about = self.field.metadata
        secret = without_none(self.field.type) is Secret
        choices = about["choices"]
        value = (HIDDEN_TEXT if self.value else None) if secret else json_value(self.value)
        return {
            "path": self.path,
            "label": label_of(self.path),
            "load": self.load,
            "kind": self.kind,
            "unit": about["unit"],
            "value": value,
            "default": json_value(default_of(self.field)),
            "minimum": about["minimum"],
            "maximum": about["maximum"],
            "choices": None if choices is None else list(choices),
            "help": about["help"],
            "line": line,
            "live": self.live,
            "secret": secret,
        }


def label_of(path: str) -> str:
    """A setting in words: ``limits.max_grid_w`` is "max grid", its unit standing beside it."""
    words = path.rpartition(".")[2].split("[")[0].split("_")
    units = {"w", "wh", "s", "c", "percent", "deg", "l", "kwp", "j"}
    return " ".join(words[:-1] if len(words) > 1 and words[-1] in units else words)


def json_value(value: Any) -> JSON:
    """A setting's value in JSON types; a time as it may be written."""
    if isinstance(value, time):
        return value.isoformat(timespec="minutes")
    if isinstance(value, tuple | list):
        return [json_value(item) for item in value]
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, float):
        return int(value) if value == int(value) else value
    return str(value)


def order_of(config: Config) -> list[str]:
    """The names of the loads in order of priority, `BATTERY` at the battery's place."""
    return [_row_name(row) for row in config.loads]


def rows_of(config: Config, values: Mapping[str, Any]) -> list[LiveRow]:
    """Every setting that has a value, in the order of their declarations. `values`: the file's, as it has them."""
    rows: list[LiveRow] = []
    for field in settings_of(Config):
        rows += _rows(field, getattr(config, field.name), key_of(field), (key_of(field),), values.get(key_of(field)))
    return rows


def _rows(
    field: Field[Any], value: Any, path: str, keys: KeyPath, given: Any, load: str | None = None
) -> Iterator[LiveRow]:
    """The rows of one field: itself, or those of the group, or groups, in it. `given`: the same as it was written."""
    if isinstance(value, tuple) and value and all(_is_group(item) for item in value):
        for index, item in enumerate(value):
            alone = not isinstance(given, list | tuple)
            here = given if alone else given[index] if index < len(given) else None
            in_loads = path == "loads"
            name = _row_name(item) if in_loads else load
            item_path = f"loads.{name}" if in_loads else path if alone else f"{path}[{index}]"
            yield from _group_rows(item, item_path, keys if alone else (*keys, index), here, name)
    elif _is_group(value):
        yield from _group_rows(value, path, keys, given, load)
    elif (
        group_of(field)[0] is None and without_none(field.type) is not object and "TypedSettings" not in str(field.type)
    ):
        from_elsewhere = isinstance(given, str) and ("${" in given or given.startswith("file:"))
        yield LiveRow(path=path, keys=keys, field=field, value=given if from_elsewhere else value, load=load)


def _group_rows(value: Any, path: str, keys: KeyPath, given: Any, load: str | None) -> Iterator[LiveRow]:
    settings = value.settings if isinstance(value, TypedSettings) else value
    inside = given if isinstance(given, Mapping) else {}
    if isinstance(value, TypedSettings):
        yield LiveRow(path=f"{path}.type", keys=(*keys, "type"), field=_TYPE, value=value.type, load=load)
    for field in settings_of(type(settings)):
        key = key_of(field)
        yield from _rows(field, getattr(settings, field.name), f"{path}.{key}", (*keys, key), inside.get(key), load)


def _is_group(value: Any) -> bool:
    return isinstance(value, TypedSettings) or (is_dataclass(type(value)) and not isinstance(value, DayTime))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Kind:
    type: str = setting("which kind it is")


_TYPE = settings_of(_Kind)[0]
"""The declaration that the word behind `type:` has for the page."""


def _row_name(row: TypedSettings[LoadSettings] | BatteryShare) -> str:
    return BATTERY if isinstance(row, BatteryShare) else row.settings.name


def with_live(running: Config, changed: Config) -> Config:
    """`running` with every live setting as `changed` has it; whatever else differs counts from the next start.

    Loads are matched by name; their order is taken where both have the same loads.
    """
    config: Config = replace(_taken(running, changed), loads=_loads(running, changed), warnings=changed.warnings)
    return config


def differs_otherwise(running: Config, changed: Config) -> bool:
    """Whether `changed` differs from `running` in what only a start takes over."""
    here, there = with_live(running, changed), changed
    same = all(getattr(here, field.name) == getattr(there, field.name) for field in settings_of(Config))
    return not same


def _loads(running: Config, changed: Config) -> tuple[Any, ...]:
    others = {_row_name(row): row for row in changed.loads}
    rows = {_row_name(row): _taken(row, others.get(_row_name(row))) for row in running.loads}
    names = order_of(changed) if sorted(order_of(changed)) == sorted(order_of(running)) else list(rows)
    return tuple(rows[name] for name in names)


def _taken(old: Any, new: Any) -> Any:
    """`old` with the live settings of `new`, where both are groups of the same kind."""
    if type(old) is not type(new) or not _is_group(old):
        return old
    if isinstance(old, TypedSettings):
        return replace(old, settings=_taken(old.settings, new.settings)) if old.type == new.type else old
    values: dict[str, Any] = {}
    for field in settings_of(type(old)):
        before, after = getattr(old, field.name), getattr(new, field.name)
        if field.metadata["live"]:
            values[field.name] = after
        elif isinstance(before, tuple) and isinstance(after, tuple) and len(before) == len(after):
            values[field.name] = tuple(_taken(*pair) for pair in zip(before, after, strict=True))
        elif _is_group(before):
            values[field.name] = _taken(before, after)
    return replace(old, **values) if values else old
