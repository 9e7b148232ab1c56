"""Who else steers the battery, as far as a GX device's registers tell it. Pure.

There is none for what Dynamic ESS does at the moment, for its plan, for scheduled charging or for Opportunity Loads.
Registers as in Victron's list of 3.60. Its rate (5403) has no sign, and its restrictions (5405) stand there the other
way round than on the device's own bus: neither is used.
"""

from __future__ import annotations

from collections.abc import Callable

from pv_heater.core.model.steering import Steering
from pv_heater.victron.modbus.block_reader import BlockReader
from pv_heater.victron.modbus.registers import Block, Words
from pv_heater.victron.steering import Told, steering_of

DYNAMIC_ESS = Block(address=5400, count=8)
"""5400 active, 5406 strategy, 5407 target charge."""
ESS_MODE = Block(address=2900, count=3)
"""2900 the state of BatteryLife, 2902 external control."""
ABSENT_S = 600.0
"""Registers that this firmware does not have are asked for so rarely."""


class OtherBrains:
    """Asks for one of the two blocks at each look, so that readings behind a slow line hardly wait for it."""

    def __init__(self, blocks: BlockReader, monotonic_s: Callable[[], float]) -> None:
        self._blocks, self._monotonic_s = blocks, monotonic_s
        self._words: dict[Block, Words] = {DYNAMIC_ESS: {}, ESS_MODE: {}}
        self._due_s = dict.fromkeys(self._words, float("-inf"))
        self._next = DYNAMIC_ESS

    def look(self, unit: int, *, ess_runs: bool) -> Steering | None:
        """Who else steers, by the newest words of both. Raises SourceError."""
        block = self._next
        self._next = ESS_MODE if block is DYNAMIC_ESS else DYNAMIC_ESS
        if self._monotonic_s() >= self._due_s[block]:
            self._words[block] = self._blocks.read_or_nothing(unit, block)
            if not self._words[block]:
                self._due_s[block] = self._monotonic_s() + ABSENT_S
        return steering_by(self._words[DYNAMIC_ESS], self._words[ESS_MODE], ess_runs=ess_runs)


def steering_by(dynamic_ess: Words, ess_mode: Words, *, ess_runs: bool) -> Steering | None:
    """What these blocks tell; settings of an ESS that does not run bind nobody. A 0 may mean "not known"."""
    told = Told(
        active=dynamic_ess.get(5400) or None,
        strategy=dynamic_ess.get(5406) or None,
        target_percent=dynamic_ess.get(5407) or None,
        battery_life=ess_mode.get(2900) if ess_runs else None,
        hub4_mode=ess_mode.get(2902) if ess_runs else None,
    )
    return steering_of(told)
