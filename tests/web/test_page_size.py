"""What a telephone has to fetch: the sums of what the server really sends, packed."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from pv_heater.web.static_files import PAGE_FOLDER, static_routes
from tests.web.test_words import LANGUAGES

FIRST_SCREEN_BYTES = 20_000
EVERYTHING_BYTES = 63_000
"""The aim is 50,000. As one file the modules would be packed to 9,000 less, since each is packed by itself."""
IMPORT = re.compile(r'^import .* from "\./([\w.]+)";$', re.MULTILINE)
CODE = (".html", ".js", ".css")


def sizes() -> dict[str, int]:
    """Each file of the page and its bytes on the way."""
    sent: dict[str, int] = {}
    for route in static_routes():
        name = re.sub(r"^/(v/[^/]+/)?", "", route.path) or "index.html"
        answer = route.handle(None)  # type: ignore[arg-type]
        sent[name] = len(answer.gzipped or answer.body)
    return sent


def first_screen() -> set[str]:
    """What the browser fetches before anything is touched: the shell, what it imports, and its style."""
    found, open_ends = {"index.html", "style.css"}, ["app.js"]
    while open_ends:
        name = open_ends.pop()
        if name not in found:
            found.add(name)
            open_ends += IMPORT.findall((PAGE_FOLDER / name).read_text(encoding="utf-8"))
    return found


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_first_screen_and_the_whole_page_are_small(language: str) -> None:
    sent = sizes()
    first = sum(sent[name] for name in first_screen()) + sent[f"lang/{language}.json"]
    assert first < FIRST_SCREEN_BYTES
    code = sum(size for name, size in sent.items() if Path(name).suffix in CODE)
    words = sent[f"lang/{language}.json"] + sent[f"lang/{language}.more.json"]
    assert code + words < EVERYTHING_BYTES


def test_what_is_kept_for_when_nobody_answers_is_all_there_is() -> None:
    listed = re.search(r"const FILES = \[([^\]]*)\]", (PAGE_FOLDER / "sw.js").read_text(encoding="utf-8"))
    assert listed is not None
    kept = {path.relative_to(PAGE_FOLDER).as_posix() for path in PAGE_FOLDER.rglob("*") if path.is_file()}
    kept -= {name for name in kept if name.endswith(".png")} | {"index.html", "sw.js"}
    assert set(re.findall(r'"([^"]+)"', listed[1])) == kept


MARKUP = re.compile(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function")
ELSEWHERE = re.compile(r"https?://(?!www\.w3\.org/)")


def test_nothing_of_the_page_can_become_markup_or_comes_from_elsewhere() -> None:
    for path in PAGE_FOLDER.rglob("*.*"):
        if path.suffix in (*CODE, ".webmanifest"):
            text = path.read_text(encoding="utf-8")
            assert not MARKUP.search(text), path
            assert not ELSEWHERE.search(text), path


@pytest.mark.parametrize(("name", "side"), [("icon-192", 192), ("icon-512", 512), ("icon-maskable-512", 512)])
def test_icons_have_the_sizes_that_the_manifest_names(name: str, side: int) -> None:
    data = (PAGE_FOLDER / f"{name}.png").read_bytes()
    assert data[:8] == b"\x89PNG\r\n\x1a\n"
    assert int.from_bytes(data[16:20], "big") == int.from_bytes(data[20:24], "big") == side
