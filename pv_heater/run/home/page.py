"""The page beside the loop: built where the settings ask for it, and never a reason not to heat."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from pv_heater.config.load import Config
from pv_heater.ports import Home
from pv_heater.run.session import Startable
from pv_heater.web.calls import Route
from pv_heater.web.control_routes import control_routes
from pv_heater.web.detail_routes import detail_routes
from pv_heater.web.settings import WebSettings
from pv_heater.web.settings_routes import settings_routes
from pv_heater.web.static_files import static_routes
from pv_heater.web.status_routes import status_routes

if TYPE_CHECKING:
    from pv_heater.io.net.web_server import WebServer

log = logging.getLogger(__name__)


class NoPage:
    """Where nobody asks for a page."""

    def start(self) -> None:
        """Nothing to begin."""

    def stop(self) -> None:
        """Nothing to end."""


def page_of(config: Config, home: Home, *, any_port: bool = False) -> Startable:
    """The page of the settings, not started yet. `any_port`: on a free one where the port of the settings is in use."""
    if config.web is None:
        return NoPage()
    if not config.web.is_local:
        log.warning("there is no page: web.listen must be this machine (127.0.0.1) as long as nobody has to log in")
        return NoPage()
    try:
        return page_server(config.web, home, any_port=any_port)
    except ImportError as error:
        log.warning("there is no page, as %s is not installed; `. ./env.sh` installs it", error.name)
        return NoPage()


def page_server(settings: WebSettings, home: Home, *, any_port: bool = False) -> WebServer:
    """Server and application. Raises ImportError where bottle or waitress is missing."""
    from pv_heater.io.net.web_server import WebServer
    from pv_heater.web.application import OpenGate, application

    def made() -> Callable[..., Iterable[bytes]]:
        return application(tables(home, time.monotonic), OpenGate())

    host, port = settings.address
    return WebServer(made, host, port, any_port=any_port)


def tables(home: Home, monotonic_s: Callable[[], float]) -> list[list[Route]]:
    """All that can be asked of the page; `monotonic_s` are real seconds. Without a library beyond Python's own."""
    return [
        static_routes(),
        status_routes(home, monotonic_s),
        control_routes(home),
        detail_routes(home),
        settings_routes(home),
    ]
