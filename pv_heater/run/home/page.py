"""The page beside the loop: built where the settings ask for it, and never a reason not to heat."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from pv_heater.config.load import Config
from pv_heater.run.session import Startable
from pv_heater.status.home import Home
from pv_heater.status.newest import NewestDocument
from pv_heater.web.access.access import Access
from pv_heater.web.access.passwords import Cost
from pv_heater.web.access.routes import access_routes
from pv_heater.web.backup_routes import backup_routes
from pv_heater.web.calls import Route
from pv_heater.web.control_routes import control_routes
from pv_heater.web.detail_routes import detail_routes
from pv_heater.web.history_routes import history_routes
from pv_heater.web.message_routes import Testable, message_routes
from pv_heater.web.openapi import openapi_routes
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


class Page:
    """The server, and what is kept of its visitors."""

    def __init__(self, server: WebServer, access: Access) -> None:
        self._server, self._access = server, access

    @property
    def url(self) -> str | None:
        """Where the page is now; None while it is nowhere."""
        return self._server.url

    def start(self) -> None:
        """Begin to listen."""
        self._access.begin_setup()
        self._server.start()

    def stop(self) -> None:
        """Listen no longer; never waits."""
        self._server.stop()
        self._access.close()


def page_of(
    config: Config,
    home: Home,
    newest: NewestDocument,
    folder: Path,
    *,
    any_port: bool = False,
    messages: Testable | None = None,
) -> Startable:
    """The page of the settings, not started yet. `folder` is the state folder, where the login is kept.

    `any_port`: on a free one where the port of the settings is in use.
    """
    if config.web is None:
        return NoPage()
    try:
        return page_server(config.web, home, newest, folder, any_port=any_port, messages=messages)
    except ImportError as error:
        log.warning("there is no page, as %s is not installed; `. ./env.sh` installs it", error.name)
        return NoPage()


def page_server(
    settings: WebSettings,
    home: Home,
    newest: NewestDocument,
    folder: Path,
    *,
    any_port: bool = False,
    cost: Cost | None = None,
    messages: Testable | None = None,
) -> Page:
    """Server and application; `cost` is that of `Access`. Raises ImportError where bottle or waitress is missing."""
    from pv_heater.io.net.web_server import WebServer
    from pv_heater.web.application import application

    access = Access(folder, settings, now=_now, monotonic_s=time.monotonic, cost=cost)

    def made() -> Callable[..., Iterable[bytes]]:
        return application(
            [*tables(home, newest, time.monotonic, messages, settings), access_routes(access)], access.gate
        )

    server = WebServer(made, access.place, any_port=any_port, trusted_proxy=settings.trusted_proxy)
    return Page(server, access)


def _now() -> datetime:
    return datetime.now(UTC)


def tables(
    home: Home,
    newest: NewestDocument,
    monotonic_s: Callable[[], float],
    messages: Testable | None = None,
    settings: WebSettings | None = None,
) -> list[list[Route]]:
    """All that can be asked of the page; `monotonic_s` are real seconds. Without a library beyond Python's own."""
    return [
        static_routes(),
        openapi_routes(),
        status_routes(newest, home),
        control_routes(home),
        detail_routes(home),
        history_routes(home),
        settings_routes(home),
        backup_routes(home),
        message_routes(messages),
        *_earlier_routes(home, newest, settings, monotonic_s),
    ]


def _earlier_routes(
    home: Home, newest: NewestDocument, settings: WebSettings | None, monotonic_s: Callable[[], float]
) -> list[list[Route]]:
    if settings is None or settings.earlier is None:
        return []
    from pv_heater.web.earlier.tables import earlier_routes

    return [earlier_routes(home, newest, settings.earlier, monotonic_s)]
