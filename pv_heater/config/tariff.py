"""`tariff:` is a list of hours with their prices, or one group that says where a market's prices come from."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pv_heater.config.scalars import shown
from pv_heater.config.structure import Hook, Structure, many, suggestion
from pv_heater.core.model.setting import SettingProblem
from pv_heater.core.settings.home import TariffPeriod
from pv_heater.core.settings.tariff import Charge

FIXED = "fixed"
"""The word behind `type:` for one price all day; other hours are written as a list."""
_WHOLE_DAY = {"from": "00:00", "to": "00:00"}


def tariff_hook(structure: Structure, source: Hook, words: Mapping[str, str]) -> Hook:
    """A hook for the section; `source` reads a group whose `type:` is one of `words`."""
    period = structure.group(TariffPeriod)
    hours = many(period)

    def hook(value: Any) -> tuple[Any, ...]:
        if not isinstance(value, Mapping) or "type" not in value:
            result: tuple[Any, ...] = hours(value)
            return result
        word = value["type"]
        if word == FIXED:
            return (period({**_WHOLE_DAY, **{key: item for key, item in value.items() if key != "type"}}),)
        if not isinstance(word, str) or word not in words:
            known = [*words, FIXED]
            raise SettingProblem(
                f"must be one of {', '.join(known)}, not {shown(word)}; {suggestion(word, known)}", "type"
            )
        return (source(value),)

    return hook


def charges_hook(structure: Structure) -> Hook:
    """A hook for the charges of a tariff; a number alone is one that holds all day."""
    rows = many(structure.group(Charge))
    return lambda value: rows({"per_kwh": value} if isinstance(value, int | float | str) else value)
