"""A value is changed in the text of a settings file; every other sign of it stays."""

from pathlib import Path

import pytest

from pv_heater import PROJECT_FOLDER
from pv_heater.config.live import rows_of
from pv_heater.config.load import load_config
from pv_heater.config.yaml_edit import CannotEdit, splice_of, with_order, with_value
from pv_heater.config.yaml_lines import KeyPath, parse_document, without_invisible

HOME = """\
# Müllers Haus, § 1
site:
  name: 'Zu Hause'   # bleibt
limits:
  max_grid_w: 80     # W
  # max_house_w:              # W, at least 100 - soft fuse
  daylight: {from: "08:00", to: sunset-30m}

meter: {type: vrm, installation_id: 1, token: abc}
loads:
  # the first
  - name: boiler
    type: relay
    max_power_w: 1500
    relay: {pin: GPIO17, active_high: true}
    # min_on_s: 300           # s, 0 to 86400 - once on, it stays on

  # the pump's own comment
  - {name: pump, type: dry_run, max_power_w: 500}
  - type: battery
    until_percent: "80"
# limits that I once had:
#   max_grid_w: 500
"""


def changed_lines(before: str, after: str) -> tuple[list[str], list[str]]:
    """(lines that are gone, lines that are new)."""
    old, new = before.splitlines(keepends=True), after.splitlines(keepends=True)
    return [line for line in old if line not in new], [line for line in new if line not in old]


@pytest.mark.parametrize(
    ("path", "written", "gone", "new"),
    [
        (("limits", "max_grid_w"), "120", "  max_grid_w: 80     # W\n", "  max_grid_w: 120     # W\n"),
        (
            ("limits", "daylight", "from"),
            "sunrise+1h",
            '  daylight: {from: "08:00", to: sunset-30m}\n',
            '  daylight: {from: "sunrise+1h", to: sunset-30m}\n',
        ),
        (("loads", 2, "until_percent"), "90", '    until_percent: "80"\n', '    until_percent: "90"\n'),
        (
            ("loads", 1, "min_on_s"),
            "60",
            "  - {name: pump, type: dry_run, max_power_w: 500}\n",
            "  - {name: pump, type: dry_run, max_power_w: 500, min_on_s: 60}\n",
        ),
        (
            ("loads", 0, "min_on_s"),
            "600",
            "    # min_on_s: 300           # s, 0 to 86400 - once on, it stays on\n",
            "    min_on_s: 600             # s, 0 to 86400 - once on, it stays on\n",
        ),
        (
            ("limits", "max_house_w"),
            "9000",
            "  # max_house_w:              # W, at least 100 - soft fuse\n",
            "  max_house_w: 9000           # W, at least 100 - soft fuse\n",
        ),
    ],
)
@pytest.mark.parametrize("line_end", ["\n", "\r\n"])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_one_line_changes_and_nothing_else(
    path: KeyPath, written: str, gone: str, new: str, line_end: str, mark: str
) -> None:
    before = mark + HOME.replace("\n", line_end)
    after = with_value(before, path, written)
    assert changed_lines(before, after) == ([gone.replace("\n", line_end)], [new.replace("\n", line_end)])


def test_what_is_not_in_the_file_gets_a_line_at_the_end_of_its_section() -> None:
    after = with_value(HOME, ("loads", 0, "max_c"), "70")
    assert changed_lines(HOME, after) == ([], ["    max_c: 70\n"])
    assert parse_document(after).values["loads"][0]["max_c"] == "70"


def test_a_section_that_is_missing_is_made_at_the_end_also_where_the_last_line_does_not_end() -> None:
    before = "loads:\n- {name: a, type: dry_run, max_power_w: 5}"
    assert with_value(before, ("limits", "daylight", "to"), "18:00") == (
        before + "\nlimits:\n  daylight:\n    to: 18:00"
    )
    assert with_value("limits:\n# nothing yet\ntick_s: 2\n", ("limits", "max_grid_w"), "5") == (
        "limits:\n  max_grid_w: 5\n# nothing yet\ntick_s: 2\n"
    )
    assert with_value("limits: {}\n", ("limits", "max_grid_w"), "5") == "limits: {max_grid_w: 5}\n"
    assert with_value("limits:\n  max_grid_w:\n", ("limits", "max_grid_w"), "5") == "limits:\n  max_grid_w: 5\n"


def test_every_live_setting_of_the_shipped_file_can_be_changed_and_its_explanation_stays() -> None:
    shipped = PROJECT_FOLDER / "Files" / "config.yaml"
    text, config = shipped.read_text(encoding="utf-8"), load_config(shipped)
    values = parse_document(text).values
    live = [row for row in rows_of(config, values) if row.live]
    assert len(live) > 25
    for row in live:
        after = with_value(text, row.keys, "17")
        old, new = changed_lines(text, after)
        assert len(old) == len(new) <= 3, row.path
        assert [line.split("# ")[-1] for line in old] == [line.split("# ")[-1] for line in new], row.path


def test_what_could_be_misread_is_quoted() -> None:
    for written in ("a: b", "*x", "# no", "true #", "ja, nein", "[1]"):
        after = with_value(HOME, ("site", "timezone"), written)
        assert parse_document(after).values["site"]["timezone"] == written


def test_what_cannot_be_edited_safely_is_refused_and_not_guessed() -> None:
    for text in (
        "limits:\n  max_grid_w: |\n    80\n",
        "limits:\n  max_grid_w: [80]\n",
        "limits: 5\n",
    ):
        with pytest.raises(CannotEdit, match="by hand"):
            with_value(text, ("limits", "max_grid_w"), "7")


def test_loads_change_places_with_their_comments() -> None:
    after = with_order(HOME, ("loads",), [1, 2, 0])
    assert [row.get("name", row["type"]) for row in parse_document(after).values["loads"]] == [
        "pump",
        "battery",
        "boiler",
    ]
    assert changed_lines(HOME, after) == ([], [])
    assert "  # the pump's own comment\n  - {name: pump" in after
    assert after.endswith("# limits that I once had:\n#   max_grid_w: 500\n")
    with pytest.raises(CannotEdit):
        with_order("loads: [{name: a}, {name: b}]\n", ("loads",), [1, 0])


def test_a_change_can_be_taken_back_to_the_letter() -> None:
    after = with_value(with_order(HOME, ("loads",), [2, 1, 0]), ("limits", "max_grid_w"), "5000")
    splice = splice_of(HOME, after)
    assert splice.undone(after) == HOME
    with pytest.raises(CannotEdit):
        splice.undone(after.replace("5000", "5001"))


def test_the_presets_folder_can_be_edited_too(tmp_path: Path) -> None:
    """Strange files of all kinds: whatever is not refused says the same as before but for one value."""
    for path in sorted((PROJECT_FOLDER / "Files" / "presets").rglob("*.yaml")):
        text = path.read_text(encoding="utf-8")
        after = with_value(text, ("new_key",), "1")
        values = parse_document(without_invisible(after)).values
        assert values.pop("new_key") == "1"
        assert values == parse_document(text).values


def test_a_text_that_looks_like_a_comment_is_not_taken_for_one() -> None:
    text = 'limits:\n  note: "x\n  # max_house_w: 5\n  y"\n'
    with pytest.raises(CannotEdit, match="cannot be edited here"):
        with_value(text, ("limits", "max_house_w"), "900")
