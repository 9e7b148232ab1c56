"""Two or three elements on relays as one load: each level names the relays that are closed for it.

Elements of 1 and 2 kW have four levels, off included: relay 1, relay 2, both. Star and delta of one heater are levels
too; contacts that must never be closed together stand in no level together, and `exclusive` makes sure of that.
"""

from __future__ import annotations

from attrs import frozen

from pv_heater.core.setting import SettingProblem, setting
from pv_heater.loads.relay_bank import Closed, LevelTable, RelayBank, RelayBankSettings
from pv_heater.ports import Tools


@frozen(kw_only=True)
class Level:
    """One power, and how it is made."""

    power_w: float = setting("what the load draws at this level", unit="W", minimum=1, maximum=100_000)
    closed: tuple[int, ...] = setting("the relays closed for it, by their place in the list: [1], [2], [1, 2]")


@frozen(kw_only=True)
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

    def __attrs_post_init__(self) -> None:
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
        RelayBankSettings.__attrs_post_init__(self)

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
    """Satisfies `ports.Load`. Raises HardwareError when a pin cannot be used."""

    Settings = StagesSettings

    def __init__(self, settings: StagesSettings, tools: Tools) -> None:
        table = {level.power_w: Closed(number - 1 for number in level.closed) for level in settings.levels}
        super().__init__(settings.name, tools, settings.relays, LevelTable(table), pause_s=settings.pause_s)
