"""Messages as requests of the control socket. Pure. What is wrong is said with what would be right."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any

from pv_heater.core.model.plain_text import plain

LONGEST_PAYLOAD = 2000
"""Bytes; a command has some hundred."""
LONGEST_ID = 60

KEYS: Mapping[str, frozenset[str]] = {
    "force": frozenset({"load", "mode", "for_s", "power_w", "for_good"}),
    "boost": frozenset({"load", "for_s", "to_c", "at"}),
    "clear": frozenset({"load"}),
    "vacation": frozenset({"until_at"}),
    "off": frozenset(),
}
"""What may be asked, and with which keys: those of `main.py`'s own requests. `id` goes with each."""


class Refused(ValueError):
    """A message that is no command; `given` is its id, where it has one."""

    def __init__(self, text: str, given: Any = None) -> None:
        super().__init__(text)
        self.given = given


def text_of(payload: bytes) -> str:
    """The words of a message, without blanks around them. Raises Refused."""
    if len(payload) > LONGEST_PAYLOAD:
        raise Refused(f"{len(payload)} bytes are too many, at most {LONGEST_PAYLOAD} are read")
    try:
        text = payload.decode().strip()
    except UnicodeDecodeError:
        raise Refused("it is not text in UTF-8") from None
    if not text:
        # Whoever deletes a retained message sends an empty one.
        raise Refused("an empty message is no command")
    return text


def number_of(text: str) -> float:
    """A finite number. Raises Refused."""
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        raise Refused(f"it must be a number, not {text[:40]!r}")
    return number


def object_of(payload: bytes) -> dict[str, Any]:
    """A JSON object, each key once, without NaN. Raises Refused."""
    try:
        found = json.loads(text_of(payload), object_pairs_hook=_each_once, parse_constant=_no_number)
    except Refused:
        raise
    except (ValueError, RecursionError):  # RecursionError: brackets within brackets; ValueError: endless digits too
        found = None
    if not isinstance(found, dict):
        raise Refused('it must be a JSON object, such as {"command": "force", "load": "boiler", "mode": "on"}')
    return found


def request_of(payload: bytes) -> tuple[dict[str, Any], Any]:
    """A request for `Home.ask`, and the id that came with it. Raises Refused."""
    found = object_of(payload)
    given = found.pop("id", None)
    if given is not None and not _can_be_sent_back(given):
        raise Refused(f"id must be a text or a whole number of at most {LONGEST_ID} characters")
    word = found.get("command")
    if not isinstance(word, str) or word not in KEYS:
        raise Refused(f"command must be {', '.join(KEYS)}, not {repr(word)[:40]}", given)
    unknown = sorted(found.keys() - KEYS[word] - {"command"})
    if unknown:
        known = ", ".join(sorted(KEYS[word])) or "no other key"
        raise Refused(f"{unknown[0][:40]!r} is not known; {word} has {known}", given)
    return found, given


def _can_be_sent_back(given: Any) -> bool:
    if isinstance(given, bool) or not isinstance(given, str | int):
        return False
    return len(str(given)) <= LONGEST_ID and plain(str(given)) == str(given)


def _each_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise Refused("a key stands in it twice")
    return found


def _no_number(word: str) -> float:
    raise Refused(f"{word} is no number in JSON")
