"""The text of Files/config.yaml: each setting on a line with its comment, off where the demo does without it."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Mapping
from dataclasses import Field, replace
from typing import Any

from pv_heater.commands.example.samples import DEMO, HEADER, OWN_NAMES, SAMPLES
from pv_heater.config.describe import group_of, row_of
from pv_heater.config.load import Tables, adapter_class
from pv_heater.config.model import Config
from pv_heater.config.presets import preset_words
from pv_heater.config.tariff import FIXED
from pv_heater.core.model.lean import dataclass
from pv_heater.core.model.setting import key_of, settings_of
from pv_heater.core.settings.home import TariffPeriod
from pv_heater.core.settings.load import BatteryShare, LoadSettings
from pv_heater.core.settings.tariff import MarketTariff
from pv_heater.telemetry.messages.settings import MessageSettings

_COMMENT_COLUMN = 40

_MEANING = ("unit", "min", "max", "when_lost", "max_age_s")
"""The settings that all values of the owner's own have."""

_PROBES = ("temperature_from", "power_from")
"""The settings of a load that begin with a `type:` of their own."""


def documented_example(tables: Tables | None = None) -> str:
    """The text of Files/config.yaml: the demo, and every setting there is."""
    tables = tables or Tables()
    adapters = {
        "meter": _typed("meter", tables.meters),
        "forecast": _typed("forecast", tables.forecasts),
        "strategy": _typed("strategy", tables.strategies),
        "loads": _loads(tables),
        "publish": _typed("publish", tables.publishers),
        "display": _typed("display", tables.displays),
        "tariff": _tariff(tables),
        "values": _values(tables),
        "messages": _messages(tables),
    }
    parts = [HEADER]
    for field in settings_of(Config):
        key = field.name
        body = adapters[key] if key in adapters else _section(field)
        parts.append("\n".join([f"\n# --- {key}: {field.metadata['help']}" if key in adapters else "", *body]))
    return "".join(f"{part}\n" for part in parts).replace("\n\n\n", "\n\n")


def _section(field: Field[Any]) -> list[str]:
    """A section that has no `type:`."""
    return [line.text() for line in _lines_of(field, DEMO, 0, None)]


def _typed(section: str, table: Mapping[str, str]) -> list[str]:
    """A section whose entries begin with `type:`: the one that is on, then the others, off."""
    blocks = []
    for word in _chosen_first(section, table):
        off = None if word == DEMO.get(section) else 0
        head, *settings = _entry(word, table, 2, off, frozenset())
        lines = [_Line(0, f"{section}:", "", off), head, *_preset(f"{section}s", word), *settings]
        blocks.append("\n".join(line.text() for line in lines))
    return "\n\n".join(blocks).splitlines()


def _tariff(tables: Tables) -> list[str]:
    """Hours with their prices, then every source of market prices; all off in the demo."""
    head = _Line(0, "tariff:", "", 0)
    hours = [head, *_as_item(_block(TariffPeriod, {"from": "22:00", "to": "06:00"}, 4, 0))]
    blocks = [
        hours,
        [head, _Line(2, f"type: {FIXED}", "one price all day: import_per_kwh and export_per_kwh as above", 0)],
    ]
    for word in tables.tariffs:
        # What all sources have in common is explained once, at the first.
        known = frozenset(MarketTariff.__dataclass_fields__) if len(blocks) > 2 else frozenset()
        blocks.append([head, *_entry(word, tables.tariffs, 2, 0, known)])
    return "\n\n".join("\n".join(line.text() for line in block) for block in blocks).splitlines()


def _preset(folder: str, word: str, indent: int = 2) -> list[_Line]:
    """The line that names the presets of an adapter, off; none where there are none."""
    words = preset_words(folder, word)
    about = f"text, one of {', '.join(words)} - a known device; fills in what is not given below"
    return [_Line(indent, f"preset: {words[0]}", about, 2)] if words else []


def _loads(tables: Tables) -> list[str]:
    """The list of loads, the battery's place last."""
    blocks: list[list[_Line]] = []
    for word in _chosen_first("loads", tables.loads):
        # What all loads have in common is explained once, at the first.
        known = frozenset(LoadSettings.__dataclass_fields__) if blocks else frozenset()
        head, *settings = _entry(word, tables.loads, 4, 2 if blocks else None, known.union(_PROBES))
        entry = _as_item([head, *_preset("loads", word, 4), *settings])
        blocks.append(entry if blocks else [*entry, *_probes(tables)])
    about = "the battery's place in the list: loads above it come first"
    blocks.append(_as_item([_Line(4, "type: battery", about, 2), *_block(BatteryShare, {}, 4, 2)]))
    text = "\n\n".join("\n".join(line.text() for line in lines) for lines in blocks)
    return ["loads:", *text.splitlines()]


