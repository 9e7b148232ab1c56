"""The account of one day: what was caught, what was possible, and which cause took how much of the difference.

All of it is measured in the same small model of battery and house, so that it adds up: the day without heating is 0,
what the recorded heating was worth beyond that was caught, and what perfect foresight would have been worth beyond it
was possible. Between the two stand the causes. The best course is computed again and again, each time less free than
before: first it must do as was done while the tank was full, then also while the owner had forced something, and so on.
What it loses by each of these is what that cause took *of what was left*; the last one leaves what was done. So the
parts add up by themselves, and none of them can be below 0, but for what the heater took beyond the sun.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from pv_heater.core.model.lean import dataclass
from pv_heater.report.causes import Cause, causes_of
from pv_heater.report.day import LoadLimits, RecordedDay, ReportedHome, Spell, spells_of
from pv_heater.report.foresight import Breath, Bucket, Lived, best_value_wh, lived, no_breath

FIXED_FIRST = (Cause.UNKNOWN, Cause.TANK_FULL, Cause.OWNER, Cause.LIMITS, Cause.TROUBLE, Cause.GUARD, Cause.DWELL)
"""While one of these decided, the best course does as was done; in this order."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Money:
    """An account in the owner's currency, to the cent: what was lost adds up to possible minus caught."""

    possible: float
    caught: float
    lost: Mapping[Cause, float]


