"""What no single setting can know: whether displays share a pin, and whether conditions name loads that there are."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pv_heater.config.model import Config
from pv_heater.config.yaml_lines import Problem
from pv_heater.core.conditions.parser import parse
from pv_heater.core.model.setting import SettingProblem
from pv_heater.core.settings.load import BatteryShare
from pv_heater.core.settings.pins import PinName, pin_groups

CONDITIONS = ("when", "on_when", "only_when")


def clashing_displays(config: Config) -> list[Problem]:
    """A problem for each display that needs a pin which a load or an earlier display has."""
    used = {
        PinName.parse(name): f"{key} of {policy.name}"
        for policy in config.policies
        for key, group in pin_groups(policy)
        for name in group.names
    }
    problems = []
    for index, row in enumerate(config.display):
        names = {PinName.parse(name): name for name in row.settings.names}
        for pin, name in names.items():
            # The same bus may carry two displays, each at an address of its own.
            if pin in used and not (row.type == "ssd1306" and used[pin] == "display ssd1306"):
                message = f"{row.type} needs {name}, which is already used by {used[pin]}; give one of them another pin"
                problems.append(Problem(("display", index), message))
        used |= dict.fromkeys(names, f"display {row.type}")
    return problems


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
