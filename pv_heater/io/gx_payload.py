"""What a GX device says on one MQTT topic: bytes in, a plain value out. Pure."""

from __future__ import annotations

import json
from typing import Final

LONGEST_BYTES = 4096
"""Longer than any value that is asked for; a D-Bus text or list of this length is none of ours."""


class NotAValue(ValueError):
    """The payload is none that a GX device sends; the message says what came."""


class Gone:
    """Stands for zero bytes: the device behind the topic left the bus. One instance, `GONE`."""

    def __repr__(self) -> str:
        return "GONE"


GONE: Final = Gone()


def value_of(payload: bytes) -> object:
    """The value in ``{"value": 230.1}``; None for ``{"value": null}`` (not valid now), `GONE` for zero bytes.

    A value may be anything that JSON knows: text, truth values and lists come too where a number belongs. Raises
    NotAValue for everything that is not of this form.
    """
    if not payload:
        return GONE
    if len(payload) > LONGEST_BYTES:
        raise NotAValue(f"{len(payload)} bytes beginning with {payload[:40]!r}")
    try:
        body = json.loads(payload)
    # RecursionError: brackets within brackets; ValueError covers bad JSON, bad UTF-8 and endless digits.
    except (ValueError, RecursionError):
        raise NotAValue(f"{payload[:60]!r}") from None
    if not isinstance(body, dict) or "value" not in body:
        raise NotAValue(f"{payload[:60]!r}")
    return body["value"]
