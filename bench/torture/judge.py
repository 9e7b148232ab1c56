"""What was promised, held against what was recorded. Pure; all moments are seconds of the program's own clock."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from bench.faults.groups.acts import LOCAL_S
from bench.faults.rig import SERVO_ZERO

UNREAD_S = LOCAL_S
GUARD_S = 2.0
"""1 s to the next sample + 1 s."""
PROBE_S = 31.0
"""30 s age + 1 s."""
BACK_S = 330.0
"""300 s until a broken thread is begun anew at the latest + 30 s."""
LOST_S = 65.0
"""60 s between two records of the last minute while a load draws + 5 s."""
_KNOB_DUTY = 0.001
"""A servo counts as at zero within so much of its duty: a hundredth of its way."""


class Promise(StrEnum):
    """What is promised."""

    UNREAD = "closed after the last believable reading"
    GUARD = "closed while a limit of the house is passed, or the tank is too hot"
    PROBE = "closed after the last temperature of the tank"
    KNOB = "closed with the knob not at zero"
    OFF = "closed after a fault that must open it, beyond the bound of that fault"
    STILL = "closed while nobody has cleared a fault, or against a fault that was there before the start"
    BACK = "until it heats again, once a fault has ended"
    LOST = "of the day's heat lost, at full power"


class Kind(StrEnum):
    """What is true for a while, beside what readings say."""

    OFF = "must go off"
    STILL = "must stay off"
    FORCED = "forced on: a silent meter ends nothing"
    SLOW = "the loop is being ended from outside, which takes its own time"
    LATE = "the meter lies plausibly, which is found out within a time of its own"


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What one answer of a meter or a probe said."""

    at_s: float
    good: bool
    """To be believed: whoever has only others must go off."""
    forbids: bool
    """A safety guard holds by it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """Between two moments that was true, because of fault `fault`."""

    kind: Kind
    begin_s: float
    end_s: float
    fault: int
    bound_s: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Counted:
    """Something that was measured once for fault `fault`."""

    promise: Promise
    at_s: float
    seconds: float
    bound_s: float
    fault: int


@dataclass(kw_only=True)
class Life:
    """What was recorded."""

    pins: Sequence[Mapping[str, Any]]
    """Changes, as `io/gpio/mock.py` writes them."""
    relays: Sequence[str]
    house: Sequence[Told]
    tank: Sequence[Told]
    spans: Sequence[Span]
    counted: Sequence[Counted]
    begins: Sequence[float]
    """When each fault began: number `first` and on."""
    end_s: float
    queued: Sequence[tuple[float, float]] = ()
    """(moment, seconds so far in which the program or its peers were ready and others had the processor)."""
    first: int = 0
    computing_s: float = 0.0
    """Added to each bound: what computing takes, which no clock hurries."""

    def queued_s(self, begin_s: float, end_s: float) -> float:
        """Of that time; a wait is noted a little after it."""
        return max(0.0, self._queued_until(end_s + self.computing_s) - self._queued_until(begin_s))

    def _queued_until(self, at_s: float) -> float:
        place = bisect_right(self.queued, at_s, key=lambda each: each[0])
        return self.queued[place - 1][1] if place else 0.0

    def fault_at(self, at_s: float) -> int | None:
        """The last that had begun then."""
        place = bisect_right(self.begins, at_s)
        return self.first + place - 1 if place else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """How long one promise took once. `queued_s` of `seconds` are this machine's."""

    promise: Promise
    at_s: float
    seconds: float
    queued_s: float
    bound_s: float
    fault: int | None

    @property
    def broken(self) -> bool:
        """Whether it took too long, and not because others had the processor."""
        return self.seconds - self.queued_s > self.bound_s


def judge(life: Life) -> list[Finding]:
    """Each time that a promise was put to the test."""
    closed = list(closed_spans(life.pins, life.relays, life.end_s))
    goods = [told.at_s for told in life.house if told.good]
    warm = [told.at_s for told in life.tank if told.good]
    found: list[Finding] = []
    for begin_s, end_s in closed:
        found += _after(life, Promise.UNREAD, goods, UNREAD_S, begin_s, end_s)
        found += _after(life, Promise.PROBE, warm, PROBE_S, begin_s, end_s)
        for told in (life.house, life.tank):
            found += _against(life, told, begin_s, end_s)
    found += [
        _finding(life, Promise.KNOB, at_s, at_s, at_s + (0.0 if zero else 1.0), 0.0)
        for at_s, zero in knobs_at_closing(life.pins, life.relays)
    ]
    for span in life.spans:
        if span.kind is Kind.OFF:
            found += _must_go_off(life, span, closed)
        elif span.kind is Kind.STILL:
            closed_s = [min(end, span.end_s) - max(begin, span.begin_s) for begin, end in closed]
            seconds = max((each for each in closed_s if each > 0), default=0.0)
            found.append(_finding(life, Promise.STILL, span.begin_s, span.begin_s, span.begin_s + seconds, 0.0,
                                  fault=span.fault, queues=False))  # fmt: skip
    found += [
        _finding(life, one.promise, one.at_s, one.at_s, one.at_s + one.seconds, one.bound_s, fault=one.fault,
                 queues=one.promise is not Promise.LOST)
        for one in life.counted
    ]  # fmt: skip
    return found


