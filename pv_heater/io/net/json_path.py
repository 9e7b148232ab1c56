"""Finds one value in what a device sends: ``power``, ``emeters[0].power``, ``em:0.total_act_power``, ``;1``. Pure.

Written here and not taken from a library: jmespath needs ``"em:0"`` quoted and answers null without saying what was
missing, jsonpath-ng costs a parser generator at start, and neither reads text whose fields stand between semicolons.
"""

from __future__ import annotations

import json
import re
from typing import Any

from pv_heater.core.model.lean import dataclass
from pv_heater.core.model.setting import SettingProblem

_STEP = re.compile(r'\[(?P<index>\d{1,6})\]|\["(?P<quoted>[^"]+)"\]|(?P<dot>\.?)(?P<key>[^.\[\];"]+)')
_FIELD = re.compile(r";(\d{1,3})$")
_SHOWN_KEYS, _SHOWN_CHARACTERS = 8, 40
_EXAMPLES = "power, emeters[0].power, em:0.total_act_power, ;1, or $ for all of it"


class NotFound(LookupError):
    """There is no such value; the message says what there was instead."""


@dataclass(frozen=True, slots=True, kw_only=True)
class JsonPath:
    """Where a value stands: keys and list places from the outside in, then perhaps a field of a text."""

    text: str
    """As it was written."""
    steps: tuple[str | int, ...]
    """Keys of groups and places in lists, the first is 0; empty: the whole document."""
    field: int | None
    """Which of the fields that ``;`` separates, the first is 0; None: the value is not such a text."""

    @classmethod
    def parse(cls, text: str) -> JsonPath:
        """Read ``a.b[0]["c.d"];2``; an empty text or ``$`` is the whole document. Raises SettingProblem."""
        rest = text.strip().removeprefix("$")
        field = _FIELD.search(rest)
        rest = _FIELD.sub("", rest)
        steps: list[str | int] = []
        at = 0
        while at < len(rest):
            match = _STEP.match(rest, at)
            if match is None or (match["key"] and bool(match["dot"]) != bool(steps or text.startswith("$"))):
                raise SettingProblem(f"must be a path such as {_EXAMPLES}, not {text!r}")
            steps.append(int(match["index"]) if match["index"] else match["quoted"] or match["key"])
            at = match.end()
        return cls(text=text, steps=tuple(steps), field=int(field[1]) if field else None)

    @property
    def is_text_field(self) -> bool:
        """Whether it reads a field of a document that is one text."""
        return not self.steps and self.field is not None

    def find(self, document: Any) -> Any:
        """The value that stands there; raises NotFound."""
        value, where = document, "what came"
        for step in self.steps:
            value = _in_group(value, step, where) if isinstance(step, str) else _in_list(value, step, where)
            where = step if isinstance(step, str) else f"{where}[{step}]"
        return value if self.field is None else _in_text(value, self.field, where)


def kind_of(value: Any) -> str:
    """What a value is, in words and short."""
    if value is None:
        return "nothing (null)"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        short = value if len(value) <= _SHOWN_CHARACTERS else f"{value[:_SHOWN_CHARACTERS]} ..."
        return f"the text {short!r}"
    if isinstance(value, dict):
        return f"a group of {_keys(value)}"
    return f"a list of {len(value)}" if isinstance(value, list) else f"the number {str(value)[:_SHOWN_CHARACTERS]}"


def _in_group(value: Any, key: str, where: str) -> Any:
    if not isinstance(value, dict):
        raise NotFound(f"{where} is {kind_of(value)}, not a group with {key}")
    if key not in value:
        raise NotFound(f"there is no {key} in {where}, only {_keys(value)}")
    return value[key]


def _in_list(value: Any, place: int, where: str) -> Any:
    if not isinstance(value, list):
        raise NotFound(f"{where} is {kind_of(value)}, not a list")
    if place >= len(value):
        raise NotFound(f"{where} is a list of {len(value)}, which has no place {place} (the first is 0)")
    return value[place]


def _in_text(value: Any, field: int, where: str) -> str:
    fields = value.split(";") if isinstance(value, str) else []
    if field >= len(fields):
        raise NotFound(f"{where} is {kind_of(value)}, not a text with a field {field} between semicolons")
    return fields[field].strip()


def _keys(group: dict[Any, Any]) -> str:
    shown = [str(key)[:_SHOWN_CHARACTERS] for key in list(group)[:_SHOWN_KEYS]]
    more = f" and {len(group) - _SHOWN_KEYS} more" if len(group) > _SHOWN_KEYS else ""
    return (", ".join(shown) or "nothing") + more


def document_of(payload: bytes) -> Any:
    """What a payload says: decoded JSON, else its text, such as ``48.6``."""
    text = payload.decode("utf-8", errors="replace")
    try:
        return json.loads(text)
    # RecursionError: brackets within brackets; ValueError covers bad JSON and endless digits.
    except (ValueError, RecursionError):
        return text
