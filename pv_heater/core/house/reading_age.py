"""How much a reading is worth: what is new, how old it is, and what our own loads drew when it was taken.

Age = what it was when the reading first came (never below 0) + monotonic time since, so that a jump of the wall
clock changes nothing after that. A stamp ahead of our clock proves that the meter's clock is ahead of ours by at least
that much: every reading of that meter is at least that much older than its stamp says, and may be older still.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from datetime import datetime
from math import inf

from pv_heater.core.actuators.setpoint_history import HISTORY_S, News, SetpointHistory, Span
from pv_heater.core.house.chain_delay import LONGEST_S, ChainDelay
from pv_heater.core.house.silence import Silence
from pv_heater.core.model.power_balance import house_w
from pv_heater.core.model.values import Reading

LEAST_AGE_LOCAL_S = 30.0
LEAST_AGE_VRM_S = 180.0
MOST_AGE_S = 900.0
"""Bounds of the automatic age limit: a local meter's hiccup, three of VRM's fastest log intervals, a quarter hour."""
INTERVALS_OF_AGE = 3.0
USUAL_INTERVAL_S = 60.0
"""Assumed while nothing is known of the source's pace: VRM's fastest log interval."""
KEPT_SPACINGS = 5
CLOCKS_AGREE_S = 5.0
"""A stamp may be so far ahead of our clock and prove nothing: two clocks set over the network, and a rounded second."""
STEADY_W = 20.0
"""Steps of our own that are smaller make no reading uncertain."""

TAKEN_OVER_S = 5.0
"""An ESS has taken over a step of a load by then; until it has, the grid bears what is left of it."""
VRM_SOURCE = "vrm"
"""Readings of the portal are minutes old by nature; every other source is in the house."""
LIVE_SOURCE = f"{VRM_SOURCE} live"
"""What the GX device in the house publishes and the portal's own broker passes on at once: as good as in the house, but
for the way of it."""
LIVE_LATE_S = 2.0
"""So long it may be under way, at most. It is dated so much earlier, and may be as new as when it came."""


def age_limit_s(pace_s: float, *, least_s: float = LEAST_AGE_LOCAL_S, most_s: float = MOST_AGE_S) -> float:
    """The age at which a value counts no more whose source speaks every `pace_s`: three of those, within bounds."""
    return min(most_s, max(least_s, INTERVALS_OF_AGE * pace_s))


def is_local(source: str) -> bool:
    """Whether a reading's source is in the house, and not behind the portal."""
    return not source.startswith(VRM_SOURCE) or is_live(source)


def is_live(source: str) -> bool:
    """Whether the portal only passes on what a device in the house says."""
    return source.endswith(" live") and source.startswith(VRM_SOURCE)


def source_called(name: str, source: str) -> str:
    """The source of a reading under the name that its meter has in this home: a second portal is ``vrm_2``."""
    return f"{name} live" if is_live(source) and not is_live(name) else name


class MeterClock:
    """How far one meter's clock is ahead of ours, by the stamps of its readings; at least, never at most."""

    def __init__(self) -> None:
        self._leads_s: deque[tuple[float, float]] = deque()
        """(tick at which a reading came, its stamp less that tick) of the last `HISTORY_S`, only falling leads: the
        first is the largest. Ticks, so that a jump of our own clock changes nothing."""

    def note(self, taken_at: datetime, tick_s: float) -> None:
        """A reading with this stamp came at `tick_s`: it was not taken later than that."""
        lead_s, leads_s = taken_at.timestamp() - tick_s, self._leads_s
        while leads_s and leads_s[-1][1] <= lead_s:
            leads_s.pop()
        leads_s.append((tick_s, lead_s))
        while leads_s[0][0] < tick_s - HISTORY_S:
            leads_s.popleft()

    def ahead_s(self, now: datetime, tick_s: float) -> float:
        """At least so far ahead of our clock, 0 where nothing shows it."""
        lead_s = self._leads_s[0][1] if self._leads_s else -inf
        ahead_s = lead_s - (now.timestamp() - tick_s)
        return ahead_s if ahead_s > 0.0 else 0.0


