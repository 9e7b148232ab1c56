"""Loads behind relays: one, or several as one load.

What each level of several closes is said by the settings, by the number of contacts, or by a standard:

- `Relay`: one contact.
- `Stages`: two or three unequal elements. Elements of 1 and 2 kW have four levels, off included: relay 1, relay 2,
  both. Star and delta of one heater are levels too; contacts that must never be closed together stand in no level
  together, and `exclusive` makes sure of that.
- `RelayBoard`: elements or pumps that are all alike. The power is the number of closed contacts, which take turns, for
  equal wear. Relays with loads of their own, each with its own place in the list, are loads of `type: relay`.
- `SgReady`: a heat pump, of which two contacts recommend, or order, that it runs while there is sun. Its states are
  contact 1 : contact 2. 0:0 normal, 0:1 recommended, 1:1 ordered; 1:0 blocks the pump and is never used here. Off is
  0:0: the pump goes on by its own rules, so it may draw power while it is off for us. The powers are what it draws more
  than that. Makers differ in what they do at each state; the pump's manual has the table.
"""

from __future__ import annotations

from pv_heater.core.model.lean import dataclass
from pv_heater.core.model.setting import SettingProblem, setting
from pv_heater.core.model.values import Setpoint
from pv_heater.core.settings.load import LoadSettings
from pv_heater.core.settings.pins import RelayPin
from pv_heater.io.gpio.pins import Pins, RelayLine
from pv_heater.loads.pins.pin_load import PinLoad
from pv_heater.loads.pins.relay_bank import Closed, LevelTable, RelayBank, RelayBankSettings
from pv_heater.ports import Tools