def _values(tables: Tables) -> list[str]:
    """The owner's own values, off; what all have in common is explained at the first."""
    blocks: list[str] = []
    for word in tables.values:
        known = frozenset(_MEANING) if blocks else frozenset[str]()
        entry = _entry(word, tables.values, 4, 0, known, f"values {word}")
        lines = [_Line(0, "values:", "", 0), _Line(2, f"{OWN_NAMES[word]}:", "", 0), *entry]
        blocks.append("\n".join(line.text() for line in lines))
    return "\n\n".join(blocks).splitlines()


def _messages(tables: Tables) -> list[str]:
    """Who is told, each way once, and the rest of it; off."""
    fields = {field.name: field for field in settings_of(MessageSettings)}
    lines = [_Line(0, "messages:", "", 0), _Line(2, "to:", fields.pop("to").metadata["help"], 0)]
    for word in tables.messages:
        lines += _as_item(_entry(word, tables.messages, 6, 0, frozenset(), f"messages {word}"))
    lines += [line for field in fields.values() for line in _lines_of(field, {}, 2, 0)]
    return [line.text() for line in lines]


def _probes(tables: Tables) -> list[_Line]:
    """The probes and meters of its own that a load may have, off."""
    lines: list[_Line] = []
    for key, table in zip(_PROBES, (tables.sensors, tables.power_meters), strict=True):
        row = row_of(LoadSettings.__dataclass_fields__[key])
        about = f"{row.facts} - {row.help}"
        for word in table:
            lines += [_Line(4, f"{key}:", about, 4), *_entry(word, table, 6, 4, frozenset(), f"{key} {word}")]
    return lines


def _chosen_first(section: str, table: Mapping[str, str]) -> list[str]:
    return sorted(table, key=lambda word: word != DEMO.get(section))


def _entry(
    word: str,
    table: Mapping[str, str],
    indent: int,
    off: int | None,
    known: frozenset[str],
    sample: str | None = None,
) -> list[_Line]:
    """The settings of one adapter, without those `known` from above that need no value here.

    `sample` is its word among `SAMPLES` where that is not `word` itself.
    """
    cls = adapter_class(table[word])
    given = SAMPLES.get(sample or word, {})
    fields = [field for field in settings_of(cls.Settings) if field.name not in known or key_of(field) in given]
    lines = [line for field in fields for line in _lines_of(field, given, indent, off)]
    return [_Line(indent, f"type: {word}", _about(cls, table), off), *lines]


def _about(cls: type[Any], table: Mapping[str, str]) -> str:
    """What an adapter is: its module's first sentence, or its own where the module has several of them."""
    shared = sum(place.startswith(f"{cls.__module__}:") for place in table.values()) > 1
    own = inspect.getdoc(cls) if shared else None
    return (own or inspect.getdoc(sys.modules[cls.__module__]) or "").splitlines()[0]


@dataclass(frozen=True, slots=True)
class _Line:
    indent: int
    setting: str
    comment: str
    off: int | None
    """Column of the `# ` that switches the line off; None: it is on."""
    dash: bool = False

    def text(self) -> str:
        code = f"{' ' * (self.indent - 2)}- {self.setting}" if self.dash else f"{' ' * self.indent}{self.setting}"
        if self.off is not None:
            code = f"{code[: self.off]}# {code[self.off :]}"
        return f"{code:<{_COMMENT_COLUMN - 1}} # {self.comment}" if self.comment else code


def _as_item(lines: list[_Line]) -> list[_Line]:
    """The lines as an entry of a list."""
    return [replace(lines[0], dash=True), *lines[1:]]


def _block(cls: type[Any], given: Mapping[str, Any], indent: int, off: int | None) -> list[_Line]:
    """All settings of a class; those not in `given` are off and show their default."""
    lines: list[_Line] = []
    explained: dict[type[Any], str] = {}
    for field in settings_of(cls):
        key, (inner, _) = key_of(field), group_of(field)
        first = None if inner is None or key in given else explained.get(inner)
        if first is not None:
            about = f"{field.metadata['help']}; entries as {first} has"
            lines.append(_Line(indent, f"{key}:", about, indent if off is None else off))
        else:
            lines += _lines_of(field, given, indent, off)
        if inner is not None:
            explained.setdefault(inner, key)
    return lines


def _lines_of(field: Field[Any], given: Mapping[str, Any], indent: int, off: int | None) -> list[_Line]:
    key = key_of(field)
    inner, in_list = group_of(field)
    if off is None and key not in given:
        off = indent
    if inner is None:
        row = row_of(field)
        value = given.get(key, row.default if row.default is not None else "...")
        return [_Line(indent, f"{key}: {value}".rstrip(), f"{row.facts} - {row.help}", off)]
    head = _Line(indent, f"{key}:", field.metadata["help"], off)
    values = given.get(key, {})
    if in_list:
        entries = values or [{}]
        lines = [head, *_as_item(_block(inner, entries[0], indent + 4, off))]
        for entry in entries[1:]:  # explained at the first
            lines += _as_item([_Line(indent + 4, f"{name}: {value}", "", off) for name, value in entry.items()])
        return lines
    return [head, *_block(inner, values, indent + 2, off)]
