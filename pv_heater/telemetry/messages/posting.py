"""What senders over HTTP share: JSON that is posted within bounds, and an answer that may say anything."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pv_heater.core.model.setting import Secret
from pv_heater.io.net.http import HttpClient, HttpReply

MOST_BYTES = 64_000


def client_of(url: str, who: str, *secrets: Secret | str | None) -> HttpClient:
    """For one recipient; no message shows any of the `secrets`."""
    return HttpClient(url, who=who, secrets=secrets, whole_s=30.0, most_bytes=MOST_BYTES)


def posted(client: HttpClient, path: str, body: Any, headers: Mapping[str, str]) -> HttpReply:
    """The answer, where it was taken; what it says does not matter. Raises SourceError."""
    reply = client.exchange("POST", path, body=body, headers=headers)
    if not 200 <= reply.status < 300:
        raise client.error_for(reply)
    return reply
