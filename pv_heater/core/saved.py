"""What survives a restart, as plain JSON types and back. Ticks mean nothing after a restart, so ages are saved."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Self

from pv_heater.core.numbers import number_of
from pv_heater.core.saved_values import group_in
from pv_heater.core.situation import Memory
from pv_heater.core.types import FORCE_LONGEST_S, Mode, Phase, require_aware

SCHEMA = 1


def load_as_json(memory: Memory, tick_s: float) -> dict[str, Any]:
    """One load's part of the state."""
    on = memory.phase is Phase.HEATING
    return {
        "phase": str(memory.phase),
        "opened_ago_s": 0.0 if on else None if memory.opened_s is None else tick_s - memory.opened_s,
        "mode": str(memory.mode),
        "mode_left_s": None if memory.mode_until_s is None else memory.mode_until_s - tick_s,
        "forced_w": memory.forced_w,
        "closings": memory.closings,
        "energy_wh": memory.energy_wh,
        "fault": memory.fault,
        "ran_because": memory.ran_because,
    }


@dataclass(frozen=True, slots=True, kw_only=True)
class SavedLoad:
    """One load at the moment the state was saved."""

    was_on: bool
    opened_ago_s: float | None
    mode: Mode
    mode_left_s: float | None
    forced_w: float | None
    closings: int
    energy_wh: float
    fault: str | None
    ran_because: str | None

    @classmethod
    def parse(cls, item: Any) -> Self:
        """Read one load's part; raises ValueError for anything that `load_as_json` does not write."""
        if not isinstance(item, Mapping):
            raise ValueError(f"a load's state must be an object, not {item!r}")
        closings, fault, mode_left_s = item.get("closings", 0), item.get("fault"), _number(item, "mode_left_s")
        if not isinstance(closings, int) or closings < 0:
            raise ValueError(f"closings must be a whole number, not {closings!r}")
        if fault is not None and not isinstance(fault, str):
            raise ValueError(f"fault must be a text, not {fault!r}")
        ran_because = item.get("ran_because")
        if ran_because is not None and not isinstance(ran_because, str):
            raise ValueError(f"ran_because must be a text, not {ran_because!r}")
        return cls(
            was_on=item.get("phase") == Phase.HEATING,
            opened_ago_s=_number(item, "opened_ago_s"),
            mode=Mode(item.get("mode", Mode.AUTO)),
            mode_left_s=None if mode_left_s is None else min(FORCE_LONGEST_S, mode_left_s),
            forced_w=_number(item, "forced_w"),
            closings=closings,
            energy_wh=_number(item, "energy_wh") or 0.0,
            fault=fault or None,
            ran_because=ran_because,
        )

    def memory(self, tick_s: float, away_s: float) -> Memory:
        """The load at a start `away_s` seconds after it was saved: at rest for what is left, or still faulty."""
        # A load that was on went off at some moment since, after a power cut perhaps just now: it rests in full.
        rested_s = 0.0 if self.was_on else None if self.opened_ago_s is None else self.opened_ago_s + away_s
        forced = self.mode is not Mode.AUTO and self.mode_left_s is not None and self.mode_left_s > away_s
        return Memory(
            phase=Phase.FAULT if self.fault else Phase.COOLDOWN,
            since_s=tick_s,
            opened_s=None if rested_s is None else tick_s - rested_s,
            mode=self.mode if forced else Mode.AUTO,
            mode_until_s=tick_s + self.mode_left_s - away_s if forced and self.mode_left_s is not None else None,
            forced_w=self.forced_w if forced else None,
            closings=self.closings,
            energy_wh=self.energy_wh,
            fault=self.fault,
            ran_because=self.ran_because,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Saved:
    """A whole saved state."""

    saved_at: datetime | None
    day: date | None
    """The local day that the counts belong to."""
    vacation_until_at: datetime | None
    loads: Mapping[str, SavedLoad]
    strategy_type: str | None
    learned: Mapping[str, Any]
    duties: Mapping[str, Any]
    """What `core.duties` keeps; it judges that itself."""

    @classmethod
    def parse(cls, state: Mapping[str, Any]) -> Self:
        """Read what `Controller.state` gave; raises ValueError for anything else, or another schema."""
        schema = state.get("schema")
        if schema != SCHEMA:
            raise ValueError(f"the saved state has schema {schema!r}; this version reads {SCHEMA}")
        loads, strategy = state.get("loads", {}), state.get("strategy", {})
        if not isinstance(loads, Mapping) or not isinstance(strategy, Mapping):
            raise ValueError("loads and strategy must be objects")
        learned = strategy.get("learned", {})
        return cls(
            saved_at=_instant(state, "saved_at"),
            day=date.fromisoformat(_text(state, "day")) if state.get("day") else None,
            vacation_until_at=_instant(state, "vacation_until_at"),
            loads={str(name): SavedLoad.parse(item) for name, item in loads.items()},
            strategy_type=strategy.get("type"),
            learned=learned if isinstance(learned, Mapping) else {},
            duties=group_in(state, "duties"),
        )

    def away_s(self, now: datetime) -> float:
        """Seconds between saving and `now`; 0 where the clock says that `now` was earlier."""
        return 0.0 if self.saved_at is None else max(0.0, (now - self.saved_at).total_seconds())


def _number(item: Mapping[str, Any], key: str) -> float | None:
    value = item.get(key)
    if value is None:
        return None
    number = None if isinstance(value, str) else number_of(value)
    if number is None:
        raise ValueError(f"{key} must be a number, not {value!r}")
    return number


def _text(item: Mapping[str, Any], key: str) -> str:
    value = item.get(key)
    if not isinstance(value, str):
        raise ValueError(f"{key} must be a text, not {value!r}")
    return value


def _instant(item: Mapping[str, Any], key: str) -> datetime | None:
    if item.get(key) is None:
        return None
    instant = datetime.fromisoformat(_text(item, key))
    require_aware(key, instant)
    return instant
