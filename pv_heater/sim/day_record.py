"""What a played day was like, quarter by quarter, and what became of sun that nobody used: for summary and picture."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime

from pv_heater.core.model.lean import dataclass
from pv_heater.core.model.values import Decision, Forecast, Phase, Reading
from pv_heater.sim.home import Ledger

SAMPLE_S = 300.0
"""A day has 288 samples: two units of a picture each."""

LIMITED = "more than the loads take"
"""The loads were all at full power."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DaySample:
    """Mean powers of one stretch, W, and the charge at its end."""

    start_at: datetime
    for_s: float
    house_w: float
    """Without controlled loads."""
    heat_w: float
    """All controlled loads together."""
    pv_w: float
    unused_w: float
    bought_w: float
    sold_w: float
    stored_wh: float

    @property
    def sun_w(self) -> float:
        """What the panels could have given."""
        return self.pv_w + self.unused_w


class DayRecorder:
    """Satisfies `loop.Reporter`: follows the ledger of a software home while it is lived in."""

    def __init__(self, ledger: Callable[[], Ledger], max_power_w: Mapping[str, float]) -> None:
        """`max_power_w`: the full power of each load."""
        self._ledger = ledger
        self._max_power_w = max_power_w
        self._began: tuple[datetime, Ledger] | None = None
        self._unused_wh = 0.0
        self._why = LIMITED
        self.samples: list[DaySample] = []
        self.unused_wh: dict[str, float] = {}
        """Sun that nobody used, by the reason; they add up to all of it."""

    def report(self, now: datetime, decision: Decision, _reading: Reading | None, _forecast: Forecast | None) -> None:
        """Note the stretch that ended, and what was decided for the next."""
        ledger = self._ledger()
        lost_wh, self._unused_wh = ledger.unused_wh - self._unused_wh, ledger.unused_wh
        if lost_wh > 0:
            # It was lost under the decision before.
            self.unused_wh[self._why] = self.unused_wh.get(self._why, 0.0) + lost_wh
        self._why = why_unused(decision, self._max_power_w)
        if self._began is None:
            self._began = now, ledger
        elif (now - self._began[0]).total_seconds() >= SAMPLE_S:
            self.samples.append(_sample(*self._began, now, ledger))
            self._began = now, ledger


def why_unused(decision: Decision, max_power_w: Mapping[str, float]) -> str:
    """Why sun that is left under this decision is left, in the words of the summary."""
    loads = decision.loads
    if all(loads[name].power_w >= 0.99 * full_w for name, full_w in max_power_w.items()):
        return LIMITED
    if decision.blocked_by is not None and not any(state.power_w > 0 for state in loads.values()):
        return {
            "night": "outside the hours of daylight",
            "battery_low": "while the battery was low",
        }.get(decision.blocked_by, f"while blocked by {decision.blocked_by}")
    phases = {state.phase for state in loads.values()}
    if Phase.FULL in phases:
        return "while the loads had enough"
    if Phase.COOLDOWN in phases:
        return "while a load rested between two starts"
    return "while the power followed the sun"


def _sample(start_at: datetime, before: Ledger, end_at: datetime, after: Ledger) -> DaySample:
    for_s = (end_at - start_at).total_seconds()

    def mean_w(from_wh: float, to_wh: float) -> float:
        return (to_wh - from_wh) * 3600.0 / for_s

    return DaySample(
        start_at=start_at,
        for_s=for_s,
        house_w=mean_w(before.house_wh, after.house_wh),
        heat_w=mean_w(before.heat_total_wh, after.heat_total_wh),
        pv_w=mean_w(before.pv_wh, after.pv_wh),
        unused_w=mean_w(before.unused_wh, after.unused_wh),
        bought_w=mean_w(before.grid_import_wh, after.grid_import_wh),
        sold_w=mean_w(before.grid_export_wh, after.grid_export_wh),
        stored_wh=after.battery_end_wh,
    )
