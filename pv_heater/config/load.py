"""Reads the settings: a file or a mapping in, one `Config` out, or every mistake at once.

`yaml_lines` knows files and lines, `layout` which keys a file is written in, `structure` how values become settings
classes, `model` what the sections are. Here they meet the tables of adapters: the words that may stand behind
``type:``, and the classes that they mean (`Tables`).
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from contextvars import ContextVar
from dataclasses import field, replace
from functools import lru_cache
from importlib import import_module
from pathlib import Path
from typing import Any

from pv_heater.config.addresses import clashing_addresses
from pv_heater.config.cross_checks import (
    clashing_displays,
    clashing_values,
    same_names,
    same_pins,
    unknown_names,
    unknown_published,
    wrong_clients,
    wrong_conditions,
    wrong_waiting,
)
from pv_heater.config.layout import earlier_file, migrate
from pv_heater.config.model import Config, Gpio, Log, TypedSettings
from pv_heater.config.mqtt import mqtt_hook
from pv_heater.config.presets import with_preset
from pv_heater.config.scalars import Secrets, shown
from pv_heater.config.structure import Hook, SettingProblems, Structure, many, problems_of, setting_keys, suggestion
from pv_heater.config.tariff import charges_hook, tariff_hook
from pv_heater.config.yaml_lines import (
    Document,
    Problem,
    Unreadable,
    parse_document,
    read_document,
    without_invisible,
)
from pv_heater.core.actuators.learned_power import ASSUMED_W
from pv_heater.core.conditions.names import check_own_name
from pv_heater.core.model.lean import dataclass
from pv_heater.core.model.setting import SettingProblem
from pv_heater.core.settings.history import History
from pv_heater.core.settings.load import After, BatteryShare
from pv_heater.displays import DISPLAYS
from pv_heater.errors import ConfigError
from pv_heater.forecasts import FORECASTS
from pv_heater.loads import LOADS
from pv_heater.meters import METERS
from pv_heater.sensors import POWER_METERS, SENSORS, VALUES
from pv_heater.strategies import STRATEGIES
from pv_heater.tariffs import TARIFFS
from pv_heater.telemetry import PUBLISHERS
from pv_heater.telemetry.messages import SENDERS
from pv_heater.telemetry.messages.settings import MessageSettings

__all__ = ["Config", "Gpio", "Log", "Tables", "TypedSettings", "load_config"]
_SECRETS: ContextVar[Secrets] = ContextVar("secrets")
"""Of the configuration that is being read."""
_OWN_NAMES: ContextVar[tuple[str, ...]] = ContextVar("own_names")
"""Of the values of its owner's own."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Tables:
    """Which words stand for which classes: ``word: "module:Class"``."""

    meters: Mapping[str, str] = field(default_factory=lambda: METERS)
    forecasts: Mapping[str, str] = field(default_factory=lambda: FORECASTS)
    loads: Mapping[str, str] = field(default_factory=lambda: LOADS)
    strategies: Mapping[str, str] = field(default_factory=lambda: STRATEGIES)
    sensors: Mapping[str, str] = field(default_factory=lambda: SENSORS)
    power_meters: Mapping[str, str] = field(default_factory=lambda: POWER_METERS)
    values: Mapping[str, str] = field(default_factory=lambda: VALUES)
    displays: Mapping[str, str] = field(default_factory=lambda: DISPLAYS)
    tariffs: Mapping[str, str] = field(default_factory=lambda: TARIFFS)
    publishers: Mapping[str, str] = field(default_factory=lambda: PUBLISHERS)
    messages: Mapping[str, str] = field(default_factory=lambda: SENDERS)


TABLES = Tables()
"""The program's own."""


def adapter_class(row: str) -> Any:
    """The class of a table row, imported now; its settings are its `Settings`. May raise ImportError."""
    module, _, name = row.partition(":")
    return getattr(import_module(module), name)


