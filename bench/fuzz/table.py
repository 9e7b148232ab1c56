"""Everything that reads what comes from outside: the table of the parsers that `bench fuzz` tries."""

from __future__ import annotations

from bench.fuzz.parser import Parser
from bench.fuzz.parsers_mqtt import MQTT_PARSERS
from bench.fuzz.parsers_others import SERVICE_PARSERS, measured_names, measured_parser
from bench.fuzz.parsers_own import OWN_PARSERS
from bench.fuzz.parsers_prices import PRICE_PARSERS
from bench.fuzz.parsers_victron import GX_PARSERS

_FIXED: dict[str, Parser] = {**GX_PARSERS, **SERVICE_PARSERS, **PRICE_PARSERS, **OWN_PARSERS, **MQTT_PARSERS}


def parser_names() -> list[str]:
    """All of them, those of presets last."""
    return [*_FIXED, *measured_names()]


def parser_called(name: str) -> Parser:
    """The parser of that name; raises KeyError."""
    return _FIXED[name] if name in _FIXED else measured_parser(name)
