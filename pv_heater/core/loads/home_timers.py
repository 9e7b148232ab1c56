"""What the timers of all loads ask at a moment: who must run, and who must not run by itself."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, tzinfo

from pv_heater.core.house.guards import Block
from pv_heater.core.loads.duty import TIMER, Duty
from pv_heater.core.loads.load_step import Memory
from pv_heater.core.model.values import Phase
from pv_heater.core.model.words import NO_TIME
from pv_heater.core.settings.load import LoadSettings
from pv_heater.core.settings.timers import ON, timer_now, too_late


class HomeTimers:
    """The timers and last starts of all loads; `duties` and `blocks` are as of the latest look."""

    def __init__(self, policies: Mapping[str, LoadSettings]) -> None:
        self.duties: dict[str, Duty] = {}
        self.blocks: dict[str, Block] = {}
        self.adopt(policies)

    def adopt(self, policies: Mapping[str, LoadSettings]) -> None:
        """Go on with these settings of the same loads."""
        self.names = tuple(name for name, policy in policies.items() if policy.timers or policy.last_start is not None)
        """The loads that have any, so that the others need not be looked at in each step."""

    def keep(
        self,
        policies: Mapping[str, LoadSettings],
        memories: Mapping[str, Memory],
        now: datetime | None,
        zone: tzinfo,
        tick_s: float,
        *,
        away: bool,
    ) -> None:
        """Look at `now`, by the settings of now; while the owner is `away`, none is switched on by its timer.

        `now` None, the time of day is unknown: none is switched on, and those with hours in which they must not run
        by themselves wait.
        """
        self.duties, self.blocks = {}, {}
        if now is None:
            self._wait_for_the_time(policies, memories)
            return
        for name in self.names:
            policy = policies[name]
            timer = timer_now(policy.timers, now, zone)
            if policy.last_start is not None and memories[name].phase is not Phase.HEATING:
                timer = too_late(policy.last_start, now, zone) or timer
            if timer is None:
                continue
            left_s, because = (timer.until_at - now).total_seconds(), timer.because
            if not timer.on:
                margins = {"wait_s": left_s}
                block = Block(guard=TIMER, safety=False, at_once=False, because=because, margins=margins)
                self.blocks[name] = block
            elif not away:
                until_s, power_w = tick_s + left_s, policy.max_power_w
                duty = Duty(rule=TIMER, because=because, until_s=until_s, power_w=power_w, until_full=True)
                self.duties[name] = duty

    def _wait_for_the_time(self, policies: Mapping[str, LoadSettings], memories: Mapping[str, Memory]) -> None:
        waiting = [
            name
            for name in self.names
            if any(row.mode != ON for row in policies[name].timers)
            or (policies[name].last_start is not None and memories[name].phase is not Phase.HEATING)
        ]
        block = Block(guard=TIMER, safety=False, at_once=False, because=f"its timers wait: {NO_TIME}")
        self.blocks = dict.fromkeys(waiting, block)
