"""What holds for all tests."""

import gc
import os
import sys
import tempfile
from collections.abc import Generator

import pytest
from hypothesis import settings
from pytest_httpserver import HTTPServer

from tests.http_server import QuickServer

# A test is judged by what it shows, not by how busy the machine is that runs it. The suite tries the same examples at
# every run and keeps none: exploring belongs to `bench invariants` and `bench fuzz`, which print their seed.
settings.register_profile("suite", deadline=None, derandomize=True, database=None)
settings.load_profile("suite")

# A lived day is hundreds of thousands of small objects that stay until its test ends: at Python's usual pace a tenth of
# the suite's time is the collector looking at them again and again. What asks how much is left collects by itself.
gc.set_threshold(50_000, 20, 50)


def pytest_configure(config: pytest.Config) -> None:
    """Where Python may keep no bytecode, each program that a test starts would compile the project anew."""
    shares_tests_out = bool(config.getoption("numprocesses", None)) and not hasattr(config, "workerinput")
    if not sys.dont_write_bytecode or shares_tests_out or "PYTHONPYCACHEPREFIX" in os.environ:
        return
    compiled = tempfile.TemporaryDirectory(prefix="pv-heater-tests-", ignore_cleanup_errors=True)
    config.add_cleanup(compiled.cleanup)
    os.environ["PYTHONPYCACHEPREFIX"] = compiled.name
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)


@pytest.hookimpl(wrapper=True)
def pytest_collection_finish(session: pytest.Session) -> Generator[None]:
    """Lets the tests of an `xdist_group` stay in one worker.

    pytest-xdist 3.8 writes the group into `_nodeid`, where pytest looks no more since 9.2, and shares the tests out as
    if they had none. They bear it only while the worker says what it found: a failure keeps a name that can be run.
    """
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