def closed_spans(
    changes: Iterable[Mapping[str, Any]], relays: Sequence[str], end_s: float
) -> Iterator[tuple[float, float]]:
    """(from, until) of each time that a contact was closed."""
    since: dict[str, float] = {}
    for change in changes:
        pin = change["pin"]
        if pin in relays:
            if change["state"] == 1.0:
                since.setdefault(pin, change["mono_s"])
            elif pin in since:
                yield since.pop(pin), change["mono_s"]
    for begin_s in since.values():
        yield begin_s, end_s


def knobs_at_closing(changes: Iterable[Mapping[str, Any]], relays: Sequence[str]) -> Iterator[tuple[float, bool]]:
    """The moment of each closing, and whether the servo had been turned to zero, and nowhere since."""
    duty = None
    for change in changes:
        if change["pin"] not in relays:
            duty = change["state"] if change["state"] is not None else duty
        elif change["state"] == 1.0:
            yield change["mono_s"], duty is not None and abs(duty - SERVO_ZERO) <= _KNOB_DUTY


def _after(
    life: Life, promise: Promise, good_s: Sequence[float], bound_s: float, begin_s: float, end_s: float
) -> Iterator[Finding]:
    """The stretches of a closed contact between one good word and the next, or the opening."""
    place = bisect_right(good_s, begin_s)
    before_s = good_s[place - 1] if place else begin_s
    words = [before_s, *(at_s for at_s in good_s[place:] if at_s < end_s)]
    longest: Finding | None = None
    for at_s, next_s in zip(words, [*words[1:], end_s], strict=True):
        if promise is Promise.UNREAD and _in(life.spans, Kind.FORCED, at_s, next_s):
            continue
        allowed_s = max(bound_s, _slow_s(life, at_s, next_s))
        if promise is Promise.UNREAD:
            allowed_s = max(allowed_s, _longest_s(life, Kind.LATE, at_s, next_s))
        one = _finding(life, promise, at_s, at_s, next_s, allowed_s)
        if one.broken:
            yield one
        elif longest is None or one.seconds > longest.seconds:
            longest = one
    if longest is not None:
        yield longest


def _against(life: Life, told: Sequence[Told], begin_s: float, end_s: float) -> Iterator[Finding]:
    """The stretches of a closed contact in which the newest word forbids it."""
    place = max(0, bisect_right(told, begin_s, key=lambda each: each.at_s) - 1)
    while place > 0 and told[place].forbids:  # for how long already?
        place -= 1
    since_s: float | None = None
    for one in told[place:]:
        if one.at_s >= end_s:
            break
        if one.forbids and since_s is None:
            since_s = one.at_s
        elif not one.forbids and one.good and since_s is not None:
            yield from _forbidden(life, since_s, one.at_s, begin_s)
            since_s = None
    if since_s is not None:
        yield from _forbidden(life, since_s, end_s, begin_s)


def _forbidden(life: Life, since_s: float, until_s: float, begin_s: float) -> Iterator[Finding]:
    if until_s > begin_s:
        yield _finding(life, Promise.GUARD, since_s, since_s, until_s, max(GUARD_S, _slow_s(life, since_s, until_s)))


def _must_go_off(life: Life, span: Span, closed: Sequence[tuple[float, float]]) -> Iterator[Finding]:
    """From its begin on; a fault that was taken away before its bound proves nothing unless it went off."""
    for begin_s, end_s in closed:
        if begin_s <= span.begin_s < end_s:
            until_s = min(end_s, span.end_s)
            bound_s = max(span.bound_s, _slow_s(life, span.begin_s, until_s))
            if end_s <= span.end_s or until_s - span.begin_s > bound_s:
                yield _finding(life, Promise.OFF, span.begin_s, span.begin_s, until_s, bound_s, fault=span.fault)
            return


def _slow_s(life: Life, begin_s: float, end_s: float) -> float:
    """How long the way from outside may take where the loop was being ended then."""
    return _longest_s(life, Kind.SLOW, begin_s, end_s)


def _longest_s(life: Life, kind: Kind, begin_s: float, end_s: float) -> float:
    return max((span.bound_s for span in life.spans
                if span.kind is kind and span.begin_s < end_s and span.end_s > begin_s), default=0.0)  # fmt: skip


def _in(spans: Iterable[Span], kind: Kind, begin_s: float, end_s: float) -> bool:
    return any(span.kind is kind and span.begin_s < end_s and span.end_s > begin_s for span in spans)


def _finding(
    life: Life, promise: Promise, at_s: float, begin_s: float, end_s: float, bound_s: float, *,
    fault: int | None = None, queues: bool = True,
) -> Finding:  # fmt: skip
    bound_s += life.computing_s if bound_s else 0.0
    return Finding(
        promise=promise, at_s=at_s, seconds=end_s - begin_s, bound_s=bound_s,
        queued_s=min(life.queued_s(begin_s, end_s), end_s - begin_s) if queues and end_s - begin_s > bound_s else 0.0,
        fault=life.fault_at(at_s) if fault is None else fault,
    )  # fmt: skip
