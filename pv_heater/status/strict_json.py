"""JSON as the standard has it, for whoever reads it elsewhere."""

from __future__ import annotations

import json
from typing import Any


def json_bytes(value: Any) -> bytes:
    """UTF-8 without a blank. Raises ValueError for NaN or infinity: one of them blinds whoever reads it."""
    return json.dumps(value, allow_nan=False, ensure_ascii=False, separators=(",", ":")).encode()
