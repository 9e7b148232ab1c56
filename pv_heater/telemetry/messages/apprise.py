"""Messages by Apprise, for the hundred services that are not spoken here; it must be installed."""

from __future__ import annotations

import sys

from pv_heater.core.model.lean import dataclass
from pv_heater.core.model.setting import Secret, SettingProblem, setting
from pv_heater.io.net.apprise_call import deliver
from pv_heater.telemetry.messages.message import Message, Urgency

TYPES = {Urgency.DANGER: "failure", Urgency.ALARM: "warning", Urgency.NEWS: "info"}


def _check_url(url: Secret) -> None:
    scheme, found, rest = url.reveal().partition("://")
    if not found or not rest or not scheme.replace("-", "").isalnum():
        raise SettingProblem("must be an address of Apprise, such as pover://USER@TOKEN")


@dataclass(frozen=True, slots=True, kw_only=True)
class AppriseSettings:
    """Apprise's own address of a service; it holds its secrets and shows nowhere."""

    address: Secret = setting("address as Apprise writes it, such as pover://USER@TOKEN", key="url", check=_check_url)


class Apprise:
    """Each message is a process of its own, which ends with it: here nothing of Apprise is loaded."""

    Settings = AppriseSettings

    def __init__(self, settings: AppriseSettings, python: str = sys.executable) -> None:
        """`python` is the interpreter that has Apprise."""
        self._address, self._python = settings.address, python

    def send(self, message: Message) -> None:
        """Have it delivered. Raises SourceError, also where Apprise is not installed."""
        deliver(self._python, self._address, title=message.line, body=message.body, kind=TYPES[message.urgency])

    def close(self) -> None:
        """Nothing is kept open."""