class ReadingAge:
    """The reading in force and what surrounds it."""

    def __init__(self, *, max_reading_age_s: float | None, local_source: bool) -> None:
        self._fixed_max_age_s = max_reading_age_s
        self._local_source = local_source
        self._spacings: list[float] = []
        self._own = SetpointHistory()
        self._delay = ChainDelay()
        self._rest_w: float | None = None
        """The house without our loads in the reading in force; less PV where the meter sees only the grid."""
        self.is_steady = True
        """Whether what our loads drew in the reading is certain: no step of our own may be late in it."""
        self._rest_before_w: float | None = None
        """The same in the reading before; None where that is too long ago to tell anything of now."""
        self._first_seen_s = 0.0
        self._first_age_s = 0.0
        self.own_by_load_w: Mapping[str, float] = {}
        """What each load drew when the reading was taken: as measured, else as it was set then."""
        self.own_w = 0.0
        """What our loads drew together when the reading was taken."""
        self.own_rise_w = 0.0
        """By how much our loads were raised in the seconds before the reading was taken; the grid may still bear it."""
        self.own_fall_w = 0.0
        """By how much they were lowered in those seconds; until the inverter follows, the grid may take it."""
        self._clock = MeterClock()
        self._ahead_s = 0.0
        self._silence = Silence()
        self._kind: tuple[object, ...] | None = None
        self._is_local = False
        """Whether the reading in force is of a meter in the house."""
        self._late_s = 0.0
        """So much later than it is dated the reading in force may have been taken."""
        self.reading: Reading | None = None
        self.taken_tick_s = 0.0
        """The tick at which the reading in force was taken."""
        self.earliest_tick_s = 0.0
        """The reading in force was not taken before this: where clocks differ, it may be as old as any that counts."""
        self._set_at_s = 0.0
        """Our clock less the ticks, when the reading in force came; a later one that is less was set back since."""
        self.is_new = False
        self.course = 0
        """Another number with each reading that begins a new course: after a silence, or of another kind."""
        self.max_age_s = self._age_limit_s()
        """The age at which automatic loads go off."""

    def observe(self, reading: Reading | None, now: datetime, tick_s: float) -> None:
        """Take note of what the meter says at this step; None or a repeated reading adds nothing."""
        self.is_new = False
        if reading is None or not self._is_news(reading, now, tick_s):
            self._silence.nothing_new(tick_s)
            return
        before = self.reading
        is_same_source = before is not None and before.source == reading.source
        local = self._is_local if is_same_source else is_local(reading.source)
        if not self._silence.takes(tick_s, reading.interval_s or self._interval_s, local=local):
            return
        self.is_new, self._is_local = True, local
        if not is_same_source:
            self._late_s = LIVE_LATE_S if is_live(reading.source) else 0.0
        kind = _kind(reading)
        if self._silence.has_ended or self._kind != kind:
            self.course += 1
        self._kind = kind
        before_taken_s = None if before is None else self.taken_tick_s
        if before is not None and not is_same_source:
            self._spacings, self._clock = [], MeterClock()
        elif before is not None:
            spacing_s = (reading.taken_at - before.taken_at).total_seconds()
            if spacing_s > 0:
                self._spacings = [*self._spacings, spacing_s][-KEPT_SPACINGS:]
            else:
                self._clock = MeterClock()  # its clock was set back
        self.reading = reading
        self._first_seen_s = tick_s
        set_at_s = now.timestamp() - tick_s
        if not 0.0 < (reading.taken_at - now).total_seconds() - CLOCKS_AGREE_S < self._set_at_s - set_at_s:
            self._set_at_s = set_at_s  # else it was stamped before our clock was set back, and came after
        self._clock.note(reading.taken_at, tick_s)
        self._ahead_s = self._clock.ahead_s(now, tick_s)
        age_s = (now - reading.taken_at).total_seconds() + self._ahead_s
        self._first_age_s = age_s if age_s > 0.0 else 0.0
        # What follows holds until the next reading, and is asked for many times a step.
        self.taken_tick_s = tick_s - self._first_age_s
        doubt_s = max(self._ahead_s, MOST_AGE_S) if self._ahead_s > CLOCKS_AGREE_S else 0.0
        self.earliest_tick_s = self.taken_tick_s - doubt_s
        pace_s = before.interval_s if before is not None and is_same_source else None
        if pace_s is None or pace_s != reading.interval_s:
            self.max_age_s = self._age_limit_s()
        self._own.forget_old(tick_s)
        self._settle(reading, before_taken_s)

    def _settle(self, reading: Reading, before_taken_s: float | None) -> None:
        taken_s, measured_w = self.taken_tick_s, _measured_w(reading)
        late = before_taken_s is None or taken_s - before_taken_s > LONGEST_S
        self._rest_before_w = None if late else self._rest_w
        if measured_w is not None:
            self._delay.observe(taken_s + self._late_s, measured_w)
        self._own_now(reading, measured_w)

    def amend(self, reading: Reading) -> None:
        """The reading in force, as it is to be believed."""
        self.reading = reading
        self._own_now(reading, _measured_w(reading))

    def age_s(self, tick_s: float) -> float | None:
        """Age of the reading in force; None when there is none."""
        return None if self.reading is None else self._first_age_s + tick_s - self._first_seen_s

    def news(self, reading: Reading) -> News:
        """What `observe` brought: the reading in force, which is new."""
        return News(reading=reading, taken_tick_s=self.taken_tick_s, earliest_tick_s=self.earliest_tick_s)

    def share(self, tick_s: float) -> float:
        """1 while the source is on time, then falling to 0 where the reading reaches its age limit.

        Silence is counted from the moment the reading came, not from when it was taken: VRM's readings are a
        minute old on arrival every time, and that is not a reason to heat less.
        """
        return self.share_at(self.age_s(tick_s))

    def share_at(self, age_s: float | None) -> float:
        """The same by its age; 0 when there is none."""
        if age_s is None:
            return 0.0
        limit_s = self.max_age_s
        hold_until_s = self._first_age_s + limit_s / INTERVALS_OF_AGE
        if age_s <= hold_until_s and age_s < limit_s:
            return 1.0
        if age_s >= limit_s or hold_until_s >= limit_s:
            return 0.0
        return (limit_s - age_s) / (limit_s - hold_until_s)

    def remember_own(self, tick_s: float, power_w: Mapping[str, float]) -> None:
        """Note what each load is set to draw from `tick_s` on."""
        self._own.remember(tick_s, power_w)
        self._delay.note_own(tick_s, sum(power_w.values()))

    @property
    def delay_s(self) -> float:
        """A reading taken less than this after a step of our own may show the house before it; 0 for the portal."""
        return self._delay.seconds + self._late_s if self._is_local else 0.0

    def least_own_w(self, over_s: float) -> Mapping[str, float]:
        """The least each load was set to in the `over_s` seconds before the reading was taken; 0 where not known."""
        return self._own.least_w(self.earliest_tick_s - over_s, self.taken_tick_s + self._late_s)

    def disown(self, name: str) -> None:
        """This load turned out to draw nothing: what it was set to so far counts as 0."""
        self._own.disown(name)
        if self.reading is not None:
            self._own_now(self.reading, _measured_w(self.reading))

    def _own_now(self, reading: Reading, measured_w: float | None) -> None:
        """What our loads drew as far as this reading, of which `measured_w` is the house, shows it beside the rest.

        Right after a step of our own it may show the house before the step, after it or in between. What is counted
        is what leaves the rest of the house as it was before, as near as that goes: no step makes sun, or hides it.
        """
        taken_s = self.taken_tick_s + self._late_s
        settled_w = self._own.settled_w(taken_s - LONGEST_S, taken_s)
        if settled_w is None:
            self._own_after_step(reading, measured_w)
        else:  # as in most readings
            self.is_steady, self.own_rise_w, self.own_fall_w = True, 0.0, 0.0
            self.own_by_load_w = {**settled_w, **reading.load_w}
            self.own_w = sum(self.own_by_load_w.values(), 0.0)
        self._rest_w = None if measured_w is None else measured_w - self.own_w

    def _own_after_step(self, reading: Reading, measured_w: float | None) -> None:
        """The same where a step of our own may be late in it."""
        spans = self._own_spans(reading)
        least_w = sum([span.least_w for span in spans.values()])
        width_w = sum([span.width_w for span in spans.values()])
        share = 0.0
        if width_w > 0 and measured_w is not None and self._rest_before_w is not None:
            share = min(1.0, max(0.0, (measured_w - self._rest_before_w - least_w) / width_w))
        self.is_steady = width_w <= STEADY_W
        self.own_by_load_w = {name: span.least_w + share * span.width_w for name, span in spans.items()}
        self.own_w = sum(self.own_by_load_w.values())
        self.own_rise_w, self.own_fall_w = self._own_steps_w() if self._is_local else (0.0, 0.0)

    def _own_steps_w(self) -> tuple[float, float]:
        """By how much our loads were raised, and lowered, in the seconds before the reading was taken."""
        taken_s = self.taken_tick_s + self._late_s
        if self._own.settled_w(taken_s - TAKEN_OVER_S, taken_s) is not None:
            return 0.0, 0.0
        spans, before = self._own.spans(taken_s - TAKEN_OVER_S, taken_s), self._own.spans(taken_s - 0.001, taken_s)
        both = [(span, before[name]) for name, span in spans.items() if name in before]
        rise_w = sum([max(0.0, later.most_w - span.least_w) for span, later in both])
        return rise_w, sum([max(0.0, span.most_w - later.least_w) for span, later in both])

    def _own_spans(self, reading: Reading) -> dict[str, Span]:
        """What each load may have drawn in the reading: as set in the delay before, or by a meter of its own."""
        taken_s = self.taken_tick_s + self._late_s
        spans = self._own.spans(taken_s - self.delay_s, taken_s)
        for name, power_w in reading.load_w.items():
            span = spans.get(name)
            if span is None or span.width_w <= 0:
                spans[name] = Span(least_w=power_w, most_w=power_w)
            else:  # its own meter is quicker than that of the house
                spans[name] = Span(least_w=min(span.least_w, power_w), most_w=max(span.most_w, power_w))
        return spans

    def _age_limit_s(self) -> float:
        if self._fixed_max_age_s is not None:
            return self._fixed_max_age_s
        # Two sources may take turns, a local one and the portal: the limit is that of the one in force.
        reading = self.reading
        local = self._local_source and (reading is None or is_local(reading.source))
        local = local or (reading is not None and is_live(reading.source))
        least_s = LEAST_AGE_LOCAL_S if local else LEAST_AGE_VRM_S
        return age_limit_s(self._interval_s, least_s=least_s)

    @property
    def _interval_s(self) -> float:
        if self.reading is not None and self.reading.interval_s is not None:
            return self.reading.interval_s
        return min(self._spacings) if self._spacings else USUAL_INTERVAL_S

    def _is_news(self, reading: Reading, now: datetime, tick_s: float) -> bool:
        known = self.reading
        if known is None or reading.source != known.source or reading.taken_at > known.taken_at:
            return True
        # Our own clock was set back, and a meter without one is stamped by ours: by the ticks it is later all the same.
        set_back_s = self._set_at_s - (now.timestamp() - tick_s)
        back_s = (known.taken_at - reading.taken_at).total_seconds()
        if set_back_s > CLOCKS_AGREE_S and 0.0 < back_s < set_back_s:
            return True
        # A source whose clock was set back would otherwise be ignored for ever.
        age_s = self.age_s(tick_s)
        return reading.taken_at < known.taken_at and age_s is not None and age_s >= self.max_age_s


def _measured_w(reading: Reading) -> float | None:
    """What our steps show in: the whole house, or what grid and battery give where that is all the meter sees."""
    house = house_w(reading)
    if house is not None or reading.grid_w is None:
        return house
    return reading.grid_w - (reading.battery_w or 0.0)


def _kind(reading: Reading) -> tuple[object, ...]:
    """Which meter, and what of the house it tells: a mean over two kinds would be a mean of two things."""
    return (
        reading.source,
        reading.pv_w is None,
        reading.consumption_w is None,
        reading.grid_w is None,
        reading.battery_w is None,
    )
