"""Laws that look at a forecast."""

from __future__ import annotations

from dataclasses import replace

from bench.capture.bound import perfect_foresight
from bench.compare.seen import Home, Seen, held

SLOT_S = 1800.0
SLOTS = 48
USUAL_USE_W = 500.0


class HalfHourPlan:
    """A plan of half hours by linear programming (as EMHASS makes it), anew every 30 min until midnight.

    It knows the battery exactly, and weighs heat, what is left at midnight and what is bought as this bench counts
    them. Sun is the forecast, the present half hour half of it and half what the meter shows; the house is what it
    used yesterday at the same time, 500 W on the first day. The power of the present half hour is held through it.
    Assumed: any power from 0 W on (its usual load is all or nothing), and nobody watches over it in between.
    """

    def __init__(self, home: Home) -> None:
        self._home = home
        self._slot = -1
        self._planned_w = 0.0
        self._yesterday_w = [USUAL_USE_W] * SLOTS
        self._today: list[list[float]] = [[] for _ in range(SLOTS)]

    def heat_w(self, seen: Seen) -> float:
        """The plan's power of this half hour."""
        slot = min(SLOTS - 1, int(seen.second // SLOT_S))
        if slot < self._slot:
            self._yesterday_w = [sum(w) / len(w) if w else USUAL_USE_W for w in self._today]
            self._today = [[] for _ in range(SLOTS)]
        self._today[slot].append(seen.use_w - seen.set_w)
        if slot != self._slot:
            self._slot = slot
            self._planned_w = self._plan(seen, slot)
        return held(self._planned_w, self._home)

    def _plan(self, seen: Seen, slot: int) -> float:
        sun_w = [seen.promised_w(SLOT_S * number, SLOT_S * (number + 1)) for number in range(slot, SLOTS)]
        use_w = self._yesterday_w[slot:]
        sun_w[0] = (sun_w[0] + seen.sun_w) / 2.0
        house = replace(self._home.house.home(feed_in=self._home.feed_in), start_percent=seen.soc_percent)
        heater_w = self._home.heater_w
        return perfect_foresight(sun_w, use_w, house, heater_w, slack_w=heater_w, step_h=SLOT_S / 3600.0).heater_w[0]


class RestOfForecast:
    """The rule "heat while the rest of the forecast exceeds what the battery lacks", as owners write it.

    While the sun that is still promised today, less 500 W for the house while it shines, is more than the battery
    lacks to 100 %, all of the surplus is heat; else only what the battery cannot take. Behind a full battery it adds
    100 W at each reading as long as the battery pays nothing. Assumed: a continuous heater, that search, which few
    write, and no rest of the relay.
    """

    def __init__(self, home: Home) -> None:
        self._home = home
        self._issued_at: object = None
        self._promised_w = [0.0] * SLOTS

    def heat_w(self, seen: Seen) -> float:
        """All of the surplus, or what the battery leaves of it."""
        house = self._home.house
        lacking_wh = (100.0 - seen.soc_percent) / 100.0 * house.capacity_wh
        if seen.soc_percent >= 99.5 and seen.battery_w > -50.0 and seen.grid_w < 50.0:
            return held(max(seen.spare_w, seen.set_w + 100.0), self._home)
        enough = self._rest_wh(seen) > lacking_wh
        return held(seen.spare_w - (0.0 if enough else house.max_charge_w), self._home)

    def _rest_wh(self, seen: Seen) -> float:
        if seen.forecast is not None and seen.forecast.issued_at != self._issued_at:
            self._issued_at = seen.forecast.issued_at
            self._promised_w = [seen.promised_w(SLOT_S * slot, SLOT_S * (slot + 1)) for slot in range(SLOTS)]
        slot, gone_s = divmod(seen.second, SLOT_S)
        left_s = [SLOT_S - gone_s, *[SLOT_S] * (SLOTS - 1)]
        rest_w = self._promised_w[int(slot) :]
        return sum(max(0.0, sun_w - USUAL_USE_W) * s / 3600.0 for sun_w, s in zip(rest_w, left_s, strict=False))


class ForecastGap:
    """The earlier heater optimizer on the VRM portal, the nearest ancestor of this program.

    From 9 to 18 h, above 95 % of charge, with less than 80 W from the grid: it starts at 50 % when the forecast of the
    hour promises 10 W more than the panels give. Then, at each reading, 10 % less where more than 100 W flow into or
    out of the battery, else 10 % more where the forecast promises 100 W more than the panels give. As shipped: the
    forecast is read an hour late. Assumed: the settings it comes with, and that neither portal nor program ever fails.
    """

    def __init__(self, home: Home) -> None:
        self._home = home
        self._percent = 50.0
        self._on = False
        self._taken_at: object = None

    def heat_w(self, seen: Seen) -> float:
        """A step for each new reading."""
        if seen.reading.taken_at == self._taken_at:
            return self._power_w()
        self._taken_at = seen.reading.taken_at
        within = 9 * 3600.0 <= seen.second <= 18 * 3600.0
        if not (within and int(seen.soc_percent) > 95 and seen.grid_w < 80.0):
            self._on, self._percent = False, 50.0
            return 0.0
        hour = seen.second // 3600.0
        gap_w = seen.promised_w(3600.0 * (hour - 1), 3600.0 * hour) - seen.sun_w
        if not self._on:
            self._on = gap_w > 10.0
        elif abs(seen.battery_w) > 100.0:
            self._percent = max(0.0, self._percent - 10.0)
        elif gap_w > 100.0:
            self._percent = min(100.0, self._percent + 10.0)
        return self._power_w()

    def _power_w(self) -> float:
        return self._home.heater_w * self._percent / 100.0 if self._on else 0.0
