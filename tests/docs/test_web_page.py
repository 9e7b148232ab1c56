"""docs/web.md: its curl lines, run in their order against the real server with a simulated home behind it."""

import http.client
import json
import re
import shlex
import time
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from pv_heater.io.net.web_server import LARGEST_BODY, LARGEST_HEAD, MOST_CONNECTIONS, SILENT_S, TRY_AGAIN_S, WebServer
from pv_heater.web.access.access import Access
from pv_heater.web.application import application
from pv_heater.web.settings import WebSettings
from tests.builders import heater
from tests.waiting import until
from tests.web.rig import WebHome

PAGE = Path(__file__).parents[2] / "docs" / "web.md"
LINES = re.findall(r"^curl .*$", PAGE.read_text(encoding="utf-8"), re.MULTILINE)


@pytest.fixture
def house(tmp_path: Path) -> WebHome:
    log = tmp_path / "heater.log"
    log.write_text("a line\n")
    home = WebHome(log_file=log, loads=[heater("water_heater", min_on_s=60)])
    home.tick(load_c={})
    return home


@pytest.fixture
def netloc(house: WebHome, tmp_path: Path) -> Iterator[str]:
    """Behind the login of a home without a password."""
    access = Access(tmp_path, WebSettings(), now=lambda: datetime.now(UTC), monotonic_s=time.monotonic)
    server = WebServer(lambda: application(house.tables, access.gate), lambda: ("127.0.0.1", 0))
    server.start()
    until(lambda: server.url, "the server listens")
    yield urlsplit(server.url or "").netloc
    server.stop()


def test_the_curl_lines_are_obeyed_one_after_the_other(house: WebHome, netloc: str) -> None:
    assert len(LINES) > 5
    for line in LINES:
        _obeyed(line, house, netloc)


def _obeyed(line: str, house: WebHome, netloc: str) -> None:
    words = shlex.split(line)[1:]
    method, headers, body = "GET", {}, None
    while len(words) > 1:
        option, value, *words = words
        match option:
            case "-H":
                name, _, text = value.partition(": ")
                headers[name] = text.replace("127.0.0.1:8080", netloc)
            case "-d":
                method, body = "POST", value.encode()
            case _:
                raise AssertionError(f"this test knows no {option}")
    url = urlsplit(words[0])
    assert url.netloc == "127.0.0.1:8080"
    with closing(http.client.HTTPConnection(netloc, timeout=30)) as connection:
        connection.request(method, f"{url.path}{'?' if url.query else ''}{url.query}", body, headers)
        answer = connection.getresponse()
        document = json.loads(answer.read())
    assert answer.status == (202 if method == "POST" else 200), (line, document)
    house.tick()
    if method == "POST":
        status = house.home.status()
        assert status is not None
        assert document["id"] in (None, status.commands_seen)


def test_the_limits_that_it_names_are_the_servers() -> None:
    text = " ".join(PAGE.read_text(encoding="utf-8").split())
    assert f"{MOST_CONNECTIONS:,} connections, {SILENT_S:.0f} s of silence on one, {2 * SILENT_S:.0f} s for" in text
    assert f"{LARGEST_HEAD // 1024} KiB for its head, {LARGEST_BODY // 1024} KiB for its body" in text
    assert f"tried again every {TRY_AGAIN_S:.0f} s" in text
