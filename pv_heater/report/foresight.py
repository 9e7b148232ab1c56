"""What somebody who knew the whole day would have made of it: solved exactly, backwards, in plain Python.

The only choice of a step is the heater's power; what the sun leaves then goes into the battery, what is missing comes
out of it, and only then from the grid, because none of that can be done better. So the worth of a charge at some time
is a concave function made of straight pieces, and one step further back changes these pieces by a few rules:

- power that the house lacks moves all pieces up by the charge that it takes; below, each missing Wh is bought;
- heat out of the battery is a piece of its own slope, put in where the pieces get flatter than that; so is heat out of
  the sun that would otherwise have been stored;
- near full the battery takes less, in proportion to the room that is left: there the pieces are stretched.

Between a few and some forty pieces are enough at any time.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence

from pv_heater.core.model.lean import dataclass
from pv_heater.core.model.usual_battery import (
    CHARGE_EFFICIENCY,
    DISCHARGE_EFFICIENCY,
    IMPORT_COST,
    STORED_WORTH,
    TAPER_FROM_PERCENT,
)

HEATER_SLACK_W = 100.0
"""What the best course may take beyond the sun's surplus: the default of `max_battery_discharge_w`."""
BREATHE_EVERY = 16
"""Steps between two breaths."""
_NARROW_WH = 1e-7
_SAME_SLOPE = 1e-10

Breath = Callable[[], None]
"""Is called every few steps, so that whoever computes beside something more important can make room for it."""


def no_breath() -> None:
    """For whoever has the machine to himself."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bucket:
    """The battery as far as a day's energy is concerned. A house without one has a bucket that holds nothing."""

    capacity_wh: float
    max_charge_w: float
    start_wh: float
    reserve_wh: float
    """Below this it gives nothing."""

    @property
    def floor_wh(self) -> float:
        """It never gets lower than this, nor than where it began."""
        return min(self.start_wh, self.reserve_wh)


@dataclass(frozen=True, slots=True, kw_only=True)
class Lived:
    """What a course of the heater came to."""

    value_wh: float
    """Heat, plus what is left in the battery, minus twice what was bought."""
    heat_wh: float
    import_wh: float
    end_wh: float
    """Left in the battery."""
    unused_wh: float
    """Sun that neither house, heater nor battery took."""


def lived(spare_w: Sequence[float], heat_w: Sequence[float], bucket: Bucket, step_s: float) -> Lived:
    """The day with this course of the heater; `spare_w` is sun minus house, step by step."""
    hours = step_s / 3600.0
    most_wh, per_room = _charging(bucket, hours)
    stored_wh, floor_wh = bucket.start_wh, bucket.floor_wh
    import_wh = unused_wh = 0.0
    for spare, heat in zip(spare_w, heat_w, strict=True):
        net_wh = (spare - heat) * hours
        if net_wh >= 0:
            charge_wh = min(net_wh, most_wh, per_room * (bucket.capacity_wh - stored_wh))
            unused_wh += net_wh - charge_wh
            stored_wh += CHARGE_EFFICIENCY * charge_wh
        else:
            given_wh = min(-net_wh, DISCHARGE_EFFICIENCY * (stored_wh - floor_wh))
            import_wh += -net_wh - given_wh
            stored_wh -= given_wh / DISCHARGE_EFFICIENCY
    heat_wh = sum(heat_w) * hours
    return Lived(
        value_wh=heat_wh + STORED_WORTH * stored_wh - IMPORT_COST * import_wh,
        heat_wh=heat_wh,
        import_wh=import_wh,
        end_wh=stored_wh,
        unused_wh=unused_wh,
    )


