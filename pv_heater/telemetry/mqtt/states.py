"""What is told of the home, topic by topic. Pure: from the document of the newest tick."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from pv_heater.core.model.lean import dataclass
from pv_heater.status.strict_json import json_bytes
from pv_heater.telemetry.expected import expected_of
from pv_heater.telemetry.mqtt.dials import Dials
from pv_heater.telemetry.mqtt.topics import LOAD_STATE, PLAN, STATUS, Topics
from pv_heater.telemetry.totals import HOME, Totals


@dataclass(frozen=True, slots=True)
class State:
    """One retained message. It is new when its `essence` is: a time that goes on is no news."""

    topic: str
    value: Any
    essence: Any
    repeated: bool = True
    """Told again now and then though nothing changed, so that whoever listens knows that it still holds."""

    @property
    def payload(self) -> bytes:
        """Strict JSON."""
        return json_bytes(self.value)


def states_of(
    document: Mapping[str, Any], totals: Totals | None, topics: Topics, identities: Mapping[str, str], dials: Dials
) -> Iterator[State]:
    """`document` is `NewestDocument`'s; `totals` is None before the first tick."""
    home = {key: value for key, value in document.items() if key not in ("loads", "plan")}
    home["totals"] = {name: None if totals is None else totals.home.get(name) for name in HOME}
    home["expected"] = expected_of(document)
    home["loads"] = [identities.get(row["name"], row["name"]) for row in document["loads"]]
    essence = {**home, "now": None, "expected": None, "state": {**document["state"], "age_s": None}}
    yield State(topics.of(STATUS), home, essence)
    for row in document["loads"]:
        value = load_state(row, totals, identities, dials)
        yield State(topics.of(LOAD_STATE, value["id"]), value, value)
    yield State(topics.of(PLAN), document["plan"], document["plan"], repeated=False)


def load_state(
    row: Mapping[str, Any], totals: Totals | None, identities: Mapping[str, str], dials: Dials
) -> dict[str, Any]:
    """One row of the document's `loads`, and what stands nowhere else."""
    name = row["name"]
    key, dial = identities.get(name, name), dials.of(name)
    return {
        **row,
        "id": key,
        "energy_total_wh": None if totals is None else totals.loads.get(key),
        "sun_total_wh": None if totals is None else totals.loads_sun.get(key),
        "force_min": dial.force_min,
        "force_power_w": dial.power_w,
    }
