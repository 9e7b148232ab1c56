"""Passwords: what they are kept as, whether one is right, and which are too weak to take."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import secrets
import threading
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import field

from pv_heater.core.model.lean import dataclass
from pv_heater.io.memory import give_large_pieces_back

SHORTEST = 10
LONGEST = 200
"""Characters; a longer text is no password, but work for the processor."""
LEAST_DIFFERENT = 5
_MUCH_USED = ("password", "passwort", "motdepasse", "123456789", "987654321", "qwertzuiop", "qwertyuiop", "pvheater")
_LARGEST_N, _LARGEST_R, _LARGEST_P = 2**18, 16, 16
"""Dearer hashes than these are damage; one of them would take the memory of a small Pi."""
_SALT_BYTES, _HASH_BYTES = 16, 32
_MEMORY_BYTES = 400_000_000
"""What scrypt may take at the largest of these."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """What one guess costs: `n` times `r` KiB/8 of memory, `p` times over."""

    n: int = 2**14
    r: int = 8
    p: int = 5

    def covers(self, other: Cost) -> bool:
        """Whether a guess costs at least as much as with `other` in every respect."""
        return self.n >= other.n and self.r >= other.r and self.p >= other.p


USUAL = Cost()
ARMV6 = Cost(p=1)
"""On the first Pis one pass takes about two seconds already."""


def cost_for(machine: str) -> Cost:
    """What a machine such as ``armv6l`` or ``x86_64`` can be asked for."""
    return ARMV6 if machine.startswith("armv6") else USUAL


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredPassword:
    """What is kept of a password: ``scrypt$n$r$p$salt$hash``."""

    cost: Cost
    salt: bytes = field(repr=False)
    digest: bytes = field(repr=False)

    @classmethod
    def of(cls, password: str, cost: Cost) -> StoredPassword:
        """Of a new one, with a salt of its own."""
        salt = secrets.token_bytes(_SALT_BYTES)
        return cls(cost=cost, salt=salt, digest=_scrypt(password, cost, salt))

    @classmethod
    def parse(cls, text: str) -> StoredPassword:
        """Read `written`. Raises ValueError for anything else."""
        word, *numbers, salt, digest = text.split("$") if text.count("$") == 5 else ("", "", "")
        if word != "scrypt" or not all(number.isascii() and number.isdecimal() for number in numbers):
            raise ValueError("it is no hash of a password")
        n, r, p = (int(number[:9]) for number in numbers)
        if not (1 < n <= _LARGEST_N and n & (n - 1) == 0 and 1 <= r <= _LARGEST_R and 1 <= p <= _LARGEST_P):
            raise ValueError("its hash costs more than any that this program makes")
        try:
            stored = cls(
                cost=Cost(n=n, r=r, p=p),
                salt=base64.b64decode(salt, validate=True),
                digest=base64.b64decode(digest, validate=True),
            )
        except (binascii.Error, ValueError):
            raise ValueError("its hash is damaged") from None
        if len(stored.salt) < _SALT_BYTES or len(stored.digest) != _HASH_BYTES:
            raise ValueError("its hash is damaged")
        return stored

    def written(self) -> str:
        """As text for a file."""
        salt, digest = (base64.b64encode(part).decode() for part in (self.salt, self.digest))
        return f"scrypt${self.cost.n}${self.cost.r}${self.cost.p}${salt}${digest}"

    def matches(self, password: str) -> bool:
        """Whether it is this one. Takes up to seconds and 16 MiB: ask through a `Turnstile`."""
        return hmac.compare_digest(_scrypt(password, self.cost, self.salt), self.digest)


def weakness(password: str) -> str | None:
    """Why this one is not taken, as a sentence; None for one that is."""
    text = _normal(password)
    if len(text) < SHORTEST:
        return f"The password has {len(text)} characters; take at least {SHORTEST}, such as three or four words."
    if len(text) > LONGEST:
        return f"The password has {len(text)} characters; at most {LONGEST} are taken."
    if any(unicodedata.category(character) == "Cc" for character in text):
        return "The password has a control character in it, which no keyboard gives twice."
    if len(set(text)) < LEAST_DIFFERENT:
        return f"The password is made of {len(set(text))} different characters; take at least {LEAST_DIFFERENT}."
    letters = "".join(character for character in text.casefold() if character.isalnum())
    for word in _MUCH_USED:
        if word in letters and len(letters) - len(word) < LEAST_DIFFERENT:
            return f"The password is little more than {word!r}, which is tried first; take three or four words."
    return None


class Busy(Exception):
    """One password is being looked at and another waits: no room for a third."""


class Turnstile:
    """One verification at a time and one that waits: each takes 16 MiB and a whole core."""

    def __init__(self) -> None:
        self._places = threading.BoundedSemaphore(2)
        self._one = threading.Lock()

    @contextmanager
    def passed(self) -> Iterator[None]:
        """The block runs alone. Raises Busy when somebody waits already."""
        if not self._places.acquire(blocking=False):
            raise Busy
        try:
            with self._one:
                yield
        finally:
            self._places.release()


def _scrypt(password: str, cost: Cost, salt: bytes) -> bytes:
    give_large_pieces_back()
    return hashlib.scrypt(
        _normal(password).encode("utf-8", "surrogatepass"),
        salt=salt,
        n=cost.n,
        r=cost.r,
        p=cost.p,
        maxmem=_MEMORY_BYTES,
        dklen=_HASH_BYTES,
    )


def _normal(password: str) -> str:
    """One way to write each character: a phone and a keyboard may send an u with dots as one character or as two."""
    return unicodedata.normalize("NFKC", password)
