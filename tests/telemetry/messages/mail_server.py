"""A mail server on loopback, as far as handing in goes (RFC 5321, 3207, 4954): STARTTLS, TLS, login, refusals."""

from __future__ import annotations

import base64
import socket
import ssl
import subprocess
from pathlib import Path

from tests.raw_server import RawServer


def certificate(folder: Path, name: str = "IP:127.0.0.1") -> tuple[Path, Path]:
    """Chain and key of an authority of our own, for a server of that name."""
    chain, key = folder / "cert.pem", folder / "key.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=mail.example",
         "-addext", f"subjectAltName={name}", "-keyout", str(key), "-out", str(chain)], check=True, capture_output=True,
    )  # fmt: skip
    return chain, key


class MailDouble(RawServer):
    """Steer by the public attributes."""

    def __init__(self, chain_and_key: tuple[Path, Path] | None = None, *, tls: bool = False) -> None:
        super().__init__(self._talk)
        self._tls = tls
        self._context = None
        if chain_and_key is not None:
            self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self._context.load_cert_chain(*chain_and_key)
        self.login = ("me@example.org", "pass word")
        self.answers: dict[str, bytes] = {}
        """By the word of the command, in place of what it would say."""
        self.mails: list[str] = []
        self.senders: list[str] = []
        self.recipients: list[str] = []
        self.greetings: list[str] = []
        self.logins = 0

    def _talk(self, connection: socket.socket, number: int) -> None:
        del number
        if self._tls and self._context is not None:
            connection = self._context.wrap_socket(connection, server_side=True)
        file = connection.makefile("rb")
        connection.sendall(b"220 mail.example ready\r\n")
        encrypted = self._tls
        while line := file.readline():
            text = line.decode().rstrip("\r\n")
            word = text.split(" ")[0].upper()
            if word in self.answers:
                connection.sendall(self.answers[word])
            elif word == "EHLO":
                self.greetings.append(text)
                offers = ["AUTH PLAIN"] if encrypted else ["STARTTLS"] if self._context else []
                rows = ["mail.example", *offers]
                connection.sendall(b"".join(f"250{'-' if row != rows[-1] else ' '}{row}\r\n".encode() for row in rows))
            elif word == "STARTTLS" and self._context is not None:
                connection.sendall(b"220 go ahead\r\n")
                connection = self._context.wrap_socket(connection, server_side=True)
                file, encrypted = connection.makefile("rb"), True
            elif word == "AUTH":
                given = base64.b64decode(text.split(" ")[2]).decode().split("\0")[1:]
                right = tuple(given) == self.login
                self.logins += right
                connection.sendall(b"235 welcome\r\n" if right else f"535 5.7.8 not {given[1]}\r\n".encode())
            elif word == "DATA":
                connection.sendall(b"354 go on\r\n")
                rows_of_mail = []
                while (row := file.readline()) not in (b".\r\n", b""):
                    rows_of_mail.append(row.decode("ascii").removeprefix("."))
                self.mails.append("".join(rows_of_mail))
                connection.sendall(b"250 taken\r\n")
            elif word in ("MAIL", "RCPT"):
                (self.senders if word == "MAIL" else self.recipients).append(text.partition(":")[2])
                connection.sendall(b"250 fine\r\n")
            elif word == "QUIT":
                connection.sendall(b"221 bye\r\n")
                return
            else:
                connection.sendall(b"502 what?\r\n")
