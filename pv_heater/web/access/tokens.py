"""Tokens of programs: random, shown once, kept as SHA-256, each with a scope, a name and perhaps an end."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Iterable, Mapping
from dataclasses import field
from datetime import datetime, timedelta
from typing import Any

from pv_heater.core.model.lean import dataclass
from pv_heater.web.calls import Scope

PREFIX = "pvh_"
"""So that a token is known for one wherever it turns up."""
LONGEST_PRESENTED = 200
LONGEST_NAME = 60
MOST_TOKENS = 50
LONGEST_DAYS = 3650
GRANTED = (Scope.READ, Scope.CONTROL, Scope.ADMIN)


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """What is kept of a token. `expires_at` None: it does not end by itself."""

    id: str
    name: str
    scope: Scope
    digest: str = field(repr=False)
    created_at: datetime
    expires_at: datetime | None = None

    def is_valid(self, now: datetime) -> bool:
        """Whether its time is not over."""
        return self.expires_at is None or now < self.expires_at

    def to_json(self) -> dict[str, Any]:
        """For the file."""
        return {**self.to_public_json(), "sha256": self.digest}

    def to_public_json(self) -> dict[str, Any]:
        """For its owner's eyes: all but what is kept of the secret."""
        return {
            "id": self.id,
            "name": self.name,
            "scope": self.scope.value,
            "created_at": self.created_at.isoformat(),
            "expires_at": None if self.expires_at is None else self.expires_at.isoformat(),
        }

    @classmethod
    def parse(cls, row: Mapping[str, Any]) -> Token:
        """Read `to_json`. Raises ValueError, KeyError or TypeError for anything else."""
        expires_at = row["expires_at"]
        token = cls(
            id=str(row["id"]),
            name=str(row["name"]),
            scope=Scope(row["scope"]),
            digest=str(row["sha256"]),
            created_at=_instant(row["created_at"]),
            expires_at=None if expires_at is None else _instant(expires_at),
        )
        if token.scope not in GRANTED or len(bytes.fromhex(token.digest)) != hashlib.sha256().digest_size:
            raise ValueError("a token is damaged")
        return token


def made(name: str, scope: Scope, now: datetime, expires_at: datetime | None = None) -> tuple[Token, str]:
    """A new token, and its secret, which is shown this once. Raises ValueError for a name that is none."""
    name = name.strip()
    if not 0 < len(name) <= LONGEST_NAME or not name.isprintable():
        raise ValueError(f"the name must be 1 to {LONGEST_NAME} ordinary characters")
    secret = PREFIX + secrets.token_urlsafe(32)
    token = Token(
        id=secrets.token_hex(4),
        name=name,
        scope=scope,
        digest=digest_of(secret),
        created_at=now,
        expires_at=expires_at,
    )
    return token, secret


def found(tokens: Iterable[Token], presented: str, now: datetime) -> Token | None:
    """The valid token with this secret; None for no such. Takes as long whichever it is."""
    if len(presented) > LONGEST_PRESENTED:
        return None
    digest, match = digest_of(presented), None
    for token in tokens:
        if hmac.compare_digest(token.digest, digest) and token.is_valid(now):
            match = token
    return match


def expiry(now: datetime, days: int | None) -> datetime | None:
    """`days` from now; None for no end. Raises ValueError for too many or too few."""
    if days is None:
        return None
    if not 1 <= days <= LONGEST_DAYS:
        raise ValueError(f"a token lasts 1 to {LONGEST_DAYS} days, not {days}")
    return now + timedelta(days=days)


def digest_of(secret: str) -> str:
    """What is kept of 32 random bytes: they need no slow hash."""
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()


def _instant(text: Any) -> datetime:
    instant = datetime.fromisoformat(text)
    if instant.tzinfo is None:
        raise ValueError("an instant has no zone")
    return instant
