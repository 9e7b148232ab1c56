"""InfluxDB's line protocol: one line a measurement, its tags, its figures and the second at which they were true. Pure.

A number always has its point, or a column that once got a whole number would refuse all others; NaN and infinity have
no place in it.
"""

from __future__ import annotations

from collections.abc import Mapping
from math import isfinite

_IN_A_NAME = str.maketrans({",": r"\,", "=": r"\=", " ": r"\ ", "\n": r"\ ", "\r": None})
_IN_A_TEXT = str.maketrans({"\\": r"\\", '"': r"\"", "\n": " ", "\r": None})


def line(
    measurement: str, tags: Mapping[str, str], numbers: Mapping[str, float], texts: Mapping[str, str], at_s: int
) -> str | None:
    """The line; None where there is nothing to tell."""
    fields = [f"{_name(key)}={float(value)!r}" for key, value in numbers.items() if isfinite(value)]
    fields += [f'{_name(key)}="{value.translate(_IN_A_TEXT)}"' for key, value in texts.items()]
    if not fields:
        return None
    keys = "".join(f",{_name(key)}={_name(value)}" for key, value in sorted(tags.items()) if value)
    return f"{_name(measurement)}{keys} {','.join(fields)} {at_s}"


def _name(text: str) -> str:
    """As a name or the value of a tag; a backslash at the end would take what follows with it."""
    return text.rstrip("\\").translate(_IN_A_NAME)
