"""Messages by ntfy, to its app on a telephone: ntfy.sh, or a server of one's own."""

from __future__ import annotations

import re

from pv_heater.core.model.lean import dataclass
from pv_heater.core.model.setting import Secret, SettingProblem, setting
from pv_heater.io.net.http import HttpClient
from pv_heater.telemetry.messages.message import Message, Urgency
from pv_heater.telemetry.messages.posting import client_of, posted

PRIORITIES = {Urgency.DANGER: 5, Urgency.ALARM: 4, Urgency.NEWS: 2}
TAGS = {"summary": "sunny", "over": "white_check_mark", "test": "wave"}


_TOPIC = re.compile(r"[A-Za-z0-9_-]{1,64}")


def _check_topic(topic: Secret) -> None:
    if not _TOPIC.fullmatch(topic.reveal()):
        raise SettingProblem("must be 1 to 64 letters, digits, - and _, as the app subscribes to it; no address")


@dataclass(frozen=True, slots=True, kw_only=True)
class NtfySettings:
    """What the app subscribes to."""

    topic: Secret = setting(
        "the topic; whoever knows it can read along, so take one that nobody guesses", check=_check_topic
    )
    url: str = setting("address of the server", default="https://ntfy.sh")
    token: Secret | None = setting("access token, where the server asks for one", default=None)


class Ntfy:
    """Publishes to one topic, as JSON to the server's root: titles may then hold any letter."""

    Settings = NtfySettings

    def __init__(self, settings: NtfySettings) -> None:
        self._settings = settings
        self._client: HttpClient | None = None

    def send(self, message: Message) -> None:
        """Publish it. Raises SourceError."""
        settings = self._settings
        if self._client is None:
            self._client = client_of(settings.url, "ntfy", settings.topic, settings.token)
        tag = "rotating_light" if message.urgency is Urgency.DANGER else TAGS.get(message.kind, "warning")
        body = {
            "topic": settings.topic.reveal(),
            "title": message.line,
            "message": message.body,
            "priority": PRIORITIES[message.urgency],
            "tags": [tag],
        }
        headers = {} if settings.token is None else {"Authorization": f"Bearer {settings.token.reveal()}"}
        posted(self._client, "/", body, headers)

    def close(self) -> None:
        """End the connection."""
        if self._client is not None:
            self._client.close()
