"""Displays among the settings: no pin for two purposes."""

from __future__ import annotations

from pv_heater.config_model import Config
from pv_heater.config_yaml import Problem
from pv_heater.core.pin_names import PinName
from pv_heater.core.pin_settings import pin_groups


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