def money_of(caught_wh: float, lost_wh: Mapping[Cause, int], per_kwh: float) -> Money:
    """Each height is rounded, not each step, so that the steps add up."""
    heights, energy_wh = [round(caught_wh * per_kwh / 10)], caught_wh
    for part_wh in lost_wh.values():
        energy_wh += part_wh
        heights.append(round(energy_wh * per_kwh / 10))
    steps = zip(lost_wh, heights, heights[1:], strict=False)
    return Money(
        possible=heights[-1] / 100,
        caught=heights[0] / 100,
        lost={cause: (height - before) / 100 for cause, before, height in steps},
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class DayReport:
    """Energies in whole Wh: what was lost adds up to what was possible and not caught, without a rest."""

    day: date
    seen_s: float
    """So much of the day is in all of these figures."""
    unknown_s: float
    """So much of it is not, since nobody knows what the sun or the house did."""
    possible_wh: int
    """Worth of the best course, beyond the same day without heating."""
    caught_wh: int
    """Worth of what was done, likewise. Below 0 the day would have been better without heating."""
    lost_wh: Mapping[Cause, int]
    """By cause; what is 0 is left out."""
    heat_wh: int
    """What all loads took."""
    bought_more_wh: int
    """So much more was bought than without heating."""
    stored_less_wh: int
    """So much less was left in the battery than without heating."""
    larger_heater_wh: int
    """So much more would have been possible with a heater without limits."""
    estimated_wh: int
    """The part of the sun that nobody measured, since chargers throttled."""
    soc_end_percent: float | None
    """Charge at the end as it was measured ..."""
    soc_model_percent: float | None
    """... and as the model of this report has it; None without a battery."""
    per_kwh: float | None = None
    """What a kWh was worth, in the owner's currency; None: not known."""

    @property
    def money(self) -> Money | None:
        """The same account in the owner's currency; None where nobody knows what a kWh was worth."""
        return None if self.per_kwh is None else money_of(self.caught_wh, self.lost_wh, self.per_kwh)

    def as_json(self) -> dict[str, Any]:
        """As plain JSON types."""
        figures: dict[str, Any] = {name: getattr(self, name) for name in self.__slots__}
        lost_wh = {str(cause): energy_wh for cause, energy_wh in self.lost_wh.items()}
        money = self.money
        return figures | {
            "day": self.day.isoformat(),
            "lost_wh": lost_wh,
            "possible_money": None if money is None else money.possible,
            "caught_money": None if money is None else money.caught,
            "lost_money": None if money is None else {str(cause): lost for cause, lost in money.lost.items()},
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class NoReport:
    """A day of which nothing can be said, and why."""

    day: date
    because: str

    def as_json(self) -> dict[str, Any]:
        """As plain JSON types."""
        return {"day": self.day.isoformat(), "because": self.because}


def report_of(
    recorded: RecordedDay, home: ReportedHome, *, per_kwh: float | None = None, breathe: Breath = no_breath
) -> DayReport | NoReport:
    """The account of a day; parts of it without a hole are accounted one by one and added up."""
    parts, unknown, percent = [], recorded.steps, None
    causes = {name: causes_of(recorded.changes, name, recorded.steps) for name in home.loads}
    for spell in spells_of(recorded, tuple(home.loads)):
        # Without a measured charge it is that with which the model left the part before.
        start_percent = percent if spell.soc_percent is None else spell.soc_percent
        if home.capacity_wh and start_percent is None:
            continue
        bucket = home.bucket(start_percent or 0.0)
        part = _Part(spell, home, bucket, causes, recorded.step_s, breathe)
        percent = 100.0 * part.done.end_wh / home.capacity_wh if home.capacity_wh else None
        parts.append(part)
        unknown -= len(spell.spare_w)
    if not parts:
        what = "the battery's charge" if any(value is not None for value in recorded.sun_w) else "sun and house"
        return NoReport(day=recorded.day, because=f"nobody knows {what} of that day")
    return _summed(recorded, parts, unknown, percent, per_kwh)


def _summed(
    recorded: RecordedDay, parts: Sequence[_Part], unknown: int, percent: float | None, per_kwh: float | None
) -> DayReport:
    # Rounded is the height of each stair, not the step between two: so the steps add up to the Wh.
    stairs = [round(sum(part.stairs[number][1] for part in parts)) for number in range(len(parts[0].stairs))]
    lost_wh: dict[Cause, int] = {}
    for number, (cause, _) in enumerate(parts[0].stairs):
        if number and (taken_wh := stairs[number - 1] - stairs[number]):
            lost_wh[cause] = lost_wh.get(cause, 0) + taken_wh
    idle_wh = round(sum(part.idle.value_wh for part in parts))
    known = [value for value in recorded.soc_percent if value is not None]
    estimated_w = [
        max(0.0, sun - pv)
        for sun, pv in zip(recorded.sun_w, recorded.pv_w, strict=False)
        if sun is not None and pv is not None
    ]
    return DayReport(
        day=recorded.day,
        seen_s=(recorded.steps - unknown) * recorded.step_s,
        unknown_s=unknown * recorded.step_s,
        possible_wh=stairs[0] - idle_wh,
        caught_wh=stairs[-1] - idle_wh,
        lost_wh={cause: lost_wh[cause] for cause in Cause if lost_wh.get(cause)},
        heat_wh=round(sum(part.done.heat_wh for part in parts)),
        bought_more_wh=round(sum(part.done.import_wh - part.idle.import_wh for part in parts)),
        stored_less_wh=round(sum(part.idle.end_wh - part.done.end_wh for part in parts)),
        larger_heater_wh=round(sum(part.endless_wh - part.stairs[0][1] for part in parts)),
        estimated_wh=round(sum(estimated_w) * recorded.step_s / 3600.0),
        soc_end_percent=known[-1] if known else None,
        soc_model_percent=None if percent is None else round(percent, 1),
        per_kwh=per_kwh,
    )


class _Part:
    """A part of the day without a hole, lived and solved."""

    def __init__(
        self,
        spell: Spell,
        home: ReportedHome,
        bucket: Bucket,
        causes: Mapping[str, Sequence[Cause]],
        step_s: float,
        breathe: Breath,
    ) -> None:
        self._spare_w, self._bucket, self._step_s, self._breathe = spell.spare_w, bucket, step_s, breathe
        steps = len(spell.spare_w)
        full_w = sum(limits.max_power_w for limits in home.loads.values())
        self._most_w = [min(full_w, max(0.0, spare + home.slack_w)) for spare in spell.spare_w]
        self._rows = [
            _LoadRow(
                limits,
                spell.load_w[name],
                causes[name][spell.first : spell.first + steps],
                spell.spare_w,
                round(home.delay_s / step_s),
            )
            for name, limits in home.loads.items()
        ]
        heat_w = [sum(powers) for powers in zip(*spell.load_w.values(), strict=True)] or [0.0] * steps
        self.idle = self._lived([0.0] * steps)
        self.done = self._lived(heat_w)
        self.stairs = self._stairs(heat_w)
        """(what made the difference to the one before, value in Wh), from perfect foresight down to what was done."""
        endless_w = [max(0.0, spare + home.slack_w) for spare in spell.spare_w]
        limited = any(most < endless for most, endless in zip(self._most_w, endless_w, strict=True))
        self.endless_wh = self._best([0.0] * steps, endless_w) if limited else self.stairs[0][1]

    def _stairs(self, heat_w: Sequence[float]) -> list[tuple[Cause, float]]:
        least_w, most_w = self._bounds([row.free() for row in self._rows])
        stairs = [(Cause.UNKNOWN, self._best(least_w, most_w))]
        before = least_w, most_w

        def go_down(cause: Cause, bounds: tuple[list[float], list[float]]) -> None:
            nonlocal before
            same = bounds == before
            stairs.append((cause, stairs[-1][1] if same else self._best(*bounds)))
            before = bounds

        for number, cause in enumerate(FIXED_FIRST, 1):
            go_down(cause, self._bounds([row.without(FIXED_FIRST[:number]) for row in self._rows]))
        go_down(Cause.FORECAST, self._bounds([row.as_told_late() for row in self._rows]))
        go_down(Cause.DELAY, self._bounds([row.within_dead_band() for row in self._rows]))
        within_w = [min(heat, most) for heat, most in zip(heat_w, self._most_w, strict=True)]
        stairs.append((Cause.DWELL, self._lived(within_w).value_wh))
        # The rest is heat beyond what the sun left: by the owner's word, or because a cloud came.
        asked_w = [
            heat if any(row.causes[step] is Cause.OWNER and row.power_w[step] > 0 for row in self._rows) else within
            for step, (heat, within) in enumerate(zip(heat_w, within_w, strict=True))
        ]
        stairs.append((Cause.OWNER, stairs[-1][1] if asked_w == within_w else self._lived(asked_w).value_wh))
        stairs.append((Cause.BEYOND, self.done.value_wh))
        return stairs

    def _bounds(self, rows: Sequence[_Bounds]) -> tuple[list[float], list[float]]:
        """(least, most) of all loads together, never more than the sun leaves."""
        pairs = [zip(*(row[side] for row in rows), self._most_w, strict=True) for side in (0, 1)]
        least_w, most_w = ([min(sum(powers), most) for *powers, most in pair] for pair in pairs)
        return least_w, most_w

    def _best(self, least_w: Sequence[float], most_w: Sequence[float]) -> float:
        return best_value_wh(self._spare_w, least_w, most_w, self._bucket, self._step_s, self._breathe)

    def _lived(self, heat_w: Sequence[float]) -> Lived:
        self._breathe()
        return lived(self._spare_w, heat_w, self._bucket, self._step_s)


_Bounds = tuple[Sequence[float], Sequence[float]]


class _LoadRow:
    """One load: what it took, and between which powers the best course may move it, more and more narrowly."""

    def __init__(
        self,
        limits: LoadLimits,
        power_w: Sequence[float],
        causes: Sequence[Cause],
        spare_w: Sequence[float],
        delay_steps: int,
    ) -> None:
        self.power_w, self.causes = power_w, causes
        self._limits, self._spare_w, self._delay_steps = limits, spare_w, delay_steps

    def free(self) -> _Bounds:
        """Everything the load can do."""
        return self.without(())

    def without(self, fixed: Sequence[Cause]) -> _Bounds:
        """As was done while one of these decided."""
        full_w, held = self._limits.max_power_w, frozenset(fixed)
        pairs = [
            (power, power) if cause in held else (0.0, max(power, full_w))
            for power, cause in zip(self.power_w, self.causes, strict=True)
        ]
        return [least for least, _ in pairs], [most for _, most in pairs]

    def as_told_late(self) -> _Bounds:
        """Where the strategy decided: what it did anyhow within the meter's delay, and within the dead band."""
        near_least_w, near_most_w = self.within_dead_band()
        least_w, most_w = list(near_least_w), list(near_most_w)
        for step, cause in enumerate(self.causes):
            if cause is Cause.DELAY:
                least_w[step], most_w[step] = 0.0, max(self.power_w[step], self._limits.max_power_w)
            elif cause is Cause.FORECAST and self._delay_steps:
                soon = self.power_w[step : step + self._delay_steps + 1]
                least_w[step], most_w[step] = min(least_w[step], *soon), max(most_w[step], *soon)
        return least_w, most_w

    def within_dead_band(self) -> _Bounds:
        """Where the power followed the sun to within the dead band: anything between the two."""
        dead_band_w, full_w = self._limits.dead_band_w, self._limits.max_power_w
        least_w, most_w = list(self.power_w), list(self.power_w)
        for step, (power, spare, cause) in enumerate(zip(self.power_w, self._spare_w, self.causes, strict=True)):
            if cause is Cause.FORECAST and power > 0 and abs(spare - power) <= dead_band_w:
                least_w[step], most_w[step] = min(power, max(0.0, spare)), max(power, min(full_w, spare))
        return least_w, most_w
