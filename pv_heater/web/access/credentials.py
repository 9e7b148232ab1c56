"""What the owner has set: the password and the tokens, in `access.json` of the state folder.

`main.py password` and a running page both change it; whoever reads sees the newest at once.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping
from dataclasses import field, replace
from pathlib import Path
from typing import Any

from pv_heater.core.model.lean import dataclass
from pv_heater.io.system.private_file import PrivateFile
from pv_heater.io.system.state_file import UnreadableState
from pv_heater.web.access.passwords import StoredPassword
from pv_heater.web.access.tokens import MOST_TOKENS, Token

FILE_NAME = "access.json"
_SCHEMA = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Credentials:
    """The password, None where none is set, and the tokens."""

    password: StoredPassword | None = None
    generation: str = field(default="", repr=False)
    """A new one with every password that is set or removed: sessions of another generation have ended."""
    tokens: tuple[Token, ...] = ()

    def with_password(self, password: StoredPassword | None) -> Credentials:
        """Another password, or none; it ends every session."""
        return replace(self, password=password, generation=secrets.token_hex(8))

    def with_token(self, token: Token) -> Credentials:
        """One more. Raises ValueError when there are too many, or one of that name."""
        if len(self.tokens) >= MOST_TOKENS:
            raise ValueError(f"there are {MOST_TOKENS} tokens already; remove one first")
        if any(token.name == other.name for other in self.tokens):
            raise ValueError(f"there is a token named {token.name!r} already; remove it first, or take another name")
        return replace(self, tokens=(*self.tokens, token))

    def without_token(self, wanted: str) -> Credentials:
        """Without the one of this id or name. Raises KeyError for no such."""
        left = tuple(token for token in self.tokens if wanted not in (token.id, token.name))
        if len(left) == len(self.tokens):
            raise KeyError(wanted)
        return replace(self, tokens=left)

    def to_json(self) -> dict[str, Any]:
        """For the file."""
        return {
            "schema": _SCHEMA,
            "password": None if self.password is None else self.password.written(),
            "generation": self.generation,
            "tokens": [token.to_json() for token in self.tokens],
        }


class CredentialStore:
    """The credentials in a state folder, as they are now. From any thread and any process."""

    def __init__(self, folder: Path) -> None:
        self._file = PrivateFile(folder / FILE_NAME)
        self._parsed: tuple[Mapping[str, Any] | None, Credentials] | None = None

    @property
    def path(self) -> Path:
        """Where they lie."""
        return self._file.path

    def read(self) -> Credentials:
        """What is set now. Raises UnreadableState: then nobody can be let in by it."""
        content, parsed = self._file.read(), self._parsed
        if parsed is None or parsed[0] is not content:
            parsed = self._parsed = (content, _parse(content))
        return parsed[1]

    def change(self, changed: Callable[[Credentials], Credentials]) -> Credentials:
        """Write what `changed` makes of the newest ones. Raises what it raises, OSError, and UnreadableState."""
        made: list[Credentials] = []

        def rewritten(content: Mapping[str, Any] | None) -> Mapping[str, Any]:
            made.append(changed(_parse(content)))
            return made[0].to_json()

        self._file.change(rewritten)
        return made[0]

    def put(self, credentials: Credentials) -> None:
        """Write these instead of whatever stands there. Raises OSError."""
        self._file.put(credentials.to_json())


def _parse(content: Mapping[str, Any] | None) -> Credentials:
    if content is None:
        return Credentials()
    try:
        if content["schema"] != _SCHEMA:
            raise UnreadableState("it is of another version of this program")
        written = content["password"]
        return Credentials(
            password=None if written is None else StoredPassword.parse(written),
            generation=str(content["generation"]),
            tokens=tuple(Token.parse(row) for row in content["tokens"]),
        )
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise UnreadableState(f"it is damaged ({type(error).__name__})") from error
