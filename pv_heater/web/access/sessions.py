"""Browsers that have logged in, and when each token was last used: `sessions.json` of the state folder.

The running page alone writes it: at once for a login and a logout, else at most once a day for each, to spare the card.
"""

from __future__ import annotations

import logging
import secrets
import threading
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from pv_heater.core.model.lean import dataclass
from pv_heater.io.system.private_file import PrivateFile
from pv_heater.io.system.state_file import UnreadableState
from pv_heater.web.access.tokens import digest_of

log = logging.getLogger(__name__)

FILE_NAME = "sessions.json"
LASTS = timedelta(days=30)
"""A session ends so long after its last use."""
NOTED_EVERY = timedelta(days=1)
MOST_SESSIONS = 100
"""The one not used for longest gives way to the next."""
_SCHEMA = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class _Session:
    since_at: datetime
    seen_at: datetime
    generation: str

    def is_over(self, now: datetime) -> bool:
        """A clock that was set back ends none."""
        return now - self.seen_at > LASTS


class Sessions:
    """From any thread. A cookie is known by its SHA-256 alone."""

    def __init__(self, folder: Path, now: Callable[[], datetime]) -> None:
        self._file = PrivateFile(folder / FILE_NAME)
        self._now = now
        self._lock = threading.Lock()
        self._trouble: str | None = None
        self._sessions, self._used = self._load()
        self._noted = dict(self._used)

    def begin(self, generation: str, instead_of: str | None = None) -> str:
        """The cookie of a new session; the one that `instead_of` belongs to ends."""
        cookie, now = secrets.token_urlsafe(32), self._now()
        with self._lock:
            if instead_of is not None:
                self._sessions.pop(digest_of(instead_of), None)
            self._sessions[digest_of(cookie)] = _Session(since_at=now, seen_at=now, generation=generation)
            self._drop(generation, now)
            self._save()
        return cookie

    def seen(self, cookie: str, generation: str) -> bool | None:
        """None for no session of this password; True when its cookie is to be given again because its time slides."""
        now, key = self._now(), digest_of(cookie)
        with self._lock:
            session = self._sessions.get(key)
            if session is None or session.generation != generation or session.is_over(now):
                return None
            if now - session.seen_at < NOTED_EVERY:  # also with a clock that is behind, as one without a chip may be
                return False
            self._sessions[key] = replace(session, seen_at=now)
            self._save()
            return True

    def end(self, cookie: str) -> None:
        """Log out; an unknown cookie is as good as logged out."""
        with self._lock:
            if self._sessions.pop(digest_of(cookie), None) is not None:
                self._save()

    def end_all(self) -> None:
        """Log out everywhere."""
        with self._lock:
            self._sessions.clear()
            self._save()

    def note_use(self, token: str) -> None:
        """The token of this id was used now."""
        now = self._now()
        with self._lock:
            self._used[token] = now
            noted = self._noted.get(token)
            if noted is None or now - noted >= NOTED_EVERY:
                self._save()

    def last_use(self, token: str) -> datetime | None:
        """When the token of this id was last used; None where that is not known."""
        with self._lock:
            return self._used.get(token)

    def save(self) -> None:
        """Write what is known now; for the end of the program."""
        with self._lock:
            if self._used != self._noted:
                self._save()

    def _drop(self, generation: str, now: datetime) -> None:
        """Let go of what has ended, and of the oldest where there are too many."""
        kept = {
            key: session
            for key, session in self._sessions.items()
            if session.generation == generation and not session.is_over(now)
        }
        newest = sorted(kept, key=lambda key: kept[key].seen_at)[-MOST_SESSIONS:]
        self._sessions = {key: kept[key] for key in newest}

    def _save(self) -> None:
        """Trouble is logged once until it works again; meanwhile a restart would bring back what was last written."""
        self._noted = dict(self._used)
        content = {
            "schema": _SCHEMA,
            "sessions": {
                key: {
                    "since_at": session.since_at.isoformat(),
                    "seen_at": session.seen_at.isoformat(),
                    "generation": session.generation,
                }
                for key, session in self._sessions.items()
            },
            "tokens_used_at": {token: at.isoformat() for token, at in self._used.items()},
        }
        try:
            self._file.put(content)
        except OSError as error:
            trouble = error.strerror or type(error).__name__
            if self._trouble is None:
                log.error(
                    "logins and logouts cannot be saved to %s: %s; a restart of the program would not know them",
                    self._file.path,
                    trouble,
                )
            self._trouble = trouble
            return
        if self._trouble is not None:
            log.info("logins and logouts are saved again")
        self._trouble = None

    def _load(self) -> tuple[dict[str, _Session], dict[str, datetime]]:
        try:
            return _parse(self._file.read())
        except UnreadableState as error:
            log.error("the sessions in %s cannot be used: %s. Everybody logs in again", self._file.path, error)
            return {}, {}


def last_uses(folder: Path) -> Mapping[str, datetime]:
    """When each token was last used, by its id, as far as it is on the disk (to the day); empty where unknown."""
    try:
        return _parse(PrivateFile(folder / FILE_NAME).read())[1]
    except UnreadableState:
        return {}


def _parse(content: Mapping[str, Any] | None) -> tuple[dict[str, _Session], dict[str, datetime]]:
    """Raises UnreadableState."""
    if content is None:
        return {}, {}
    try:
        sessions = {
            str(key): _Session(
                since_at=_instant(row["since_at"]),
                seen_at=_instant(row["seen_at"]),
                generation=str(row["generation"]),
            )
            for key, row in content["sessions"].items()
        }
        return sessions, {str(token): _instant(at) for token, at in content["tokens_used_at"].items()}
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise UnreadableState(f"it is damaged ({type(error).__name__})") from error


def _instant(text: Any) -> datetime:
    instant = datetime.fromisoformat(text)
    if instant.tzinfo is None:
        raise ValueError("an instant has no zone")
    return instant
