"""InfluxDB 1, 2 or 3: a line for the home and one for each load, written once a minute.

What cannot be written waits, up to a limit; then the oldest is let go, and its count is told.
"""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Mapping, Sequence
from typing import Any

from pv_heater.core.model.lean import dataclass
from pv_heater.core.model.setting import Secret, SettingProblem, setting
from pv_heater.errors import BadReply, SourceError
from pv_heater.io.net.http import HttpClient, HttpReply
from pv_heater.io.net.http_login import Login
from pv_heater.ports import Tools
from pv_heater.telemetry.databases.figures import Document, of_each_load, of_the_home, unix_s
from pv_heater.telemetry.databases.line_protocol import line

log = logging.getLogger(__name__)

BATCH_S = 60.0
LOOK_S = 10.0
"""Looked at least this often: while the database is away, the pause between two tries grows to ten of these."""
MOST_LINES = 5000
"""That wait: a megabyte."""
_IN_ONE = 1000
_CONNECT_S, _READ_S, _WHOLE_S = 5.0, 10.0, 20.0
_WRITTEN = 204
_IN_VAIN = frozenset({400, 413, 422})
"""The database will never take these lines: a type that clashes, a time before its first."""
_TEXT = {"Content-Type": "text/plain; charset=utf-8"}
_NEEDS: Mapping[int, tuple[str, ...]] = {1: ("database",), 2: ("organisation", "bucket", "token"), 3: ("database",)}
_KNOWS: Mapping[int, frozenset[str]] = {
    1: frozenset({"database", "username", "password"}),
    2: frozenset({"organisation", "bucket", "token"}),
    3: frozenset({"database", "token"}),
}


