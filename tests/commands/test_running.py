"""Which controller a command reaches, and what it says where there is none."""

import json
import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from pv_heater.commands.running import ask_running
from pv_heater.config.places import SHIPPED_CONFIG, choose_config_path, config_words
from pv_heater.errors import NotOurs, NotRunning
from pv_heater.io.gpio.lock_places import LockPlaces
from pv_heater.io.gpio.locks import lock_state_dir, pin_holders, register_settings
from pv_heater.io.system.control_socket import ControlServer
from pv_heater.io.system.state_file import write_atomically
from tests.io.gpio.test_locks import places as places
from tests.strangers import as_root, open_ways


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Path]:
    """A state folder with a controller that answers; its settings are beside it."""
    (tmp_path / "a.yaml").touch()
    (tmp_path / "b.yaml").touch()
    folder = tmp_path / "state"
    folder.mkdir()
    server = ControlServer(folder / "control.sock", lambda request: {"ok": True, "message": "a"})
    server.start()
    yield folder
    server.stop()


def test_the_controller_of_these_settings_answers(home: Path, tmp_path: Path) -> None:
    with lock_state_dir(home, str(tmp_path / "a.yaml")):
        assert ask_running(tmp_path / "a.yaml", home, {"command": "status"})["message"] == "a"
        os.symlink(tmp_path / "a.yaml", tmp_path / "link.yaml")
        assert ask_running(tmp_path / "link.yaml", home, {"command": "status"})["message"] == "a"


def test_one_of_other_settings_in_the_same_state_folder_does_not(home: Path, tmp_path: Path) -> None:
    with (
        lock_state_dir(home, str(tmp_path / "a.yaml")),
        pytest.raises(NotRunning, match=rf"No controller is running with .*b.yaml.* process {os.getpid()} .*a.yaml"),
    ):
        ask_running(tmp_path / "b.yaml", home, {"command": "status"})


def test_a_calibration_is_named_as_what_holds_the_folder(tmp_path: Path) -> None:
    with (
        lock_state_dir(tmp_path, "calibrate water_heater"),
        pytest.raises(NotRunning, match=r"process \d+ \(calibrate water_heater, since .*\) holds the state folder"),
    ):
        ask_running(tmp_path / "a.yaml", tmp_path, {"command": "status"})


def test_nobody_running_is_one_sentence_with_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(NotRunning) as caught:
        ask_running(tmp_path / "a.yaml", tmp_path / "nowhere", {"command": "status"})
    file = tmp_path / "a.yaml"
    assert str(caught.value) == f"No controller is running with {file}. Start it with `python main.py --config {file}`."


def test_a_socket_that_kill_9_left_behind_is_nobody(home: Path, tmp_path: Path) -> None:
    import socket

    (home / "control.sock").unlink()
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(str(home / "control.sock"))
    with pytest.raises(NotRunning, match=r"^No controller is running with"):
        ask_running(tmp_path / "a.yaml", home, {"command": "status"})


def test_one_that_hangs_is_named_by_the_kernel_s_word(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import threading

    monkeypatch.setattr("pv_heater.commands.running.ANSWER_TIMEOUT_S", 0.3)
    free = threading.Event()
    server = ControlServer(tmp_path / "control.sock", lambda request: {"ok": free.wait(20)})
    server.start()
    try:
        with pytest.raises(NotRunning, match=rf"the controller, process {os.getpid()}, does not answer") as caught:
            ask_running(tmp_path / "a.yaml", tmp_path, {"command": "status"})
        assert isinstance(caught.value, NotRunning)
    finally:
        free.set()
        server.stop()


@as_root
def test_a_controller_of_another_user_says_whose_it_is(home: Path, tmp_path: Path) -> None:
    """Seen by the user nobody: root's socket does not let him in."""
    from tests.strangers import result_as_nobody

    open_ways(home / "x")
    said = result_as_nobody(lambda: ask_running(tmp_path / "a.yaml", home, {"command": "status"}))
    assert f"{NotRunning.__name__}: No answer: the controller at {home / 'control.sock'} belongs to user root" in said
    assert issubclass(NotOurs, NotRunning)


@pytest.mark.parametrize(
    "text",
    [
        "", "null", "[1]", "[" * 9000, '{"pid": 1e999, "owner": "", "started": "", "state_dir": ""}',
        '{"pid": "x"}', '{"pid": %s}' % ("9" * 5000),
        json.dumps({"pid": 1, "owner": "\0", "started": "\x1b", "state_dir": "\0"}),
        json.dumps({"pid": -1, "owner": "/" + "x" * 9000, "started": "9999-99-99", "state_dir": "/" + "y" * 9000}),
        "\udcff",
    ],
    ids=["empty", "null", "list", "deep", "infinite", "word", "long number", "control characters", "long", "no text"],
)  # fmt: skip
def test_whatever_a_claim_says_is_read_without_harm(places: LockPlaces, tmp_path: Path, text: str) -> None:
    """Root reads what any user has written."""
    (places.devices / "gpiochip0").unlink()
    with register_settings(tmp_path / "a.yaml", tmp_path, places=places):
        folder = places.own_folder()
        assert folder is not None
        (file,) = folder.glob("settings-*")
        file.rename(folder / "pin-GPIO17.lock")
        (folder / "pin-GPIO17.lock").write_bytes(text.encode("utf-8", "surrogateescape"))
        (found,) = pin_holders("GPIO17", "real", places=places)
        assert "process" in str(found)
        with pytest.raises(NotRunning):
            ask_running(tmp_path / "a.yaml", Path(found.state_dir or "nowhere"), {"command": "status"})


def test_what_is_kept_of_a_home_is_not_for_everybody(tmp_path: Path) -> None:
    target = tmp_path / "target"
    target.write_text("precious")
    (tmp_path / ".state.json.new").symlink_to(target)
    old = os.umask(0)
    try:
        write_atomically(tmp_path / "state.json", "{}")
    finally:
        os.umask(old)
    assert stat.S_IMODE((tmp_path / "state.json").stat().st_mode) == 0o600
    assert target.read_text() == "precious"


def test_of_the_shipped_settings_it_is_the_demo_that_can_be_asked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A plain start of them plays its day in seconds and ends."""
    monkeypatch.delenv("CONFIG_FILE", raising=False)
    with pytest.raises(NotRunning, match=r"start one that can be asked with `python main.py demo( --config .*)?`\.$"):
        ask_running(SHIPPED_CONFIG, tmp_path / "nowhere", {"command": "status"})


def test_settings_are_named_only_where_a_command_would_take_others(tmp_path: Path) -> None:
    usual = choose_config_path(None, {})
    assert config_words(usual, {}) == ""
    assert config_words(usual, {"CONFIG_FILE": "a.yaml"}) == f" --config {usual}"
    assert config_words(tmp_path / "a.yaml", {}) == f" --config {tmp_path / 'a.yaml'}"
