"""Live settings of a running home: the file, the home and the list of changes that can be undone."""

import json
import logging
import os
import stat
from pathlib import Path
from typing import Any

import pytest

from pv_heater import PROJECT_FOLDER
from pv_heater.config.load import Config, load_config
from pv_heater.errors import NotEditable, SettingsConflict, WrongSettings
from pv_heater.run.settings_editor import UNDO_NAME, SettingsFile
from tests.builders import config

FILE = """\
# my home
meter: {type: vrm, token: verysecrettoken, installation_id: 5}
limits:
  max_grid_w: 80     # little
loads:
  - name: boiler     # upstairs
    type: dry_run
    max_power_w: 1500
    # min_on_s: 300  # s
  - name: pump
    type: dry_run
    max_power_w: 300
"""


class Desk:
    """A settings file, its editor, and what the loop was handed."""

    def __init__(self, folder: Path, text: str = FILE) -> None:
        self.folder = folder
        self.file = folder / "home.yaml"
        self.file.write_bytes(text.encode())
        self.applied: list[Config] = []
        self.editor = SettingsFile(load_config(self.file), folder, self.applied.append)

    @property
    def etag(self) -> str:
        return str(self.editor.read()["etag"])

    def change(self, **changes: Any) -> dict[str, Any]:
        paths = {path.replace("__", "."): value for path, value in changes.items()}
        return self.editor.change(paths, etag=self.etag, who="a test")

    def undo(self) -> dict[str, Any]:
        return self.editor.undo(etag=self.etag, who="a test")

    def value(self, path: str) -> Any:
        return next(row["value"] for row in self.editor.read()["settings"] if row["path"] == path)

    @property
    def text(self) -> str:
        return self.file.read_bytes().decode()


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


