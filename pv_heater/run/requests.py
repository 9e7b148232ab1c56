"""What can be said to the running controller, as JSON objects, and what it answers."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from pv_heater.core.expected_effect import ends_at, expected
from pv_heater.core.model.lean import to_jsonable
from pv_heater.core.model.plain_text import plain
from pv_heater.core.model.requests import Boost, ClearFault, Command, Force, Mode, Vacation
from pv_heater.core.model.status import Status
from pv_heater.run.journal import Journal
from pv_heater.run.loop import Loop
from pv_heater.run.trials import LONGEST_S, POSITION, USUAL_S, Trial

WHY_ENTRIES = 10
"""So many decisions are told unless another number is asked for: a screen of them."""
LARGEST = 1e9
"""No power, time or temperature that is asked for is larger; NaN and infinity are none."""
FIRST_YEAR, LAST_YEAR = 2000, 2200
"""No instant that is asked for lies beyond; at the ends of the calendar it cannot be told in another zone."""
LATCH_REASON = "switched off by `main.py off`"
LONGEST_WHO = 60


class CommandHandler:
    """Turns a request into a command on the loop's queue; runs on the control socket's thread."""

    def __init__(
        self,
        loop: Loop,
        status: Callable[[], Status | None],
        sources: Callable[[], Sequence[Any]],
        journal: Journal,
        troubles: Callable[[], Mapping[str, str]] = dict,
        report: Callable[[], Mapping[str, Any] | None] = lambda: None,
    ) -> None:
        """`troubles` answers what is wrong beside sources and loads: sentences, by a code for programs; `report` the
        newest account of a day."""
        self._loop = loop
        self._status = status
        self._sources = sources
        self._journal = journal
        self._troubles = troubles
        self._report = report

    def __call__(self, request: Mapping[str, Any]) -> Mapping[str, Any]:
        """The answer: ``ok`` and a ``message`` for people. Raises ValueError with what would be right."""
        word = request.get("command")
        if word == "off":
            number = self._loop.latch_off(_latch_reason(request))
            message = "all loads go off and stay off until `main.py clear LOAD`"
            return {"ok": True, "message": message, "loads": self._loop.still_on(), "id": number}
        if word == "still_on":
            return {"ok": True, "loads": self._loop.still_on()}
        if word == "clear":
            return self._obey(ClearFault(load=_text(request, "load")))
        if word == "force":
            return self._force(request)
        if word == "boost":
            return self._boost(request)
        if word == "vacation":
            return self._obey(Vacation(until_at=_instant(request, "until_at")))
        if word == "try":
            return self._try(request)
        if word == "status":
            status, sources = to_jsonable(self._status()), to_jsonable(self._sources())
            troubles, report = list(self._troubles().values()), self._report()
            return {"ok": True, "status": status, "sources": sources, "troubles": troubles, "report": report}
        if word == "why":
            return self._why(request)
        raise ValueError(f"unknown command {word!r}; there is off, clear, force, boost, vacation, try, status and why")

    def _why(self, request: Mapping[str, Any]) -> Mapping[str, Any]:
        load, count = request.get("load"), request.get("last", WHY_ENTRIES)
        if load is not None and not isinstance(load, str):
            raise ValueError(f"load must be the name of a load, not {load!r}")
        if not isinstance(count, int) or isinstance(count, bool) or count < 1:
            raise ValueError(f"last must be a whole number above 0, not {count!r}")
        return {"ok": True, "entries": to_jsonable(self._journal.last(count, load))}

    def _force(self, request: Mapping[str, Any]) -> Mapping[str, Any]:
        mode = _mode(request)
        for_s, power_w = _number(request, "for_s"), _number(request, "power_w")
        for_good = request.get("for_good") or False
        if not isinstance(for_good, bool):
            raise ValueError(f"for_good must be true or false, not {repr(for_good)[:40]}")
        load = _text(request, "load")
        return self._obey(Force(load=load, mode=mode, for_s=for_s, power_w=power_w, for_good=for_good))

    def _boost(self, request: Mapping[str, Any]) -> Mapping[str, Any]:
        for_s, to_c = _number(request, "for_s"), _number(request, "to_c")
        at = _instant(request, "at") if "at" in request else None
        return self._obey(Boost(load=_text(request, "load"), for_s=for_s, to_c=to_c, at=at))

    def _try(self, request: Mapping[str, Any]) -> Mapping[str, Any]:
        """Commissioning. A knob is turned only for someone who says that the mains is off, by `mains_is_off`."""
        name, what, who = _text(request, "load"), _text(request, "what"), request.get("who")
        who = who if isinstance(who, str) and who else "the command line"
        if what == "end":
            self._loop.end_trial(who)
            return {"ok": True, "message": f"{name}: whatever is tried ends now", "until_at": None}
        if what not in LONGEST_S:
            raise ValueError(f"what must be {', '.join(LONGEST_S)} or end, not {what[:40]!r}")
        percent = request.get("percent")
        is_number = isinstance(percent, int | float) and not isinstance(percent, bool)
        if percent is not None and not (is_number and 0 <= percent <= 100):
            raise ValueError(f"percent must be a number, 0 to 100, not {repr(percent)[:40]}")
        if what == POSITION and request.get("mains_is_off") is not True:
            raise ValueError(
                "switch the heater's circuit off first and say so: mains_is_off. A regulator whose relay is welded "
                "would heat with the knob"
            )
        for_s = _number(request, "for_s")
        trial = Trial(load=name, what=what, for_s=USUAL_S[what] if for_s is None else for_s, percent=percent, who=who)
        status = self._status()
        decision, now = (None, None) if status is None else (status.decision, status.now)
        message = self._loop.try_out(trial, decision, now)
        until_at = None if now is None else now + timedelta(seconds=trial.for_s)
        return {"ok": True, "message": message, "until_at": to_jsonable(until_at)}

    def _obey(self, command: Command) -> Mapping[str, Any]:
        """Queue it, and say what it will come to. Raises ValueError for what cannot be; then nothing is queued."""
        status = self._status()
        decision, now = (None, None) if status is None else (status.decision, status.now)
        message = expected(command, self._loop.policies, decision, now)
        until_at = to_jsonable(ends_at(command, decision, now))
        number = self._loop.submit(command)
        return {"ok": True, "message": message, "id": number, "until_at": until_at}


def _latch_reason(request: Mapping[str, Any]) -> str:
    """Who switched everything off; somebody who does not say so did it on the command line."""
    who = request.get("who")
    return f"switched off by {plain(who)[:LONGEST_WHO]}" if isinstance(who, str) and who else LATCH_REASON


def _instant(request: Mapping[str, Any], key: str) -> datetime | None:
    """An instant in ISO 8601 with its offset; None where it is null. It must be said."""
    if key not in request:
        raise ValueError(f"{key} is missing")
    value = request[key]
    if value is None:
        return None
    try:
        at = datetime.fromisoformat(value)
    except (TypeError, ValueError):
        at = None
    if at is None or at.tzinfo is None or not FIRST_YEAR <= at.year <= LAST_YEAR:
        raise ValueError(f"{key} must be a time with its offset, such as 2026-12-24T18:00:00+01:00")
    return at


def _number(request: Mapping[str, Any], key: str) -> float | None:
    value = request.get(key)
    if value is None:
        return None
    if not isinstance(value, int | float) or isinstance(value, bool) or not 0 < value <= LARGEST:
        raise ValueError(f"{key} must be a number above 0 and at most {LARGEST:.0f}, not {repr(value)[:40]}")
    return value


def _mode(request: Mapping[str, Any]) -> Mode:
    word = _text(request, "mode").lower()
    if word not in set(Mode):
        raise ValueError(f"the mode must be on, off or auto, not {word[:40]!r}")
    return Mode(word)


def _text(request: Mapping[str, Any], key: str) -> str:
    value = request.get(key)
    if not isinstance(value, str) or not value:
        raise ValueError(f"{key} is missing")
    return value
