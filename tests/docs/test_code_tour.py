"""The tour of the code leads somewhere: each file that a page names is there, and holds what is said of it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.docs.test_pages import PAGES, PROJECT

TOUR = (PROJECT / "docs" / "code-tour.md").read_text(encoding="utf-8")
ROOTS = [PROJECT, PROJECT / "pv_heater", PROJECT / "tests", PROJECT / "Files"]
WRITTEN_BY_THE_READER = {
    "pv_heater/meters/counter.py",
    "pv_heater/loads/pins/burst_relay.py",
    "pv_heater/strategies/by_charge.py",
    "rules/pump.py",
    "Files/rules/pump.py",
}
"""Files that a page tells its reader to write."""


def named_files(text: str) -> set[str]:
    """What stands between back-quotes and is the path of a Python file, or begins at a folder of ours."""
    return set(re.findall(r"`((?:[\w.-]+/)*[\w.-]+\.py|(?:pv_heater|bench|tests)/[\w./-]+)`", text))


def place_of(name: str) -> Path | None:
    return next((root / name for root in ROOTS if (root / name).exists()), None)


def walk(title: str) -> list[tuple[Path | None, str]]:
    """The rows of the walk under that title: file, and what happens there."""
    section = TOUR.partition(f"\n## {title}\n")[2].partition("\n## ")[0]
    rows = re.findall(r"^\| (\d+) \| `([^`]+)` \| (.*) \|$", section, re.MULTILINE)
    assert [int(number) for number, _, _ in rows] == list(range(1, len(rows) + 1))
    return [(place_of(name), text) for _, name, text in rows]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_file_that_a_page_names_is_there(page: Path):
    names = named_files(page.read_text(encoding="utf-8")) - {"main.py"} - WRITTEN_BY_THE_READER
    # A page may name a test by its last word alone.
    missing = [name for name in names if place_of(name) is None and not list((PROJECT / "tests").rglob(name))]
    assert missing == []


def test_every_folder_that_the_tour_names_is_there():
    names = re.findall(r"`(Files/[\w/]+)`", TOUR)
    assert names
    assert [name for name in names if place_of(name) is None] == []


def test_the_walks_are_short():
    assert 10 <= len(walk("A reading")) <= 20
    assert 2 <= len(walk("A fault")) <= 5


@pytest.mark.parametrize("title", ["A reading", "A fault"])
def test_each_name_on_a_walk_stands_in_the_file_of_its_line(title: str):
    for file, text in walk(title):
        assert file is not None
        code = file.read_text(encoding="utf-8")
        words = [word for name in re.findall(r"`([A-Za-z_.]+)`", text) for word in name.split(".")]
        assert [word for word in words if not re.search(rf"\b{word}\b", code)] == [], file