class InfluxDb:
    """Satisfies `ports.Publisher`; `tell` is for one thread."""

    @dataclass(frozen=True, slots=True, kw_only=True)
    class Settings:
        """Where it is, which one it is, and as whom we write."""

        url: str = setting("address of the database, such as http://192.168.1.20:8086")
        version: int = setting("of InfluxDB: 1, 2 or 3", choices=(1, 2, 3))
        database: str | None = setting("the database; for version 1 and 3", default=None)
        organisation: str | None = setting("the organisation; for version 2", default=None)
        bucket: str | None = setting("the bucket; for version 2", default=None)
        token: Secret | None = setting("token that may write; for version 2 and 3", default=None)
        username: str | None = setting("name at the database, if it asks for one; for version 1", default=None)
        password: Secret | None = setting("password at the database; for version 1", default=None)
        measurement: str = setting(
            "name of the lines of the home; those of loads have _load behind it", default="pv_heater"
        )
        interval_s: float = setting("how often figures are noted", default=10.0, unit="s", minimum=1, maximum=3600)

        def __post_init__(self) -> None:
            needed, known = _NEEDS[self.version], _KNOWS[self.version]
            for key in ("database", "organisation", "bucket", "token", "username", "password"):
                given = getattr(self, key) is not None
                if key in needed and not given:
                    raise SettingProblem(f"is missing; InfluxDB {self.version} needs it", key)
                if given and key not in known:
                    raise SettingProblem(
                        f"is not for InfluxDB {self.version}, which knows {', '.join(sorted(known))}", key
                    )
            if (self.username is None) != (self.password is None):
                key = "password" if self.password is None else "username"
                raise SettingProblem("is missing; a login needs username and password", key)

    def __init__(
        self, settings: Settings, tools: Tools, *, most_lines: int = MOST_LINES, whole_s: float = _WHOLE_S
    ) -> None:
        """Connects to nothing yet. `most_lines` that wait, and `whole_s`, the limit of a request, are for tests."""
        self._settings, self._site = settings, tools.site.name
        login = None
        if settings.username is not None and settings.password is not None:
            login = Login(username=settings.username, password=settings.password, digest=False)
        self._client = HttpClient(
            settings.url,
            who="InfluxDB",
            secrets=(settings.token,),
            login=login,
            connect_s=_CONNECT_S,
            read_s=min(_READ_S, whole_s),
            whole_s=whole_s,
            most_bytes=1_000_000,
        )
        self._path, self._params, self._headers = _way(settings)
        self._waiting: deque[str] = deque()
        self._most_lines = most_lines
        self._let_go = 0
        self._noted_s: float | None = None
        self._written_s: float | None = None

    @property
    def interval_s(self) -> float:
        """Seconds from one look at the home to the next."""
        return min(self._settings.interval_s, LOOK_S)

    def tell(self, document: Document | None, at_s: float) -> Sequence[Mapping[str, Any]]:
        """Note what is due, and once a minute write all that waits. Raises SourceError; then it goes on waiting."""
        if self._written_s is None:
            self._written_s = at_s
        if document is not None and _is_due(self._noted_s, at_s, self._settings.interval_s):
            self._noted_s = at_s
            self._note(document)
        if self._waiting and at_s - self._written_s >= BATCH_S:
            self._write()
            self._written_s = at_s
        return ()

    def ask(self) -> str:
        """Whether it would take lines of ours; it is sent none. Raises SourceError."""
        reply = self._client.exchange("POST", self._path, params=self._params, body=b"", headers=self._headers)
        # Some versions find nothing wrong with no line at all, others do, once login and database are right.
        if reply.status not in (_WRITTEN, 400):
            raise self._why_not(reply)
        return f"takes lines for {self._settings.bucket or self._settings.database}"

    def close(self) -> None:
        """End the connection; what still waits is lost."""
        self._client.close()

    def _note(self, document: Document) -> None:
        at_s = unix_s(document)
        if at_s is None:
            return
        tags, name = {"site": self._site}, self._settings.measurement
        found = [line(name, tags, of_the_home(document), {"state": document["state"]["word"]}, at_s)]
        for load, numbers in of_each_load(document):
            texts = {"phase": load["phase"], "mode": load["mode"]}
            found.append(line(f"{name}_load", {**tags, "load": load["name"]}, numbers, texts, at_s))
        self._waiting.extend(each for each in found if each is not None)
        while len(self._waiting) > self._most_lines:
            self._waiting.popleft()
            self._let_go += 1

    def _write(self) -> None:
        refused, count = None, len(self._waiting)
        while self._waiting:
            lines = [self._waiting[index] for index in range(min(_IN_ONE, len(self._waiting)))]
            reply = self._client.exchange(
                "POST", self._path, params=self._params, body="\n".join(lines).encode(), headers=self._headers
            )
            if reply.status in _IN_VAIN:
                refused = self._refused(reply, len(lines))
            elif reply.status != _WRITTEN:
                raise self._why_not(reply)
            for _ in lines:
                self._waiting.popleft()
        if self._let_go:
            log.warning(
                "InfluxDB was away for too long: the oldest %d lines that waited were let go, the last %d are sent.",
                self._let_go,
                count,
            )
            self._let_go = 0
        if refused is not None:
            raise refused

    def _why_not(self, reply: HttpReply) -> SourceError:
        if not 200 <= reply.status < 300:
            return self._client.error_for(reply)
        quote = self._client.clean(" ".join(reply.text.split())[:80])
        return BadReply(
            f"InfluxDB answered {reply.status} where it should say {_WRITTEN}; is the address right? {quote}"
        )

    def _refused(self, reply: HttpReply, count: int) -> BadReply:
        why = self._client.error_for(reply)
        return BadReply(f"{why}. These {count} lines are not sent again")


def _is_due(last_s: float | None, at_s: float, interval_s: float) -> bool:
    """A look comes a little early or late."""
    return last_s is None or at_s - last_s >= interval_s - min(1.0, interval_s / 2)


def _way(settings: InfluxDb.Settings) -> tuple[str, dict[str, str], dict[str, str]]:
    """Path, parameters and headers of a request that writes."""
    token = "" if settings.token is None else settings.token.reveal()
    if settings.version == 2:
        about = {"org": settings.organisation or "", "bucket": settings.bucket or "", "precision": "s"}
        return "/api/v2/write", about, {**_TEXT, "Authorization": f"Token {token}"}
    about = {"db": settings.database or ""}
    if settings.version == 3:
        authorization = {"Authorization": f"Bearer {token}"} if token else {}
        return "/api/v3/write_lp", {**about, "precision": "second"}, {**_TEXT, **authorization}
    return "/write", {**about, "precision": "s"}, _TEXT
