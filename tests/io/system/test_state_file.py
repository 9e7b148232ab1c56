"""The saved state on disk: what cannot be read is never taken for a first start, and saving never ends."""

import json
import logging
import os
import threading
from pathlib import Path
from typing import Any

import pytest

from pv_heater.io.system import state_file
from pv_heater.io.system.state_file import StateFile, UnreadableState, read_object, write_atomically
from tests.waiting import until


def test_a_missing_file_is_a_first_start(tmp_path: Path) -> None:
    assert StateFile(tmp_path / "state.json").load() is None


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", "it is empty"),
        (b"\0" * 4096, "it is empty"),
        (b'{"schema": 2, "loads": {"a": {"fau', "it is damaged"),
        (bytes(range(256)), "is not text"),
        (b"\xff\xfe{\0}\0", "is not text"),
        (b"no JSON at all", "it is damaged"),
        (b"[]", "it holds no object"),
        (b"null", "it holds no object"),
        (b'"state"', "it holds no object"),
        (b"[" * 100_000, "it is damaged"),
        (b'{"schema": 2', "it is damaged"),
        (b'{"schema": 2, "faults": {"a": "welded"}, "faults": {}}', "it says 'faults' twice"),
        (b'{"schema": 2, "loads": {"a": {"fault": "welded", "fault": null}}}', "it says 'fault' twice"),
    ],
)
def test_what_is_no_state_is_unreadable_and_never_none(content: bytes, why: str, tmp_path: Path) -> None:
    path = tmp_path / "state.json"
    path.write_bytes(content)
    with pytest.raises(UnreadableState, match=why):
        StateFile(path).load()


def test_numbers_of_any_length_cost_only_themselves(tmp_path: Path) -> None:
    path = tmp_path / "state.json"
    path.write_text(f'\ufeff{{"schema": 2, "a": {"9" * 10_000}, "b": 1e999, "c": NaN, "faults": {{"x": "welded"}}}}')
    state = StateFile(path).load()
    assert state is not None
    assert (state["schema"], state["a"], state["faults"]) == (2, None, {"x": "welded"})


def test_what_stands_under_its_name_and_is_no_file_is_unreadable_and_nobody_waits(tmp_path: Path) -> None:
    folder, pipe, link = tmp_path / "folder", tmp_path / "pipe", tmp_path / "link"
    folder.mkdir()
    os.mkfifo(pipe)
    link.symlink_to(tmp_path / "nowhere")
    for path in (folder, pipe, link):
        with pytest.raises(UnreadableState):
            StateFile(path).load()


def test_a_file_of_more_than_any_state_is_not_taken_into_memory(tmp_path: Path) -> None:
    path = tmp_path / "state.json"
    with open(path, "wb") as file:
        file.truncate(3_000_000_000)
    with pytest.raises(UnreadableState, match="3000000000 bytes"):
        StateFile(path).load()


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_that_may_not_be_read_is_unreadable(tmp_path: Path) -> None:
    path = tmp_path / "state.json"
    path.write_text('{"schema": 2}')
    path.chmod(0)
    with pytest.raises(UnreadableState, match="permission denied"):
        StateFile(path).load()


def test_a_state_of_gigabytes_is_set_aside_without_a_copy_of_its_bytes(tmp_path: Path) -> None:
    path = tmp_path / "state.json"
    with open(path, "wb") as file:
        file.truncate(3_000_000_000)
    StateFile(path).set_aside("it has 3000000000 bytes", "Every load is in fault until `clear`")
    aside = (tmp_path / "state.damaged").stat()
    assert (aside.st_size, aside.st_blocks) == (3_000_000_000, 0)


