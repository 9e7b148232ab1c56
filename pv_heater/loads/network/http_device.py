"""What every output behind HTTP does that is set by requests of the settings: send, and read back. No load itself."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from typing import Any

from pv_heater.core.model.lean import dataclass
from pv_heater.core.model.setting import SettingProblem, setting
from pv_heater.errors import BadReply
from pv_heater.loads.network.http_link import HttpLink, HttpLoadSettings
from pv_heater.loads.network.http_request import Confirmation, Request, Sending
from pv_heater.loads.network.networked import Settling

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
