"""What has gone wrong and who has been told: once at first, again after a day, and once when it is over.

Pure: a status document and the time in, what is to be told out. Times are monotonic seconds; on disk they are instants.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from pv_heater.core.model.lean import dataclass
from pv_heater.core.model.numbers import instant_in, number_in, text_in
from pv_heater.telemetry.messages.kinds import KINDS, Kind

REPEAT_S = 86_400.0
MOST_RETURNS = 6
"""Each return within a day doubles the time for which it must be gone: a thing that comes and goes is one thing."""
HOTTER_C = 3.0
"""So far beyond its maximum a tank is too hot, also where the maximum is what it is regulated by."""
MOST_KEPT = 200

Row = Mapping[str, Any]
"""An alarm of the document."""
Key = tuple[str, str]
"""Code and load; the load is empty for the home."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """Something to tell of one alarm."""

    what: str
    """``new``, ``still``, ``over``, or ``was``: it came and went while nobody was to be woken."""
    code: str
    load: str | None
    text: str
    help: str
    lasted_s: float
    ago_s: float = 0.0
    """How long ago it ended."""

    @property
    def danger(self) -> bool:
        """Whether it is told at any hour."""
        return KINDS[self.code].danger


@dataclass(slots=True, kw_only=True)
class _Incident:
    since_s: float
    text: str = ""
    help: str = ""
    told_s: float | None = None
    gone_s: float | None = None
    """Since when it has been away; None: it is there."""
    ended: bool = False
    """Its end is known, and told if that was due. Kept for a day, as it may return."""
    returns: int = 0


class Incidents:
    """From the alarms of one document after the other."""

    def __init__(self, told: Mapping[str, Kind]) -> None:
        """`told`: the kinds that are told, by their codes."""
        self._told = told
        self._of: dict[Key, _Incident] = {}

    def look(self, document: Mapping[str, Any], now_s: float, *, quiet: bool) -> list[Found]:
        """What is to be told now; `quiet`: nobody is to be woken but for danger."""
        standing = {key: row for key, row in _standing(document) if key[0] in self._told}
        by_day = bool(document["flags"]["daylight"])
        found: list[Found] = []
        for key, row in standing.items():
            incident = self._stands(key, row, now_s)
            kind = self._told[key[0]]
            held = (quiet and not kind.danger) or (kind.by_day and not by_day)
            if not held and now_s - incident.since_s >= kind.after_s:
                found += self._tell(key, incident, now_s)
        for key in [key for key in self._of if key not in standing]:
            found += self._is_gone(key, now_s, quiet=quiet)
        return found

    def _stands(self, key: Key, row: Row, now_s: float) -> _Incident:
        incident = self._of.get(key)
        if incident is None:
            if len(self._of) >= MOST_KEPT:
                self._of.pop(next(iter(self._of)))
            incident = self._of[key] = _Incident(since_s=now_s)
        elif incident.gone_s is not None:
            if incident.ended:
                incident.since_s, incident.told_s, incident.ended = now_s, None, False
                incident.returns += 1
            incident.gone_s = None
        incident.text, incident.help = row["text"], row["help"]
        return incident

    def _tell(self, key: Key, incident: _Incident, now_s: float) -> Iterator[Found]:
        if incident.told_s is None or now_s - incident.told_s >= REPEAT_S:
            yield self._found("new" if incident.told_s is None else "still", key, incident, now_s)
            incident.told_s = now_s

    def _is_gone(self, key: Key, now_s: float, *, quiet: bool) -> Iterator[Found]:
        kind, incident = self._told.get(key[0]), self._of[key]
        if incident.gone_s is None:
            incident.gone_s = now_s
        gone_s = now_s - incident.gone_s
        if kind is None or (incident.ended and gone_s >= REPEAT_S):
            del self._of[key]
            return
        if incident.ended or gone_s < kind.gone_s * 2 ** min(incident.returns, MOST_RETURNS):
            return
        lasted_s = incident.gone_s - incident.since_s
        if incident.told_s is None and (lasted_s < kind.after_s or kind.by_day):
            del self._of[key]  # too short to be told of, or at night
            return
        if quiet and not kind.danger:
            return
        incident.ended = True
        if incident.told_s is None:
            yield self._found("was", key, incident, incident.gone_s, gone_s)
        elif kind.tells_end:
            yield self._found("over", key, incident, incident.gone_s, gone_s)

    @staticmethod
    def _found(what: str, key: Key, incident: _Incident, until_s: float, ago_s: float = 0.0) -> Found:
        return Found(
            what=what,
            code=key[0],
            load=key[1] or None,
            text=incident.text,
            help=incident.help,
            lasted_s=until_s - incident.since_s,
            ago_s=ago_s,
        )

    def as_json(self, now: datetime, now_s: float) -> list[dict[str, Any]]:
        """What must survive a restart: else each start would tell everything again."""

        def at(stamp_s: float | None) -> str | None:
            return None if stamp_s is None else (now - timedelta(seconds=now_s - stamp_s)).isoformat(timespec="seconds")

        return [
            {
                "code": code,
                "load": load,
                "text": incident.text,
                "help": incident.help,
                "since_at": at(incident.since_s),
                "told_at": at(incident.told_s),
                "gone_at": at(incident.gone_s),
                "ended": incident.ended,
                "returns": incident.returns,
            }
            for (code, load), incident in self._of.items()
        ]

    def restore(self, saved: Any, now: datetime, now_s: float) -> None:
        """Take back what `as_json` gave; anything else is ignored."""

        def stamp_s(item: Mapping[str, Any], key: str) -> float | None:
            at = instant_in(item, key)
            return None if at is None else now_s - max(0.0, (now - at).total_seconds())

        for item in saved[:MOST_KEPT] if isinstance(saved, list) else ():
            row = item if isinstance(item, Mapping) else {}
            code, since_s = text_in(row, "code"), stamp_s(row, "since_at")
            if code is not None and code in KINDS and since_s is not None:
                self._of[(code, text_in(row, "load") or "")] = _Incident(
                    since_s=since_s,
                    text=text_in(row, "text") or "",
                    help=text_in(row, "help") or "",
                    told_s=stamp_s(row, "told_at"),
                    gone_s=stamp_s(row, "gone_at"),
                    ended=row.get("ended") is True,
                    returns=int(number_in(row, "returns") or 0),
                )


def _standing(document: Mapping[str, Any]) -> Iterator[tuple[Key, Row]]:
    """The alarms of the document that are worth a message, and a meter that is lost though no alarm says so."""
    loads = {load["name"]: load for load in document["loads"]}
    codes = set()
    for row in document["alarms"]:
        codes.add(row["code"])
        if row["code"] != "too_hot" or _is_unusually_hot(loads.get(row["load"])):
            yield (row["code"], row["load"] or ""), row
    state = document["state"]
    if state["word"] == "lost" and "no_reading" not in codes:
        # Another guard blocks first, or the loop itself hangs and makes no alarms any more.
        yield ("no_reading", ""), {"text": "", "help": ""}


def _is_unusually_hot(load: Mapping[str, Any] | None) -> bool:
    """A tank at its maximum is nothing special where no target lies below."""
    if load is None or load["max_c"] is None or load["temperature_c"] is None:
        return True
    regulated = load["target_c"] is None or load["target_c"] >= load["max_c"]
    return not regulated or bool(load["temperature_c"] >= load["max_c"] + HOTTER_C)


def together(found: Sequence[Found]) -> dict[tuple[str, str], list[Found]]:
    """Those of the same kind are one message: by what and code, in order."""
    groups: dict[tuple[str, str], list[Found]] = {}
    for item in found:
        code = "" if item.what == "was" else item.code
        groups.setdefault((item.what, code), []).append(item)
    return groups
