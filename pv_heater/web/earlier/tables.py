"""Which system has which routes."""

from __future__ import annotations

from collections.abc import Callable

from pv_heater.status.home import Home
from pv_heater.status.newest import NewestDocument
from pv_heater.web.calls import Route
from pv_heater.web.earlier.esp_router import esp_router_routes
from pv_heater.web.earlier.home import EarlierHome
from pv_heater.web.earlier.pv_router import pv_router_routes
from pv_heater.web.earlier.pvmonit import pvmonit_routes
from pv_heater.web.settings import EarlierClients

TABLES: dict[str, Callable[[EarlierHome], list[Route]]] = {
    "esp_router": esp_router_routes,
    "pv_router": lambda earlier: pv_router_routes(earlier, esp32=False),
    "pv_router_esp32": lambda earlier: pv_router_routes(earlier, esp32=True),
    "pvmonit": pvmonit_routes,
}


def earlier_routes(
    home: Home, newest: NewestDocument, settings: EarlierClients, monotonic_s: Callable[[], float]
) -> list[Route]:
    """The rows of those that the settings name."""
    earlier = EarlierHome(home, newest, settings, monotonic_s)
    return [route for word in settings.clients for route in TABLES[word](earlier)]
