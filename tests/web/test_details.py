"""What stands behind the first screen."""

from pathlib import Path

import pytest

from pv_heater.io.system.log_place import LONGEST_LOOK
from pv_heater.web.static_files import static_routes, without_comments
from tests.web.rig import WebHome


def test_a_load_tells_its_last_changes_and_what_it_is_decided_from() -> None:
    house = WebHome()
    for pv_w in (500.0, 2500.0, 300.0):
        house.tick(pv_w=pv_w)
    document = house.get("/api/v1/loads/heater").json
    assert document["load"] == house.get("/api/v1/status").json["loads"][0]
    changes = [(entry["to_phase"], entry["to_power_w"]) for entry in document["entries"] if entry["load"] == "heater"]
    assert [phase for phase, _ in changes] == ["off", "heating", "off"]
    assert document["trace"]["pv_w"] == 300
    assert document["thresholds"]["start_w"] == 100
    assert house.get("/api/v1/loads/cellar").status == 404


def test_sources_alarms_and_the_expected_sun() -> None:
    house = WebHome()
    assert house.get("/api/v1/alarms").json == []
    assert house.get("/api/v1/forecast").json["pv_w"] == []
    house.tick()
    assert house.get("/api/v1/sources").json == [{"name": "meter test", "trouble": None}]
    assert house.get("/api/v1/values").json == []
    forecast = house.get("/api/v1/forecast").json
    assert (forecast["source"], forecast["step_s"], forecast["pv_w"][0]) == ("test forecast", 3600, 4000.0)
    house.troubles["state_not_saved"] = "the state cannot be saved"
    house.tick()
    assert house.get("/api/v1/alarms").json == house.get("/api/v1/status").json["alarms"] != []


def test_the_end_of_the_log_is_read_and_no_more_of_it(tmp_path: Path) -> None:
    log = tmp_path / "heater.log"
    log.write_text("".join(f"line {number}\n" for number in range(100_000)), encoding="utf-8")
    house = WebHome(log_file=log)
    assert log.stat().st_size > 3 * LONGEST_LOOK
    assert house.get("/api/v1/log?lines=2").json == {"lines": ["line 99998", "line 99999"]}
    assert len(house.get("/api/v1/log").json["lines"]) == 200
    for lines in ("0", "1001", "-1", "ten", ""):
        assert house.get(f"/api/v1/log?lines={lines}").status == 422, lines
    log.unlink()
    assert house.get("/api/v1/log").status == 503


SOURCE = b"""// first
/* a block
   of lines */
import { a } from "./a.js"; // kept

  const url = "http://x/*"; /* kept */
  /* alone */
  b(); /* c */ d();
"""


def test_comments_and_indents_are_not_sent() -> None:
    kept = b'import { a } from "./a.js"; // kept\nconst url = "http://x/*"; /* kept */\nb(); /* c */ d();\n'
    assert without_comments(SOURCE) == kept


def test_words_are_sent_without_indents_and_blanks_between_them(tmp_path: Path) -> None:
    (tmp_path / "fr.json").write_text('{\n  "a": "été: 1, 2",\n  "b": [1, 2]\n}\n', encoding="utf-8")
    answer = WebHome.answer_of(next(iter(static_routes(tmp_path))).handle)
    assert answer.body == '{"a":"été: 1, 2","b":[1,2]}'.encode()


def test_every_file_of_the_page_has_two_addresses_and_no_text_over_lines(tmp_path: Path) -> None:
    page = Path("pv_heater/web/page")
    files = [path for path in page.rglob("*") if path.is_file()]
    assert len(static_routes()) == 2 * len(files)
    for path in page.rglob("*.js"):
        for line in path.read_text(encoding="utf-8").splitlines():
            assert line.count("`") % 2 == 0, f"{path}: {line}"


@pytest.mark.parametrize(
    ("name", "kind"), [("a.js", "text/javascript"), ("m.webmanifest", "application/manifest+json")]
)
def test_a_file_that_is_named_with_its_version_is_kept_for_ever(tmp_path: Path, name: str, kind: str) -> None:
    (tmp_path / "index.html").write_text(f'<a href="v/VERSION/{name}">')
    (tmp_path / name).write_text("{}")
    (tmp_path / "notes.txt").write_text("not served")
    routes = {route.path: route.handle for route in static_routes(tmp_path)}
    assert "/notes.txt" not in routes
    answer = WebHome.answer_of(routes["/"])
    assert isinstance(answer.body, bytes)
    address = f"/{answer.body.decode().split(chr(34))[1]}"
    kept, asked = WebHome.answer_of(routes[address]), WebHome.answer_of(routes[f"/{name}"])
    assert (kept.cache, asked.cache) == ("public, max-age=31536000, immutable", "no-cache")
    assert kept.content_type.startswith(kind)
    (tmp_path / name).write_text("{ }")
    assert address not in {route.path for route in static_routes(tmp_path)}
