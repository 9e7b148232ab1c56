"""The house as the Victron portal (VRM) sees it. Works from anywhere; as old as the site's logging interval."""

from __future__ import annotations

import logging
from typing import Any

from pv_heater.core.model.lean import dataclass
from pv_heater.core.model.setting import setting
from pv_heater.core.model.values import Reading
from pv_heater.errors import AuthRejected, RateLimited, SourceError
from pv_heater.io.net.http import HttpClient
from pv_heater.io.net.request_budget import RequestBudget
from pv_heater.io.system.log import Complaints
from pv_heater.ports import Tools
from pv_heater.victron.vrm.api import Forbidden, VrmAccount, VrmApi
from pv_heater.victron.vrm.records import reading_from_bodies

log = logging.getLogger(__name__)

_DAY_S = 86_400.0
_OVERVIEW_RETRY_S = 3600.0


class VrmMeter:
    """Polls VRM; satisfies `ports.Meter`. For use by one thread."""

    @dataclass(frozen=True, slots=True, kw_only=True)
    class Settings(VrmAccount):
        """Where and as whom VRM is asked, and how often."""

        interval_s: float = setting(
            "how often VRM is asked; its data are no newer than the GX device's own log interval",
            default=60.0,
            unit="s",
            minimum=1,
            maximum=900,
        )
        max_requests_per_hour: int = setting(
            "polls are spaced out when more would be needed; a full hour's worth may go out at once after a start",
            default=200,
            minimum=1,
            maximum=10_000,
        )

    def __init__(self, settings: Settings, tools: Tools) -> None:
        self._settings = settings
        self._clock = tools.clock
        self._budget = RequestBudget(settings.max_requests_per_hour, self._clock.monotonic_s())
        self._http = HttpClient(settings.base_url, who="VRM", secrets=(settings.token, settings.password))
        self.api = VrmApi(self._http, settings, budget=self._budget, clock=self._clock)
        self._poll_requests = 1
        self._overview: Any = None
        self._overview_due_s = self._clock.monotonic_s()
        self._diagnostics_due_s = self._clock.monotonic_s()
        self._complain = Complaints(log)

    @property
    def interval_s(self) -> float:
        """Seconds until the next poll makes sense and can be paid for."""
        wait_s = self._budget.seconds_until(self._poll_requests, self._clock.monotonic_s())
        return max(self._settings.interval_s, wait_s)

    @property
    def clock_offset_s(self) -> float | None:
        """VRM's clock minus ours in seconds at the newest answer; None before the first."""
        return self.api.clock_offset_s

    def read(self) -> Reading:
        """The newest values, dated by when the site logged them; raises SourceError."""
        return reading_from_bodies(self.raw_poll(), poll_interval_s=self._settings.interval_s, complain=self._complain)

    def close(self) -> None:
        """Give the connection to VRM back."""
        self._http.close()

    def raw_poll(self) -> dict[str, Any]:
        """The raw answers of one poll, as `reading_from_bodies` takes them; raises SourceError."""
        wait_s = self._budget.seconds_until(self._poll_requests, self._clock.monotonic_s())
        if wait_s > 0:
            raise RateLimited(
                f"The limit of {self._settings.max_requests_per_hour} requests to VRM an hour is used up for now; "
                f"the next one is due in {wait_s:.0f} s.",
                retry_after_s=wait_s,
            )
        self.api.begin_poll()
        bodies = self._values()
        bodies["system_overview"] = self._system_overview()
        return bodies

    def _values(self) -> dict[str, Any]:
        """All diagnostics; the short status where this account must not see them."""
        site = self._settings.installation_id
        if self._clock.monotonic_s() >= self._diagnostics_due_s:
            try:
                pages = self.api.diagnostics(site)
                self._poll_requests = len(pages)
                return {"diagnostics": pages}
            except Forbidden:
                pass
        bodies = {"extended": self._extended(site)}
        if self._clock.monotonic_s() >= self._diagnostics_due_s:
            log.info("VRM does not show this account the diagnostics of site %d; its short status is read.", site)
        # Permissions change rarely: asking every time would double the requests.
        self._diagnostics_due_s = self._clock.monotonic_s() + _DAY_S
        self._poll_requests = 1
        return bodies

    def _extended(self, site: int) -> Any:
        try:
            return self.api.extended(site)
        except AuthRejected:
            # Refused twice, it may be the login itself; the next poll begins with a new one.
            self.api.forget_login()
            self._diagnostics_due_s = self._clock.monotonic_s()
            raise

    def _system_overview(self) -> Any:
        """The newest system-overview, asked daily for the log interval; without it readings go on."""
        now_s = self._clock.monotonic_s()
        if now_s >= self._overview_due_s:
            self._overview_due_s = now_s + _DAY_S
            try:
                self._overview = self.api.system_overview(self._settings.installation_id)
            except SourceError as error:
                self._overview_due_s = now_s + _OVERVIEW_RETRY_S
                log.debug("VRM did not tell the log interval of the site: %s", error)
        return self._overview
