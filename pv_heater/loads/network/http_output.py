"""Outputs behind HTTP that are set by requests from the settings: a device that switches, or one that varies its power.

Shelly, Tasmota, a switch of Domoticz: presets know some. A device that varies is given percent or watts.
"""

from __future__ import annotations

from typing import Any

from pv_heater.core.actuators.curve import RegulatorCurve, phase_cut
from pv_heater.core.model.lean import dataclass
from pv_heater.core.model.setting import SettingProblem, setting
from pv_heater.loads.network.http_device import HttpOutput, HttpOutputSettings, Order, state_of
from pv_heater.loads.network.http_request import Confirmation, LevelConfirmation, Request
from pv_heater.loads.network.networked import NetworkedLoad, Settling
from pv_heater.loads.pins.power_curve import power_curve
from pv_heater.ports import Tools


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpSwitchSettings(HttpOutputSettings):
    """A load that is on or off, and what its device has to be sent."""

    on: tuple[Request, ...] = setting("the request that switches it on; several are sent one after another")
    confirm: Confirmation | None = setting(
        "where the device says whether it is on; not set, a command that it accepted counts as obeyed", default=None
    )

    adjustable = False

    def __post_init__(self) -> None:
        HttpOutputSettings.__post_init__(self)
        if not self.on:
            raise SettingProblem("must hold at least one request", "on")


class HttpSwitch(NetworkedLoad):
    """A load that an HTTP device switches on and off: Shelly, Tasmota, a switch of Domoticz; presets know some.

    Satisfies `ports.Load`.
    """

    Settings = HttpSwitchSettings

    def __init__(self, settings: HttpSwitchSettings, tools: Tools) -> None:
        super().__init__(settings, switch_device(settings), tools.clock, expires_s=settings.expires_s)

    @staticmethod
    def state_of(settings: HttpSwitchSettings) -> str:
        """What the device says now; moves nothing. Blocks; raises SourceError."""
        return state_of(settings, settings.confirm)


def switch_device(settings: HttpSwitchSettings, settling: Settling | None = None) -> HttpOutput:
    """The device behind such a load. `settling`, with a time limit of its own, is for tests."""
    confirm = settings.confirm

    def order(power_w: float) -> Order:
        on = power_w > 0
        return Order(
            sendings=tuple(request.for_level("100", power_w) for request in (settings.on if on else settings.off)),
            disagreement=lambda answer: confirm.disagreement(answer, on=on) if confirm is not None else None,
        )

    return HttpOutput(settings, order, confirm.path if confirm is not None else None, settling=settling)


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpVariatorSettings(HttpOutputSettings):
    """A load of variable power, and what its device has to be sent."""

    power: tuple[Request, ...] = setting(
        "the request that sets its power, with {percent} or {power_w} in it; several are sent one after another"
    )
    confirm: LevelConfirmation | None = setting(
        "where the device says what it does; not set, a command that it accepted counts as obeyed", default=None
    )
    curve: str | None = setting(
        "CSV file with lines percent;watts, measured; without it the power follows the level as `shape` says",
        default=None,
    )
    shape: str = setting(
        "how the power follows the level: phase_cut as behind a triac that is fired later, linear where the device "
        "counts in power itself",
        default="phase_cut",
        choices=("phase_cut", "linear"),
    )
    full_level: float = setting("the level of full power: 100 for percent", default=100.0, minimum=1, maximum=65_535)
    decimals: int = setting("digits of the level after the point", default=0, minimum=0, maximum=4)

    def __post_init__(self) -> None:
        HttpOutputSettings.__post_init__(self)
        if not any(request.has_a_place for request in self.power):
            raise SettingProblem("must hold {percent} or {power_w} where the power belongs", "power")


class HttpVariator(NetworkedLoad):
    """A load whose power an HTTP device varies: told percent or watts by requests of its own; presets know some.

    Satisfies `ports.Load`. Raises ConfigError for a bad curve file.
    """

    Settings = HttpVariatorSettings

    def __init__(self, settings: HttpVariatorSettings, tools: Tools) -> None:
        super().__init__(settings, variator_device(settings), tools.clock, expires_s=settings.expires_s)

    @staticmethod
    def state_of(settings: HttpVariatorSettings) -> str:
        """What the device says now; moves nothing. Blocks; raises SourceError."""
        return state_of(settings, settings.confirm)


def variator_device(settings: HttpVariatorSettings, settling: Settling | None = None) -> HttpOutput:
    """The device behind such a load. Raises ConfigError for a bad curve file.

    `settling`, with a time limit of its own, is for tests.
    """
    curve, confirm = curve_of(settings), settings.confirm
    least_level = 10.0**-settings.decimals

    def order(power_w: float) -> Order:
        if power_w <= 0:
            sendings = tuple(request.for_level("0", 0.0) for request in settings.off)
            return Order(
                sendings=sendings,
                disagreement=lambda answer: confirm.disagreement(answer, on=False) if confirm is not None else None,
            )
        level = round(curve.percent(power_w) * settings.full_level / 100, settings.decimals)
        level = max(level, least_level)  # a level rounded to nothing would be told as on and be off

        def disagreement(answer: Any) -> str | None:
            if confirm is None:
                return None
            wrong = confirm.disagreement(answer, on=True)
            return wrong or confirm.level_disagreement(answer, level, settings.full_level)

        text = f"{level:.{settings.decimals}f}"
        return Order(
            sendings=tuple(request.for_level(text, power_w) for request in settings.power), disagreement=disagreement
        )

    return HttpOutput(settings, order, confirm.path if confirm is not None else None, settling=settling)


def curve_of(settings: HttpVariatorSettings) -> RegulatorCurve:
    """From power to percent. Raises ConfigError."""
    if settings.curve is None and settings.shape == "phase_cut":
        return phase_cut(settings.max_power_w)
    return power_curve(settings.name, settings.curve, settings.max_power_w)
