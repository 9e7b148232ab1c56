"""ntfy, Telegram and webhooks, as servers on this machine answer them."""

from __future__ import annotations

import logging
import re
from typing import Any

import pytest
from werkzeug import Request

from pv_heater.config.load import load_config
from pv_heater.errors import AuthRejected, BadReply, ConfigError, RateLimited, SourceError, Unreachable
from pv_heater.io.net.http import HttpClient
from pv_heater.telemetry.messages import Sender
from pv_heater.telemetry.messages.message import MOST_TEXT, Message, Urgency
from tests.builders import config
from tests.http_server import ScriptedServer
from tests.raw_server import ATTACKS, Dripper
from tests.telemetry.messages.documents import NOON

TOKEN = "123456789:AAfakefakefakefakefakefakefakefakefak"
DANGER = Message(title="Barn: Über 75 °C", text="Look.\nNow.", urgency=Urgency.DANGER, kind="too_hot", at=NOON)
NEWS = Message(title="Barn: The day", text="x" * 5000, urgency=Urgency.NEWS, kind="summary", at=NOON)


def sender_of(**row: Any) -> Sender:
    loaded = load_config(config(messages={"to": [row]})).messages
    assert loaded is not None
    sender: Sender = loaded.to[0].build()
    return sender


class BotApi(ScriptedServer):
    """Telegram's Bot API: one bot, one chat, and whatever else it says."""

    refusal: tuple[int, dict[str, Any]] | None = None

    def answer(self, request: Request) -> Any:
        if self.refusal is not None:
            status, body = self.refusal
            return self.json(body, status)
        if request.path != f"/bot{TOKEN}/sendMessage":
            return self.json({"ok": False, "error_code": 401, "description": "Unauthorized"}, 401)
        return {"ok": True, "result": {"message_id": 1}}


def test_ntfy_gets_title_text_priority_and_tags() -> None:
    with ScriptedServer() as server:
        sender = sender_of(type="ntfy", url=server.url, topic="barn-7fq2", token="tk_secret")
        sender.send(DANGER)
        sender.send(NEWS)
        sender.close()
        first, second = (request.get_json() for request in server.asked)
    assert first == {
        "topic": "barn-7fq2", "title": "Barn: Über 75 °C", "message": "Look.\nNow.", "priority": 5,
        "tags": ["rotating_light"],
    }  # fmt: skip
    assert (second["priority"], second["tags"], len(second["message"])) == (2, ["sunny"], MOST_TEXT)
    assert [request.headers["Authorization"] for request in server.asked] == ["Bearer tk_secret"] * 2
    assert server.requests == ["POST /", "POST /"]


def test_telegram_writes_into_the_chat_and_is_silent_for_news() -> None:
    with BotApi() as server:
        sender = sender_of(type="telegram", url=server.url, token=TOKEN, chat_id="-100123")
        sender.send(DANGER)
        sender.send(NEWS)
        first, second = (request.get_json() for request in server.asked)
    assert first == {"chat_id": "-100123", "text": "Barn: Über 75 °C\n\nLook.\nNow.", "disable_notification": False}
    assert second["disable_notification"] is True
    assert len(second["text"]) < 4096


def test_a_webhook_gets_what_gotify_understands_and_more() -> None:
    with ScriptedServer() as server:
        server.raw = "ok, thank you"
        sender_of(type="webhook", url=f"{server.url}/message?x=1", token="app-token").send(DANGER)
        (request,) = server.asked
    assert request.get_json() == {
        "title": "Barn: Über 75 °C", "message": "Look.\nNow.", "priority": 8, "urgency": "danger", "kind": "too_hot",
        "at": "2026-06-21T12:00:00+02:00",
    }  # fmt: skip
    assert request.full_path == "/message?x=1"
    assert request.headers["Authorization"] == "Bearer app-token"


TELEGRAM_SAYS = [
    (429, {"ok": False, "description": "Too Many Requests", "parameters": {"retry_after": 35}}, RateLimited),
    (401, {"ok": False, "description": "Unauthorized"}, AuthRejected),
    (404, {"ok": False, "description": "Not Found"}, AuthRejected),
    (403, {"ok": False, "description": "Forbidden: bot was blocked by the user"}, AuthRejected),
    (400, {"ok": False, "description": f"Bad Request: chat not found {TOKEN}"}, BadReply),
    (502, {}, Unreachable),
    (200, {"ok": False}, SourceError),
    (200, {"ok": 1}, SourceError),
]  # fmt: skip


