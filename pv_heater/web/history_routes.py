"""What was kept of the home: series, days and changes, as JSON or, for a spreadsheet, as CSV."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date, datetime
from typing import TypeVar

from pv_heater.errors import HistoryTrouble, describe
from pv_heater.status.home import HistoryReader, Home
from pv_heater.web.calls import Answer, Call, Problem, Route, Scope, json_answer

CSV = "text/csv"
T = TypeVar("T")


def history_routes(home: Home) -> list[Route]:
    """All of it may be read by whoever may read the status."""
    kept = Kept(home)
    rows = {"/api/v1/history": kept.history, "/api/v1/days": kept.days, "/api/v1/transitions": kept.transitions}
    return [Route(method="GET", path=path, scope=Scope.READ, handle=handle) for path, handle in rows.items()]


class Kept:
    """Reads the history, where there is one."""

    def __init__(self, home: Home) -> None:
        self._home = home

    def history(self, call: Call) -> Answer:
        """Columns of the ``series`` that are asked for, or of all, from ``from`` to before ``to``."""
        asked = call.asked("from", "to", "step", "series")
        span = _instant(asked, "from"), _instant(asked, "to")
        step_s, series = _step(asked), _names(asked)
        history = self._reader()
        if CSV in call.headers.get("accept", ""):
            lines = _answered(lambda: history.csv(*span, step_s, series))
            return Answer(body=_sent(lines), content_type=f"{CSV}; charset=utf-8")
        return json_answer(_answered(lambda: history.columns(*span, step_s, series)))

    def days(self, call: Call) -> Answer:
        """The energies of each local day of which there are any, both ends included."""
        asked = call.asked("from", "to")
        first, last, history = _day(asked, "from"), _day(asked, "to"), self._reader()
        return json_answer(_answered(lambda: list(history.days(first, last))))

    def transitions(self, call: Call) -> Answer:
        """What changed and why, oldest first; of one ``load`` its own changes and the home's."""
        asked = call.asked("from", "to", "load")
        span, load, history = (_instant(asked, "from"), _instant(asked, "to")), asked.get("load"), self._reader()
        if load is not None and load not in self._home.policies():
            raise Problem(404, f"There is no load {load[:60]!r}.", fields=["load"])
        return json_answer(_answered(lambda: list(history.transitions(*span, load))))

    def _reader(self) -> HistoryReader:
        history = self._home.history
        if history is None:
            raise Problem(404, "No history is kept here: the settings say `history: off`.")
        return history


def _answered(read: Callable[[], T]) -> T:
    try:
        return read()
    except HistoryTrouble as error:
        raise Problem(503, f"The history cannot be read now: {describe(error)}.") from None
    except ValueError as error:
        raise Problem(422, f"{error}.") from None


def _sent(lines: Iterator[str]) -> Iterator[bytes]:
    """Piece by piece. What fails on the way ends the text: the answer has long begun."""
    try:
        for line in lines:
            yield line.encode()
    except HistoryTrouble as error:
        yield f"# The history cannot be read further: {describe(error)}\n".encode()


def _instant(asked: dict[str, str], key: str) -> datetime:
    return _read(asked, key, datetime.fromisoformat, "a time with its zone, such as 2026-05-28T00:00:00+02:00")


def _day(asked: dict[str, str], key: str) -> date:
    return _read(asked, key, date.fromisoformat, "a date, such as 2026-05-28")


def _read(asked: dict[str, str], key: str, reads: Callable[[str], T], example: str) -> T:
    try:
        return reads(asked[key])
    except (KeyError, ValueError):
        raise Problem(422, f"{key} must be {example}.", fields=[key]) from None


def _step(asked: dict[str, str]) -> int | None:
    text = asked.get("step")
    if text is None:
        return None
    if not (text.isascii() and text.isdecimal() and len(text) < 10):
        raise Problem(422, "step must be a number of seconds.", fields=["step"])
    return int(text)


def _names(asked: dict[str, str]) -> list[str] | None:
    return asked["series"].split(",") if asked.get("series") else None
