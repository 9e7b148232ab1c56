"""What Victron says of a home by itself: which sites a token sees, and what a first reading has in it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from pv_heater.config.load import load_config
from pv_heater.core.model.lean import dataclass
from pv_heater.core.model.setting import Secret
from pv_heater.core.model.values import Reading
from pv_heater.errors import ConfigError, SourceError
from pv_heater.io.net.http import HttpClient
from pv_heater.io.net.request_budget import RequestBudget
from pv_heater.io.system.clock import SystemClock
from pv_heater.ports import Tools
from pv_heater.victron.vrm.api import VrmAccount, VrmApi
from pv_heater.victron.vrm.bodies import page_of_records

REQUESTS = 50
NO_LOAD = {"name": "none", "type": "dry_run", "max_power_w": 1000}
"""Settings need one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """One installation that a VRM account sees."""

    number: int
    name: str


def vrm_sites(token: str, base_url: str | None) -> list[Site]:
    """The installations of the account that this token belongs to. Raises SourceError."""
    account = VrmAccount(token=Secret(token), installation_id=1)
    account = account if base_url is None else replace(account, base_url=base_url)
    with closing(SystemClock()) as clock:
        http = HttpClient(account.base_url, who="VRM", secrets=(account.token,))
        try:
            api = VrmApi(http, account, budget=RequestBudget(REQUESTS, 0.0), clock=clock)
            user = api.get("/users/me").get("user")
            user_id = user.get("id") if isinstance(user, Mapping) else None
            if not isinstance(user_id, int):
                return []
            records = page_of_records(api.get(f"/users/{user_id}/installations"))
        finally:
            http.close()
    sites = [Site(number=item["idSite"], name=str(item.get("name", ""))) for item in records if "idSite" in item]
    return [site for site in sites if isinstance(site.number, int)]


def first_reading(meters: Sequence[Mapping[str, Any]], folder: Path) -> tuple[Reading | None, str | None]:
    """(what the first meter that answers says, why none did). `folder`: where its secret files lie."""
    try:
        config = load_config(
            {
                "meter": [_absolute(meter, folder) for meter in meters],
                "loads": [NO_LOAD],
            }
        )
    except ConfigError as error:
        return None, error.problems[0]
    why = None
    with closing(SystemClock()) as clock, TemporaryDirectory() as state:
        tools = Tools(clock=clock, site=config.site, state_dir=Path(state), pins=_no_pins)
        for row in config.meter:
            try:
                with closing(row.build(tools)) as meter:
                    reading: Reading = meter.read()
                return reading, None
            except SourceError as error:
                why = str(error)
    return None, why


def _no_pins() -> Any:
    raise SourceError("a meter needs no pins")


def _absolute(meter: Mapping[str, Any], folder: Path) -> dict[str, Any]:
    """The same with secret files by their whole path: there is no settings file yet that they could lie beside."""
    return {
        key: f"file:{folder.absolute() / item[5:]}" if isinstance(item, str) and item.startswith("file:") else item
        for key, item in meter.items()
    }
