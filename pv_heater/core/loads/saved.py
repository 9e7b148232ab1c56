"""What survives a restart, as plain JSON types and back. Ticks mean nothing after a restart, so ages are saved.

A state is read value by value: a damaged one costs its own memory and no more. Faults come first and stand twice, in a
list of their own and with their loads, and either is enough; where neither can be read, every load is in fault.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from datetime import date, datetime
from typing import Any, Self

from pv_heater.core.loads.load_step import Memory
from pv_heater.core.model.lean import dataclass
from pv_heater.core.model.numbers import cleaned, day_in, group_in, instant_in, number_in, text_in
from pv_heater.core.model.requests import FORCE_LONGEST_S, Mode
from pv_heater.core.model.values import Phase

SCHEMA = 2
LAST_SCHEMA = 1000
"""A larger number is damage, no version to come."""
UNREADABLE = "unreadable"
"""The key of a state that only says why there is no other."""
RESTING = tuple(phase for phase in Phase if phase is not Phase.HEATING)
UNKNOWN_FAULT = "a fault was saved, but what it was cannot be read"
LOST_MODE_S = 7200.0
"""How long `off` lasts where it is not known until when: as long as one that is given without a time."""
LONG_AWAY_S = 1e9
"""Time since the state was saved, where the state does not tell: boosts and held conditions are over."""
SHOWN = 5
"""So many damaged places are named."""


def load_as_json(memory: Memory, tick_s: float) -> dict[str, Any]:
    """One load's part of the state."""
    on = memory.phase is Phase.HEATING
    return {
        "phase": str(memory.phase),
        "opened_ago_s": 0.0 if on else None if memory.opened_s is None else tick_s - memory.opened_s,
        "mode": str(memory.mode),
        "mode_left_s": None if memory.mode_until_s is None else memory.mode_until_s - tick_s,
        "mode_for_good": memory.for_good,
        "mode_age_s": None if memory.mode_since_s is None else tick_s - memory.mode_since_s,
        "forced_w": memory.forced_w,
        "closings": memory.closings,
        "energy_wh": memory.energy_wh,
        "fault": memory.fault,
        "ran_because": memory.ran_because,
    }


def unreadable(why: str) -> dict[str, Any]:
    """The state of a home whose state was there and cannot be read: every load is in fault until `clear`."""
    return {"schema": SCHEMA, UNREADABLE: why}


