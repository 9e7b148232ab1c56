"""Mail through a server, with limits on everything: time, answers, and what an error message may show."""

from __future__ import annotations

import contextlib
import smtplib
import socket
import ssl
from email.message import EmailMessage
from typing import Any

from pv_heater.core.model.lean import dataclass
from pv_heater.core.model.setting import Secret
from pv_heater.errors import AuthRejected, BadReply, SourceError, Unreachable
from pv_heater.io.net.deadline import Deadline
from pv_heater.io.net.names import Names, not_found
from pv_heater.io.net.tls_words import tls_trouble

CONNECT_S = 10.0
READ_S = 20.0
WHOLE_S = 60.0
"""From the look-up of the name to the server's last word: one that drips never runs into the read time-out."""
MOST_BYTES = 100_000
"""Of all answers together; they have some hundred."""
_QUOTED = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class MailServer:
    """Where mail is handed in."""

    host: str
    port: int
    security: str
    """``starttls``, ``tls`` or ``none``."""
    username: str | None
    password: Secret | None
    ca_file: str | None


def send_mail(server: MailServer, mail: EmailMessage, *, whole_s: float = WHOLE_S, names: Names | None = None) -> None:
    """Hand in one mail. Raises SourceError; blocks for at most `whole_s`, whatever the server does."""
    where = f"the mail server {server.host}:{server.port}"
    with Deadline(whole_s) as deadline:
        try:
            _send(server, mail, deadline, names or Names())
        except SourceError:
            raise
        except _TooMuch:
            said = f"{where} says more than {MOST_BYTES / 1000:.0f} kB, which no mail needs"
            raise BadReply(said) from None
        except (smtplib.SMTPException, OSError, ValueError) as error:
            if deadline.expired:
                raise Unreachable(f"{where} had not taken the mail after {whole_s:.0f} s") from None
            raise _meaning(error, server, where) from None


def _send(server: MailServer, mail: EmailMessage, deadline: Deadline, names: Names) -> None:
    context = None if server.security == "none" else _context(server.ca_file)
    line = _Line(server, deadline, names, context if server.security == "tls" else None)
    try:
        line.connect(server.host, server.port)
        if server.security == "starttls" and context is not None:
            line.starttls(context=context)
        if server.username is not None and server.password is not None:
            line.login(server.username, server.password.reveal())
        line.send_message(mail)
        with contextlib.suppress(smtplib.SMTPException, OSError):
            line.quit()
    finally:
        line.close()


def _context(ca_file: str | None) -> ssl.SSLContext:
    try:
        context = ssl.create_default_context(cafile=ca_file)
    except (OSError, ssl.SSLError) as error:
        raise BadReply(f"the certificate in ca_file cannot be used: {error}") from None
    if ca_file is not None:
        # Authorities that people make themselves seldom say all that the strict rules of Python 3.13 ask for.
        context.verify_flags &= ~getattr(ssl, "VERIFY_X509_STRICT", 0)
    return context


class _TooMuch(Exception):
    """The server never stops talking. No OSError, as the library takes those for the end of the connection."""


class _Bounded:
    """Lines of the server, as long as they are not too many."""

    def __init__(self, file: Any) -> None:
        self._file = file
        self._left = MOST_BYTES

    def readline(self, size: int) -> bytes:
        line: bytes = self._file.readline(size)
        self._left -= len(line)
        if self._left < 0:
            raise _TooMuch
        return line

    def close(self) -> None:
        self._file.close()


class _Line(smtplib.SMTP):
    """Connects within limits; greets by its address, since looking up a name of its own may take for ever."""

    def __init__(self, server: MailServer, deadline: Deadline, names: Names, tls: ssl.SSLContext | None) -> None:
        super().__init__(local_hostname="localhost", timeout=READ_S)
        self._host = server.host
        """What the library checks a certificate against."""
        self._deadline, self._names, self._tls = deadline, names, tls

    def _get_socket(self, host: str, port: int, timeout: float) -> socket.socket:
        sock = self._names.connect(host, port, within_s=min(CONNECT_S, self._deadline.left_s))
        self._deadline.watch(sock)
        sock.settimeout(timeout)
        own = sock.getsockname()[0]
        self.local_hostname = f"[IPv6:{own}]" if ":" in own else f"[{own}]"
        return sock if self._tls is None else self._tls.wrap_socket(sock, server_hostname=host)

    def getreply(self) -> tuple[int, bytes]:
        sock: socket.socket | None = self.sock
        if getattr(self, "file", None) is None and sock is not None:
            self.file: Any = _Bounded(sock.makefile("rb"))
        return super().getreply()


def _meaning(error: Exception, server: MailServer, where: str) -> SourceError:
    """What went wrong, for the owner."""
    if isinstance(error, smtplib.SMTPAuthenticationError):
        return AuthRejected(f"{where} refused the login ({error.smtp_code}): {_quoted(error.smtp_error, server)}")
    if isinstance(error, smtplib.SMTPNotSupportedError):
        return BadReply(f"{where} cannot do what is asked ({_quoted(str(error), server)}); see security and username")
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        code, said = next(iter(error.recipients.values()), (550, b""))
        return _refused(code, said, server, f"{where} refused the recipient")
    if isinstance(error, smtplib.SMTPResponseException):
        return _refused(error.smtp_code, error.smtp_error, server, f"{where} refused the mail")
    if isinstance(error, smtplib.SMTPServerDisconnected):
        return Unreachable(f"{where} broke off")
    if isinstance(error, ssl.SSLError):
        return Unreachable(f"the mail server {tls_trouble(error, f'{server.host}:{server.port}')}")
    if not_found(error):
        return Unreachable(f"{where}: this name was not found; is the network up, is the name right?")
    if isinstance(error, TimeoutError):
        return Unreachable(f"{where} went silent while it should have answered")
    if isinstance(error, OSError) and error.strerror:
        return Unreachable(f"{where} cannot be reached: {error.strerror}")
    return Unreachable(f"{where}: {type(error).__name__}")


def _refused(code: int, said: bytes | str, server: MailServer, what: str) -> SourceError:
    text = f"{what} ({code}): {_quoted(said, server)}"
    return Unreachable(text) if 400 <= code < 500 else BadReply(text)


def _quoted(said: bytes | str, server: MailServer) -> str:
    """The beginning of what it said, on one line, without the password."""
    text = said.decode("utf-8", errors="replace") if isinstance(said, bytes) else said
    if server.password is not None:
        text = text.replace(server.password.reveal(), "(secret)")
    line = " ".join("".join(sign if sign.isprintable() else " " for sign in text).split())
    return line[:_QUOTED] or "without a word"
