"""The home as others may see it and ask it while it runs: one object behind the control socket and the page."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from pv_heater.config.load import Config
from pv_heater.core.model.lean import to_jsonable
from pv_heater.core.model.prices import KnownPrices
from pv_heater.core.model.status import Status
from pv_heater.core.model.values import Forecast
from pv_heater.core.settings.home import Site
from pv_heater.core.settings.load import BatteryShare, LoadSettings
from pv_heater.ports import Follower
from pv_heater.run.home.newest import NewestStatus
from pv_heater.run.identity import Identity
from pv_heater.run.journal import Journal
from pv_heater.run.loop import Loop
from pv_heater.run.outputs import owner_of
from pv_heater.run.requests import CommandHandler

if TYPE_CHECKING:
    from pv_heater.status.home import HistoryReader, SettingsEditor

OWN_TARIFF = "tariff"
"""Who tells the prices that stand in the settings."""


class RunningHome:
    """Satisfies `status.home.Home`. From any thread; nothing here waits for the loop."""

    def __init__(
        self,
        config: Config,
        loop: Loop,
        newest: NewestStatus,
        journal: Journal,
        *,
        outputs: str,
        since_at: datetime,
        log_file: Path | None = None,
        is_demo: bool = False,
        sources: Callable[[], Sequence[Any]] = tuple,
        troubles: Callable[[], Mapping[str, str]] = dict,
        settings: SettingsEditor | None = None,
        history: HistoryReader | None = None,
        market: Callable[[], KnownPrices | None] = lambda: None,
        followers: Mapping[str, Follower] | None = None,
        report: Callable[[], Mapping[str, Any] | None] = lambda: None,
    ) -> None:
        """`outputs` is that of `Identity`, `sources` and `troubles` those of `CommandHandler`."""
        self.settings = settings
        self.followers: Mapping[str, Follower] = followers or {}
        self._loop, self._newest, self._journal = loop, newest, journal
        self._sources, self._troubles, self._market = sources, troubles, market
        self._identity = Identity(
            home=config.site.name,
            file=owner_of(config),
            pid=os.getpid(),
            since_at=since_at.astimezone(ZoneInfo(config.site.timezone)),
            outputs=outputs,
        )
        self.site: Site = config.site
        self.log_file = log_file
        self.is_demo = is_demo
        self.history = history
        self.report: Callable[[], Mapping[str, Any] | None] = report
        self.kinds: Mapping[str, str] = {
            row.settings.name: row.type for row in config.loads if not isinstance(row, BatteryShare)
        }
        self.ask = CommandHandler(loop, self.status, sources, journal, troubles, report)

    def status(self) -> Status | None:
        """The newest tick."""
        return self._newest.status

    def forecast(self) -> Forecast | None:
        """What the newest tick was told to expect of the sun."""
        return self._newest.forecast

    def prices(self) -> KnownPrices | None:
        """Those that the newest tick went by: the market's, and the settings' own where that tells none."""
        periods, market = self._loop.prices, self._market()
        if not periods:
            return None
        if market is None:
            return KnownPrices(periods=periods, source=OWN_TARIFF)
        return KnownPrices(periods=periods, source=market.source, licence=market.licence)

    def policies(self) -> Mapping[str, LoadSettings]:
        """The settings of each load."""
        return self._loop.policies

    def identity(self) -> Mapping[str, Any]:
        """Whom this controller speaks for."""
        return self._identity.as_json()

    def entries(self, load: str | None, count: int) -> Sequence[Mapping[str, Any]]:
        """The journal's last, as plain JSON types."""
        found: list[dict[str, Any]] = to_jsonable(self._journal.last(count, load))
        return found

    def sources(self) -> Sequence[Mapping[str, Any]]:
        """How each source fares, as plain JSON types."""
        found: list[dict[str, Any]] = to_jsonable(list(self._sources()))
        return found

    def troubles(self) -> Mapping[str, str]:
        """What is wrong beside sources and loads."""
        return self._troubles()
