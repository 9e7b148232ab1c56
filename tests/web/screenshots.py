"""The pictures of the page in Pics/, from the demo at noon: `python -m tests.web.screenshots`."""

from __future__ import annotations

import json
import tempfile
import urllib.request
from pathlib import Path

from tests.waiting import until
from tests.warm_start import PROJECT
from tests.web.test_browser import demo, home, in_browser

SPEED = "300"
NOON = "T12:"


def main() -> None:
    """Start the demo, wait for its noon, and keep what a browser shows."""
    with tempfile.TemporaryDirectory() as folder, demo(home(Path(folder), "Home"), SPEED) as base:
        until(lambda: NOON in clock(base), "it is noon at home", usually_s=180.0)
        in_browser(base=base, pictures=str(PROJECT / "Pics"))


def clock(base: str) -> str:
    """The home's own time."""
    with urllib.request.urlopen(f"{base}api/v1/status?fields=now", timeout=10) as answer:
        return str(json.load(answer)["now"])


if __name__ == "__main__":
    main()
