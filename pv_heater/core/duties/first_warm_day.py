"""The first warm day: in the day before its owner comes home, what gives hot water is made ready.

The vacation then holds back the other loads only: the sun heats the tank again, what came due against legionella is
done, and the minimum of a load is to be met by the hour of the return, in the quarters that cost least.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime

from pv_heater.core.house.facts import HouseFacts
from pv_heater.core.house.guards import Block
from pv_heater.core.model.rule_id import Rule
from pv_heater.core.settings.home import READY_WITHIN
from pv_heater.core.settings.load import LoadSettings


def is_made_ready(policy: LoadSettings) -> bool:
    """Whether its owner expects something of it on the first day."""
    return policy.daily_min_wh is not None or policy.hot_water is not None


def returns_at(away_until_at: datetime | None, now: datetime) -> datetime | None:
    """When the owner comes home, where that is near enough to get ready for; None else."""
    return away_until_at if away_until_at is not None and away_until_at - now <= READY_WITHIN else None


def of_site_and_loads(
    site: tuple[Block, ...], house: HouseFacts, ready: Collection[str], names: Iterable[str]
) -> tuple[tuple[Block, ...], Mapping[str, Block]]:
    """(what blocks the whole site, what blocks single loads) when the loads in `ready` may be made ready."""
    away = next((block for block in site if block.guard is Rule.VACATION), None)
    if away is None or not ready or not house.knows_time or returns_at(house.vacation_until_at, house.now) is None:
        return site, {}
    return tuple([block for block in site if block is not away]), {name: away for name in names if name not in ready}
