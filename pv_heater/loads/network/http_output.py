"""Outputs behind HTTP that are set by requests from the settings: a device that switches, or one that varies its power.

Shelly, Tasmota, a switch of Domoticz: presets know some. What both kinds share is `HttpOutput`; a device that varies is
given percent or watts.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from typing import Any

from pv_heater.core.actuators.curve import RegulatorCurve, phase_cut
from pv_heater.core.model.lean import dataclass
from pv_heater.core.model.setting import SettingProblem, setting
from pv_heater.errors import BadReply
from pv_heater.loads.network.http_link import HttpLink, HttpLoadSettings
from pv_heater.loads.network.http_request import Confirmation, LevelConfirmation, Request, Sending
from pv_heater.loads.network.networked import NetworkedLoad, Settling
from pv_heater.loads.pins.power_curve import power_curve
from pv_heater.ports import Tools

_EXPIRES_IN_REFRESHES = 2
"""One word may get lost without the device going off."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpOutputSettings(HttpLoadSettings):
    """How a device is switched off, and how long it stays on by itself."""

    off: tuple[Request, ...] = setting("the request that switches it off; several are sent one after another")
    refresh_s: float = setting("the command is sent again this often", default=30.0, unit="s", minimum=1, maximum=3600)
    expires_s: float | None = setting(
        "the device goes off by itself this long after the last command; auto: it does not",
        default=None,
        unit="s",
        minimum=2,
        maximum=86_400,
    )

    def __post_init__(self) -> None:
        HttpLoadSettings.__post_init__(self)
        if not self.off:
            raise SettingProblem("must hold at least one request", "off")
        if any(request.has_a_timer for request in self.off):
            raise SettingProblem("must not hold a timer: the device would switch on again when it runs out", "off")
        if any(request.has_a_place for request in self.off):
            raise SettingProblem("must not hold {percent}, {power_w} or {amps}: off is off", "off")
        if self.expires_s is not None and self.expires_s < _EXPIRES_IN_REFRESHES * self.refresh_s:
            raise SettingProblem(
                f"must be at least {_EXPIRES_IN_REFRESHES} x refresh_s ({self.refresh_s:g} s), or one lost word "
                f"switches it off, but is {self.expires_s:g} s",
                "expires_s",
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What is sent for one power, and how an answer is judged then."""

    sendings: tuple[Sending, ...]
    disagreement: Callable[[Any], str | None]
    """What is wrong in an answer to the question; None when it is as it should be."""


def state_of(settings: HttpOutputSettings, confirm: Confirmation | None) -> str:
    """What the device says that it does, for `check`: asks and moves nothing. Blocks; raises SourceError."""
    with closing(HttpLink(settings, patient=True)) as link:
        if confirm is None:
            link.reach()
            return "the device answers; without `confirm` it cannot be asked what it does"
        try:
            return f"the device says that it is {'on' if confirm.says_on(link.ask(confirm.path)) else 'off'}"
        except SettingProblem as problem:
            raise BadReply(f"{link.who} {problem}") from None


class HttpOutput:
    """Satisfies `ports.Device`. Without a question a command that the device accepted (2xx) counts as obeyed."""

    def __init__(
        self,
        settings: HttpOutputSettings,
        order_for: Callable[[float], Order],
        question: str | None,
        *,
        settling: Settling | None = None,
    ) -> None:
        """`order_for` knows what to send for a power in watts, `question` is the path that tells what the device does.

        `settling`, with a time limit of its own, is for tests.
        """
        self.refresh_s = settings.refresh_s
        self._order_for = order_for
        self._question = question
        self._link = HttpLink(settings)
        self._settling = settling or Settling()

    def set_power(self, power_w: float) -> None:
        """Tell it, and read it back where that is set; raises SourceError unless it obeys."""
        order, question = self._order_for(power_w), self._question
        self._link.begin()
        for sending in order.sendings:
            self._link.order(sending.path, method=sending.method, body=sending.body)
        if question is None:
            return
        wrong = self._settling.ask(lambda: order.disagreement(self._link.ask(question)), lambda wrong: wrong is None)
        if wrong is not None:
            raise BadReply(f"{self._link.who} {wrong}")

    def close(self) -> None:
        """End the connection. From any thread; may be repeated."""
        self._settling.close()
        self._link.close()


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
