"""Reads blocks of registers that may have gaps: one that fails as a whole is asked in parts for a while."""

from __future__ import annotations

from collections.abc import Callable

from pv_heater.io.net.modbus import UNKNOWN_REGISTER, ModbusClient, Refused
from pv_heater.victron.modbus.registers import Block, Words

_SPLIT_S = 60.0
"""How long a block is asked in parts before it is tried as a whole again: a service that starts may have brought it."""
_ABSENT_S = 10.0
"""How long a block of which nothing came is not asked for."""


class BlockReader:
    """Reads blocks and remembers what a unit refused. For use by one thread."""

    def __init__(self, client: ModbusClient, monotonic_s: Callable[[], float]) -> None:
        self._client = client
        self._monotonic_s = monotonic_s
        self._refused: dict[tuple[int, Block], tuple[float, Refused]] = {}
        """Unit and block -> until when it is not asked again, and what it said."""

    def read(self, unit: int, block: Block) -> Words:
        """What can be had of `block`. Raises Refused when that is nothing, and SourceError as `ModbusClient.read`."""
        refusal = self._known_refusal(unit, block)
        if refusal is None:
            try:
                return dict(enumerate(self._client.read(unit, block.address, block.count), block.address))
            except Refused as error:
                if error.code != UNKNOWN_REGISTER:
                    raise
                refusal = error
        found: dict[int, int] = {}
        for part in block.parts:
            try:
                found.update(self.read(unit, part))
            except Refused as error:
                refusal = error
        if (unit, block) not in self._refused:
            self._refused[unit, block] = (self._monotonic_s() + (_SPLIT_S if found else _ABSENT_S), refusal)
        if not found:
            raise refusal
        return found

    def read_or_nothing(self, unit: int, block: Block) -> Words:
        """Like `read`, but empty where the unit refuses: for what many plants do not have."""
        try:
            return self.read(unit, block)
        except Refused:
            return {}

    def answers(self, unit: int, address: int) -> bool:
        """Whether the unit has that register. Raises SourceError when it cannot be asked just now."""
        try:
            self._client.read(unit, address, 1)
        except Refused:
            return False
        return True

    def _known_refusal(self, unit: int, block: Block) -> Refused | None:
        until_s, refusal = self._refused.get((unit, block), (0.0, None))
        if self._monotonic_s() < until_s:
            return refusal
        self._refused.pop((unit, block), None)
        return None
