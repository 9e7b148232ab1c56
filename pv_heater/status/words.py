"""The page's sentences, for whoever else tells people: what decides, what to do about it, why sun was lost."""

from __future__ import annotations

import json
from collections.abc import Mapping

from pv_heater import PROJECT_FOLDER

FOLDER = PROJECT_FOLDER / "pv_heater" / "web" / "page" / "lang"


def words_of(language: str) -> Mapping[str, str]:
    """By their keys, such as ``help.hardware``; those of the first screen and of the pages behind it."""
    found: dict[str, str] = {}
    for name in (f"{language}.json", f"{language}.more.json"):
        found |= json.loads((FOLDER / name).read_text(encoding="utf-8"))
    return found
