"""A dimmer that is asked over HTTP: its server, at rest again before each test, and the settings that reach it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from pv_heater.loads.network.http_dimmer import HttpDimmerSettings
from tests.http_dimmer_server import DimmerServer
from tests.source_tools import HandClock


@pytest.fixture(scope="module")
def running() -> Iterator[DimmerServer]:
    with DimmerServer() as server:
        yield server


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture
def server(running: DimmerServer, clock: HandClock) -> DimmerServer:
    running.clock = clock.monotonic_s
    running.reset()
    return running


def settings(server: DimmerServer, **changes: Any) -> HttpDimmerSettings:
    given: dict[str, Any] = {"name": "boiler", "max_power_w": 1000, "url": server.url}
    return HttpDimmerSettings(**(given | changes))