@dataclass(frozen=True, slots=True, kw_only=True)
class SavedLoad:
    """One load at the moment the state was saved."""

    was_on: bool = True
    """Also where that is not known: it then rests in full."""
    opened_ago_s: float | None = 0.0
    """None: never seen on."""
    mode: Mode = Mode.AUTO
    mode_left_s: float | None = None
    """None: mode ``auto``, or for good."""
    mode_age_s: float = 0.0
    forced_w: float | None = None
    closings: int = 0
    energy_wh: float = 0.0
    fault: str | None = None
    ran_because: str | None = None

    @classmethod
    def parse(cls, item: Mapping[str, Any], fault: str | None) -> Self:
        """Read what `load_as_json` wrote, each value by itself; where one is damaged, what heats less is taken."""
        mode, left_s = _mode(item)
        opened_ago_s = None if "opened_ago_s" in item and item["opened_ago_s"] is None else 0.0
        return cls(
            was_on=item.get("phase") not in RESTING,
            opened_ago_s=number_in(item, "opened_ago_s") or opened_ago_s,
            mode=mode,
            mode_left_s=left_s,
            mode_age_s=max(0.0, number_in(item, "mode_age_s") or 0.0),
            forced_w=number_in(item, "forced_w") if mode is Mode.ON else None,
            closings=int(number_in(item, "closings") or 0),
            energy_wh=number_in(item, "energy_wh") or 0.0,
            fault=fault,
            ran_because=text_in(item, "ran_because"),
        )

    def memory(self, tick_s: float, away_s: float) -> Memory:
        """The load at a start `away_s` seconds after it was saved: at rest for what is left, or still faulty."""
        # A load that was on went off at some moment since, after a power cut perhaps just now: it rests in full.
        rested_s = 0.0 if self.was_on else None if self.opened_ago_s is None else self.opened_ago_s + away_s
        forced = self.mode is not Mode.AUTO and (self.mode_left_s is None or self.mode_left_s > away_s)
        return Memory(
            phase=Phase.FAULT if self.fault else Phase.COOLDOWN,
            since_s=tick_s,
            opened_s=None if rested_s is None else tick_s - rested_s,
            mode=self.mode if forced else Mode.AUTO,
            mode_until_s=tick_s + self.mode_left_s - away_s if forced and self.mode_left_s is not None else None,
            mode_since_s=tick_s - self.mode_age_s - away_s if forced else None,
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
    """None: not known."""
    day: date | None
    """The local day that the counts belong to."""
    loads: Mapping[str, SavedLoad]
    fault_of_all: str | None
    """Why every load is in fault; None: each as it was."""
    strategy_type: str | None
    parts: Mapping[str, Any]
    """The whole state with its numbers and instants bounded, for those who keep parts of their own in it."""
    remarks: tuple[str, ...]
    """Sentences for the owner: what of it could not be used."""

    @classmethod
    def parse(cls, given: Mapping[str, Any]) -> Self:
        """Read what `Controller.state` gave. Raises ValueError for what is not a state at all, with no schema in it."""
        if not isinstance(given, Mapping) or "schema" not in given:
            raise ValueError("a saved state is an object with a schema; this is not")
        state, remarks, fault_of_all = _of_this_schema(given)
        faults, lost = _faults(state)
        if fault_of_all is None and lost:
            fault_of_all = "the saved state does not say which loads had a fault"
        if fault_of_all is not None and UNREADABLE not in given:
            remarks.append(f"{fault_of_all}; every load is in fault until `clear`")
        damaged: list[str] = []
        parts = cleaned(state, damaged)
        if damaged:
            more = f" and {len(damaged) - SHOWN} more" if len(damaged) > SHOWN else ""
            remarks.append(f"of the saved state this begins anew, it is damaged: {', '.join(damaged[:SHOWN])}{more}")
        loads = group_in(parts, "loads")
        saved_at = instant_in(parts, "saved_at")
        return cls(
            saved_at=saved_at,
            day=day_in(parts, "day"),
            loads={
                name: _without_lost_time(SavedLoad.parse(group_in(loads, name), faults.get(name)), saved_at)
                for name in {**loads, **faults}
            },
            fault_of_all=fault_of_all,
            strategy_type=text_in(group_in(parts, "strategy"), "type"),
            parts=parts,
            remarks=tuple(remarks),
        )

    def of(self, names: Iterable[str]) -> dict[str, SavedLoad]:
        """The saved loads of these names, those in fault included of which nothing else is known."""
        found = {name: self.loads[name] for name in names if name in self.loads}
        if self.fault_of_all is None:
            return found
        loads = {name: found.get(name, SavedLoad()) for name in names}
        return {name: replace(load, fault=load.fault or self.fault_of_all) for name, load in loads.items()}

    def away_s(self, now: datetime) -> float:
        """Seconds between saving and `now`, for rests; 0 where that is not known, or `now` is earlier by the clock."""
        return 0.0 if self.saved_at is None else max(0.0, (now - self.saved_at).total_seconds())

    def longest_away_s(self, now: datetime) -> float:
        """The same, for what may be over; long where it is not known."""
        return LONG_AWAY_S if self.saved_at is None else self.away_s(now)


def _mode(item: Mapping[str, Any]) -> tuple[Mode, float | None]:
    """The mode and the seconds it lasts, None for good. A damaged one was `off` for as long as it says, `on` is over.

    For good it is only where the state says so and gives no end: what is missing or damaged says nothing of the kind.
    """
    word, left_s, forced_w = item.get("mode", Mode.AUTO), number_in(item, "mode_left_s"), item.get("forced_w")
    left_s = None if left_s is None else min(FORCE_LONGEST_S, left_s)
    for_good = item.get("mode_for_good") is True and item.get("mode_left_s", UNREADABLE) is None
    if word == Mode.ON:
        asked_w = number_in(item, "forced_w")  # 0 asks for the least that the load has
        usable = (left_s is not None or for_good) and (forced_w is None or (asked_w is not None and asked_w >= 0))
        return (Mode.ON, left_s) if usable else (Mode.AUTO, None)
    if word == Mode.OFF or (word != Mode.AUTO and left_s is not None):
        return Mode.OFF, None if for_good and word == Mode.OFF else LOST_MODE_S if left_s is None else left_s
    return Mode.AUTO, None


def _without_lost_time(load: SavedLoad, saved_at: datetime | None) -> SavedLoad:
    """A load forced on is not so for longer because nobody knows since when."""
    if saved_at is None and load.mode is Mode.ON:
        return replace(load, mode=Mode.AUTO, mode_left_s=None, forced_w=None)
    return load


def _of_this_schema(given: Mapping[str, Any]) -> tuple[Mapping[str, Any], list[str], str | None]:
    """(the state as this version writes it, remarks, why every load is in fault or None)."""
    why, schema = given.get(UNREADABLE), given["schema"]
    if why is not None:
        return given, [], f"the saved state cannot be read ({str(why)[:300]}), and it may have held a fault"
    if isinstance(schema, bool) or not isinstance(schema, int) or not 1 <= schema <= LAST_SCHEMA:
        return given, [], "the schema of the saved state cannot be read, and the state may have held a fault"
    if schema > SCHEMA:
        newer = f"the saved state has schema {schema}, newer than {SCHEMA} of this version"
        return given, [f"{newer}: it is read as far as it is understood"], None
    state = given
    for version in range(schema, SCHEMA):
        state = MIGRATIONS[version](state)
    return state, [], None


def _with_faults_apart(state: Mapping[str, Any]) -> Mapping[str, Any]:
    """Schema 1 kept faults with their loads only."""
    loads = state.get("loads")
    if not isinstance(loads, Mapping) or not all(
        isinstance(load, Mapping) and "fault" in load for load in loads.values()
    ):
        return {**state, "schema": 2}
    faults = {name: load["fault"] for name, load in loads.items() if load["fault"] is not None}
    return {**state, "schema": 2, "faults": faults}


MIGRATIONS: Mapping[int, Callable[[Mapping[str, Any]], Mapping[str, Any]]] = {1: _with_faults_apart}
"""Schema to what makes the next of it."""


def _faults(state: Mapping[str, Any]) -> tuple[dict[str, str], bool]:
    """(the faults by load, whether some may be lost because neither place can be read)."""
    listed, loads = state.get("faults"), state.get("loads")
    faults: dict[str, str] = {}
    for name, load in loads.items() if isinstance(loads, Mapping) else ():
        if isinstance(load, Mapping) and (load.get("fault") is not None or load.get("phase") == Phase.FAULT):
            faults[str(name)] = _fault_text(load.get("fault"))
    for name, fault in listed.items() if isinstance(listed, Mapping) else ():
        if fault is not None and faults.get(str(name), UNKNOWN_FAULT) == UNKNOWN_FAULT:
            faults[str(name)] = _fault_text(fault)
    told = isinstance(loads, Mapping) and all(isinstance(load, Mapping) and "fault" in load for load in loads.values())
    return faults, not isinstance(listed, Mapping) and not told


def _fault_text(fault: object) -> str:
    return fault[:300] if isinstance(fault, str) and fault else UNKNOWN_FAULT
