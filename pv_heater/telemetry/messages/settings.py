"""The settings of messages: who is told, and when nobody is to be woken."""

from __future__ import annotations

from datetime import time
from typing import Any

from pv_heater.core.model.lean import dataclass
from pv_heater.core.model.setting import SettingProblem, setting

KINDS = (
    "hardware", "too_hot", "probe_lost", "temperature_lost", "unreachable", "no_reading", "hygiene_overdue",
    "guarantee_missed", "forced_long", "state_not_saved", "history_not_written", "low_voltage", "grid_lost",
    "soft_fuse", "inverter", "clock", "slow_source",
)  # fmt: skip
"""Of `pv_heater.telemetry.messages.kinds`, which only a home with messages loads."""


def _check_kinds(names: tuple[str, ...]) -> None:
    for name in names:
        if name not in KINDS:
            raise SettingProblem(f"must be kinds of messages, not {name!r}; there is {', '.join(KINDS)}")


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageSettings:
    """Messages about what is wrong, and the day's summary."""

    to: tuple[Any, ...] = setting("who is told, and how: a group with `type:` first, or a list of them")
    language: str = setting("in which language", default="en", choices=("en", "de", "fr"))
    quiet_from: time = setting("from this hour on only danger is told", default=time(22, 0))
    quiet_to: time = setting(
        "until this hour; what came meanwhile is told then. The same as quiet_from: no quiet hours", default=time(7, 0)
    )
    summary: bool = setting("true: each day is summed up", default=True)
    summary_at: time = setting("when it is", default=time(20, 30))
    transitions: bool = setting("true: also when a load goes on or off", default=False)
    also: tuple[str, ...] = setting(
        "kinds that are told beside the usual ones: grid_lost, soft_fuse, inverter, clock, slow_source",
        default=(),
        check=_check_kinds,
    )
    without: tuple[str, ...] = setting("kinds that are not told", default=(), check=_check_kinds)

    def __post_init__(self) -> None:
        if not self.to:
            raise SettingProblem("must name somebody; without messages leave `messages:` out", "to")
