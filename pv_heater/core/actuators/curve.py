"""From power to the position of a regulator's knob and back. Pure; the file is read by whoever has one."""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import field
from itertools import pairwise
from operator import itemgetter

from pv_heater.core.model.lean import dataclass
from pv_heater.core.model.setting import SettingProblem

NOISE_SHARE = 0.01
"""A table may fall by this share of its highest power: meters are noisy by that much, and so are measured curves.
Such places are made flat; a deeper fall is not noise."""

_percent, _watts = itemgetter(0), itemgetter(1)
"""Of a point."""


@dataclass(frozen=True, slots=True)
class RegulatorCurve:
    """A monotone table of ``(percent, watts)`` with a smooth line between its points, exact on them.

    `percent` is the position of the knob, 0 to 100. Below the first point and beyond the last the end values hold.
    Between the points runs the monotone cubic of Fritsch and Carlson (SIAM J. Numer. Anal. 17, 1980): it never
    overshoots the table, as a polynomial through all of it does.
    """

    points: tuple[tuple[float, float], ...]
    _slopes: tuple[float, ...] = field(init=False, compare=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_slopes", _slopes(self.points))

    def percent(self, power_w: float) -> float:
        """The lowest position that gives `power_w`; 0 for no power, the position of the maximum for more."""
        if power_w <= 0:
            return 0.0
        points = self.points
        index = bisect_left(points, min(power_w, points[-1][1]), key=_watts)
        if index == 0 or points[index][1] <= power_w:
            return points[index][0]
        low, high = self.points[index - 1][0], self.points[index][0]
        for _ in range(40):  # halving: a degree of 100 percent to 1e-10, whatever the shape between the points
            middle = (low + high) / 2
            low, high = (middle, high) if self._between_w(index - 1, middle) < power_w else (low, middle)
        return high

    def power_w(self, percent: float) -> float:
        """What the regulator gives at that position."""
        points = self.points
        index = min(max(bisect_right(points, percent, key=_percent), 1), len(points) - 1) - 1
        return self._between_w(index, min(max(percent, points[index][0]), points[index + 1][0]))

    def _between_w(self, index: int, percent: float) -> float:
        """The cubic between point `index` and the next."""
        (low_percent, low_w), (high_percent, high_w) = self.points[index : index + 2]
        width = high_percent - low_percent
        share = (percent - low_percent) / width
        rest = 1.0 - share
        power_w = (
            (1.0 + 2.0 * share) * rest * rest * low_w
            + (1.0 + 2.0 * rest) * share * share * high_w
            + width * share * rest * (rest * self._slopes[index] - share * self._slopes[index + 1])
        )
        return min(max(power_w, low_w), high_w)  # rounding only


def _slopes(points: Sequence[tuple[float, float]]) -> tuple[float, ...]:
    """The slope of the line in each point: a weighted harmonic mean of its neighbours', 0 where one of them is flat."""
    widths = [high - low for (low, _), (high, _) in pairwise(points)]
    rises = [
        (high_w - low_w) / width for ((_, low_w), (_, high_w)), width in zip(pairwise(points), widths, strict=True)
    ]
    if len(points) == 2:
        return (rises[0], rises[0])
    inner = [
        (left + 2.0 * right + 2.0 * left + right) / ((left + 2.0 * right) / rise + (2.0 * left + right) / next_rise)
        if rise > 0 and next_rise > 0
        else 0.0
        for (left, right), (rise, next_rise) in zip(pairwise(widths), pairwise(rises), strict=True)
    ]
    return (
        _end_slope(widths[0], widths[1], rises[0], rises[1]),
        *inner,
        _end_slope(widths[-1], widths[-2], rises[-1], rises[-2]),
    )


def _end_slope(width: float, next_width: float, rise: float, next_rise: float) -> float:
    """By the parabola through the last three points, kept from falling and from overshooting."""
    slope = ((2.0 * width + next_width) * rise - width * next_rise) / (width + next_width)
    return min(max(slope, 0.0), 3.0 * rise)


def phase_cut(max_power_w: float) -> RegulatorCurve:
    """The curve of an ideal phase-cut regulator: at position a of 0 to 1 it gives ``a - sin(2 pi a) / (2 pi)``.

    That is the square of a sine over the part ``a`` of each half wave that is let through, as a share of the whole.
    """
    return RegulatorCurve(
        tuple(
            (step / 2, max_power_w * (step / 200 - math.sin(2 * math.pi * step / 200) / (2 * math.pi)))
            for step in range(201)
        )
    )


def parse_curve(text: str, name: str) -> RegulatorCurve:
    """Read ``percent;watts`` lines, rising or falling; a header and comments (#) may stand among them.

    Columns are parted by semicolons or tabs, with decimal points or commas, or by commas with decimal points. `name`
    is the file, for the messages. Raises SettingProblem naming file and line.
    """
    rows = list(_rows(text, name))
    if len(rows) < 2:
        raise SettingProblem(f"{name}: must hold at least two lines such as 0;0 and 100;2000, but has {len(rows)}")
    if rows[0][1] > rows[-1][1]:
        rows.reverse()
    _check(rows, name)
    return RegulatorCurve(rising([(percent, watts) for _, percent, watts in rows]))


def curve_text(curve: RegulatorCurve, remarks: Sequence[str] = ()) -> str:
    """The file that `parse_curve` reads: decimal points, whatever the computer's language. Each remark is a line."""
    lines = [*(f"# {remark}" for remark in remarks), "percent;watts"]
    return "\n".join([*lines, *(f"{percent:g};{watts:.1f}" for percent, watts in curve.points)]) + "\n"


def rising(points: Sequence[tuple[float, float]]) -> tuple[tuple[float, float], ...]:
    """The nearest table that nowhere falls: neighbours that do are replaced by their mean (pool adjacent violators).

    Power below 0, a meter's offset, becomes 0.
    """
    pools: list[tuple[float, int]] = []  # mean and count
    for _, watts in points:
        pools.append((max(0.0, watts), 1))
        while len(pools) > 1 and pools[-2][0] > pools[-1][0]:
            (low_w, low), (high_w, high) = pools[-2:]
            pools[-2:] = [((low_w * low + high_w * high) / (low + high), low + high)]
    flat = [watts for watts, count in pools for _ in range(count)]
    return tuple((percent, watts) for (percent, _), watts in zip(points, flat, strict=True))


def _rows(text: str, name: str) -> Iterator[tuple[int, float, float]]:
    """(number of the line, percent, watts)."""
    header_may_come = True
    for number, line in enumerate(text.lstrip("\ufeff").splitlines(), 1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        separator = next((mark for mark in ";\t" if mark in line), ",")
        cells = [cell.strip().strip('"') for cell in line.split(separator)]
        values = [_number(cell) for cell in cells]
        if header_may_come and len(cells) == 2 and values == [None, None]:
            header_may_come = False
            continue
        header_may_come = False
        if len(values) != 2 or values[0] is None or values[1] is None:
            raise SettingProblem(
                f"{name}, line {number}: must be two numbers such as 50;980 (percent;watts), not {line.strip()!r}"
            )
        yield number, values[0], values[1]


def _check(rows: Sequence[tuple[int, float, float]], name: str) -> None:
    """Rows are sorted by their first and last percent; any other disorder is a mistake."""
    most_w = max(watts for _, _, watts in rows)
    if most_w <= 0:
        raise SettingProblem(f"{name}: the last line must give some power, not {most_w:g} W")
    before_percent, before_w = -1.0, 0.0
    for number, percent, watts in rows:
        if not 0 <= percent <= 100:
            raise SettingProblem(f"{name}, line {number}: the position must be 0 to 100 percent, not {percent:g}")
        if percent <= before_percent:
            raise SettingProblem(
                f"{name}, line {number}: positions must rise or fall all the way, but {percent:g} stands beside "
                f"{before_percent:g}"
            )
        if watts < before_w - NOISE_SHARE * most_w:
            raise SettingProblem(
                f"{name}, line {number}: power must rise with the position, but at {percent:g} % it is {watts:g} W, "
                f"and {before_w:g} W below that; measure again, or reverse the servo with zero_deg and full_deg"
            )
        before_percent, before_w = percent, max(before_w, watts)


def _number(text: str) -> float | None:
    try:
        value = float(text.replace(",", "."))
    except ValueError:
        return None
    return value if math.isfinite(value) else None
