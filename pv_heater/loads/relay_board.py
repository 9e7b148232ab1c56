"""A board of equal relays as one load: its power is the number of closed contacts. They take turns, for equal wear.

For elements or pumps that are all alike. Relays with loads of their own, each with its own place in the list, are
loads of `type: relay`; unequal elements of one heater are `type: stages`.
"""

from __future__ import annotations

from attrs import frozen

from pv_heater.core.setting import SettingProblem, setting
from pv_heater.loads.relay_bank import Closed, RelayBank, RelayBankSettings
from pv_heater.ports import Tools


@frozen(kw_only=True)
class RelayBoardSettings(RelayBankSettings):
    """Equal loads behind relays, switched one by one."""

    step_w: float = setting("what each of them switches", unit="W", minimum=1, maximum=100_000)
    level_dwell_s: float = setting(
        "after a change it stays at least this long before more relays close", default=60.0, unit="s",
        minimum=0, maximum=3600,
    )  # fmt: skip

    def __attrs_post_init__(self) -> None:
        if not self.relays:
            raise SettingProblem("must hold at least one relay", "relays")
        RelayBankSettings.__attrs_post_init__(self)

    @property
    def levels_w(self) -> tuple[float, ...]:
        """One level for each number of closed relays."""
        return tuple(self.step_w * count for count in range(1, len(self.relays) + 1))


class RelayBoard(RelayBank):
    """Satisfies `ports.Load`. Raises HardwareError when a pin cannot be used."""

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
