"""A load's memory as plain JSON types and back. Ticks mean nothing after a restart, so ages are saved."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pv_heater.core.machine import Memory
from pv_heater.core.types import Mode, Phase


def memory_as_json(memory: Memory, tick_s: float) -> dict[str, Any]:
    """What survives a restart."""
    on = memory.phase is Phase.HEATING
    return {
        "phase": str(memory.phase),
        # A load that is on goes off when the program ends: its rest begins now.
        "opened_ago_s": 0.0 if on else None if memory.opened_s is None else tick_s - memory.opened_s,
        "mode": str(memory.mode),
        "mode_left_s": None if memory.mode_until_s is None else memory.mode_until_s - tick_s,
        "forced_w": memory.forced_w,
        "closings": memory.closings,
        "energy_wh": memory.energy_wh,
        "fault": memory.fault,
    }


def memory_from_json(item: Mapping[str, Any], tick_s: float, away_s: float) -> Memory:
    """The memory at a start `away_s` seconds after it was saved: at rest for what is left, or still faulty."""
    fault = item.get("fault")
    opened_ago_s = item.get("opened_ago_s")
    mode, left_s = Mode(item.get("mode", Mode.AUTO)), item.get("mode_left_s")
    if mode is not Mode.AUTO and (left_s is None or left_s <= away_s):
        mode, left_s = Mode.AUTO, None
    return Memory(
        phase=Phase.FAULT if fault else Phase.COOLDOWN,
        since_s=tick_s,
        opened_s=None if opened_ago_s is None else tick_s - opened_ago_s - away_s,
        mode=mode,
        mode_until_s=None if left_s is None else tick_s + left_s - away_s,
        forced_w=item.get("forced_w") if mode is not Mode.AUTO else None,
        closings=int(item.get("closings", 0)),
        energy_wh=float(item.get("energy_wh", 0.0)),
        fault=fault,
    )
