"""A heat pump with an SG-Ready input: two contacts recommend, or order, that it runs while there is sun.

Its states are contact 1 : contact 2. 0:0 normal, 0:1 recommended, 1:1 ordered; 1:0 blocks the pump and is never used
here. Off is 0:0: the pump goes on by its own rules, so it may draw power while it is off for us. The powers are what it
draws more than that. Makers differ in what they do at each state; the pump's manual has the table.
"""

from __future__ import annotations

from attrs import frozen

from pv_heater.core.setting import SettingProblem, setting
from pv_heater.loads.relay_bank import Closed, LevelTable, RelayBank, RelayBankSettings
from pv_heater.ports import Tools

STATES = ("01", "10", "11")
"""Contact 1, then contact 2; 1 is closed (the four states as in SMA's manual EDMM-20, SG Ready interface)."""


@frozen(kw_only=True)
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

    def __attrs_post_init__(self) -> None:
        if len(self.relays) != 2:
            raise SettingProblem(f"must be two contacts, not {len(self.relays)}", "relays")
        if self.power_from is not None:
            raise SettingProblem("cannot be used: a heat pump also draws for reasons of its own", "power_from")
        if self.ordered_w is not None and self.ordered_w <= self.recommended_w:
            raise SettingProblem(f"must be above recommended_w ({self.recommended_w:g} W)", "ordered_w")
        if self.ordered_w is not None and self.ordered_state == self.recommended_state:
            raise SettingProblem("must differ from recommended_state", "ordered_state")
        RelayBankSettings.__attrs_post_init__(self)

    @property
    def levels_w(self) -> tuple[float, ...]:
        """Recommended, and ordered where that is used."""
        return (self.recommended_w,) if self.ordered_w is None else (self.recommended_w, self.ordered_w)


class SgReady(RelayBank):
    """Satisfies `ports.Load`. Raises HardwareError when a pin cannot be used."""

    Settings = SgReadySettings

    def __init__(self, settings: SgReadySettings, tools: Tools) -> None:
        states = (settings.recommended_state, settings.ordered_state)
        levels = zip(settings.levels_w, states, strict=False)
        table = {
            level_w: Closed(index for index, contact in enumerate(state) if contact == "1") for level_w, state in levels
        }
        super().__init__(settings.name, tools, settings.relays, LevelTable(table))
