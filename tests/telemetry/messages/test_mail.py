"""Mail, handed in to a server on this machine."""

from __future__ import annotations

import email
import email.policy
import socket
from pathlib import Path
from typing import Any

import pytest

from pv_heater.config.load import load_config
from pv_heater.errors import AuthRejected, BadReply, ConfigError, SourceError, Unreachable
from pv_heater.io.net import smtp
from pv_heater.telemetry.messages.mail import Mail
from pv_heater.telemetry.messages.message import Message, Urgency
from tests.builders import config
from tests.raw_server import Dripper, RawServer
from tests.telemetry.messages.documents import NOON
from tests.telemetry.messages.mail_server import MailDouble, certificate
from tests.waiting import Stopwatch

MESSAGE = Message(
    title="Barn: water heater: a fault of the device", text="It draws 1980 W.\n.\nÜber 60 °C.", urgency=Urgency.DANGER,
    kind="hardware", at=NOON,
)  # fmt: skip


@pytest.fixture(scope="module")
def chain(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    return certificate(tmp_path_factory.mktemp("mail"))


def mail_to(port: int, **settings: Any) -> Mail:
    row = {"type": "mail", "host": "127.0.0.1", "port": port, "from": "pv@example.org", "to": "me@example.org"}
    loaded = load_config(config(messages={"to": row | settings})).messages
    assert loaded is not None
    sender: Mail = loaded.to[0].build()
    return sender


def with_login(port: int, chain: tuple[Path, Path], password: str = "pass word", **settings: Any) -> Mail:
    return mail_to(port, username="me@example.org", password=password, ca_file=str(chain[0]), **settings)


@pytest.mark.parametrize("tls", [False, True], ids=["starttls", "tls"])
def test_a_mail_goes_out_encrypted_after_a_login(chain: tuple[Path, Path], tls: bool) -> None:
    with MailDouble(chain, tls=tls) as server:
        sender = with_login(server.port, chain, security="tls" if tls else "starttls", to=["a@example.org", "b@x.org"])
        sender.send(MESSAGE)
        assert (server.logins, server.recipients) == (1, ["<a@example.org>", "<b@x.org>"])
        mail = email.message_from_string(server.mails[0], policy=email.policy.default)
    assert (mail["Subject"], mail["From"], mail["X-Priority"]) == (MESSAGE.title, "pv@example.org", "1")
    assert mail["Date"].datetime == NOON
    assert mail.get_content().replace("\r\n", "\n").strip() == MESSAGE.text
    assert all(greeting.lower() == "ehlo [127.0.0.1]" for greeting in server.greetings)


def test_without_login_and_encryption_to_a_relay_in_the_house() -> None:
    with MailDouble() as server:
        mail_to(server.port, security="none").send(MESSAGE)
        assert len(server.mails) == 1


def test_a_wrong_password_is_refused_and_not_shown(chain: tuple[Path, Path]) -> None:
    with MailDouble(chain) as server, pytest.raises(AuthRejected, match="refused the login") as caught:
        with_login(server.port, chain, password="hunter2hunter2").send(MESSAGE)
    assert "hunter2" not in str(caught.value)
    assert "(secret)" in str(caught.value)


def test_a_certificate_of_nobody_known_or_of_another_name_gets_no_password(
    chain: tuple[Path, Path], tmp_path: Path
) -> None:
    with MailDouble(chain) as server:
        with pytest.raises(Unreachable, match="not trusted"):
            mail_to(server.port, username="me@example.org", password="pass word").send(MESSAGE)
        assert server.logins == 0
    other = certificate(tmp_path, "DNS:other.example")
    with MailDouble(other) as server:
        with pytest.raises(Unreachable, match="another name"):
            with_login(server.port, other).send(MESSAGE)
        assert server.logins == 0


def test_a_server_that_cannot_encrypt_gets_nothing(chain: tuple[Path, Path]) -> None:
    with MailDouble() as server:
        with pytest.raises(BadReply, match="see security"):
            with_login(server.port, chain).send(MESSAGE)
        assert (server.mails, server.senders) == ([], [])


@pytest.mark.parametrize(
    ("word", "answer", "kind", "said"),
    [
        ("RCPT", b"550 no such user\r\n", BadReply, "refused the recipient.*550.*no such user"),
        ("RCPT", b"450 try later\r\n", Unreachable, "450.*try later"),
        ("MAIL", b"552 too much\r\n", BadReply, "refused the mail.*552"),
        ("DATA", b"451 greylisted\r\n", Unreachable, "451.*greylisted"),
        ("MAIL", b"", Unreachable, "had not taken|silent"),
        ("MAIL", b"garbage\r\n", SourceError, "mail server"),
    ],
)
def test_what_a_server_refuses_is_said(word: str, answer: bytes, kind: type[SourceError], said: str) -> None:
    with MailDouble() as server:
        server.answers[word] = answer
        with pytest.raises(kind, match=said):
            smtp.send_mail(mail_to(server.port, security="none")._server, _mail(), whole_s=0.5)


def _mail() -> Any:
    made = smtp.EmailMessage()
    made["From"], made["To"] = "a@example.org", "b@example.org"
    made.set_content("x")
    return made


def flood(connection: socket.socket, _number: int) -> None:
    connection.sendall(b"220 ready\r\n")
    connection.recv(1000)
    while True:
        connection.sendall(b"250-more\r\n" * 1000)


def test_a_server_that_floods_drips_or_hangs_ends_in_time() -> None:
    with RawServer(flood) as server, pytest.raises(BadReply, match="says more than 100 kB"):
        mail_to(server.port, security="none").send(MESSAGE)
    for first, drop in ((b"220 ready", b" "), (b"", b"")):
        with Dripper(first, drop) as server:
            watch = Stopwatch()
            with pytest.raises(Unreachable, match="had not taken the mail after"):
                smtp.send_mail(mail_to(server.port, security="none")._server, _mail(), whole_s=0.5)
            assert watch.took_s() < 20


def test_nobody_there() -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with pytest.raises(Unreachable, match="refused"):
        mail_to(port, security="none").send(MESSAGE)


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"username": "me"}, "both or neither"),
        ({"username": "me", "password": "x", "security": "none"}, "plain text"),
        ({"from": "me"}, "mail address"),
        ({"to": ["a@b.c\nBcc: x@y.z"]}, "mail address"),
        ({"to": []}, "mail address"),
        ({"security": "ssl"}, "starttls, tls, none"),
    ],
)
def test_settings_that_cannot_be_meant(settings: dict[str, Any], said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        mail_to(25, **settings)


def test_a_title_on_two_lines_adds_no_header() -> None:
    with MailDouble() as server:
        message = Message(title="a\r\nBcc: x@example.org", text="", urgency=Urgency.NEWS, kind="test", at=NOON)
        mail_to(server.port, security="none").send(message)
        assert "\nBcc:" not in server.mails[0]
        assert server.recipients == ["<me@example.org>"]
