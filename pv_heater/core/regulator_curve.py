"""From power to the position of a regulator's knob and back. Pure; the file is read by whoever has one."""

from __future__ import annotations

import csv
import math
from bisect import bisect_left, bisect_right
from collections.abc import Sequence

from attrs import frozen

from pv_heater.core.setting import SettingProblem


@frozen
class RegulatorCurve:
    """A monotone table of ``(percent, watts)``; straight lines between its points, so exact on them.

    `percent` is the position of the knob, 0 to 100. Below the first point and beyond the last the end values hold.
    """

    points: tuple[tuple[float, float], ...]

    def percent(self, power_w: float) -> float:
        """The lowest position that gives `power_w`; 0 for no power, the position of the maximum for more."""
        if power_w <= 0:
            return 0.0
        watts = [watt for _, watt in self.points]
        index = bisect_left(watts, min(power_w, watts[-1]))
        if index == 0:
            return self.points[0][0]
        (low_percent, low_w), (high_percent, high_w) = self.points[index - 1], self.points[index]
        percent = low_percent + (high_percent - low_percent) * (min(power_w, high_w) - low_w) / (high_w - low_w)
        return min(percent, high_percent)  # rounding may pass the end, and no servo turns to 180.00000000000003 degrees

    def power_w(self, percent: float) -> float:
        """What the regulator gives at that position."""
        positions = [position for position, _ in self.points]
        index = min(max(bisect_right(positions, percent), 1), len(positions) - 1)
        (low_percent, low_w), (high_percent, high_w) = self.points[index - 1], self.points[index]
        share = (min(max(percent, low_percent), high_percent) - low_percent) / (high_percent - low_percent)
        return low_w + (high_w - low_w) * share


def phase_cut(max_power_w: float) -> RegulatorCurve:
    """The curve of an ideal phase-cut regulator: at position a of 0 to 1 it gives ``a - sin(2 pi a) / (2 pi)``.

    That is the square of a sine over the part ``a`` of each half wave that is let through, as a share of the whole.
    In steps of half a percent the straight lines between are at most 0.002 % of full power off.
    """
    return RegulatorCurve(
        tuple(
            (step / 2, max_power_w * (step / 200 - math.sin(2 * math.pi * step / 200) / (2 * math.pi)))
            for step in range(201)
        )
    )


def parse_curve(text: str, name: str) -> RegulatorCurve:
    """Read ``percent;watts`` lines; a header and comments (#) may stand among them, numbers may have decimal commas.

    `name` is the file, for the messages. Raises SettingProblem naming file and line.
    """
    rows: list[tuple[int, float, float]] = []
    for number, fields in enumerate(csv.reader(text.lstrip("\ufeff").splitlines(), delimiter=";"), 1):
        cells = [cell.strip() for cell in fields]
        if not any(cells) or cells[0].startswith("#"):
            continue
        if not rows and len(cells) == 2 and not any(_is_number(cell) for cell in cells):
            continue  # the header
        if len(cells) != 2 or not all(_is_number(cell) for cell in cells):
            raise SettingProblem(
                f"{name}, line {number}: must be two numbers such as 50;980 (percent;watts), not {';'.join(fields)!r}"
            )
        rows.append((number, *(_number(cell) for cell in cells)))  # type: ignore[arg-type]
    _check(rows, name)
    return RegulatorCurve(tuple((percent, watts) for _, percent, watts in rows))


def _check(rows: Sequence[tuple[int, float, float]], name: str) -> None:
    if len(rows) < 2:
        raise SettingProblem(f"{name}: must hold at least two lines such as 0;0 and 100;2000, but has {len(rows)}")
    previous_percent, previous_w = -1.0, 0.0
    for number, percent, watts in rows:
        if not 0 <= percent <= 100:
            raise SettingProblem(f"{name}, line {number}: the position must be 0 to 100 percent, not {percent:g}")
        if percent <= previous_percent:
            raise SettingProblem(
                f"{name}, line {number}: positions must rise, but {percent:g} follows {previous_percent:g}"
            )
        if watts < previous_w:
            raise SettingProblem(
                f"{name}, line {number}: power must not fall, but {watts:g} W follows {previous_w:g} W; "
                f"measure again, or reverse the servo with zero_deg and full_deg"
            )
        previous_percent, previous_w = percent, watts
    if previous_w <= 0:
        raise SettingProblem(f"{name}: the last line must give some power, not {previous_w:g} W")


def _number(text: str) -> float:
    return float(text.replace(",", "."))


def _is_number(text: str) -> bool:
    try:
        return math.isfinite(_number(text))
    except ValueError:
        return False
