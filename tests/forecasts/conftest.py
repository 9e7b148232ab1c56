from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.forecast_server import ForecastServer


@pytest.fixture(scope="session")
def running_sky() -> Iterator[ForecastServer]:
    with ForecastServer() as sky:
        yield sky


@pytest.fixture
def sky(running_sky: ForecastServer) -> ForecastServer:
    running_sky.reset()
    return running_sky
