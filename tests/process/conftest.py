from collections.abc import Iterator

import pytest

from tests.vrm_server import VrmServer


@pytest.fixture
def vrm() -> Iterator[VrmServer]:
    """A home with 3 kW of sun, 500 W of use and a battery at its holding level."""
    with VrmServer() as server:
        server.values.update({"bs": 97.0, "bp": 2500.0, "bc": 48.0, "g1": 0.0, "a1": 500.0, "Pdc": 3000.0})
        yield server
