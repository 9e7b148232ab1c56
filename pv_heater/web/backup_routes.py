"""A copy of the whole history, to be kept elsewhere."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

from pv_heater.errors import HistoryTrouble
from pv_heater.status.home import Home
from pv_heater.web.calls import Answer, Call, Problem, Route, Scope

PART = 65_536


def backup_routes(home: Home) -> list[Route]:
    """One route. A copy holds all that was ever noted, so it is for `Scope.ADMIN`."""

    def handle(call: Call) -> Answer:
        call.asked()
        if home.history is None:
            raise Problem(404, "No history is kept, so there is nothing to copy.")
        try:
            path = home.history.backup()
        except (HistoryTrouble, OSError) as error:
            raise Problem(503, f"The history cannot be copied: {error}.") from None
        headers = [("Content-Disposition", f'attachment; filename="{quote(path.name)}"')]
        return Answer(body=_parts(path), content_type="application/vnd.sqlite3", headers=headers)

    return [Route(method="GET", path="/api/v1/backup", scope=Scope.ADMIN, handle=handle)]


def _parts(path: Path) -> Iterator[bytes]:
    """The file as it is sent, so that it is never in memory as a whole."""
    with path.open("rb") as file:
        while part := file.read(PART):
            yield part