def best_value_wh(
    spare_w: Sequence[float],
    least_w: Sequence[float],
    most_w: Sequence[float],
    bucket: Bucket,
    step_s: float,
    breathe: Breath = no_breath,
) -> float:
    """The greatest value that any course of the heater between `least_w` and `most_w` has; see `Lived.value_wh`."""
    worth = _Worth(bucket, step_s / 3600.0)
    for number, step in enumerate(_steps_backwards(spare_w, least_w, most_w, step_s / 3600.0)):
        worth.step_back(*step)
        if number % BREATHE_EVERY == 0:
            breathe()
    return worth.at(bucket.start_wh) + sum(least_w) * step_s / 3600.0


def _charging(bucket: Bucket, hours: float) -> tuple[float, float]:
    """(most it takes in a step, what it takes for each Wh of room), both Wh at its terminals."""
    most_wh = bucket.max_charge_w * hours
    taper_wh = bucket.capacity_wh * (100.0 - TAPER_FROM_PERCENT) / 100.0
    per_room = most_wh / taper_wh if taper_wh > 0 else 0.0
    return most_wh, min(per_room, 1.0 / CHARGE_EFFICIENCY)


def _steps_backwards(
    spare_w: Sequence[float], least_w: Sequence[float], most_w: Sequence[float], hours: float
) -> Iterator[tuple[float, float, float, float]]:
    """From the last step to the first, Wh: (missing at least, missing at most, left at least, left at most).

    Steps in a row in which there is nothing to choose and nothing left are one.
    """
    dark_wh = 0.0
    for spare, least, most in zip(reversed(spare_w), reversed(least_w), reversed(most_w), strict=True):
        if spare <= least and least >= most:
            dark_wh += (least - spare) * hours
            continue
        if dark_wh > 0:
            yield dark_wh, dark_wh, 0.0, 0.0
            dark_wh = 0.0
        yield (
            max(0.0, least - spare) * hours,
            max(0.0, most - spare) * hours,
            max(0.0, spare - most) * hours,
            max(0.0, spare - least) * hours,
        )
    if dark_wh > 0:
        yield dark_wh, dark_wh, 0.0, 0.0


