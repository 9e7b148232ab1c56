"""Which pins a configuration uses, and what is wrong with that before anything is touched."""

from __future__ import annotations

from pv_heater.config import Config
from pv_heater.core.setting import SettingProblem
from pv_heater.core.settings import BatteryShare, RelayPin, ServoPin
from pv_heater.io.pin_names import PinName, boot_pull_problem, pin_clashes


def pin_settings(config: Config) -> list[tuple[str, RelayPin | ServoPin]]:
    """Every pin in the settings, with the place it stands at, such as ``loads.water_heater.relay``."""
    found: list[tuple[str, RelayPin | ServoPin]] = []
    for row in config.loads:
        if isinstance(row, BatteryShare):
            continue
        for part in ("relay", "servo"):
            pin = getattr(row.settings, part, None)
            if isinstance(pin, RelayPin | ServoPin):
                found.append((f"loads.{row.settings.name}.{part}", pin))
    return found


def wiring_problems(config: Config) -> list[str]:
    """Names that are no pins, and pins used twice: nothing can run with these."""
    problems, named = [], []
    for where, pin in pin_settings(config):
        try:
            PinName.parse(pin.pin)
            named.append((where, pin.pin))
        except SettingProblem as problem:
            problems.append(f"{where}.pin {problem}")
    return problems + pin_clashes(named)


def boot_problems(config: Config) -> list[str]:
    """Relays that would be switched on while the Pi boots; call only when `wiring_problems` finds nothing."""
    found = ((where, boot_pull_problem(pin)) for where, pin in pin_settings(config) if isinstance(pin, RelayPin))
    return [f"{where}: {problem}" for where, problem in found if problem is not None]
