"""Files/config.yaml, written from the settings' own declarations: the demo, and every setting there is.

To write the file anew: ``python -m pv_heater.commands.example > Files/config.yaml``.
"""

from __future__ import annotations

import inspect
import sys
from collections.abc import Mapping
from dataclasses import Field, replace
from typing import Any

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

_HEADER = """\
# Settings of pv_heater. As it stands, this file runs at once and switches nothing: a recorded summer day, dry.
#
#     python main.py                   see what it would have done on that day
#
# From here to your own home, in five steps:
#   1. Copy this file to Files/config-private.yaml; that one is taken when it exists, and git leaves it alone.
#   2. site: your place, time zone, modules and battery.
#   3. meter: replace the recording by `vrm` (its lines are below). `python main.py check` says what it answers.
#   4. loads: your heater, its pins and its power; docs/ says how to wire it. Watch a day or two with dry_run: true.
#   5. dry_run: false. Now it switches.
#
# Lines that begin with # are off and show the default; take away the `# ` to change one. Each comment gives unit,
# range and default, then what the setting is for. Texts may come from the environment, ${NAME}, or from the first
# line of a file, file:name. Times need no quotes. docs/configuration.md has the rest.
"""

_DEMO: dict[str, Any] = {
    "dry_run": "true",
    "site": {
        "name": "Home",
        "latitude": "47.05",
        "longitude": "15.44",
        "timezone": "Europe/Vienna",
        "pv": [{"kwp": "6.0", "tilt_deg": "30", "azimuth_deg": "0"}],
        "battery": {"capacity_wh": "4800", "max_charge_w": "2400"},
    },
    "meter": "recording",
    "strategy": "plan",
    "loads": "servo_regulator",
}
"""What the shipped file sets; a word picks the adapter that is on."""

