"""Who else steers the battery, or spends the same surplus, as the meter tells it: Victron's own brains."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum

from pv_heater.core.model.checks import in_utc, require_finite
from pv_heater.core.model.lean import dataclass


class By(StrEnum):
    """Who steers the battery."""

    DYNAMIC_ESS = "dynamic_ess"
    SCHEDULED_CHARGING = "scheduled_charging"
    SUSTAIN = "sustain"
    """ESS holds an empty battery up with the grid."""
    RECHARGE = "recharge"
    """ESS brings an empty battery back to its minimum."""
    EXTERNAL_CONTROL = "external_control"
    """Somebody else sets the grid's power, and nobody tells who."""
    KEEP_CHARGED = "keep_charged"


class Does(StrEnum):
    """What becomes of the battery."""

    FOLLOWS = "follows"
    """It takes what sun is left and gives what is missing, as without anybody."""
    CHARGES = "charges"
    HOLDS = "holds"
    SELLS = "sells"
    """It is discharged on purpose."""
    UNKNOWN = "unknown"


WHO: Mapping[By, str] = {
    By.DYNAMIC_ESS: "Dynamic ESS",
    By.SCHEDULED_CHARGING: "scheduled charging",
    By.SUSTAIN: "ESS",
    By.RECHARGE: "ESS",
    By.EXTERNAL_CONTROL: "external control of ESS",
    By.KEEP_CHARGED: "ESS",
}
"""As people call them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Steering:
    """What is told of them. None is not told, never 0."""

    by: By | None = None
    """None: nobody steers the battery."""
    does: Does = Does.UNKNOWN
    charge_w: float | None = None
    """The power the battery is to be charged with, W; below 0 it is to be discharged."""
    target_percent: float | None = None
    """The charge it is brought to now."""
    ahead_percent: float | None = None
    """The highest charge that is planned for later, before it is to fall again."""
    until_at: datetime | None = None
    """When what it does now ends, by what is planned."""
    opportunity_loads: bool = False
    """Whether Victron's Opportunity Loads spends the same surplus."""

    def __post_init__(self) -> None:
        if self.by is not None:
            object.__setattr__(self, "by", By(self.by))
        object.__setattr__(self, "does", Does(self.does))
        for name in ("charge_w", "target_percent", "ahead_percent"):
            require_finite(name, getattr(self, name))
        if self.until_at is not None:
            object.__setattr__(self, "until_at", in_utc("until_at", self.until_at))

    @property
    def planned_percent(self) -> float | None:
        """The charge it is to have, now or later; None: not told."""
        return max(
            [percent for percent in (self.target_percent, self.ahead_percent) if percent is not None], default=None
        )
