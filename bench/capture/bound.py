"""What perfect foresight would have made of a day: a linear programme over its minutes.

It knows sun and use of the whole day, and lives by the physics of `sim.home`: the battery's limits, taper, losses and
reserve, and a tank where there is one. The heater never takes more than the sun leaves, plus `HEATER_SLACK_W`; sun may
be thrown away. Solved by HiGHS in SciPy, which only this module imports.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import accumulate
from math import ceil
from typing import Any

from pv_heater.core.model.usual_battery import IMPORT_COST, STORED_WORTH
from pv_heater.errors import PvHeaterError
from pv_heater.report.foresight import HEATER_SLACK_W
from pv_heater.sim.home import LONGEST_STEP_S, HomeSettings
from pv_heater.sim.tank import DAY_S, WATER_WH_PER_LITRE_K, TankSettings

MINUTE_H = 1.0 / 60.0


class SolverMissing(PvHeaterError):
    """SciPy is not installed."""

    exit_code = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Bound:
    """The best a day could have been."""

    value_wh: float
    """As `sim.home.Ledger.value_wh` counts it. A controller that lags behind clouds leans on the battery for more
    than the slack meanwhile, and may have a few thousandths more on a restless day; nobody beats endless slack."""
    heater_w: tuple[float, ...]
    """The heater of one best course, minute by minute; there may be others as good."""


@dataclass(slots=True)
class _Programme:
    """Rows of a sparse linear programme: `equal` rows are met exactly, `most` rows are upper limits.

    Variables come in blocks of one a step, in the order of `blocks`.
    """

    minutes: int
    """Steps; each is a minute long unless `step_h` says otherwise."""
    blocks: tuple[str, ...]
    step_h: float = MINUTE_H
    gain: dict[tuple[str, int], float] = field(default_factory=dict)
    limits: dict[str, list[tuple[float, float | None]]] = field(default_factory=dict)
    equal: list[tuple[dict[tuple[str, int], float], float]] = field(default_factory=list)
    most: list[tuple[dict[tuple[str, int], float], float]] = field(default_factory=list)

    def index(self, block: str, minute: int) -> int:
        return self.blocks.index(block) * self.minutes + minute

    def solve(self) -> tuple[float, list[float]]:
        """(greatest gain, the variables in their order). Raises PvHeaterError where HiGHS finds no answer."""
        try:
            from scipy.optimize import linprog
            from scipy.sparse import csr_array
        except ImportError:
            raise SolverMissing("The bound needs SciPy: `. ./env.sh dev` installs it.") from None

        def matrix(rows: list[tuple[dict[tuple[str, int], float], float]]) -> Any:
            cells = [
                (value, number, self.index(*key)) for number, (row, _) in enumerate(rows) for key, value in row.items()
            ]
            values, row_numbers, columns = zip(*cells, strict=True)
            return csr_array((values, (row_numbers, columns)), shape=(len(rows), len(self.blocks) * self.minutes))

        cost = [0.0] * (len(self.blocks) * self.minutes)
        for key, value in self.gain.items():
            cost[self.index(*key)] = -value
        answer = linprog(
            cost,
            A_ub=matrix(self.most),
            b_ub=[limit for _, limit in self.most],
            A_eq=matrix(self.equal),
            b_eq=[total for _, total in self.equal],
            bounds=[limit for block in self.blocks for limit in self.limits[block]],
            method="highs",
        )
        if not answer.success:
            raise PvHeaterError(f"The bound of this day could not be computed: {answer.message}")
        return -float(answer.fun), [float(value) for value in answer.x]


def perfect_foresight(
    sun_w: Sequence[float],
    use_w: Sequence[float],
    home: HomeSettings,
    heater_w: float,
    tank: TankSettings | None = None,
    *,
    slack_w: float = HEATER_SLACK_W,
    step_h: float = MINUTE_H,
) -> Bound:
    """The bound of a day (or any time from midnight on) given minute by minute, or in steps of `step_h` hours.

    `heater_w` is the heater's full power, `slack_w` what it may take beyond the sun's surplus. Feed-in makes no
    difference: what is sold is worth nothing here. Raises SolverMissing without SciPy, ValueError for sun and use of
    different lengths or none, and for a tank in steps other than minutes.
    """
    if tank is not None and step_h != MINUTE_H:
        raise ValueError("a tank is only known minute by minute")
    blocks = ("heat", "charge", "discharge", "import", "stored")
    programme = _Programme(minutes=len(sun_w), blocks=(*blocks, "tank", "drawn") if tank else blocks, step_h=step_h)
    _add_house(programme, sun_w, use_w, heater_w, slack_w)
    _add_battery(programme, home)
    if tank is not None:
        _add_tank(programme, tank, heater_w)
    value_wh, variables = programme.solve()
    return Bound(value_wh=value_wh, heater_w=tuple(max(0.0, power_w) for power_w in variables[: len(sun_w)]))


def _add_house(
    programme: _Programme, sun_w: Sequence[float], use_w: Sequence[float], heater_w: float, slack_w: float
) -> None:
    """Use, heat and charging are covered by sun, battery and grid; the gain of heat and the cost of import."""
    spare_w = [sun - use for sun, use in zip(sun_w, use_w, strict=True)]
    programme.limits["heat"] = [(0.0, min(heater_w, max(0.0, spare + slack_w))) for spare in spare_w]
    programme.limits["import"] = [(0.0, None)] * len(spare_w)
    for minute, spare in enumerate(spare_w):
        takes = {("heat", minute): 1.0, ("charge", minute): 1.0}
        programme.most.append((takes | {("discharge", minute): -1.0, ("import", minute): -1.0}, spare))
        programme.gain["heat", minute] = programme.step_h
        programme.gain["import", minute] = -IMPORT_COST * programme.step_h


def _add_battery(programme: _Programme, home: HomeSettings) -> None:
    """Stored energy from minute to minute; the charge limit is that of the minute's beginning, its highest.

    Discharging is left free: beside spare sun it would only lose energy, so no best course does it.
    """
    capacity_wh = home.capacity_wh
    start_wh = capacity_wh * home.start_percent / 100.0
    reserve_wh = min(start_wh, capacity_wh * home.reserve_percent / 100.0)
    minutes = range(programme.minutes)
    programme.limits["charge"] = [(0.0, home.max_charge_w) for _ in minutes]
    programme.limits["discharge"] = [(0.0, None) for _ in minutes]
    programme.limits["stored"] = [(reserve_wh, capacity_wh) for _ in minutes]
    taper_wh = capacity_wh * (100.0 - home.taper_from_percent) / 100.0
    for minute in minutes:
        row = {
            ("stored", minute): 1.0,
            ("charge", minute): -home.charge_efficiency * programme.step_h,
            ("discharge", minute): programme.step_h / home.discharge_efficiency,
        }
        before = {("stored", minute - 1): -1.0} if minute else {}
        programme.equal.append((row | before, 0.0 if minute else start_wh))
        if taper_wh > 0:
            slope_w = home.max_charge_w / taper_wh
            stored = {("stored", minute - 1): slope_w} if minute else {}
            known_wh = 0.0 if minute else start_wh
            programme.most.append(({("charge", minute): 1.0} | stored, slope_w * (capacity_wh - known_wh)))
    programme.gain["stored", programme.minutes - 1] = STORED_WORTH


def _add_tank(programme: _Programme, tank: TankSettings, heater_w: float) -> None:
    """Degrees from minute to minute. A draw may stay partly unserved, as from a tank that has gone cold."""
    wh_per_k = tank.volume_l * WATER_WH_PER_LITRE_K
    # The thermostat opens at the end of a step of the software home, so that the water ends a little hotter.
    hottest_c = tank.thermostat_c + heater_w * LONGEST_STEP_S / 3600.0 / wh_per_k
    loss_share = tank.loss_w_per_k * MINUTE_H / wh_per_k
    drawn_wh = [0.0] * programme.minutes
    for hour, draw_wh in tank.draws:
        for moment_s in accumulate([hour * 3600.0, *[DAY_S] * int(programme.minutes * 60 // DAY_S)]):
            minute = max(0, ceil(moment_s / 60.0) - 1)
            if minute < programme.minutes:
                drawn_wh[minute] += draw_wh
    programme.limits["tank"] = [(tank.cold_c, hottest_c)] * programme.minutes
    programme.limits["drawn"] = [(0.0, draw_wh) for draw_wh in drawn_wh]
    for minute in range(programme.minutes):
        row = {
            ("tank", minute): 1.0,
            ("heat", minute): -MINUTE_H / wh_per_k,
            ("drawn", minute): 1.0 / wh_per_k,
        }
        before = {("tank", minute - 1): loss_share - 1.0} if minute else {}
        known_c = loss_share * tank.room_c + (0.0 if minute else (1.0 - loss_share) * tank.start_c)
        programme.equal.append((row | before, known_c))
