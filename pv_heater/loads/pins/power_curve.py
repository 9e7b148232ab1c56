"""From watts to the percent that a device is told: by the curve that was measured, else in a straight line."""

from __future__ import annotations

from pathlib import Path

from pv_heater.core.actuators.curve import RegulatorCurve, parse_curve
from pv_heater.core.model.setting import SettingProblem
from pv_heater.errors import ConfigError


def power_curve(load: str, curve: str | None, max_power_w: float) -> RegulatorCurve:
    """The curve in that file (``percent;watts``); without a file 0 W at 0 percent and `max_power_w` at 100.

    `load` is its name, for messages. Raises ConfigError.
    """
    if curve is None:
        return RegulatorCurve(((0.0, 0.0), (100.0, max_power_w)))
    path = Path(curve).expanduser()
    try:
        return parse_curve(path.read_text(encoding="utf-8"), str(path))
    except (OSError, UnicodeDecodeError) as error:
        problem = f"curve: {path} cannot be read: {error}"
    except SettingProblem as error:
        problem = f"curve: {error}"
    raise ConfigError(load, [problem])
