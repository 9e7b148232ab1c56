"""Which tests stay in one worker, and which begin first: decided here, not by where one stands in the alphabet."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from itertools import zip_longest

import pytest

LONG_FILES = (
    "tests/web/test_browser.py",
    "tests/commands/test_detect.py",
    "tests/victron/mqtt/test_session.py",
    "tests/cli/test_app.py",
    "tests/commands/test_off.py",
    "tests/web/test_openapi.py",
    "tests/rule_files/test_latency.py",
)
"""Their tests stay together and take half a minute, most of it waiting; in the order in which they begin."""
WAITING = ("tests/process/", "tests/bench/soak/", "tests/bench/cost/", "tests/web/test_prometheus.py")
"""Long tests that mostly wait for real processes."""
RECKONING = ("tests/scenarios/", "tests/bench/", "tests/controller/")
"""Long tests that keep a core busy."""


def keep_together(items: Sequence[pytest.Item]) -> None:
    """A file's tests stay in one worker, which makes once what they share; the long ones go wherever there is room."""
    for item in items:
        if not item.nodeid.startswith((*WAITING, *RECKONING)) and item.get_closest_marker("xdist_group") is None:
            item.add_marker(pytest.mark.xdist_group(item.nodeid.partition("::")[0]))


def in_order(items: Sequence[pytest.Item]) -> list[pytest.Item]:
    """The long ones first, so that none is left alone at the end: one that waits, one that reckons, and so on."""
    tests = Counter(_unit(item) for item in items)
    first = {_unit(item): item.nodeid for item in reversed(items)}
    units = sorted(first, key=lambda unit: -tests[unit])
    waiting = [unit for name in (*LONG_FILES, *WAITING) for unit in units if first[unit].startswith(name)]
    reckoning = [unit for name in RECKONING for unit in units if first[unit].startswith(name)]
    long = [unit for pair in zip_longest(waiting, reckoning) for unit in pair if unit is not None]
    place = {unit: number for number, unit in enumerate(dict.fromkeys([*long, *units]))}
    return sorted(items, key=lambda item: place[_unit(item)])


def _unit(item: pytest.Item) -> str:
    """What goes to one worker as a whole."""
    group = item.get_closest_marker("xdist_group")
    return item.nodeid if group is None else str(group.args[0])
