"""Every topic of this home, below the first part that the settings give. The page docs/mqtt.md is made from this."""

from __future__ import annotations

from collections.abc import Mapping

from pv_heater.core.model.lean import dataclass


@dataclass(frozen=True, slots=True)
class Topic:
    """One row of the table: what stands there, in which words, and whether the broker keeps it."""

    path: str
    """Below the first part; `<load>` stands for the identity of a load."""
    payload: str
    retained: bool
    what: str


ONLINE, OFFLINE = "online", "offline"
LOAD = "<load>"

AVAILABILITY = Topic(
    "availability", "`online`, `offline`", True, "whether this home is there; `offline` is also the last will"
)
STATUS = Topic(
    "status",
    "JSON",
    True,
    "the home: state, flags, flows, why, today, price, alarms, `totals`, `expected`, `loads`: their names in topics",
)
PLAN = Topic(
    "plan", "JSON", True, "what is expected until tomorrow's sunset, when it changes; `null`: nothing is planned"
)
LOAD_STATE = Topic(
    f"loads/{LOAD}", "JSON", True, "one load: phase, mode, powers, energy, temperature, why, `energy_total_wh`"
)
ANSWER = Topic(
    "answer", "JSON", False, "what became of a command: `ok`, `message` or `error`, `id` as it was given, `topic`"
)
TOLD = (AVAILABILITY, STATUS, PLAN, LOAD_STATE, ANSWER)

SET = Topic("set", "JSON", False, "any command: `force`, `boost`, `clear`, `vacation`, `off`")
MODE = Topic(
    f"loads/{LOAD}/mode/set", "`auto`, `on`, `off`", False, "mode of the load; `on` and `off` last `force_min`"
)
POWER = Topic(f"loads/{LOAD}/power_w/set", "number", False, "power that mode `on` takes; empty or `max`: all it has")
FORCE_MIN = Topic(f"loads/{LOAD}/force_min/set", "number", False, "minutes that the next `on` or `off` lasts")
BOOST = Topic(f"loads/{LOAD}/boost/set", "anything", False, "heats it now, for two hours at most")
CLEAR = Topic(f"loads/{LOAD}/clear/set", "anything", False, "ends its fault")
VACATION = Topic(
    "vacation/set",
    "`ON`, `OFF`, or when it ends",
    False,
    "nobody home: nothing heats by itself; `ON` until somebody says `OFF`",
)
OFF = Topic("off/set", "anything", False, "everything off at once, until each load is cleared")
TAKEN = (SET, MODE, POWER, FORCE_MIN, BOOST, CLEAR, VACATION, OFF)


@dataclass(frozen=True, slots=True)
class Topics:
    """The names of this home's topics."""

    base: str

    def of(self, topic: Topic, load: str = LOAD) -> str:
        """The whole name; `load` is an identity."""
        return f"{self.base}/{topic.path.replace(LOAD, load)}"

    def filters(self) -> tuple[str, ...]:
        """What to subscribe to for commands."""
        return tuple(self.of(topic, "+") for topic in TAKEN)

    def taken(self, loads: Mapping[str, str]) -> Mapping[str, tuple[Topic, str | None]]:
        """Each topic that takes a command, with the name of the load that it means; `loads` are identities by name."""
        found: dict[str, tuple[Topic, str | None]] = {}
        for topic in TAKEN:
            if LOAD in topic.path:
                found |= {self.of(topic, key): (topic, name) for name, key in loads.items()}
            else:
                found[self.of(topic)] = (topic, None)
        return found


def fits(topic: str, pattern: str) -> bool:
    """Whether a topic is meant by what was subscribed to, with its + and #."""
    parts, wanted = topic.split("/"), pattern.split("/")
    if wanted[-1] == "#":
        wanted.pop()
        parts = parts[: len(wanted)]
    return len(parts) == len(wanted) and all(word in ("+", part) for part, word in zip(parts, wanted, strict=True))
