"""The conditions of all loads together: each may ask about the others, so their names must be right."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pv_heater.config_yaml import Problem
from pv_heater.core.expression_parser import parse
from pv_heater.core.policy import BatteryShare
from pv_heater.core.setting import SettingProblem

CONDITIONS = ("when", "on_when", "only_when")


def wrong_conditions(rows: Sequence[Any]) -> list[Problem]:
    """A problem for each condition that asks about a load that there is not; `rows` as in `Config.loads`."""
    policies = {index: row.settings for index, row in enumerate(rows) if not isinstance(row, BatteryShare)}
    names = [policy.name for policy in policies.values()]
    problems = []
    for index, policy in policies.items():
        for key in CONDITIONS:
            text = getattr(policy, key)
            try:
                if text:
                    parse(text, names)
            except SettingProblem as error:
                problems.append(Problem((index, key), str(error)))
    return problems
