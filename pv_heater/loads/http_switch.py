"""A load that an HTTP device switches on and off: Shelly, Tasmota, a switch of Domoticz; presets know some."""

from __future__ import annotations

from attrs import frozen

from pv_heater.core.setting import SettingProblem, setting
from pv_heater.loads.http_output import HttpOutput, HttpOutputSettings, Order, state_of
from pv_heater.loads.http_request import Confirmation, Request
from pv_heater.loads.networked import NetworkedLoad
from pv_heater.loads.settling import Settling
from pv_heater.ports import Tools


@frozen(kw_only=True)
class HttpSwitchSettings(HttpOutputSettings):
    """A load that is on or off, and what its device wants to hear."""

    on: tuple[Request, ...] = setting("the request that switches it on; several are sent one after another")
    confirm: Confirmation | None = setting(
        "where the device says whether it is on; not set, a command that it accepted counts as obeyed", default=None
    )

    adjustable = False

    def __attrs_post_init__(self) -> None:
        super().__attrs_post_init__()
        if not self.on:
            raise SettingProblem("must hold at least one request", "on")


class HttpSwitch(NetworkedLoad):
    """Satisfies `ports.Load`."""

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
