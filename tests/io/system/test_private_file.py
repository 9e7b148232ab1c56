"""A file of secrets: for its owner's eyes, never half written, and what another process wrote is seen at once."""

import os
import stat
import threading
from pathlib import Path
from typing import Any

import pytest

from pv_heater.io.system.private_file import PrivateFile
from pv_heater.io.system.state_file import UnreadableState


def test_only_its_owner_can_read_it_and_its_lock(tmp_path: Path) -> None:
    old = os.umask(0)
    try:
        PrivateFile(tmp_path / "secret.json").put({"a": 1})
    finally:
        os.umask(old)
    assert {path.name: stat.S_IMODE(path.stat().st_mode) for path in tmp_path.iterdir()} == {
        "secret.json": 0o600,
        ".secret.json.lock": 0o600,
    }


def test_what_another_wrote_is_seen_at_once_and_nothing_is_read_twice(tmp_path: Path) -> None:
    mine, other = PrivateFile(tmp_path / "secret.json"), PrivateFile(tmp_path / "secret.json")
    assert mine.read() is None
    for number in range(20):  # within one clock tick of the file system, of the same length
        other.put({"a": number % 10})
        assert mine.read() == {"a": number % 10}
    assert mine.read() is mine.read()
    (tmp_path / "secret.json").unlink()
    assert mine.read() is None


def test_a_damaged_file_is_never_taken_for_a_missing_one_and_is_not_changed(tmp_path: Path) -> None:
    file = PrivateFile(tmp_path / "secret.json")
    file.path.write_text('{"a": 1')
    for _ in range(2):
        with pytest.raises(UnreadableState, match="damaged"):
            file.read()
    with pytest.raises(UnreadableState):
        file.change(lambda content: {"a": 2})
    assert file.path.read_text() == '{"a": 1'
    file.put({"a": 3})
    assert file.read() == {"a": 3}


def test_changes_of_many_at_once_are_all_kept(tmp_path: Path) -> None:
    def add(number: int) -> None:
        def changed(content: Any) -> Any:
            return {"numbers": [*(content or {}).get("numbers", []), number]}

        PrivateFile(tmp_path / "secret.json").change(changed)

    threads = [threading.Thread(target=add, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    content = PrivateFile(tmp_path / "secret.json").read()
    assert content is not None
    assert sorted(content["numbers"]) == list(range(8))


def test_a_link_in_the_place_of_the_draft_or_the_lock_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "other").write_text("theirs")
    (tmp_path / ".secret.json.new").symlink_to(tmp_path / "other")
    PrivateFile(tmp_path / "secret.json").put({"a": 1})
    (tmp_path / ".secret.json.lock").unlink()
    (tmp_path / ".secret.json.lock").symlink_to(tmp_path / "other")
    with pytest.raises(OSError, match="link"):
        PrivateFile(tmp_path / "secret.json").put({"a": 2})
    assert (tmp_path / "other").read_text() == "theirs"
