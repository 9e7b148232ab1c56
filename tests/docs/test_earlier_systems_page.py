"""docs/earlier-systems.md: its curl lines, each obeyed by the real server of a home that lets everybody in."""

import http.client
import re
import shlex
from contextlib import closing
from pathlib import Path
from urllib.parse import urlsplit

from pv_heater.web.calls import Scope
from pv_heater.web.settings import CLIENTS, EarlierClients
from tests.builders import heater
from tests.run.test_settings_editor import Desk
from tests.web.access.attacked import Attacked
from tests.web.rig import WebHome

PAGE = Path(__file__).parents[2] / "docs" / "earlier-systems.md"
TEXT = PAGE.read_text(encoding="utf-8")
LINES = re.findall(r"^curl .*$", TEXT, re.MULTILINE)


def test_its_curl_lines_are_obeyed(tmp_path: Path) -> None:
    (tmp_path / "settings").mkdir()
    desk = Desk(tmp_path / "settings")
    home = WebHome(editor=desk.editor, loads=[heater("boiler"), heater("pump")])
    home.tick()
    earlier = EarlierClients(clients=("esp_router", "pv_router", "pvmonit"))
    attacked = Attacked(tmp_path, home=home, earlier=earlier, read_without_login=True)
    assert len(LINES) >= 9
    with attacked.serving():
        token = attacked.token(Scope.ADMIN)
        for line in LINES:
            assert _answered(line.replace("pvh_...", token), attacked.netloc) == 200, line
    assert (desk.value("limits.grid_target_w"), desk.value("loads.boiler.dead_band_w")) == (20, 40)


def _answered(line: str, netloc: str) -> int:
    """As curl asks: a body is a form unless something else is said."""
    *options, address = shlex.split(line)[1:]
    body = options[1] if options[:1] == ["-d"] else None
    url = urlsplit(address)
    headers = {} if body is None else {"Content-Type": "application/x-www-form-urlencoded"}
    with closing(http.client.HTTPConnection(netloc, timeout=30)) as connection:
        connection.request("GET" if body is None else "POST", f"{url.path}?{url.query}", body, headers)
        return connection.getresponse().status


def test_it_names_every_client() -> None:
    assert [word for word in CLIENTS if f"`{word}`" not in TEXT] == []
