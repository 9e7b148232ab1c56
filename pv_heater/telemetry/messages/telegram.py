"""Messages by a Telegram bot of one's own."""

from __future__ import annotations

import re
from collections.abc import Mapping

from pv_heater.core.model.lean import dataclass
from pv_heater.core.model.numbers import group_in, number_in, text_in
from pv_heater.core.model.setting import Secret, SettingProblem, setting
from pv_heater.errors import AuthRejected, BadReply, RateLimited
from pv_heater.io.net.http import HttpClient, HttpReply, retry_after_s
from pv_heater.telemetry.messages.message import Message, Urgency
from pv_heater.telemetry.messages.posting import client_of

_TOKEN = re.compile(r"[0-9]{3,20}:[A-Za-z0-9_-]{20,100}")
_CHAT = re.compile(r"-?[0-9]{1,20}|@[A-Za-z][A-Za-z0-9_]{3,40}")


def _check_token(token: Secret) -> None:
    if not _TOKEN.fullmatch(token.reveal()):
        raise SettingProblem("must be what @BotFather gave: digits, a colon, and some 35 letters and digits")


def _check_chat(chat_id: str) -> None:
    if not _CHAT.fullmatch(chat_id):
        raise SettingProblem(f"must be a number such as 123456789 or -100123456789, or @channel, not {chat_id!r}")


@dataclass(frozen=True, slots=True, kw_only=True)
class TelegramSettings:
    """A bot, and the chat that it writes into."""

    token: Secret = setting("the bot's token, as @BotFather gave it", check=_check_token)
    chat_id: str = setting("the chat: a number, or @channel", check=_check_chat)
    url: str = setting("address of the Bot API", default="https://api.telegram.org")


class Telegram:
    """Writes into one chat. The token is part of the address, which therefore shows nowhere."""

    Settings = TelegramSettings

    def __init__(self, settings: TelegramSettings) -> None:
        self._settings = settings
        self._client: HttpClient | None = None

    def send(self, message: Message) -> None:
        """Write it. Raises SourceError."""
        settings = self._settings
        if self._client is None:
            self._client = client_of(settings.url, "Telegram", settings.token)
        body = {
            "chat_id": settings.chat_id,
            "text": f"{message.line}\n\n{message.body}",
            "disable_notification": message.urgency is Urgency.NEWS,
        }
        reply = self._client.exchange("POST", f"/bot{settings.token.reveal()}/sendMessage", body=body)
        if 200 <= reply.status < 300 and isinstance(reply.body, Mapping) and reply.body.get("ok") is True:
            return
        raise _trouble(self._client, reply)

    def close(self) -> None:
        """End the connection."""
        if self._client is not None:
            self._client.close()


def _trouble(client: HttpClient, reply: HttpReply) -> Exception:
    """What an unwelcome answer means; Telegram says it in words, and how long to wait in the body."""
    answer = reply.body if isinstance(reply.body, Mapping) else {}
    said = text_in(answer, "description")
    if reply.status == 429:
        wish_s = number_in(group_in(answer, "parameters"), "retry_after") or retry_after_s(reply)
        return RateLimited(f"Telegram asks us to wait {wish_s or 0:.0f} s", retry_after_s=wish_s)
    if reply.status in (401, 404) and said is not None:
        return AuthRejected(f"Telegram does not know this bot ({reply.status}); is messages.to token right?")
    if reply.status == 403 and said is not None:
        return AuthRejected(client.clean(f"Telegram lets the bot write to nobody there (403): {said[:200]}"))
    if reply.status == 400 and said is not None:
        return BadReply(client.clean(f"Telegram refused the message (400): {said[:200]}"))
    return client.error_for(reply, said)
