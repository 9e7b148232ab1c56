"""Shares one budget out among the loads, first to last; what one cannot use passes on to the next.

The budget is for all loads together, those that run included. So a load higher in the list takes from lower ones
simply by being served first, and they are shed last to first.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import inf, isnan

from pv_heater.core.house.surplus import Budget
from pv_heater.core.model.lean import passing
from pv_heater.core.settings.load import LoadSettings
from pv_heater.core.settings.start_power import level_w


@passing(frozen=True, slots=True, kw_only=True)
class Claim:
    """What one load may ask for in this step."""

    policy: LoadSettings
    available: bool
    """False while it cannot take automatic power: full, at rest, faulty, forced or blocked."""
    running: bool
    """It is on, so a dead band less keeps it on."""
    held_w: float
    """Power it keeps whatever the budget says, because its minimum on time runs."""
    starts_at_once: bool = True
    """False for an idle load whose start delay has still to run: until then running loads may use its share."""
    own_w: float = 0.0
    """What it drew in the reading; the part of its power that its unknown phase already carries."""
    power_w: float = 0.0
    """What it is set to draw; one that runs draws its least power or more."""


@passing(frozen=True, slots=True, kw_only=True)
class Share:
    """What one load gets."""

    power_w: float
    """0, or at least the load's least power."""
    rule: str | None = None
    """``phase`` or ``priority`` where one of these, not the budget, is why it gets no more; else None."""
    because: str = ""
    """The sentence to `rule`."""
    offered_w: float = 0.0
    """What was left for it, more or less than it can use; where it gets nothing, below 0 by what others would take
    first."""


def allot(budget: Budget, claims: Sequence[Claim | None], phase_headroom_w: Sequence[float] = ()) -> dict[str, Share]:
    """The share of each load by name; None among the claims is the battery's place in the list.

    Loads above a battery row may also take what the strategy held back for the battery. A minimum on time is
    honoured before priority: its power flows anyway. Shares of loads that draw now add up to no more than the budget,
    what is held, and the dead band of one running relay. `phase_headroom_w` is what each grid phase can still
    carry (see `headroom.phase_headroom_w`); a load whose phase is not known may be on any, so it counts on all.
    """
    loads = [claim for claim in claims if claim is not None]
    pools = _Pools(budget, loads, phase_headroom_w, battery_in_list=len(loads) < len(claims))
    battery_left_w = budget.battery_w
    shares: dict[str, Share] = {}
    for claim in claims:
        if claim is None:
            pools.take_back(battery_left_w)
            battery_left_w = 0.0
        else:
            shares[claim.policy.name] = pools.serve(claim)
    return shares


class _Pools:
    """What is left for the loads still to come, in all and on each phase."""

    def __init__(
        self, budget: Budget, loads: Sequence[Claim], phase_headroom_w: Sequence[float], *, battery_in_list: bool
    ) -> None:
        power_w = 0.0 if isnan(budget.power_w) else budget.power_w
        self._all_w = power_w + (budget.battery_w if battery_in_list else 0.0) - sum([load.held_w for load in loads])
        self._promised_w = 0.0
        """Shares of loads in their start delay: kept for them, but not drawn yet."""
        self._phases_w = list(phase_headroom_w)
        for load in loads if self._phases_w else ():
            self._draw_on_phases(load, 0.0, load.held_w)
        self._served: list[str] = []
        self._room_w = 0.0
        """What the loads served so far would take of a greater budget before the next ones get any of it."""

    def take_back(self, power_w: float) -> None:
        """Less for all that follow: the battery's turn."""
        self._all_w -= power_w

    def serve(self, claim: Claim) -> Share:
        """The share of the next load in the list, taken out of the pools."""
        if not claim.available:
            return Share(power_w=0.0)
        # A running load may go on with what is promised to one that does not draw yet; a new one may not start on it.
        free_w = self._all_w - (0.0 if claim.running else self._promised_w)
        all_w = free_w + claim.held_w
        offered_w = all_w if all_w > 0 else 0.0
        ceiling_w = self._phase_ceiling_w(claim) if self._phases_w else inf
        power_w = _usable_w(claim, offered_w if offered_w < ceiling_w else ceiling_w)
        taken_w = power_w - claim.held_w if power_w > claim.held_w else 0.0
        if claim.running or claim.starts_at_once:
            self._all_w -= taken_w
        else:
            self._promised_w += taken_w
        if self._phases_w:
            self._draw_on_phases(claim, claim.held_w, power_w)
        rule: str | None = None
        because = ""
        if power_w <= 0 or offered_w > ceiling_w:
            rule, because = self._reason(claim, power_w, offered_w, ceiling_w)
        left_w = (all_w if all_w < ceiling_w else ceiling_w) - (0.0 if power_w > 0 else self._room_w)
        if power_w > 0:
            self._served.append(claim.policy.name)
            self._room_w += claim.policy.max_power_w - power_w if offered_w < ceiling_w else 0.0
        return Share(power_w=power_w, rule=rule, because=because, offered_w=left_w)

    def _reason(self, claim: Claim, power_w: float, offered_w: float, ceiling_w: float) -> tuple[str | None, str]:
        """(rule, sentence) where not the budget is why it gets no more."""
        wanted_w = power_w if offered_w <= ceiling_w else _usable_w(claim, offered_w)
        if power_w < wanted_w:
            text = f"its phase can carry {max(0.0, ceiling_w):.0f} W of its {wanted_w:.0f} W below max_phase_w"
            return "phase", text
        if power_w <= 0 and self._served:
            least_w = claim.policy.stop_w if claim.running else claim.policy.start_w
            text = f"needs {least_w:.0f} W, {offered_w:.0f} W left after {' and '.join(self._served)}"
            return "priority", text
        return None, ""

    def _phase_ceiling_w(self, claim: Claim) -> float:
        """The most this load may draw for its phase's sake, what it is sure to draw included."""
        phase = self._known_phase(claim)
        if phase is not None:
            return self._phases_w[phase - 1] + claim.held_w
        return min(self._phases_w) + max(claim.own_w, claim.held_w)

    def _draw_on_phases(self, claim: Claim, before_w: float, power_w: float) -> None:
        """Count on the load's phase that it draws `power_w`, of which `before_w` has been counted."""
        phase = self._known_phase(claim)
        if phase is not None:
            self._phases_w[phase - 1] -= max(0.0, power_w - before_w)
            return
        # The phases already carry what it drew in the reading; only what is more can be too much.
        more_w = max(0.0, power_w - max(before_w, claim.own_w))
        self._phases_w = [phase_w - more_w for phase_w in self._phases_w]

    def _known_phase(self, claim: Claim) -> int | None:
        """Its phase, if it is told and measured."""
        phase = claim.policy.phase
        return phase if phase is not None and phase <= len(self._phases_w) else None


def _usable_w(claim: Claim, offered_w: float) -> float:
    """The part of `offered_w` this load can use: nothing below what it needs, and never less than its least power."""
    policy = claim.policy
    if offered_w <= 0 or offered_w < (policy.stop_w if claim.running else policy.start_w):
        return 0.0
    if not policy.adjustable:
        return level_w(policy, offered_w, max(claim.power_w, policy.least_power_w) if claim.running else 0.0)
    if offered_w > policy.max_power_w:
        return policy.max_power_w
    return offered_w if offered_w > policy.least_power_w else policy.least_power_w
