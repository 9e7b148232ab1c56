"""Messages by mail, through the server of one's provider."""

from __future__ import annotations

from email.message import EmailMessage
from email.utils import format_datetime, make_msgid, parseaddr

from pv_heater.core.model.lean import dataclass
from pv_heater.core.model.setting import Secret, SettingProblem, setting
from pv_heater.io.net.smtp import MailServer, send_mail
from pv_heater.telemetry.messages.message import Message, Urgency

PORTS = {"starttls": 587, "tls": 465, "none": 25}


def _check_address(text: str) -> None:
    name, address = parseaddr(text)
    local, _, domain = address.rpartition("@")
    if not local or not domain or any(sign in text for sign in "\r\n,;") or (not name and address != text.strip()):
        raise SettingProblem(f"must be a mail address such as me@example.org, not {text!r}")


def _check_addresses(texts: tuple[str, ...]) -> None:
    for text in texts:
        _check_address(text)
    if not texts:
        raise SettingProblem("must be a mail address at least")


@dataclass(frozen=True, slots=True, kw_only=True)
class MailSettings:
    """The server, and from whom to whom."""

    host: str = setting("address of the mail server, such as smtp.example.org")
    port: int | None = setting(
        "its port; auto is 587 for starttls, 465 for tls, 25 for none", default=None, minimum=1, maximum=65535
    )
    security: str = setting("how the connection is encrypted", default="starttls", choices=tuple(PORTS))
    username: str | None = setting("name at the server, mostly the mail address", default=None)
    password: Secret | None = setting("password at the server; many providers want one made for programs", default=None)
    from_: str = setting("the sender's address", key="from", check=_check_address)
    to: tuple[str, ...] = setting("who gets it: an address or a list of them", check=_check_addresses)
    ca_file: str | None = setting(
        "certificate of the authority that signed the server's, where that is not public", default=None
    )

    def __post_init__(self) -> None:
        if (self.username is None) != (self.password is None):
            raise SettingProblem("goes with username: both or neither", "password")
        if self.password is not None and self.security == "none":
            raise SettingProblem("would be sent as plain text; use security: starttls or tls", "password")


class Mail:
    """Sends one mail a message, plain text."""

    Settings = MailSettings

    def __init__(self, settings: MailSettings) -> None:
        self._settings = settings
        self._server = MailServer(
            host=settings.host,
            port=PORTS[settings.security] if settings.port is None else settings.port,
            security=settings.security,
            username=settings.username,
            password=settings.password,
            ca_file=settings.ca_file,
        )

    def send(self, message: Message) -> None:
        """Hand it to the server. Raises SourceError."""
        mail = EmailMessage()
        mail["From"], mail["To"] = self._settings.from_, ", ".join(self._settings.to)
        mail["Subject"] = message.line
        mail["Date"] = format_datetime(message.at)
        mail["Message-ID"] = make_msgid(domain="pv-heater.local")
        mail["Auto-Submitted"] = "auto-generated"  # so that nobody's absence note answers it
        if message.urgency is Urgency.DANGER:
            mail["X-Priority"] = "1"
        mail.set_content(message.body, cte="quoted-printable")
        send_mail(self._server, mail)

    def close(self) -> None:
        """No connection outlives a mail."""