class _Worth:
    """What a charge is worth at one time: corners of straight pieces, from floor to full."""

    def __init__(self, bucket: Bucket, hours: float) -> None:
        """At the end of the day."""
        self._floor, self._full = bucket.floor_wh, bucket.capacity_wh
        self._most_wh, self._per_room = _charging(bucket, hours)
        self._charges = [self._floor, self._full] if self._full > self._floor else [self._floor]
        self._values = [STORED_WORTH * charge for charge in self._charges]

    def at(self, charge_wh: float) -> float:
        """The worth of this charge; above full it is that of full."""
        charges, values = self._charges, self._values
        right = bisect_right(charges, charge_wh)
        if right >= len(charges):
            return values[-1]
        if right == 0:
            return values[0]
        left = right - 1
        share = (charge_wh - charges[left]) / (charges[right] - charges[left])
        return values[left] + share * (values[right] - values[left])

    def step_back(
        self, missing_least_wh: float, missing_most_wh: float, left_least_wh: float, left_most_wh: float
    ) -> None:
        """What it was worth one step earlier; the arguments are those of `_steps_backwards`.

        Only the heat beyond the least is counted here.
        """
        if missing_least_wh > 0:
            self._give(missing_least_wh)
        if missing_most_wh > missing_least_wh:
            self._heat_from_battery(missing_most_wh - missing_least_wh)
        if left_most_wh > 0:
            self._heat_or_store(left_least_wh, left_most_wh)
        self._tidy()

    def _give(self, energy_wh: float) -> None:
        """The house lacks this; what the battery cannot give is bought."""
        charge = energy_wh / DISCHARGE_EFFICIENCY
        self._charges = [self._floor, *(at + charge for at in self._charges)]
        self._values = [self._values[0] - IMPORT_COST * energy_wh, *self._values]
        self._cut()

    def _heat_from_battery(self, most_wh: float) -> None:
        """Each Wh of charge makes so much heat, where it is worth less than that."""
        self._put_in(DISCHARGE_EFFICIENCY, most_wh / DISCHARGE_EFFICIENCY)
        self._cut()

    def _put_in(self, slope: float, length: float) -> None:
        place = self._first_flatter(slope)
        charges, values = self._charges, self._values
        self._charges = charges[: place + 1] + [at + length for at in charges[place:]]
        self._values = values[: place + 1] + [value + slope * length for value in values[place:]]

    def _first_flatter(self, slope: float) -> int:
        """The corner from which on the pieces are flatter; the last corner where none is."""
        charges, values = self._charges, self._values
        for corner in range(len(charges) - 1):
            if values[corner + 1] - values[corner] < slope * (charges[corner + 1] - charges[corner]):
                return corner
        return len(charges) - 1

    def _cut(self) -> None:
        """Nothing beyond full."""
        charges, full = self._charges, self._full
        if charges[-1] <= full:
            return
        value = self.at(full)
        keep = bisect_right(charges, full)
        while keep and charges[keep - 1] >= full - _NARROW_WH:
            keep -= 1
        self._charges = [*charges[:keep], full]
        self._values = [*self._values[:keep], value]

    def _heat_or_store(self, least_wh: float, most_wh: float) -> None:
        """Sun is left: at least `least_wh` of it after the heater, at most `most_wh` without it.

        Storing pays until the charge is where a stored Wh is worth less than the heat that it would have been; the
        battery's limit, and what the heater can take, bound it on both sides.
        """
        floor, full, per_room = self._floor, self._full, self._per_room
        charges, values = self._charges, self._values
        turn = self._first_flatter(1.0 / CHARGE_EFFICIENCY)
        heat_wh = most_wh - least_wh
        all_in, least_in = min(most_wh, self._most_wh), min(least_wh, self._most_wh)
        all_kink = full - all_in / per_room if per_room else floor
        least_kink = full - least_in / per_room if per_room else floor
        corners: list[tuple[float, float]] = []

        def note(before: float, after: float, value: float) -> None:
            """From the charge `before` to `after`, which is worth `value`."""
            if floor <= before <= full:
                corners.append((before, value + min(heat_wh, most_wh - (after - before) / CHARGE_EFFICIENCY)))

        pull = CHARGE_EFFICIENCY * per_room

        def origin(after: float, energy_wh: float, kink: float) -> float:
            """From where a step with so much left over ends at `after`."""
            before = after - CHARGE_EFFICIENCY * energy_wh
            if before <= kink:
                return before
            return (after - pull * full) / (1.0 - pull) if pull < 1.0 else full

        def end(before: float, energy_wh: float, kink: float) -> float:
            if before <= kink:
                return before + CHARGE_EFFICIENCY * energy_wh
            return before + pull * (full - before)

        turn_at = charges[turn]
        for before in (floor, all_kink, least_kink, full):
            if floor <= before <= full:
                after = max(
                    min(turn_at, end(before, all_in, all_kink)),
                    end(before, least_in, least_kink),
                )
                note(before, after, self.at(after))
        for corner in range(turn + 1):
            note(origin(charges[corner], all_in, all_kink), charges[corner], values[corner])
        for corner in range(turn, len(charges)):
            note(origin(charges[corner], least_in, least_kink), charges[corner], values[corner])
        corners.sort()
        self._charges = [charge for charge, _ in corners]
        self._values = [value for _, value in corners]

    def _tidy(self) -> None:
        """Without corners that are none."""
        charges, values = self._charges, self._values
        kept_charges, kept_values = [charges[0]], [values[0]]
        slope = 0.0
        for charge, value in zip(charges[1:], values[1:], strict=True):
            width = charge - kept_charges[-1]
            if width < _NARROW_WH:
                continue
            next_slope = (value - kept_values[-1]) / width
            if len(kept_charges) > 1 and abs(next_slope - slope) < _SAME_SLOPE:
                kept_charges[-1], kept_values[-1] = charge, value
            else:
                kept_charges.append(charge)
                kept_values.append(value)
                slope = next_slope
        self._charges, self._values = kept_charges, kept_values