def test_what_is_no_file_is_not_said_to_be_kept(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    secret = tmp_path / "secret"
    secret.write_text("of somebody else")
    for name, make in (("folder", Path.mkdir), ("pipe", os.mkfifo), ("link", lambda path: path.symlink_to(secret))):
        path = tmp_path / name
        make(path)
        StateFile(path).set_aside("it is damaged", "Every load is in fault until `clear`")
        assert not (tmp_path / f"{name}.damaged").exists()
    assert "is kept as" not in caplog.text


def test_a_state_set_aside_stays_until_another_is_saved(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """A kill between the two must not look like a first start."""
    path = tmp_path / "state.json"
    path.write_text("{")
    file = StateFile(path)
    file.set_aside("it is damaged", "Every load is in fault until `clear`")
    assert (path.read_text(), (tmp_path / "state.damaged").read_text()) == ("{", "{")
    assert "it is damaged. Every load is in fault until `clear`. A copy is kept as state.damaged." in caplog.text
    file.save_now({"schema": 2})
    assert json.loads(path.read_text()) == {"schema": 2}


def test_a_disk_that_hangs_does_not_keep_the_program_from_ending(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers = threading.Event()
    monkeypatch.setattr(os, "fsync", lambda descriptor: answers.wait(60.0))
    monkeypatch.setattr(state_file, "LAST_S", 0.05)
    file = StateFile(tmp_path / "state.json")
    try:
        file.save_now({"schema": 2})
        assert "the disk has not answered for 0.05 s" in caplog.text
        assert file.load() is None
    finally:
        answers.set()
    until(lambda: file.load() == {"schema": 2}, "saved once the disk answers")


def test_a_file_that_is_first_written_while_somebody_looks_was_not_there_yet(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def too_late(path: Path) -> str:
        path.write_text("{}")
        raise FileNotFoundError

    monkeypatch.setattr(state_file, "_read", too_late)
    assert read_object(tmp_path / "state.json") is None
    (tmp_path / "link.json").symlink_to(tmp_path / "gone.json")
    monkeypatch.undo()
    with pytest.raises(UnreadableState, match="link to a file that is not there"):
        read_object(tmp_path / "link.json")


def test_the_folder_reaches_the_disk_after_the_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    done: list[str] = []
    replace, fsync = os.replace, os.fsync
    monkeypatch.setattr(os, "replace", lambda *names: done.append("rename") or replace(*names))
    monkeypatch.setattr(os, "fsync", lambda fd: done.append(Path(os.readlink(f"/proc/self/fd/{fd}")).name) or fsync(fd))
    write_atomically(tmp_path / "state.json", "{}")
    assert done == [".state.json.new", "rename", tmp_path.name]


class Unwritable:
    """No JSON knows how to write this."""


@pytest.mark.parametrize("bad", [Unwritable(), {1: 1, "a": 2}, "\ud800"])
def test_whatever_goes_wrong_is_said_once_and_tried_again(
    bad: Any, tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    caplog.set_level(logging.INFO)
    monkeypatch.setattr(state_file, "RETRY_S", 0.01)
    file = StateFile(tmp_path / "folder" / "state.json")
    group = {"bad": bad} if not isinstance(bad, dict) else bad
    file.save(group)
    until(lambda: file.trouble is not None, "it cannot be saved")
    file.save({"schema": 2, "faults": {"heater": "welded"}})
    (tmp_path / "folder").mkdir()  # only now: what was wrong with the first state may be the missing folder alone
    until(lambda: file.trouble is None, "it is saved again")
    assert file.load() == {"schema": 2, "faults": {"heater": "welded"}}
    assert [record.levelname for record in caplog.records] == ["ERROR", "INFO"]


def test_a_folder_in_its_place_is_put_aside_as_it_is(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path = tmp_path / "state.json"
    for number in (1, 2):
        path.unlink(missing_ok=True)
        path.mkdir()
        (path / "mine").write_text(str(number))
        file = StateFile(path)
        file.save_now({"faults": {"heater": "welded"}})
        assert file.load() == {"faults": {"heater": "welded"}}
        assert (tmp_path / f"state.json.folder-{number}" / "mine").read_text() == str(number)
    assert len([text for text in caplog.messages if "was a folder" in text]) == 2


def test_a_state_that_could_not_be_written_is_written_when_the_disk_is_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(state_file, "RETRY_S", 0.01)
    file = StateFile(tmp_path / "folder" / "state.json")
    file.save({"schema": 2, "faults": {"heater": "welded"}})
    until(lambda: file.trouble is not None, "it cannot be saved")
    (tmp_path / "folder").mkdir()
    until(lambda: file.trouble is None, "it is saved again")
    assert file.load() == {"schema": 2, "faults": {"heater": "welded"}}
