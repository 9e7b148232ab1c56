"""Messages: who is told what is wrong, and what the day brought? One file and one row here add another way to tell.

A row names a class with a `Settings` dataclass, built as ``Class(settings)``, with the methods of `Sender`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from pv_heater.telemetry.messages.message import Message

SENDERS: dict[str, str] = {
    "ntfy": "pv_heater.telemetry.messages.ntfy:Ntfy",
    "telegram": "pv_heater.telemetry.messages.telegram:Telegram",
    "mail": "pv_heater.telemetry.messages.mail:Mail",
    "webhook": "pv_heater.telemetry.messages.webhook:Webhook",
    "apprise": "pv_heater.telemetry.messages.apprise:Apprise",
}


class Sender(Protocol):
    """One way to one recipient."""

    def send(self, message: Message) -> None:
        """Deliver it. Blocks for a minute or two at most, whatever the other side does; raises SourceError."""
        ...

    def close(self) -> None:
        """End connections of its own. May be repeated."""
        ...
