"""What holds for all tests."""

import gc
import logging
from collections.abc import Generator

import pytest
from hypothesis import settings
from pytest_httpserver import HTTPServer

from tests.bytecode import keep_bytecode, rewrite_assertions
from tests.http_server import QuickServer
from tests.sharing_out import in_order, keep_together

# A test is judged by what it shows, not by how busy the machine is that runs it. The suite tries the same examples at
# every run and keeps none, and few: exploring belongs to `bench invariants` and `bench fuzz`, which print their seed.
settings.register_profile("suite", deadline=None, derandomize=True, database=None, max_examples=30)
settings.load_profile("suite")

# A lived day is hundreds of thousands of small objects that stay until its test ends: at Python's usual pace a tenth of
# the suite's time is the collector looking at them again and again. What asks how much is left collects by itself.
gc.set_threshold(50_000, 20, 50)


# A server of pymodbus that ends while it is silent has asyncio say so, in whatever test runs by then.
logging.getLogger("asyncio").setLevel(logging.CRITICAL)


def pytest_configure(config: pytest.Config) -> None:
    """A worker has from the process that shares the tests out what that has seen to."""
    if hasattr(config, "workerinput"):
        return
    keep_bytecode(config)
    if config.getoption("numprocesses", None):
        rewrite_assertions()


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Before pytest-xdist reads who belongs to whom."""
    if hasattr(config, "workerinput"):
        keep_together(items)


@pytest.hookimpl(wrapper=True)
def pytest_collection_finish(session: pytest.Session) -> Generator[None]:
    """Puts the tests in order, and lets those of an `xdist_group` stay in one worker.

    pytest-xdist 3.8 writes the group into `_nodeid`, where pytest looks no more since 9.2, and shares the tests out as
    if they had none. They bear it only while the worker says what it found: a failure keeps a name that can be run.
    """
    if hasattr(session.config, "workerinput"):
        session.items[:] = in_order(session.items)
    grouped = [(item, item._id) for item in session.items if hasattr(item, "_id") and hasattr(item, "_nodeid")]
    for item, known_as in grouped:
        item._id = known_as.parse(item._nodeid)
    try:
        return (yield)
    finally:
        for item, known_as in grouped:
            item._id = known_as


@pytest.fixture(scope="session")
def make_httpserver() -> Generator[HTTPServer]:
    """The one behind every `httpserver` in place of the plugin's, which answers one after the other and ends slowly."""
    with QuickServer() as server:
        yield server
