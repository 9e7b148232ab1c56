"""Which tests stay in one worker, and which begin first: decided here, not by where one stands in the alphabet."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from itertools import chain, zip_longest

import pytest

WAITING = ("tests/web/test_browser.py", "tests/process/", "tests/bench/soak/", "tests/bench/cost/")
"""Long tests that mostly wait for real processes."""
RECKONING = ("tests/bench/", "tests/scenarios/")
"""Long tests that keep a core busy."""
LONG_FILES = (
    "tests/commands/test_detect.py",
    "tests/cli/test_app.py",
    "tests/victron/mqtt/test_session.py",
    "tests/commands/test_off.py",
    "tests/web/test_openapi.py",
)
"""Files whose tests stay together and take half a minute."""


def keep_together(items: Sequence[pytest.Item]) -> None:
    """A file's tests stay in one worker, which makes once what they share; the long ones go wherever there is room."""
    for item in items:
        if not item.nodeid.startswith((*WAITING, *RECKONING)) and item.get_closest_marker("xdist_group") is None:
            item.add_marker(pytest.mark.xdist_group(_file(item)))


def in_order(items: Sequence[pytest.Item]) -> list[pytest.Item]:
    """The long ones first, so that none is left alone at the end: one that waits, one that reckons, and so on."""
    waiting, reckoning, others = list[pytest.Item](), list[pytest.Item](), list[pytest.Item]()
    for item in items:
        if item.nodeid.startswith((*WAITING, *LONG_FILES)):
            waiting.append(item)
        elif item.nodeid.startswith(RECKONING):
            reckoning.append(item)
        else:
            others.append(item)
    waiting.sort(key=lambda item: not item.nodeid.startswith((WAITING[0], *LONG_FILES)))
    tests = Counter(_file(item) for item in others)
    others.sort(key=lambda item: -tests[_file(item)])
    long = (item for pair in zip_longest(waiting, reckoning) for item in pair if item is not None)
    return [*chain(long, others)]


def _file(item: pytest.Item) -> str:
    return item.nodeid.partition("::")[0]
