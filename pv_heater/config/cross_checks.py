"""What no single setting can know: names and pins that two have, loads that others wait for or ask about."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pv_heater.config.model import Config
from pv_heater.config.scalars import shown
from pv_heater.config.structure import suggestion
from pv_heater.config.yaml_lines import Problem
from pv_heater.core.conditions.parser import check_condition, parse
from pv_heater.core.model.setting import SettingProblem
from pv_heater.core.settings.load import BatteryShare, circle_from
from pv_heater.core.settings.pins import PinName, pin_groups, pin_texts

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


def clashing_values(config: Config) -> list[Problem]:
    """A problem for each value of the owner's own that is called like a load: a rule could mean either."""
    names = {policy.name for policy in config.policies}
    return [
        Problem(("values", name), "is the name of a load; give one of the two another")
        for name in config.values
        if name in names
    ]


def unknown_published(config: Config) -> list[Problem]:
    """A problem for each load that another system is to be told of and that there is not."""
    names = [policy.name for policy in config.policies]
    return [
        Problem(
            ("publish", index, "loads", place, "load"), f"there is no load {each.load}; {suggestion(each.load, names)}"
        )
        for index, row in enumerate(config.publish)
        for place, each in enumerate(getattr(row.settings, "loads", ()))
        if each.load not in names
    ]


def wrong_clients(config: Config) -> list[Problem]:
    """A problem for a load that clients of earlier systems cannot see, and for one whose client nobody lets ask."""
    earlier = None if config.web is None else config.web.earlier
    names, problems = [policy.name for policy in config.policies], []
    if earlier is not None and earlier.dimmer is not None and earlier.dimmer not in names:
        message = f"there is no load {earlier.dimmer!r}; {suggestion(earlier.dimmer, names)}"
        problems.append(Problem(("web", "earlier", "dimmer"), message))
    for index, row in enumerate(config.loads):
        is_client = not isinstance(row, BatteryShare) and row.type == "mk2_client"
        if is_client and config.meter and (earlier is None or "esp_router" not in earlier.clients):
            message = "needs a page that it may ask: `web: {earlier: {clients: [esp_router]}}`"
            problems.append(Problem(("loads", index, "type"), message))
    return problems


def unknown_names(rows: Any, values: Sequence[str]) -> list[Problem]:
    """A problem for each condition with a name that neither the home nor its owner has; `rows` as they were written."""
    problems = []
    for index, row in enumerate(rows if isinstance(rows, list | tuple) else ()):
        for key in CONDITIONS if isinstance(row, Mapping) else ():
            text = row.get(key)
            if not isinstance(text, str) or not text:
                continue
            try:
                check_condition(text)
            except SettingProblem:
                continue  # said where the setting itself is read
            try:
                parse(text, values=values)
            except SettingProblem as error:
                problems.append(Problem((index, key), str(error)))
    return problems


def wrong_conditions(rows: Sequence[Any], values: Sequence[str]) -> list[Problem]:
    """A problem for each condition that asks about a load that there is not; `rows` as in `Config.loads`."""
    policies = {index: row.settings for index, row in enumerate(rows) if not isinstance(row, BatteryShare)}
    names = [policy.name for policy in policies.values()]
    problems = []
    for index, policy in policies.items():
        for key in CONDITIONS:
            text = getattr(policy, key)
            try:
                if text:
                    parse(text, names, values)
            except SettingProblem as error:
                problems.append(Problem((index, key), str(error)))
    return problems


def same_names(rows: Any) -> list[Problem]:
    """A problem for each load whose name an earlier one has."""
    problems: list[Problem] = []
    names: set[str] = set()
    for index, row in enumerate(rows if isinstance(rows, list) else []):
        name = row.get("name") if isinstance(row, Mapping) else None
        if isinstance(name, str):
            if name in names:
                problems.append(Problem((index, "name"), f"{name} is the name of an earlier load; each needs its own"))
            names.add(name)
    return problems


def wrong_waiting(rows: Sequence[Any]) -> list[Problem]:
    """A problem for each load that waits for one that there is not, or in a circle for itself."""
    policies = {index: row.settings for index, row in enumerate(rows) if not isinstance(row, BatteryShare)}
    names = [policy.name for policy in policies.values()]
    waits_for = {policy.name: policy.after.load for policy in policies.values() if policy.after is not None}
    problems = []
    for index, policy in policies.items():
        other = waits_for.get(policy.name)
        if other is not None and other not in names:
            others = [name for name in names if name != policy.name]
            message = f"there is no load {shown(other)}; {suggestion(other, others)}"
            problems.append(Problem((index, "after"), message))
        elif circle := circle_from(policy.name, waits_for):
            message = f"{' waits for '.join(circle)}, so none of them would ever run by itself"
            problems.append(Problem((index, "after"), message))
    return problems


def same_pins(rows: Any) -> list[Problem]:
    """A problem for each pin that something before it uses; names that are no pins are another check's business."""
    problems: list[Problem] = []
    first: dict[PinName, str] = {}
    for index, row in enumerate(rows if isinstance(rows, list) else []):
        for path, text in pin_texts(row):
            try:
                name = PinName.parse(text)
            except SettingProblem:
                continue
            if name in first:
                message = f"{text} is already used by {first[name]}; every output needs a pin of its own"
                problems.append(Problem((index, *path), message))
            else:
                part = ".".join(str(key) for key in path).removesuffix(".pin")
                first[name] = f"{part} of {_name_of(row, index)} ({name})"
    return problems


def _name_of(row: Any, index: int) -> Any:
    """What the owner calls this load, where there is a name."""
    number = f"load {index + 1}"
    return row.get("name", number) if isinstance(row, Mapping) else number