def test_a_change_is_in_the_file_in_the_home_in_the_log_and_can_be_undone(
    desk: Desk, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    desk.file.chmod(0o640)
    answer = desk.change(limits__max_grid_w=120, loads__boiler__min_on_s=600)
    assert desk.text == FILE.replace("80     # little", "120     # little").replace(
        "# min_on_s: 300  # s", "min_on_s: 600    # s"
    )
    assert stat.S_IMODE(desk.file.stat().st_mode) == 0o640
    assert answer["applied"] == {"limits.max_grid_w": 120, "loads.boiler.min_on_s": 600}
    assert (answer["undo"], answer["etag"]) == (1, desk.etag)
    (applied,) = desk.applied
    assert (applied.limits.max_grid_w, applied.policies[0].min_on_s) == (120, 600)
    assert [record.getMessage() for record in caplog.records] == [
        "settings: limits.max_grid_w 80 -> 120 W, by a test",
        "settings: loads.boiler.min_on_s 300 -> 600 s, by a test",
    ]
    desk.undo()
    assert desk.text == FILE
    assert desk.applied[-1].limits.max_grid_w == 80
    assert stat.S_IMODE((desk.folder / UNDO_NAME).stat().st_mode) == 0o600
    with pytest.raises(NotEditable, match="no change to undo"):
        desk.undo()


def test_all_problems_come_at_once_with_their_paths_and_nothing_is_written(desk: Desk) -> None:
    with pytest.raises(WrongSettings) as error:
        desk.change(limits__max_grid_w=-1, loads__boiler__min_power_w=1600, loads__pump__min_on_s="five")
    assert dict(error.value.fields).keys() == {
        "limits.max_grid_w", "loads.boiler.min_power_w", "loads.pump.min_on_s"
    }  # fmt: skip
    assert "must be at least 0 W, not -1" in dict(error.value.fields)["limits.max_grid_w"]
    with pytest.raises(WrongSettings) as refused:
        desk.change(loads__boiler__max_power_w=5, loads__nobody__min_on_s=5, meter__token="x", limits__max_grid_w=[1])
    fields = dict(refused.value.fields)
    assert "edit home.yaml in line 8 and start it again" in fields["loads.boiler.max_power_w"]
    assert fields["loads.nobody.min_on_s"] == "is not a setting of this file"
    assert "while the program runs" in fields["meter.token"]
    assert fields["limits.max_grid_w"] == "must be a single value"
    assert (desk.text, desk.applied) == (FILE, [])


@pytest.mark.parametrize("value", [10**400, -(10**400), float("nan"), float("inf"), 1e16])
def test_a_number_that_no_setting_can_be_is_refused_in_words(desk: Desk, value: float) -> None:
    with pytest.raises(WrongSettings, match="must be a number of at most 1e"):
        desk.change(limits__max_grid_w=value)


def test_settings_that_only_together_are_wrong_name_their_place(desk: Desk) -> None:
    with pytest.raises(WrongSettings) as error:
        desk.change(loads__boiler__daily_min_wh=5000, loads__boiler__daily_max_wh=100)
    assert error.value.fields[0][0] == "loads.boiler.daily_min_wh"
    desk.change(loads__boiler__daily_min_wh=50, loads__boiler__daily_max_wh=100)


def test_whoever_did_not_see_the_newest_file_must_look_again(desk: Desk) -> None:
    old = desk.etag
    desk.file.write_text(FILE.replace("little", "more"))
    with pytest.raises(SettingsConflict, match="changed meanwhile"):
        desk.editor.change({"limits.max_grid_w": 5}, etag=old, who="a test")
    assert "little" not in desk.text
    desk.change(limits__max_grid_w=5)
    assert "max_grid_w: 5     # more" in desk.text


def test_an_undo_after_a_change_by_hand_sets_the_old_values_and_keeps_what_was_written(desk: Desk) -> None:
    desk.change(limits__max_grid_w=120)
    desk.file.write_text(desk.text.replace("max_grid_w: 120     # little", "max_grid_w:  120 # mine"))
    desk.file.write_text("# a new first line\n" + desk.text)
    desk.undo()
    assert "max_grid_w:  80 # mine" in desk.text
    assert desk.text.startswith("# a new first line\n")


def test_priorities_are_the_order_of_the_list(desk: Desk) -> None:
    answer = desk.editor.change({"loads.order": ["pump", "boiler"]}, etag=desk.etag, who="a test")
    assert answer["applied"] == {"loads.order": ["pump", "boiler"]}
    assert desk.text.index("name: pump") < desk.text.index("name: boiler     # upstairs")
    assert [policy.name for policy in desk.applied[-1].policies] == ["pump", "boiler"]
    desk.undo()
    assert desk.text == FILE
    with pytest.raises(WrongSettings, match="must be a list of boiler, pump, each once"):
        desk.editor.change({"loads.order": ["pump"]}, etag=desk.etag, who="a test")


def test_ten_changes_can_be_undone_one_after_another(desk: Desk) -> None:
    for number in range(12):
        desk.change(limits__max_grid_w=100 + number)
    for _ in range(10):
        desk.undo()
    assert (desk.value("limits.max_grid_w"), desk.editor.read()["undo"]) == (101, 0)
    again = SettingsFile(load_config(desk.file), desk.folder, desk.applied.append)
    assert again.read()["undo"] == 0


def test_null_is_the_default_and_what_is_so_already_changes_nothing(desk: Desk) -> None:
    desk.change(limits__max_house_w=5000)
    desk.change(limits__max_house_w=None, limits__max_grid_w=None, loads__pump__min_on_s=None)
    assert desk.value("limits.max_house_w") is None
    assert "min_on_s" not in desk.text.split("pump")[1]
    before = len(desk.applied)
    assert desk.change(limits__max_grid_w=80)["message"] == "nothing is different from before"
    assert len(desk.applied) == before


def test_a_change_by_hand_that_needs_a_start_is_told_and_not_applied(desk: Desk) -> None:
    assert desk.editor.read()["restart_needed"] is False
    desk.file.write_text(FILE.replace("max_power_w: 1500", "max_power_w: 1800"))
    assert desk.editor.read()["restart_needed"] is True
    desk.change(limits__max_grid_w=7)
    assert (desk.applied[-1].limits.max_grid_w, desk.applied[-1].policies[0].max_power_w) == (7, 1500)


def test_what_cannot_be_edited_is_shown_with_the_reason(tmp_path: Path) -> None:
    mapping = SettingsFile(load_config(config()), tmp_path, lambda _: None)
    assert (mapping.read()["editable"], mapping.read()["why_not"]) == (False, "the settings do not come from a file")
    assert any(row["path"] == "loads.heater.min_on_s" for row in mapping.read()["settings"])
    with pytest.raises(NotEditable, match="do not come from a file"):
        mapping.change({"limits.max_grid_w": 5}, etag="none", who="a test")
    shipped = SettingsFile(load_config(PROJECT_FOLDER / "Files" / "config.yaml"), tmp_path, lambda _: None)
    assert "copy it to Files/config-private.yaml" in shipped.read()["why_not"]
    with pytest.raises(NotEditable, match="example that comes with the program"):
        shipped.change({"limits.max_grid_w": 5}, etag=shipped.read()["etag"], who="a test")


def test_a_broken_file_is_shown_as_the_home_runs_and_left_alone(desk: Desk) -> None:
    desk.file.write_text("loads: [")
    shown = desk.editor.read()
    assert (shown["editable"], desk.value("limits.max_grid_w")) == (False, 80)
    with pytest.raises(NotEditable, match="put it right first"):
        desk.editor.change({"limits.max_grid_w": 5}, etag=shown["etag"], who="a test")


def test_no_secret_leaves_and_none_is_kept_for_the_undo(desk: Desk) -> None:
    answer = desk.change(limits__max_grid_w=120, loads__pump__min_on_s=5)
    told = json.dumps([desk.editor.read(), answer]) + (desk.folder / UNDO_NAME).read_text()
    assert "verysecrettoken" not in told
    assert desk.value("meter.token") == "set"


def test_a_file_behind_a_link_is_written_where_it_lies(tmp_path: Path) -> None:
    real = tmp_path / "real"
    real.mkdir()
    (real / "a.yaml").write_text(FILE)
    link = tmp_path / "home.yaml"
    link.symlink_to(real / "a.yaml")
    editor = SettingsFile(load_config(link), tmp_path, lambda _: None)
    editor.change({"limits.max_grid_w": 9}, etag=editor.read()["etag"], who="a test")
    assert link.is_symlink()
    assert "max_grid_w: 9 " in (real / "a.yaml").read_text()


def test_line_ends_stay(tmp_path: Path) -> None:
    desk = Desk(tmp_path, FILE.replace("\n", "\r\n"))
    desk.change(limits__max_grid_w=120, loads__boiler__target_c=60)
    assert desk.text.count("\r\n") == desk.text.count("\n") == FILE.count("\n") + 1


@pytest.mark.parametrize("undo", ["[" * 100_000, "\0", None])
def test_whatever_stands_in_the_place_of_the_list_of_changes_is_no_list(desk: Desk, undo: str | None) -> None:
    if undo is None:
        os.mkfifo(desk.folder / UNDO_NAME)
    else:
        (desk.folder / UNDO_NAME).write_text(undo)
    with pytest.raises(NotEditable, match="no change to undo"):
        desk.undo()
