"""The hand-written description of the API, held true against the real server with a simulated home behind it."""

from __future__ import annotations

import json
import os
import re
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis import GenerationMode
from schemathesis.checks import CHECKS, load_all_checks
from schemathesis.config import SchemathesisConfig

from pv_heater.io.net.web_server import WebServer
from pv_heater.web.access.access import Access
from pv_heater.web.access.passwords import Cost
from pv_heater.web.access.routes import access_routes
from pv_heater.web.application import application
from pv_heater.web.calls import Route, Scope
from pv_heater.web.openapi import DOCUMENT
from pv_heater.web.settings import WebSettings
from tests.run.test_settings_editor import Desk
from tests.waiting import until
from tests.web.rig import WebHome

EXAMPLES = int(os.environ.get("API_EXAMPLES", "8"))
"""Of each kind (what should be taken, what should be refused) for each operation; `make fuzz-api` tries more."""
SPEC = json.loads(DOCUMENT.read_text(encoding="utf-8"))
STATIC = re.compile(r"/|/index\.html|/v/.*|/[\w./-]+\.(js|css|json|svg|png|ico|webmanifest)")
load_all_checks()
CHEAP = Cost(n=16, r=1, p=1)
LEFT_OUT = [CHECKS.get_one(name) for name in ("ignored_auth", "missing_required_header")]
"""Without a password this machine may do everything; If-Match has a status of its own where it is missing."""


ALL = {"earlier": {"clients": ["esp_router", "pv_router", "pvmonit"]}}
ESP32 = {"earlier": {"clients": ["pv_router_esp32"]}}
"""Every client of an earlier system; two of them answer at the same addresses."""


def whole(house: WebHome, folder: Path) -> tuple[list[list[Route]], Access]:
    """All tables of a page, and its login."""
    access = Access(folder, WebSettings(), now=lambda: datetime.now(UTC), monotonic_s=time.monotonic, cost=CHEAP)
    return [*house.tables, list(access_routes(access))], access


def api_rows(tables: list[list[Route]]) -> dict[tuple[str, str], Scope]:
    return {
        (route.method.lower(), route.path.replace("<", "{").replace(">", "}")): route.scope
        for table in tables
        for route in table
        if route.path.startswith(("/api/", "/health")) or not STATIC.fullmatch(route.path)
    }


def test_the_description_names_every_route_with_its_scope_and_nothing_else(tmp_path: Path) -> None:
    described = {
        (method, path): operation["x-scope"]
        for path, item in SPEC["paths"].items()
        for method, operation in item.items()
    }
    served = api_rows(whole(WebHome(web=ALL), tmp_path)[0]) | api_rows(whole(WebHome(web=ESP32), tmp_path)[0])
    assert described == {row: str(scope) for row, scope in served.items()}


def test_what_is_there_for_earlier_clients_only_is_marked(tmp_path: Path) -> None:
    always = api_rows(whole(WebHome(), tmp_path)[0])
    marked = {
        (method, path): operation.get("x-earlier", False)
        for path, item in SPEC["paths"].items()
        for method, operation in item.items()
    }
    assert {row for row, is_earlier in marked.items() if not is_earlier} == set(always)


def test_it_is_served_as_it_stands() -> None:
    house = WebHome()
    reply = house.get("/api/v1/openapi.json")
    assert reply.json == SPEC
    assert house.get("/api/v1/openapi.json", if_none_match=reply.headers["etag"]).status == 304


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Desk:
    """Settings that can be changed."""
    return Desk(tmp_path_factory.mktemp("settings"))


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory, desk: Desk) -> Iterator[str]:
    """A home that ticks all the time, behind the real server."""
    folder: Path = tmp_path_factory.mktemp("api")
    log = folder / "heater.log"
    log.write_text("one line\n")
    house = WebHome(log_file=log, editor=desk.editor, web=ALL)
    house.tick()
    ended = threading.Event()

    def tick() -> None:
        while not ended.wait(0.05):
            house.tick()

    ticking = threading.Thread(target=tick, daemon=True)
    ticking.start()
    tables, access = whole(house, folder)
    server = WebServer(lambda: application(tables, access.gate), lambda: ("127.0.0.1", 0))
    server.start()
    until(lambda: server.url, "the server listens")
    yield str(server.url).rstrip("/")
    ended.set()
    server.stop()
    ticking.join()
    assert house.home.status() is not None


def trials() -> list[Any]:
    """Of every operation."""
    return list(_trials())


def _trials() -> Iterator[Any]:
    """Each operation with what should be taken, and with what should be refused where there is something to say."""
    config = SchemathesisConfig(seed=1)
    taken = config.projects.default.checks.positive_data_acceptance
    taken.expected_statuses = ["2xx", "304", "404", "409", "422", "429", "503"]  # 422: more than a schema can say
    spec = json.loads(DOCUMENT.read_text(encoding="utf-8"))
    for item in spec["paths"].values():
        for operation in item.values():
            del operation["security"]  # it would send tokens that it made up
    for result in schemathesis.openapi.from_dict(spec, config=config).get_all_operations():
        operation = result.ok()
        yield pytest.param(operation, GenerationMode.POSITIVE, id=f"{operation.label} right")
        if operation.query or operation.body or operation.headers:
            yield pytest.param(operation, GenerationMode.NEGATIVE, id=f"{operation.label} wrong")


@pytest.mark.parametrize(("operation", "mode"), trials())
def test_the_server_does_what_the_description_says(
    operation: Any, mode: GenerationMode, address: str, desk: Desk
) -> None:
    @given(case=operation.as_strategy(mode))
    @settings(
        max_examples=EXAMPLES, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck)
    )
    def holds(case: Any) -> None:
        if "name" in case.path_parameters and mode is GenerationMode.POSITIVE:
            case.path_parameters["name"] = "heater"
        if operation.path == "/api/v1/settings/undo":
            desk.change(limits__max_grid_w=80 if desk.value("limits.max_grid_w") != 80 else 90)
        case.headers["Origin"] = address
        case.call_and_validate(base_url=address, excluded_checks=LEFT_OUT, timeout=30)

    holds()
