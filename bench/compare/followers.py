"""Laws that follow what a meter shows now: no forecast."""

from __future__ import annotations

from bench.compare.seen import Home, Seen, held


class GridFollower:
    """A router that holds the grid at zero (the Mk2 family, F1ATB, YaSolR, APPER).

    It sees the grid only: what is exported becomes heat, what is imported is taken off again, at each reading and to
    the watt, which is better than any of them. Assumed: its clamp sits at the grid. A battery that holds the grid at
    zero by itself leaves it nothing to see until it is full, and without feed-in nothing even then.
    """

    def __init__(self, home: Home) -> None:
        self._home = home

    def heat_w(self, seen: Seen) -> float:
        """What it had, less import, plus export."""
        return held(seen.set_w - seen.grid_w, self._home)


class Evcc:
    """evcc's solar mode for a heater.

    Every 30 s the surplus is what is exported, and what the battery takes once its charge is above `prioritySoc`;
    what the battery gives counts against it. It starts when the surplus has been the least power for 1 min and stops
    after 3 min below it, at its least power meanwhile. Above `bufferStartSoc` it starts without surplus, above
    `bufferSoc` it goes on so. Assumed: one phase, no `residualPower`, and the heater continuous above its least power.
    "Heater first" has no `prioritySoc` and a least power of 60 W; "battery first" has 95 %, a buffer from 95 % and a
    start from 98 %, and the least current of 6 A, without which it would search behind the full battery with 60 W.
    """

    def __init__(
        self, home: Home, *, priority_percent: float, buffer_percent: float, start_percent: float, least_w: float
    ) -> None:
        self._home = home
        self._priority, self._buffer, self._start = priority_percent, buffer_percent, start_percent
        self._least_w = least_w
        self._enough_s: float | None = None
        self._short_s: float | None = None

    def heat_w(self, seen: Seen) -> float:
        """Timers first, then the surplus within the heater's range."""
        battery_w = seen.battery_w
        if battery_w > 0 and seen.soc_percent < self._priority:
            battery_w = 0.0
        surplus_w = seen.set_w - seen.grid_w + battery_w
        if seen.set_w <= 0.0:
            return self._starting(seen, surplus_w)
        if surplus_w >= self._least_w or seen.soc_percent > self._buffer:
            self._short_s = None
        else:
            self._short_s = seen.second if self._short_s is None else self._short_s
            if seen.second - self._short_s >= 180.0:
                self._short_s = None
                return 0.0
        return min(self._home.heater_w, max(self._least_w, surplus_w))

    def _starting(self, seen: Seen, surplus_w: float) -> float:
        if surplus_w < self._least_w and not seen.soc_percent > self._start:
            self._enough_s = None
            return 0.0
        self._enough_s = seen.second if self._enough_s is None else self._enough_s
        if seen.second - self._enough_s < 60.0:
            return 0.0
        self._enough_s = None
        return min(self._home.heater_w, max(self._least_w, surplus_w))


class OpportunityLoads:
    """Victron's Opportunity Loads, with the battery's place in the list above the heater.

    The battery keeps 10000 - 100 x charge (in %) watts of the surplus for itself, at most what it can take; a load
    starts when more than 50 W would be left beyond it. Where nothing may be fed in, from 96 % on nothing is reserved,
    and 100 W more are believed at each step while the battery still charges or shows 100 %, until it has to pay.
    Assumed: that reservation (the equation that was shown for it), a balancing threshold of 95 %, a step every 10 s,
    and for a switched load 5 min least run and rest. Its own loads are switched; the continuous one stands for what
    its protocol (S2) allows beyond that.
    """

    LEAST_S = 300.0

    def __init__(self, home: Home, *, continuous: bool) -> None:
        self._home = home
        self._continuous = continuous
        self._believed_w = 0.0
        self._changed_s = -self.LEAST_S

    def heat_w(self, seen: Seen) -> float:
        """The surplus beyond the reservation, and what is believed to be hidden."""
        reserved_w = min(max(0.0, 10_000.0 - 100.0 * seen.soc_percent), self._home.house.max_charge_w)
        if not self._home.feed_in:
            reserved_w = self._believe(seen, reserved_w)
        left_w = seen.spare_w - reserved_w + self._believed_w
        if self._continuous:
            return held(left_w - 50.0, self._home)
        if seen.second < self._changed_s:
            self._changed_s = -self.LEAST_S
        on = seen.set_w > 0.0
        wanted = left_w >= self._home.heater_w if on else left_w - self._home.heater_w > 50.0
        if wanted != on and seen.second - self._changed_s >= self.LEAST_S:
            self._changed_s = seen.second
            on = wanted
        return self._home.heater_w if on else 0.0

    def _believe(self, seen: Seen, reserved_w: float) -> float:
        """What is reserved for the battery while hidden sun is looked for."""
        if seen.soc_percent < 94.0 or seen.battery_w < -50.0:
            self._believed_w = 0.0
        elif seen.soc_percent >= 96.0 and (seen.battery_w > 0.0 or seen.soc_percent >= 100.0):
            self._believed_w = min(self._believed_w + 100.0, self._home.heater_w + 100.0)
        return 0.0 if seen.soc_percent >= 96.0 else reserved_w


class SolarBalancer:
    """The balancer for two power meters over MQTT (SolarBalancer and its parent), an ancestor of this program.

    At each message: production less 20 W less the house. A deficit is taken off the heater, a surplus of 20 W or more
    is added, below 101 W it stays off. Assumed: production is what the panels give, so the battery is never asked, and
    its purchase at night on dull days is off.
    """

    def __init__(self, home: Home) -> None:
        self._home = home

    def heat_w(self, seen: Seen) -> float:
        """What it had, and what is left or missing."""
        left_w = seen.sun_w - 20.0 - seen.use_w
        if 0.0 <= left_w < 20.0:
            return seen.set_w
        return held(seen.set_w + left_w, self._home, least_w=101.0)


class ChargeRule:
    """A relay that follows the battery's charge (the example rules of PvMonit), another ancestor.

    Asked once a minute: on above 98 %, and for at least 5 min; off otherwise. Assumed: the whole heater hangs on it.
    """

    def __init__(self, home: Home) -> None:
        self._home = home
        self._since_s = 0.0

    def heat_w(self, seen: Seen) -> float:
        """All or nothing."""
        if seen.soc_percent > 98.0:
            self._since_s = self._since_s if seen.set_w > 0.0 else seen.second
            return self._home.heater_w
        return seen.set_w if 0.0 <= seen.second - self._since_s < 300.0 else 0.0
