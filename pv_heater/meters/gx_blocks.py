"""What a block of registers is. Pure, so that what is made of the words can be used without a Modbus library."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

Words = Mapping[int, int]
"""Words by their address; addresses that could not be read are absent."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """`count` registers from `address`; `parts` cover what is needed of them where the whole is refused."""

    address: int
    count: int
    parts: tuple[Block, ...] = ()
