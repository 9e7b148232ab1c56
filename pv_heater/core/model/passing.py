"""Values that pass from hand to hand within a step: frozen for the type checker, plain while the program runs.

A frozen dataclass writes each of its fields by a call; the two hundred of a step took a twentieth of its time. That
nobody writes them mypy proves, so the program need not watch it. What leaves a step is frozen as everywhere.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dataclasses import dataclass as passing
else:
    from dataclasses import dataclass

    def passing(*, frozen: bool, slots: bool, kw_only: bool = False) -> object:
        """Written as `dataclasses.dataclass` is, always with ``frozen=True``; hashed by value all the same."""
        return dataclass(slots=slots, kw_only=kw_only, unsafe_hash=frozen)


__all__ = ["passing"]
