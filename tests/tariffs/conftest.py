from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.tariffs.exchange import Exchange


@pytest.fixture(scope="session")
def running_exchange() -> Iterator[Exchange]:
    with Exchange() as exchange:
        yield exchange


@pytest.fixture
def exchange(running_exchange: Exchange) -> Exchange:
    running_exchange.reset()
    return running_exchange