@pytest.mark.parametrize(("status", "body", "kind"), TELEGRAM_SAYS)
def test_what_telegram_refuses_is_said_without_its_token(
    status: int, body: dict[str, Any], kind: type[SourceError]
) -> None:
    with BotApi() as server:
        server.refusal = (status, body)
        with pytest.raises(kind) as caught:
            sender_of(type="telegram", url=server.url, token=TOKEN, chat_id="77").send(DANGER)
    assert "AAfake" not in str(caught.value)
    if status == 429:
        assert caught.value.retry_after_s == 35


REFUSALS = [
    (401, {}, AuthRejected, None),
    (403, {}, AuthRejected, None),
    (429, {"Retry-After": "120"}, RateLimited, 120.0),
    (507, {}, Unreachable, None),
    (413, {}, BadReply, None),
    (302, {"Location": "http://127.0.0.1:9/x"}, BadReply, None),
]


@pytest.mark.parametrize(("status", "headers", "kind", "wish_s"), REFUSALS)
@pytest.mark.parametrize("way", ["ntfy", "webhook"])
def test_what_others_refuse_is_said_without_token_topic_and_address(
    way: str, status: int, headers: dict[str, str], kind: type[SourceError], wish_s: float | None
) -> None:
    with ScriptedServer() as server:
        server.status, server.headers = status, headers
        server.raw = "no: tk_hidden_word, sesame-sesame"
        rows = {
            "ntfy": {"type": "ntfy", "url": server.url, "topic": "sesame-sesame", "token": "tk_hidden_word"},
            "webhook": {"type": "webhook", "url": f"{server.url}/hooks/sesame-sesame", "token": "tk_hidden_word"},
        }
        with pytest.raises(kind) as caught:
            sender_of(**rows[way]).send(DANGER)
    assert caught.value.retry_after_s == wish_s
    assert str(status) in str(caught.value)
    assert not re.search("hidden|sesame", str(caught.value))


@pytest.mark.parametrize("attack", ["accept and silence", "dripped headers", "endless 100 Continue", "dripped body"])
def test_whoever_hangs_or_drips_is_left_in_time_and_no_secret_is_logged(
    attack: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    with Dripper(*ATTACKS[attack]) as server:
        sender: Any = sender_of(type="telegram", url=server.url, token=TOKEN, chat_id="77")
        sender._client = HttpClient(server.url, who="Telegram", secrets=(TOKEN,), whole_s=0.4, most_bytes=64_000)
        with pytest.raises(Unreachable) as caught:
            sender.send(DANGER)
    assert "AAfake" not in f"{caught.value!r} {caught.value.__cause__!r} {caplog.text}"


def test_an_answer_of_megabytes_is_not_read() -> None:
    with ScriptedServer() as server:
        server.raw = "x" * 300_000
        with pytest.raises(BadReply, match=r"more than 0\.064 MB"):
            sender_of(type="webhook", url=server.url).send(DANGER)


def test_nothing_that_is_printed_shows_a_secret() -> None:
    rows = [
        {"type": "ntfy", "topic": "sesame"},
        {"type": "telegram", "token": TOKEN, "chat_id": "7"},
        {"type": "webhook", "url": "https://example.org/hook/sesame"},
        {"type": "apprise", "url": "pover://sesame@x"},
    ]
    loaded = load_config(config(messages={"to": rows}))
    assert not re.search("sesame|AAfake", repr(loaded))


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ({"type": "telegram", "token": "sesame:open", "chat_id": "7"}, "BotFather"),
        ({"type": "telegram", "token": TOKEN, "chat_id": "me"}, "chat_id"),
        ({"type": "webhook", "url": "https://me:sesame@example.org"}, "without a login"),
        ({"type": "apprise", "url": "sesame"}, "address of Apprise"),
        ({"type": "ntfy", "topic": "https://ntfy.sh/sesame"}, "no address"),
        ({"type": "ntfy", "topic": "x", "url": "ntfy.sh"}, "address"),
        ({"type": "pigeon"}, "must be one of ntfy, telegram"),
    ],
)
def test_settings_that_cannot_be_meant_are_refused_without_their_secret(row: dict[str, Any], said: str) -> None:
    with pytest.raises(ConfigError, match=said) as caught:
        sender_of(**row)
    assert "sesame" not in str(caught.value)


def test_somebody_must_be_named() -> None:
    with pytest.raises(ConfigError, match="must name somebody"):
        load_config(config(messages={"to": []}))
    with pytest.raises(ConfigError, match=r"messages\.to: is missing"):
        load_config(config(messages={}))


def test_a_response_that_is_no_object_is_no_success() -> None:
    with BotApi() as server:
        server.raw = "[]"
        with pytest.raises(SourceError):
            sender_of(type="telegram", url=server.url, token=TOKEN, chat_id="7").send(DANGER)