_SAMPLES: dict[str, dict[str, Any]] = {
    "recording": {"path": "Files/recordings/summer.csv.gz"},
    "vrm": {"token": "file:vrm-token", "installation_id": "123456"},
    "mqtt": {"host": "192.168.1.10", "values": {"pv_w": [{"topic": "house/pv", "path": "power"}]}},
    "http": {"url": "http://192.168.1.50/status", "values": {"pv_w": [{"path": "power"}]}},
    "pvmonit_xml": {"url": "http://192.168.1.20/data-xml.php"},
    "serial": {"protocol": "vedirect", "device": "/dev/ttyUSB0"},
    "servo_regulator": {
        "name": "water_heater",
        "max_power_w": "2000",
        "relay": {"pin": "BOARD11", "active_high": "true"},
        "servo": {"pin": "BOARD40"},
    },
    "digital_pot": {
        "name": "pool",
        "max_power_w": "3000",
        "relay": {"pin": "GPIO22", "active_high": "true"},
        "wiper": {"clock_pin": "GPIO11", "data_pin": "GPIO10", "select_pin": "GPIO8"},
    },
    "burst_ssr": {
        "name": "rod",
        "max_power_w": "3000",
        "ssr": {"pin": "GPIO24", "active_high": "true"},
        "relay": {"pin": "GPIO25", "active_high": "true"},
    },
    "stages": {
        "name": "boiler",
        "relays": [{"pin": "GPIO5", "active_high": "false"}, {"pin": "GPIO6", "active_high": "false"}],
        "levels": [
            {"power_w": "1000", "closed": "[1]"},
            {"power_w": "2000", "closed": "[2]"},
            {"power_w": "3000", "closed": "[1, 2]"},
        ],
    },
    "relay_board": {
        "name": "rods",
        "step_w": "300",
        "relays": [{"pin": "GPIO16", "active_high": "true"}, {"pin": "GPIO20", "active_high": "true"}],
    },
    "sg_ready": {
        "name": "heat_pump",
        "recommended_w": "1500",
        "min_on_s": "900",
        "min_off_s": "600",
        "start_delay_s": "120",
        "relays": [{"pin": "GPIO23", "active_high": "true"}, {"pin": "GPIO27", "active_high": "true"}],
    },
    "relay": {"name": "pump", "max_power_w": "800", "relay": {"pin": "GPIO17", "active_high": "true"}},
    "http_dimmer": {"name": "boiler", "max_power_w": "1000", "url": "http://192.168.1.199"},
    "http_switch": {
        "name": "pump",
        "max_power_w": "800",
        "url": "http://192.168.1.50",
        "on": [{"path": "/relay/0?turn=on"}],
        "off": [{"path": "/relay/0?turn=off"}],
        "confirm": {"path": "/relay/0", "value": "ison"},
    },
    "http_variator": {
        "name": "radiator",
        "max_power_w": "1000",
        "url": "http://192.168.1.50",
        "power": [{"path": "/light/0?turn=on&brightness={percent}"}],
        "off": [{"path": "/light/0?turn=off"}],
        "confirm": {"path": "/light/0", "value": "ison", "level": "brightness"},
    },
    "mk2_client": {"name": "garage", "max_power_w": "1500", "address": "192.168.1.60"},
    "mqtt_variator": {"name": "ecs", "max_power_w": "2300", "topic": "regul/vload/ECS/cmd"},
    "mqtt_switch": {"name": "pool", "max_power_w": "700", "topic": "cmnd/pool/POWER"},
    "gx_relay": {"name": "immersion", "max_power_w": "1500"},
    "gx_relay_modbus": {"name": "immersion_2", "max_power_w": "1500", "relay_is_manual": "true"},
    "dry_run": {"name": "try_out", "max_power_w": "1000"},
    "domoticz": {"url": "http://192.168.1.20:8080", "loads": [{"load": "water_heater"}]},
    "influxdb": {"url": "http://192.168.1.20:8086", "version": "1", "database": "home"},
    "emoncms": {"url": "http://emonpi.local/emoncms", "apikey": "file:emoncms-key"},
    "tm1638": {"dio": "GPIO19", "clk": "GPIO13", "stb": "GPIO26"},
    "power_from http": {"url": "http://192.168.1.60/rpc/Switch.GetStatus?id=0", "path": "apower"},
    "power_from mqtt": {"host": "192.168.1.10", "topic": "tele/washer/SENSOR", "path": "ENERGY.Power"},
    "energy_charts": {"zone": "AT"},
    "nordpool": {"zone": "SE3"},
    "home_assistant": {"token": "file:ha-token", "entity": "sensor.electricity_price"},
    "file": {"path": "Files/prices.csv"},
    "values mqtt": {"host": "192.168.1.10", "topic": "zigbee2mqtt/cellar", "path": "humidity"},
    "values http": {"url": "http://192.168.1.61/rpc/Switch.GetStatus?id=0", "path": "apower"},
    "values file": {"file": "/run/price.json", "path": "now"},
    "messages ntfy": {"topic": "pv-heater-7fq2x9"},
    "messages telegram": {"token": "file:telegram-token", "chat_id": '"123456789"'},
    "messages mail": {
        "host": "smtp.example.org",
        "username": "me@example.org",
        "password": "file:mail-password",
        "from": "me@example.org",
        "to": "[me@example.org]",
    },
    "messages webhook": {"url": "https://gotify.example.org/message", "token": "file:gotify-token"},
    "messages apprise": {"url": "file:apprise-url"},
    "temperature_from http": {"url": "http://192.168.1.199/state"},
    "temperature_from mqtt": {"host": "192.168.1.10", "topic": "tele/boiler/SENSOR"},
}
"""Values for settings that have no default, by the word behind `type:`; a probe's by where it stands as well."""

_OWN_NAMES = {"mqtt": "humidity", "http": "oven_w", "file": "price_ct"}
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
    parts = [_HEADER]
    for field in settings_of(Config):
        key = field.name
        body = adapters[key] if key in adapters else _section(field)
        parts.append("\n".join([f"\n# --- {key}: {field.metadata['help']}" if key in adapters else "", *body]))
    return "".join(f"{part}\n" for part in parts).replace("\n\n\n", "\n\n")


def _section(field: Field[Any]) -> list[str]:
    """A section that has no `type:`."""
    return [line.text() for line in _lines_of(field, _DEMO, 0, None)]


def _typed(section: str, table: Mapping[str, str]) -> list[str]:
    """A section whose entries begin with `type:`: the one that is on, then the others, off."""
    blocks = []
    for word in _chosen_first(section, table):
        off = None if word == _DEMO.get(section) else 0
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
        lines = [_Line(0, "values:", "", 0), _Line(2, f"{_OWN_NAMES[word]}:", "", 0), *entry]
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
    return sorted(table, key=lambda word: word != _DEMO.get(section))


def _entry(
    word: str,
    table: Mapping[str, str],
    indent: int,
    off: int | None,
    known: frozenset[str],
    sample: str | None = None,
) -> list[_Line]:
    """The settings of one adapter, without those `known` from above that need no value here.

    `sample` is its word among `_SAMPLES` where that is not `word` itself.
    """
    cls = adapter_class(table[word])
    given = _SAMPLES.get(sample or word, {})
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


if __name__ == "__main__":
    sys.stdout.write(documented_example())
