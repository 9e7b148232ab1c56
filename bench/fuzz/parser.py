"""What a parser is to `bench fuzz`, and what several of them need."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

Parse = Callable[[bytes], object]


@dataclass(frozen=True, slots=True, kw_only=True)
class Parser:
    """One parser."""

    examples: tuple[bytes, ...]
    """Good payloads, of which bad ones are made."""
    new: Callable[[Path], Parse]
    """Makes what is called with each payload; it may use that folder, and need not remember a payload for the next."""
    rows: tuple[str, ...] = ()
    """What is read by it: ``victron/vrm/meter``, ``sensors/ds18b20``."""
    within: tuple[float, float] | None = None
    """Bounds of a plain number that comes out."""


def decoded(payload: bytes) -> Any:
    """The body of an HTTP answer, as `io.net.http` gives it: None for what is not JSON."""
    try:
        return json.loads(payload.decode("utf-8", errors="replace"))
    except (ValueError, RecursionError):
        return None


def unheard(_text: str) -> None:
    """For complaints about single values."""


def always(parse: Parse) -> Callable[[Path], Parse]:
    """For a parser that needs neither folder nor memory."""
    return lambda _folder: parse
