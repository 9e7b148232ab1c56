"""Several relays as one load: what opens opens first, and what closes waits until that is surely open.

Which relays are closed for a power is a `Combinations`' business: a table (`LevelTable`), or a rota for equal wear.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import field
from typing import Protocol

from pv_heater.core.model.lean import dataclass
from pv_heater.core.model.setting import SettingProblem, setting
from pv_heater.core.model.values import Setpoint
from pv_heater.core.settings.load import LoadSettings
from pv_heater.core.settings.pins import RelayPin
from pv_heater.io.gpio.pins import Pins, RelayLine
from pv_heater.loads.pins.pin_load import PinLoad, try_all
from pv_heater.ports import Tools

Closed = frozenset[int]
"""The relays that are closed, by their place in the settings, from 0."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RelayBankSettings(LoadSettings):
    """What loads of several relays have in common: `levels_w` says what they can draw, the last is their full power."""

    relays: tuple[RelayPin, ...] = setting("the relays, any number; the first in the list is relay, or contact, 1")
    max_power_w: float = field(init=False)

    adjustable = False

    def __post_init__(self) -> None:
        if self.learn_power:
            raise SettingProblem("cannot be used: the powers of its levels must be stated", "learn_power")
        object.__setattr__(self, "max_power_w", self.levels_w[-1])
        LoadSettings.__post_init__(self)


class Combinations(Protocol):
    """Which relays make which power."""

    def closed_for(self, power_w: float, closed: Closed) -> Closed:
        """The relays to be closed for `power_w`, none for 0, where `closed` are now."""
        ...

    def power_w(self, closed: Closed) -> float:
        """What the load draws with just these closed."""
        ...


class LevelTable:
    """Satisfies `Combinations`: each level has its relays."""

    def __init__(self, levels: Mapping[float, Closed]) -> None:
        """`levels`: W to the relays that are closed for it."""
        self._levels = dict(levels)

    def closed_for(self, power_w: float, closed: Closed) -> Closed:  # noqa: ARG002 - a table has no memory
        """The relays of the level nearest to that power."""
        if power_w <= 0:
            return Closed()
        return self._levels[min(self._levels, key=lambda level_w: abs(level_w - power_w))]

    def power_w(self, closed: Closed) -> float:
        """The highest level all of whose relays are closed; on the way between two levels that may be none."""
        return max((level_w for level_w, relays in self._levels.items() if relays <= closed), default=0.0)


class RelayBank(PinLoad):
    """Satisfies `ports.Load`. Every contact is set at every call, so a lost write repairs itself.

    The relay listed last closes first. `pause_s` is how long nothing closes after something opened.
    """

    def __init__(
        self, name: str, tools: Tools, relays: Sequence[RelayPin], combinations: Combinations, *, pause_s: float = 0.0
    ) -> None:
        pins: Pins = tools.pins()
        self._combinations = combinations
        self._pause_s = pause_s
        self._monotonic_s = tools.clock.monotonic_s
        self._may_close_s: float | None = None
        self._were_closed = Closed()
        """What the last call left closed."""
        self._lines: list[RelayLine] = [pins.relay(relay) for relay in relays]
        super().__init__(name, self._lines)

    def apply(self, setpoint: Setpoint, tick_s: float) -> float | None:
        """Open what is to be open, then, at once or when the pause is over, close the rest. Raises HardwareError."""
        if self.held_open:
            return self.safe(tick_s)
        closed = self._closed()
        wanted = self._combinations.closed_for(setpoint.power_w, closed)
        opens = bool(self._were_closed - (closed & wanted))  # now, or by a trip since the last call
        try:
            self._open(index for index in range(len(self._lines)) if index not in wanted)
        finally:
            if opens:
                self._begin_pause(tick_s)
        waits_until_s = self._may_close_s if wanted - closed else None
        if waits_until_s is not None and tick_s < waits_until_s:
            wanted &= closed
        else:
            waits_until_s = None
        for index in sorted(wanted, reverse=True):
            if not self._lines[index].close_contact():
                return self.safe(tick_s)
        self._were_closed = wanted
        return waits_until_s

    def safe(self, tick_s: float) -> float | None:
        """Open every contact, at once. Raises HardwareError after having tried all."""
        self._were_closed = Closed()
        try:
            self._open(range(len(self._lines)))
        finally:
            self._begin_pause(tick_s)
        return None

    def power_w(self) -> float:
        """What the load draws by the contacts that are closed."""
        return self._combinations.power_w(self._closed())

    def _begin_pause(self, tick_s: float) -> None:
        """From the moment at which it was written, and not from the beginning of the tick."""
        self._may_close_s = max(tick_s, self._monotonic_s()) + self._pause_s

    def _closed(self) -> Closed:
        return Closed(index for index, line in enumerate(self._lines) if line.contact_closed)

    def _open(self, indexes: Iterable[int]) -> None:
        try_all(self._lines[index].open_contact for index in indexes)