def load_config(
    source: str | Path | Mapping[str, Any],
    *,
    tables: Tables | None = None,
    environ: Mapping[str, str] | None = None,
    text: str | None = None,
    changes: Mapping[str, str] | None = None,
) -> Config:
    """Read the settings from a file, or from a mapping with the same keys.

    `text` is what the file is to hold, in place of what it holds now. `changes` are other values by the path of their
    setting, as they would be written: ``{"loads.boiler.min_on_s": "120"}``. `environ` serves ``${NAME}`` (default: the
    process's own). Raises ConfigError with all problems, each with its line, or its key path where there is no file.
    """
    path = None if isinstance(source, Mapping) else Path(source)
    title = "settings" if path is None else _title(path)
    try:
        document = Document(values=_plain(source)) if isinstance(source, Mapping) else _document(Path(source), text)
    except Unreadable as error:
        raise ConfigError(title, earlier_file(path) or [str(error)]) from None
    warnings = migrate(document)
    secrets = Secrets(os.environ if environ is None else environ, path.parent if path else Path())
    problems = list(document.problems)
    if changes:
        from pv_heater.config.changes import apply_changes, named  # only what-if asks for it

        problems += apply_changes(document, changes)
    if path is not None and "meter" not in document.values:
        problems.append(Problem(("meter",), "is missing; what measures the house, such as `meter: {type: vrm, ...}`"))
    config: Config | None = None
    try:
        values = {"strategy": {"type": "plan"}, **document.values}
        config = _read(values, secrets, tables or TABLES)
        problems += clashing_displays(config) + clashing_addresses(config) + clashing_values(config)
        problems += unknown_published(config)
        problems += wrong_clients(config)
    except (SettingProblem, SettingProblems) as error:
        problems += problems_of(error)
    if config is None or problems:
        in_order = _in_order(problems, document)
        sentences = _sentences(problems, document, secrets)
        if changes:
            sentences = [named(sentence, document.values) for sentence in sentences]
        raise ConfigError(title, sentences, [item.path for _, item in in_order])
    warnings += _doubts(config)
    holders = {*secrets.files, *([path] if path is not None and secrets.in_the_settings else [])}
    warned = tuple(_sentences(warnings, document, secrets))
    return replace(config, path=path, warnings=warned, secret_files=tuple(sorted(holders)))


def _document(path: Path, text: str | None) -> Document:
    return read_document(path) if text is None else parse_document(without_invisible(text))


def _read(values: Mapping[str, Any], secrets: Secrets, tables: Tables) -> Config:
    """The settings in `values`; raises SettingProblem and SettingProblems."""
    own = values.get("values")
    before = _SECRETS.set(secrets), _OWN_NAMES.set(tuple(own) if isinstance(own, Mapping) else ())
    try:
        config: Config = _reader(tables)(values)
    finally:
        _SECRETS.reset(before[0])
        _OWN_NAMES.reset(before[1])
    return config


@lru_cache(maxsize=8)
def _reader(tables: Tables) -> Hook:
    """What makes settings of values; the same for every configuration that is read with these tables."""
    return _config_hook(Structure(_SECRETS.get), tables)


def _config_hook(structure: Structure, tables: Tables) -> Hook:
    strategy = _typed(structure, tables.strategies, "strategies")
    prices = _typed(structure, tables.tariffs, "tariffs", {"charges": charges_hook(structure)})
    return structure.group(
        Config,
        {
            "meter": many(_typed(structure, tables.meters, "meters")),
            "forecast": many(_typed(structure, tables.forecasts, "forecasts")),
            "strategy": lambda value: strategy({"type": "plan"} if value is None else value),
            "tariff": tariff_hook(structure, prices, tables.tariffs),
            "loads": _loads(structure, tables),
            "values": _values(structure, tables),
            "publish": many(_typed(structure, tables.publishers, "publishers")),
            "display": many(_typed(structure, tables.displays, "displays")),
            "history": _history(structure),
            "mqtt": mqtt_hook(structure),
            "messages": _messages(structure, tables),
        },
    )


def _messages(structure: Structure, tables: Tables) -> Hook:
    """A hook for the group of messages, whose recipients begin with `type:`."""
    group = structure.group(MessageSettings, {"to": many(_typed(structure, tables.messages, "messages"))})
    return lambda value: None if value is None else group(value)


def _history(structure: Structure) -> Hook:
    """A hook for a group of settings, or one word: `history: off`."""
    group = structure.group(History)
    return lambda value: group({"keep": value} if isinstance(value, str | bool) else value)


def _values(structure: Structure, tables: Tables) -> Hook:
    """A hook for the owner's own values: a name for each."""
    one = _typed(structure, tables.values, "values")

    def hook(value: Any) -> dict[str, Any]:
        if value is None:
            return {}
        if not isinstance(value, Mapping):
            raise SettingProblem(f"must be names with a group of settings each, not {shown(value)}")
        found, problems = {}, []
        for name, row in value.items():
            try:
                check_own_name(name)
                found[name] = one(row)
            except (SettingProblem, SettingProblems) as error:
                problems += problems_of(error, name)
        if problems:
            raise SettingProblems(problems)
        return found

    return hook


