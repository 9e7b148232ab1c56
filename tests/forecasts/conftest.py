from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.forecast_server import ForecastServer
from tests.http_server import ScriptedServer


@pytest.fixture(scope="session")
def running_sky() -> Iterator[ForecastServer]:
    with ForecastServer() as sky:
        yield sky


@pytest.fixture
def sky(running_sky: ForecastServer) -> ForecastServer:
    running_sky.reset()
    return running_sky


@pytest.fixture(scope="session")
def running_service() -> Iterator[ScriptedServer]:
    with ScriptedServer() as service:
        yield service


@pytest.fixture
def service(running_service: ScriptedServer) -> ScriptedServer:
    running_service.reset()
    return running_service