STATES = ("01", "10", "11")
"""Contact 1, then contact 2; 1 is closed (the four states as in SMA's manual EDMM-20, SG Ready interface)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RelaySettings(LoadSettings):
    """A load that a relay switches."""

    relay: RelayPin = setting("the relay")

    adjustable = False


class Relay(PinLoad):
    """A load behind a relay: on or off, nothing between.

    Satisfies `ports.Load`. The contact is set at every call, so a lost write repairs itself.
    """

    Settings = RelaySettings

    def __init__(self, settings: RelaySettings, tools: Tools) -> None:
        self._power_w = settings.max_power_w
        pins: Pins = tools.pins()
        self._line: RelayLine = pins.relay(settings.relay)
        super().__init__(settings.name, [self._line])

    def apply(self, setpoint: Setpoint, tick_s: float) -> float | None:  # noqa: ARG002 - a relay is never on its way
        """Close or open the contact. Never asks for an early tick. Raises HardwareError."""
        if setpoint.on:
            self._line.close_contact()
        else:
            self._line.open_contact()
        return None

    def safe(self, tick_s: float) -> float | None:  # noqa: ARG002 - a relay is never on its way
        """Open the contact. Raises HardwareError."""
        self._line.open_contact()
        return None

    def power_w(self) -> float:
        """Its whole power while the contact is closed, else 0."""
        return self._power_w if self._line.contact_closed else 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Level:
    """One power, and how it is made."""

    power_w: float = setting("what the load draws at this level", unit="W", minimum=1, maximum=100_000)
    closed: tuple[int, ...] = setting("the relays closed for it, by their place in the list: [1], [2], [1, 2]")


@dataclass(frozen=True, slots=True, kw_only=True)
class StagesSettings(RelayBankSettings):
    """A load with a few powers, made by relays."""

    levels: tuple[Level, ...] = setting("what can be drawn, from the least to the most; off needs no level")
    exclusive: bool = setting("true: no two relays are ever closed together, and levels that say so are refused",
                              default=False)  # fmt: skip
    pause_s: float = setting(
        "after a contact opened, none closes for this long, so that no two ever overlap", default=0.5, unit="s",
        minimum=0, maximum=60,
    )  # fmt: skip
    level_dwell_s: float = setting(
        "after a change it stays at least this long before it climbs to a higher level", default=60.0, unit="s",
        minimum=0, maximum=3600,
    )  # fmt: skip

    def __post_init__(self) -> None:
        if not self.levels:
            raise SettingProblem("must hold at least one level", "levels")
        for index, level in enumerate(self.levels):
            self._check_level(level, f"levels.{index}")
        for before, after in zip(self.levels, self.levels[1:], strict=False):
            if after.power_w <= before.power_w:
                raise SettingProblem(
                    f"must rise, but {after.power_w:g} W follows {before.power_w:g} W; leave out what is not used",
                    "levels",
                )
        RelayBankSettings.__post_init__(self)

    def _check_level(self, level: Level, key: str) -> None:
        wrong = [number for number in level.closed if not 1 <= number <= len(self.relays)]
        if wrong:
            raise SettingProblem(f"names relay {wrong[0]}, but there are {len(self.relays)}", f"{key}.closed")
        if not level.closed:
            raise SettingProblem("must name at least one relay", f"{key}.closed")
        if self.exclusive and len(set(level.closed)) > 1:
            raise SettingProblem("closes several relays together, which `exclusive: true` forbids", f"{key}.closed")

    @property
    def levels_w(self) -> tuple[float, ...]:
        """The powers of its levels."""
        return tuple(level.power_w for level in self.levels)


class Stages(RelayBank):
    """Two or three elements on relays as one load: each level names the relays that are closed for it.

    Satisfies `ports.Load`. Raises HardwareError when a pin cannot be used.
    """

    Settings = StagesSettings

    def __init__(self, settings: StagesSettings, tools: Tools) -> None:
        table = {level.power_w: Closed(number - 1 for number in level.closed) for level in settings.levels}
        super().__init__(settings.name, tools, settings.relays, LevelTable(table), pause_s=settings.pause_s)


@dataclass(frozen=True, slots=True, kw_only=True)
class RelayBoardSettings(RelayBankSettings):
    """Equal loads behind relays, switched one by one."""

    step_w: float = setting("what each of them switches", unit="W", minimum=1, maximum=100_000)
    level_dwell_s: float = setting(
        "after a change it stays at least this long before more relays close", default=60.0, unit="s",
        minimum=0, maximum=3600,
    )  # fmt: skip

    def __post_init__(self) -> None:
        if not self.relays:
            raise SettingProblem("must hold at least one relay", "relays")
        RelayBankSettings.__post_init__(self)

    @property
    def levels_w(self) -> tuple[float, ...]:
        """One level for each number of closed relays."""
        return tuple(self.step_w * count for count in range(1, len(self.relays) + 1))


class RelayBoard(RelayBank):
    """A board of equal relays as one load: its power is the number of closed contacts. They take turns, for equal wear.

    Satisfies `ports.Load`. Raises HardwareError when a pin cannot be used.
    """

    Settings = RelayBoardSettings

    def __init__(self, settings: RelayBoardSettings, tools: Tools) -> None:
        rota = Rota(len(settings.relays), settings.step_w)
        super().__init__(settings.name, tools, settings.relays, rota)


class Rota:
    """Satisfies `loads.relay_bank.Combinations`: the relay that has rested longest closes, the longest closed opens."""

    def __init__(self, count: int, step_w: float) -> None:
        self._step_w = step_w
        self._queue = list(range(count))
        """All relays, those that changed longest ago first."""

    def closed_for(self, power_w: float, closed: Closed) -> Closed:
        """As many as the power needs, with as few changes as can be."""
        count = min(len(self._queue), round(power_w / self._step_w))
        on = [index for index in self._queue if index in closed]
        off = [index for index in self._queue if index not in closed]
        changed = on[: len(on) - count] if len(on) > count else off[: count - len(on)]
        self._queue = [index for index in self._queue if index not in changed] + changed
        return closed ^ Closed(changed)

    def power_w(self, closed: Closed) -> float:
        """Each switches the same."""
        return self._step_w * len(closed)


@dataclass(frozen=True, slots=True, kw_only=True)
class SgReadySettings(RelayBankSettings):
    """A heat pump that is told when there is sun. Compressors want long times: 15 min on, 10 min off by default."""

    recommended_w: float = setting("what it draws more in the recommended state", unit="W", minimum=1, maximum=100_000)
    recommended_state: str = setting("the contacts of that state; 1 is closed", default="01", choices=STATES)
    ordered_w: float | None = setting(
        "what it draws more in the ordered state; empty: that state is not used", default=None, unit="W", minimum=1,
        maximum=100_000,
    )  # fmt: skip
    ordered_state: str = setting("the contacts of that state; 1 is closed", default="11", choices=STATES)
    min_on_s: float = setting(
        "once on, it stays on at least this long (safety excepted)", default=900.0, unit="s", minimum=600,
        maximum=86_400,
    )  # fmt: skip
    min_off_s: float = setting(
        "once off, it stays off at least this long", default=600.0, unit="s", minimum=600, maximum=86_400
    )
    start_delay_s: float = setting(
        "the surplus must last this long before it starts", default=120.0, unit="s", minimum=0, maximum=3600
    )
    level_dwell_s: float = setting(
        "after a change it stays at least this long before the ordered state", default=600.0, unit="s",
        minimum=60, maximum=3600,
    )  # fmt: skip
    obeys = False

    def __post_init__(self) -> None:
        if len(self.relays) != 2:
            raise SettingProblem(f"must be two contacts, not {len(self.relays)}", "relays")
        if self.power_from is not None:
            raise SettingProblem("cannot be used: a heat pump also draws for reasons of its own", "power_from")
        if self.ordered_w is not None and self.ordered_w <= self.recommended_w:
            raise SettingProblem(f"must be above recommended_w ({self.recommended_w:g} W)", "ordered_w")
        if self.ordered_w is not None and self.ordered_state == self.recommended_state:
            raise SettingProblem("must differ from recommended_state", "ordered_state")
        RelayBankSettings.__post_init__(self)

    @property
    def levels_w(self) -> tuple[float, ...]:
        """Recommended, and ordered where that is used."""
        return (self.recommended_w,) if self.ordered_w is None else (self.recommended_w, self.ordered_w)


class SgReady(RelayBank):
    """A heat pump with an SG-Ready input: two contacts recommend, or order, that it runs while there is sun.

    Satisfies `ports.Load`. Raises HardwareError when a pin cannot be used.
    """

    Settings = SgReadySettings

    def __init__(self, settings: SgReadySettings, tools: Tools) -> None:
        states = (settings.recommended_state, settings.ordered_state)
        levels = zip(settings.levels_w, states, strict=False)
        table = {
            level_w: Closed(index for index, contact in enumerate(state) if contact == "1") for level_w, state in levels
        }
        super().__init__(settings.name, tools, settings.relays, LevelTable(table))
