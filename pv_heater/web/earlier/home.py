"""What the clients of all earlier systems share: the home as they see it, and what they may ask of it."""

from __future__ import annotations

import logging
import threading
from collections import OrderedDict, deque
from collections.abc import Callable, Mapping
from typing import Any

from pv_heater.core.model.requests import Mode
from pv_heater.status.document import BELIEVED
from pv_heater.status.home import Home
from pv_heater.status.newest import NewestDocument
from pv_heater.web.access.attempts import network_of
from pv_heater.web.calls import Answer, Call, Problem
from pv_heater.web.control_routes import caller, obeyed
from pv_heater.web.settings import EarlierClients
from pv_heater.web.settings_routes import changed

log = logging.getLogger(__name__)

MOST_COMMANDS = 12
"""In a minute, from all of them together: as many as a hurried hand needs."""
_MINUTE_S = 60.0
_DAY_S = 86_400.0
_MOST_USERS = 30
"""So many are named in a day."""


class EarlierHome:
    """From any thread; never waits."""

    def __init__(
        self,
        home: Home,
        newest: NewestDocument,
        settings: EarlierClients,
        monotonic_s: Callable[[], float],
        *,
        write: Callable[[str], None] = log.info,
    ) -> None:
        """`monotonic_s`: real seconds."""
        self.home = home
        self.settings = settings
        self._newest = newest
        self._now_s = monotonic_s
        self._write = write
        self._lock = threading.Lock()
        self._commands: deque[float] = deque()
        self._users: OrderedDict[tuple[str, str], float] = OrderedDict()

    def document(self) -> Mapping[str, Any]:
        """The newest status."""
        return self._newest.document()

    def grid_w(self, document: Mapping[str, Any]) -> float | None:
        """Import above 0; None while no reading is believed."""
        value: float | None = document["flows"]["grid_w"]
        return value if document["state"]["word"] in BELIEVED else None

    def dimmer(self, document: Mapping[str, Any]) -> Mapping[str, Any] | None:
        """The load that stands for the router's own; None before the first tick."""
        loads: list[Mapping[str, Any]] = document["loads"]
        wanted = self.settings.dimmer
        if wanted is not None:
            return next((load for load in loads if load["name"] == wanted), None)
        return next((load for load in loads if load["regulated"]), loads[0] if loads else None)

    def dimmer_now(self) -> Mapping[str, Any]:
        """The same. Raises Problem before the first tick."""
        found = self.dimmer(self.document())
        if found is None:
            raise starting()
        return found

    def set(self, call: Call, changes: Mapping[str, Any]) -> None:
        """Change settings by their paths. Raises Problem with what would be right."""
        self._pace()
        editor = self.home.settings
        changed(editor, lambda found: found.change(changes, etag=found.read()["etag"], who=caller(call)))

    def force(
        self, call: Call, load: str, mode: Mode, power_w: float | None = None, *, for_good: bool = False
    ) -> Mapping[str, Any]:
        """Put a load into a mode, for as long as the settings say, or for good. Raises Problem: 422, 429, 503."""
        self._pace()
        if self.home.status() is None:
            raise starting()
        for_s = None if mode is Mode.AUTO or for_good else self.settings.forced_for_s
        request = {"command": "force", "load": load, "mode": str(mode), "for_s": for_s, "power_w": power_w}
        return obeyed(self.home, call, {**request, "for_good": for_good})

    def seen(self, call: Call, client: str) -> None:
        """Say once a day who still asks as an earlier client, and where."""
        user = (client, network_of(call.remote))
        with self._lock:
            now_s = self._now_s()
            while self._users and now_s - next(iter(self._users.values())) >= _DAY_S:
                self._users.popitem(last=False)
            if user in self._users or len(self._users) >= _MOST_USERS:
                return
            self._users[user] = now_s
        self._write(
            f"page: {user[1]} asks {call.path} as a client of {client}; it is said again in a day, if it still does"
        )

    def readable(self, call: Call, answer: Answer) -> Answer:
        """The same, allowed to be read by a page that the settings name, where one asks."""
        origin = call.headers.get("origin")
        pages = {page.rstrip("/").lower() for page in self.settings.pages}
        if origin is None or origin.lower() not in pages:
            return answer
        allowed = (("Access-Control-Allow-Origin", origin), ("Vary", "Origin"))
        return Answer(
            body=answer.body,
            status=answer.status,
            content_type=answer.content_type,
            headers=(*answer.headers, *allowed),
        )

    def _pace(self) -> None:
        with self._lock:
            now_s = self._now_s()
            while self._commands and now_s - self._commands[0] >= _MINUTE_S:
                self._commands.popleft()
            if len(self._commands) >= MOST_COMMANDS:
                wait_s = max(1, round(self._commands[0] + _MINUTE_S - now_s))
                raise Problem(
                    429,
                    f"Clients of earlier systems may switch {MOST_COMMANDS} times a minute; try again in {wait_s} s.",
                    headers=[("Retry-After", str(wait_s))],
                )
            self._commands.append(now_s)


def starting() -> Problem:
    """There is no status yet."""
    return Problem(503, "The controller has not completed its first tick yet.", headers=[("Retry-After", "2")])


def whole_percent(text: str, name: str) -> int:
    """0 to 100. Raises Problem 422 for anything else."""
    if not (text.isascii() and text.isdecimal() and len(text) < 4) or int(text) > 100:
        raise Problem(422, f"{name} must be a whole number from 0 to 100.", fields=[name])
    return int(text)


def share_percent(load: Mapping[str, Any] | None) -> int:
    """How much of its full power a load is set to; 0 while nothing is known."""
    return 0 if load is None else round(100.0 * load["power_w"] / load["max_power_w"])
