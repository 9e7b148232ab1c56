"""Which pins a configuration uses, and which relays they would close while the Pi boots."""

from __future__ import annotations

from pv_heater.config import Config
from pv_heater.core.pin_names import boot_pull_problem
from pv_heater.core.pin_settings import PinGroup, RelayPin, pin_groups


def pin_settings(config: Config) -> list[tuple[str, PinGroup]]:
    """Every group of pins in the settings, with the place it stands at, such as ``loads.water_heater.relay``."""
    return [(f"loads.{policy.name}.{key}", group) for policy in config.policies for key, group in pin_groups(policy)]


def boot_problems(config: Config) -> list[str]:
    """Relays, solid-state ones included, that would be switched on while the Pi boots."""
    found = ((where, boot_pull_problem(pin)) for where, pin in pin_settings(config) if isinstance(pin, RelayPin))
    return [f"{where}: {problem}" for where, problem in found if problem is not None]
