"""What an owner may set of the history that is kept."""

from __future__ import annotations

from pv_heater.core.model.lean import dataclass
from pv_heater.core.model.setting import setting


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """How much is kept of what happened, and where."""

    keep: bool = setting("false: keep no history; `history: off` says the same", default=True)
    file: str | None = setting("the file; auto is history.db in state_dir", default=None)
    seconds_days: int = setting("values of every 10 s are kept so long", default=3, unit="days", minimum=1, maximum=60)
    minutes_days: int = setting("then means of a minute, so long", default=60, unit="days", minimum=1, maximum=1000)
    quarters_days: int = setting(
        "energies and means of a quarter hour are kept so long; the figures of each day for ever",
        default=1096,
        unit="days",
        minimum=30,
        maximum=20_000,
    )
    backups: int = setting(
        "a copy of the file is made each night, and so many are kept in the folder backups beside it; 0: none",
        default=7,
        minimum=0,
        maximum=100,
    )
