"""The house measured twice: by the meter's own consumption, and by what sun, grid and battery leave for it.

Each can be wrong for hours while every value looks well: the driver of the inverter hangs or is lost, a calculation
has just begun, DC loads are seen by nobody, a clamp sits in the wrong place. Where the two differ by more than noise
for some seconds, the house that draws more is believed, since nothing is heated on sun that is not there. Which of
them is right a step of our own shows: the house must rise by what a load was given. What battery and grid show is what
is paid with, so when both show the step, they are right. The answer holds, over restarts, until another step
contradicts it.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from dataclasses import replace
from enum import StrEnum
from typing import Any

from pv_heater.core.house.surplus import balance_house_w, drained_w_of
from pv_heater.core.model.lean import passing
from pv_heater.core.model.values import Reading
from pv_heater.core.model.words import kilowatts

NOISE_W = 150.0
NOISE_SHARE = 0.1
"""Of the largest flow. Meters err by one or two percent, an inverter takes 30 W and 5 % of what it passes on."""
APART_S = 4.0
"""And at least two readings: the devices of one reading are seen a second or two apart."""
AGREE_SHARE = 0.6
AGREE_S = 10.0
"""They agree again when they are within this share of the noise for this long."""
FORGET_S = 3600.0
"""An hour of agreement ends what a step once showed."""
LEAST_STEP_W = 300.0
LEAST_SHARE, MOST_SHARE = 0.6, 1.4
"""A step of ours shows when the house moved by such a share of it."""
STEP_WITHIN_S = 30.0
INTERVALS = 3.5
"""Between the readings before and after a step; in longer the house changes by itself."""
STRIKES = 2
"""Steps in a row that contradict what is trusted, before it no longer is: one may have met a kettle."""


class Way(StrEnum):
    """How the house is measured."""

    __hash__ = str.__hash__  # that of Enum is a function of Python's own

    CONSUMPTION = "consumption"
    BALANCE = "balance"


WORDS = {Way.CONSUMPTION: "consumption", Way.BALANCE: "sun, grid and battery"}


def noise_w(reading: Reading, house_w: float, balance_w: float) -> float:
    """So far the two may differ and mean the same."""
    flows_w = (reading.pv_w or 0.0, house_w, balance_w, reading.battery_w or 0.0, reading.grid_w or 0.0)
    return max(NOISE_W, NOISE_SHARE * max(map(abs, flows_w)))


def both_text(house_w: Mapping[Way, float]) -> str:
    """What each says of the house."""
    consumed, balance = (kilowatts(house_w[way]) for way in (Way.CONSUMPTION, Way.BALANCE))
    return f"house {consumed} by consumption, {balance} by {WORDS[Way.BALANCE]}"


def compared_text(reading: Reading, *, off_grid: bool, has_battery: bool) -> str | None:
    """What both say in one reading, and whether that is the same; None where only one of them is known."""
    balance_w = balance_house_w(reading, drained_w_of(reading, off_grid=off_grid, has_battery=has_battery))
    if reading.consumption_w is None or balance_w is None:
        return None
    text = both_text({Way.CONSUMPTION: reading.consumption_w, Way.BALANCE: balance_w})
    if abs(reading.consumption_w - balance_w) <= noise_w(reading, reading.consumption_w, balance_w):
        return text
    return (
        f"{text}, which is not the same: where it lasts, the higher counts until a step of our own shows the right one"
    )


@passing(frozen=True, slots=True, kw_only=True)
class _Calm:
    """One reading that shows for certain what our loads drew."""

    taken_s: float
    own_w: float
    house_w: Mapping[Way, float]


class TwoMeasurements:
    """For one home; shown every new reading in turn."""

    def __init__(self, *, off_grid: bool, has_battery: bool) -> None:
        self._off_grid, self._has_battery = off_grid, has_battery
        self._calm: deque[_Calm] = deque()
        """Of readings in a row with the same draw of our loads only the newest."""
        self._differ_since_s: float | None = None
        self._agree_since_s: float | None = None
        self._is_apart = False
        self._strikes = 0
        self.trusted: Way | None = None
        """What a step of our own showed to be right; None: nothing yet."""
        self.believed: Way = Way.CONSUMPTION
        self.changes = 0
        """How often another one was believed than before."""
        self.house_w: Mapping[Way, float] = {}
        """What each says of the newest reading while they are apart; empty while they are not."""
        self.drained_w: float | None = None
        """What grid and battery give together in the newest reading, below 0 what they take; None: not known."""
        self.notice: str | None = None
        """The last news of it; None before the first."""

    def observe(self, reading: Reading, taken_s: float, own_w: float, *, own_is_steady: bool) -> Reading:
        """The reading as it is to be believed: without its consumption where that is not the house.

        `own_w`: what our loads drew when it was taken; certain only where `own_is_steady`.
        """
        self.drained_w = drained_w_of(reading, off_grid=self._off_grid, has_battery=self._has_battery)
        balance_w = balance_house_w(reading, self.drained_w)
        if reading.consumption_w is None or balance_w is None:
            self.house_w, self._differ_since_s, self._agree_since_s = {}, None, None
            return reading
        house_w = {Way.CONSUMPTION: reading.consumption_w, Way.BALANCE: balance_w}
        if own_is_steady:
            self._compare(reading, house_w, taken_s, own_w)
            self._judge(house_w, taken_s, own_w, reading.interval_s or 0.0)
        self.house_w = house_w if self._is_apart else {}
        believed = Way.CONSUMPTION
        if self._is_apart:
            believed = self.trusted or max(house_w, key=lambda way: house_w[way])
        self.changes += believed is not self.believed
        self.believed = believed
        return replace(reading, consumption_w=None) if believed is Way.BALANCE else reading

    def state(self) -> dict[str, Any]:
        """What a step showed, as plain JSON types."""
        return {"trusted": None if self.trusted is None else str(self.trusted)}

    def restore(self, state: object) -> None:
        """Take back what `state` gave; anything else is ignored, the next step shows it again."""
        word = state.get("trusted") if isinstance(state, Mapping) else None
        self.trusted = next((way for way in Way if word == str(way)), None)

    @property
    def is_open(self) -> bool:
        """Whether they differ in the newest reading, and no step has shown yet which of them is right."""
        return bool(self.house_w) and self.trusted is None

    def _compare(self, reading: Reading, house_w: Mapping[Way, float], taken_s: float, own_w: float) -> None:
        """Whether they are apart, or agree again."""
        consumed_w, balance_w = house_w[Way.CONSUMPTION], house_w[Way.BALANCE]
        apart_w = abs(consumed_w - balance_w)
        # As near as that they agree whatever the noise is, and so they mostly are.
        noise = NOISE_W if apart_w <= AGREE_SHARE * NOISE_W else noise_w(reading, consumed_w, balance_w)
        if apart_w > noise:
            self._agree_since_s = None
            first = self._differ_since_s is None
            since_s = self._differ_since_s = taken_s if self._differ_since_s is None else self._differ_since_s
            # A house that draws less than our loads alone is none; there is nothing to wait for.
            impossible = consumed_w < own_w - noise <= balance_w
            if not self._is_apart and (impossible or (not first and taken_s - since_s >= APART_S)):
                self._is_apart = True
                self._tell_apart(house_w)
            return
        self._differ_since_s = None
        if apart_w > AGREE_SHARE * noise:
            self._agree_since_s = None
            return
        if self._agree_since_s is None:
            self._agree_since_s = taken_s
        agree_s = taken_s - self._agree_since_s
        if self._is_apart and agree_s >= AGREE_S:
            self._is_apart = False
            self.notice = f"house by consumption and by {WORDS[Way.BALANCE]} agree again"
        if agree_s >= FORGET_S:
            self.trusted, self._strikes = None, 0

    def _tell_apart(self, house_w: Mapping[Way, float]) -> None:
        text = both_text(house_w)
        if self.trusted is None:
            self.notice = f"{text}: the higher counts for now"
        else:
            self.notice = f"{text}: the {'former' if self.trusted is Way.CONSUMPTION else 'latter'} was right before"

    def _judge(self, house_w: Mapping[Way, float], taken_s: float, own_w: float, interval_s: float) -> None:
        """Whether this reading shows a step of ours, by one of them or by both."""
        within_s = max(STEP_WITHIN_S, INTERVALS * interval_s)
        while self._calm and taken_s - self._calm[0].taken_s > within_s:
            self._calm.popleft()
        now = _Calm(taken_s=taken_s, own_w=own_w, house_w=house_w)
        before = None
        for calm in reversed(self._calm):
            if not -LEAST_STEP_W < own_w - calm.own_w < LEAST_STEP_W:
                before = calm
                break
        if before is None:
            if self._calm and self._calm[-1].own_w == own_w:
                self._calm[-1] = now
            else:
                self._calm.append(now)
            return
        self._calm = deque([now])
        step_w = own_w - before.own_w
        shows = [
            way
            for way in (Way.BALANCE, Way.CONSUMPTION)
            if LEAST_SHARE <= (house_w[way] - before.house_w[way]) / step_w <= MOST_SHARE
        ]
        if not self._is_apart or (not shows and self.trusted is None):
            return
        self._conclude(shows[0] if shows else None)

    def _conclude(self, right: Way | None) -> None:
        if right is self.trusted:
            self._strikes = 0
            return
        self._strikes += 1
        if self.trusted is not None and self._strikes < STRIKES:
            return
        self.trusted, self._strikes = right, 0
        if right is None:
            self.notice = "our own steps show in neither measurement of the house: the higher counts"
        else:
            self.notice = f"a step of our own showed in {WORDS[right]}: the house by that counts from now on"
