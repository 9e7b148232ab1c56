"""Settings over the API, with the real editor and a real file behind it."""

from pathlib import Path

import pytest

from tests.run.test_settings_editor import Desk
from tests.web.rig import WebHome

PATH = "/api/v1/settings"


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


@pytest.fixture
def house(desk: Desk) -> WebHome:
    return WebHome(editor=desk.editor)


def test_a_setting_is_changed_in_the_file_and_taken_back(house: WebHome, desk: Desk) -> None:
    answer = house.get(PATH)
    assert answer.headers["etag"] == f'"{answer.json["etag"]}"'
    assert b"verysecrettoken" not in answer.body
    done = house.patch(PATH, {"changes": {"limits.max_grid_w": 120}}, if_match=answer.headers["etag"])
    assert done.status == 200
    assert done.json["applied"] == {"limits.max_grid_w": 120}
    assert "  max_grid_w: 120     # little" in desk.text
    assert done.headers["etag"] != answer.headers["etag"]
    assert house.post(f"{PATH}/undo", {}).status == 200
    assert "  max_grid_w: 80     # little" in desk.text


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"changes": {"limits.max_grid_w": -5}}, 422),
        ({"changes": {"limits.nonsense": 5}}, 422),
        ({"changes": {"loads.boiler.max_power_w": [[[1]]]}}, 422),
        ({"changes": {}}, 422),
        ({"changes": 5}, 422),
        ({"change": {"limits.max_grid_w": 120}}, 422),
        ({}, 422),
    ],
)
def test_a_wrong_change_names_what_is_wrong_and_changes_nothing(
    house: WebHome, desk: Desk, body: object, status: int
) -> None:
    before = desk.text
    reply = house.patch(PATH, body, if_match=desk.etag)
    assert (reply.status, reply.headers["content-type"]) == (status, "application/problem+json")
    assert reply.json["fields"][0].keys() == {"path", "message"}
    assert desk.text == before


def test_who_has_not_seen_the_newest_file_changes_nothing(house: WebHome, desk: Desk) -> None:
    change = {"changes": {"limits.max_grid_w": 120}}
    assert house.patch(PATH, change).status == 428
    assert house.patch(PATH, change, if_match='"old"').status == 409
    assert house.post(f"{PATH}/undo", {}).status == 403
    assert "max_grid_w: 80" in desk.text


def test_where_nothing_can_be_set_it_says_why() -> None:
    house = WebHome()
    answer = house.get(PATH).json
    assert (answer["editable"], answer["settings"]) == (False, [])
    assert house.patch(PATH, {"changes": {"tick_s": 2}}, if_match="x").status == 403
