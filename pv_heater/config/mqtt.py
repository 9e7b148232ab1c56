"""The broker that is told, as it may be written: a group of settings, and words that stand for groups in it."""

from __future__ import annotations

from typing import Any

from pv_heater.config.scalars import truth
from pv_heater.config.structure import Hook, Structure
from pv_heater.core.settings.mqtt import Balancer, HomeAssistant, Mqtt


def mqtt_hook(structure: Structure) -> Hook:
    """A hook for `mqtt:`; `balancer: true` and `home_assistant: true` stand for their defaults."""
    groups = {"balancer": Balancer, "home_assistant": HomeAssistant}
    group = structure.group(Mqtt, {name: _switched(structure.group(cls)) for name, cls in groups.items()})
    return lambda value: None if value is None else group(value)


def _switched(group: Hook) -> Hook:
    """A group that may be written as true, with nothing but defaults, or false."""

    def hook(value: Any) -> Any:
        if not isinstance(value, str | bool):
            return None if value is None else group(value)
        return group({}) if truth(value) else None

    return hook
