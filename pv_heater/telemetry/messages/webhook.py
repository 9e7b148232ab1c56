"""Messages as JSON to an address: a Gotify server, an automation, a chat's webhook."""

from __future__ import annotations

from urllib.parse import urlsplit

from pv_heater.core.model.lean import dataclass
from pv_heater.core.model.setting import Secret, SettingProblem, setting
from pv_heater.io.net.http import HttpClient
from pv_heater.telemetry.messages.message import Message, Urgency
from pv_heater.telemetry.messages.posting import client_of, posted

PRIORITIES = {Urgency.DANGER: 8, Urgency.ALARM: 5, Urgency.NEWS: 2}
"""As Gotify has them: from 8 on the telephone speaks up, below 4 it is silent."""


def _check_url(url: Secret) -> None:
    try:
        parts = urlsplit(url.reveal())
        fine = (
            parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0 and "@" not in parts.netloc
        )
    except ValueError:
        fine = False
    if not fine:
        raise SettingProblem("must be an address such as https://gotify.example.org/message, without a login in it")


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookSettings:
    """Where it goes. The address may hold a secret, as many webhooks do, and shows nowhere."""

    address: Secret = setting(
        "address that takes the message, such as https://gotify.example.org/message", key="url", check=_check_url
    )
    token: Secret | None = setting("sent as `Authorization: Bearer`; for Gotify that of the application", default=None)


class Webhook:
    """Posts title, message, priority, kind, urgency, and when."""

    Settings = WebhookSettings

    def __init__(self, settings: WebhookSettings) -> None:
        self._settings = settings
        self._client: HttpClient | None = None

    def send(self, message: Message) -> None:
        """Post it. Raises SourceError."""
        settings = self._settings
        parts = urlsplit(settings.address.reveal())
        base = f"{parts.scheme}://{parts.netloc}"
        path = settings.address.reveal().removeprefix(base).partition("#")[0]
        if self._client is None:
            hidden = [part for part in (path.strip("/"), *parts.path.split("/"), parts.query) if len(part) >= 8]
            self._client = client_of(base, f"the webhook at {parts.hostname}", settings.token, *hidden)
        body = {
            "title": message.line,
            "message": message.body,
            "priority": PRIORITIES[message.urgency],
            "urgency": str(message.urgency),
            "kind": message.kind,
            "at": message.at.isoformat(timespec="seconds"),
        }
        headers = {} if settings.token is None else {"Authorization": f"Bearer {settings.token.reveal()}"}
        posted(self._client, path, body, headers)

    def close(self) -> None:
        """End the connection."""
        if self._client is not None:
            self._client.close()
