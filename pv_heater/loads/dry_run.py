"""Switches nothing: replaces any other output when `dry_run: true`, so that you can watch its decisions first."""

from __future__ import annotations

from pv_heater.core.model.lean import dataclass
from pv_heater.core.model.values import OFF, Setpoint
from pv_heater.core.settings.load import LoadSettings
from pv_heater.ports import Tools


@dataclass(frozen=True, slots=True, kw_only=True)
class DryRunSettings(LoadSettings):
    """A load that exists on paper only."""


class DryRun:
    """Satisfies `ports.Load`; switches nothing and believes itself. Takes the settings of any other load too."""

    Settings = DryRunSettings
    tries = ("click", "blink")
    """How commissioning may pretend to try it, see `run.trials`."""
    is_pretended = True

    def __init__(self, settings: LoadSettings, tools: Tools) -> None:  # noqa: ARG002 - built like every other load
        self.name = settings.name
        self._setpoint = OFF
        self._held_open = False

    def apply(self, setpoint: Setpoint, tick_s: float) -> float | None:  # noqa: ARG002 - nothing takes time here
        """Note the setpoint, unless tripped."""
        self._setpoint = OFF if self._held_open else setpoint
        return None

    def safe(self, tick_s: float) -> float | None:  # noqa: ARG002 - nothing takes time here
        """Note that it is off."""
        self._setpoint = OFF
        return None

    def trip(self) -> None:
        """Stay off until `reset`."""
        self._held_open = True
        self._setpoint = OFF

    def reset(self) -> None:
        """Allow it to be on again."""
        self._held_open = False

    def still_on(self) -> None:
        """Thin air is always off."""

    def trouble(self) -> None:
        """Thin air is always within reach."""

    def power_w(self) -> float:
        """What a real load with this setpoint would draw."""
        return 0.0 if self._held_open else self._setpoint.power_w

    def close(self) -> None:
        """Note that it is off."""
        self._setpoint = OFF