def _typed(
    structure: Structure, table: Mapping[str, str], presets: str, hooks: Mapping[str, Hook] | None = None
) -> Hook:
    """A hook for ``{type: word, ...}``: the word picks the class, the class says which settings there are.

    `presets` is the folder in Files/presets that may fill them in, and the type with them. `hooks` read settings of
    that name that no class alone can describe.
    """

    def hook(value: Any) -> TypedSettings[Any]:
        if not isinstance(value, Mapping):
            raise SettingProblem(f"must be a group with `type:` first, one of {', '.join(table)}")
        filled = with_preset(value, presets)
        word = filled.values.get("type")
        if word is None:
            raise SettingProblem(f"is missing; one of {', '.join(table)}", "type")
        if not isinstance(word, str) or word not in table:
            raise SettingProblem(
                f"must be one of {', '.join(table)}, not {shown(word)}; {suggestion(word, table)}", "type"
            )
        try:
            cls = adapter_class(table[word])
        except ImportError as error:
            sentence = f"cannot be used here: {error}; docs/install.md lists what each needs"
            raise SettingProblem(sentence, "type") from None
        known = set(setting_keys(cls.Settings))
        rest = {key: item for key, item in filled.values.items() if key not in (filled.blanks - known) | {"type"}}
        return TypedSettings(type=word, cls=cls, settings=structure.group(cls.Settings, hooks)(rest))

    return hook


def _loads(structure: Structure, tables: Tables) -> Hook:
    """A hook for the list of loads, their probes, the battery's place among them, and names given once."""
    sensor, share = _typed(structure, tables.sensors, "sensors"), structure.group(BatteryShare)
    power_meter, after = _typed(structure, tables.power_meters, "power_meters"), structure.group(After)
    parts: dict[str, Hook] = {
        "power_from": lambda value: None if value is None else power_meter(value),
        "temperature_from": lambda value: None if value is None else sensor(value),
        "after": lambda value: None if value is None else after({"load": value} if isinstance(value, str) else value),
    }
    load = _typed(structure, tables.loads, "loads", parts)

    def row(value: Any) -> Any:
        if isinstance(value, Mapping) and value.get("type") == "battery":
            return share({key: item for key, item in value.items() if key != "type"})
        if isinstance(value, Mapping) and value.get("max_power_w") == "auto":
            return load({**value, "max_power_w": ASSUMED_W, "learn_power": True})
        return load(value)

    rows = many(row, alone=None)

    def hook(value: Any) -> tuple[Any, ...]:
        names = _OWN_NAMES.get()
        problems = same_names(value) + same_pins(value) + unknown_names(value, names)
        try:
            result: tuple[Any, ...] = rows(value)
        except SettingProblems as error:
            raise SettingProblems(problems + error.problems) from None
        if problems:
            raise SettingProblems(problems)
        if wrong := wrong_waiting(result) + wrong_conditions(result, names):
            raise SettingProblems(wrong)
        if all(isinstance(item, BatteryShare) for item in result):
            raise SettingProblem("must hold at least one load; without one there is nothing to control")
        return result

    return hook


def _doubts(config: Config) -> list[Problem]:
    """What is allowed and probably not meant."""
    doubts = []
    if config.mqtt is not None and config.mqtt.commands and config.mqtt.password is None:
        text = "is true and there is no password: whoever reaches the broker may switch the loads"
        doubts.append(Problem(("mqtt", "commands"), text))
    if config.strategy.type == "forecast_gap" and not config.forecast:
        doubts.append(
            Problem(("strategy",), "forecast_gap needs a forecast; without `forecast:` it works as balance does")
        )
    return doubts


def _sentences(problems: list[Problem], document: Document, secrets: Secrets) -> list[str]:
    """One sentence a problem, in the order of the file."""
    return [
        secrets.hide(f"{f'line {line}: ' if line else ''}{document.name_of(item.path)}: {item.message}")
        for line, item in _in_order(problems, document)
    ]


def _in_order(problems: list[Problem], document: Document) -> list[tuple[int | None, Problem]]:
    """(line, problem) in the order of the file."""
    lines = [(document.line_of(item.path) if item.line is None else item.line, item) for item in problems]
    return sorted(lines, key=lambda pair: pair[0] or 0)


def _title(path: Path) -> str:
    """The path, shortened where it lies below the current folder."""
    try:
        return str(path.absolute().relative_to(Path.cwd()))
    except ValueError:
        return str(path)


def _plain(value: Any) -> Any:
    """A copy of nested mappings and lists as dicts and lists, so that nothing of the caller's is changed."""
    if isinstance(value, Mapping):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return value
