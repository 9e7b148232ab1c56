"""Commands to the running program: whom they reach, and what they say of it."""

import json
from pathlib import Path

import pytest

from tests.process.program import RELAY, Program, run_once, settings
from tests.vrm_server import VrmServer

pytestmark = pytest.mark.process


def test_every_answer_begins_with_whom_it_speaks_for(vrm: VrmServer, tmp_path: Path) -> None:
    config = settings(tmp_path, vrm.url, site={"name": "Hut", "timezone": "UTC"}, dry_run=True)
    with Program(tmp_path, config) as program:
        program.wait_for(lambda: (tmp_path / "state" / "control.sock").exists(), 15, "it listens")
        file = tmp_path / "config.yaml"
        head = f"Hut, {file}: DRY RUN, nothing is switched; process {program.process.pid}, since 20"
        for command in (["status"], ["why"], ["force", "water_heater", "off"], ["force", "water_heater", "auto"]):
            done = run_once(tmp_path, config, *command)
            assert done.returncode == 0, done.stderr
            assert done.stdout.startswith(head)
        who = json.loads(run_once(tmp_path, config, "status", "--json").stdout)["who"]
        assert (who["home"], who["file"], who["pid"], who["dry"]) == ("Hut", str(file), program.process.pid, True)
        for command in (["force", "heater", "on"], ["clear", "heater"], ["boost", "heater"], ["why", "heater"]):
            done = run_once(tmp_path, config, *command)
            assert done.returncode == 2
            assert done.stderr.startswith(head)
            assert done.stderr.splitlines()[1] == "there is no load 'heater'; there is water_heater"


def test_two_homes_on_mock_pins_of_the_same_name_do_not_meet(vrm: VrmServer, tmp_path: Path) -> None:
    folders = [tmp_path / name for name in ("one", "two")]
    configs = []
    for folder in folders:
        folder.mkdir()
        configs.append(settings(folder, vrm.url, site={"name": folder.name, "timezone": "UTC"}))
    with Program(folders[0], configs[0]) as first:
        first.wait_for(first.contact_closed, 20, "the first one heats")
        start = f"Start it with `python main.py --config {folders[1] / 'config.yaml'}`."
        for command in ("status", "why"):
            done = run_once(folders[1], configs[1], command)
            assert done.returncode == 5
            assert done.stderr == f"No controller is running with {folders[1] / 'config.yaml'}. {start}\n"
        assert run_once(folders[1], configs[1], "off").returncode == 0
        with Program(folders[1], configs[1]) as second:
            second.wait_for(second.contact_closed, 20, "the second one heats beside it")
            assert "MOCK PINS" in run_once(folders[1], configs[1], "status").stdout.splitlines()[0]
            assert run_once(folders[1], configs[1], "off").returncode == 0
            assert second.states(RELAY)[-1] == 0.0
        assert first.contact_closed()
        assert run_once(folders[0], configs[0], "off").returncode == 0
        assert first.states(RELAY)[-1] == 0.0


def test_a_controller_with_a_state_folder_of_its_own_is_found_by_its_settings(vrm: VrmServer, tmp_path: Path) -> None:
    """As under systemd, whose $STATE_DIRECTORY no shell knows; a dry run has no pins to be found by."""
    config = settings(tmp_path, vrm.url, dry_run=True)
    config["state_dir"] = "auto"
    (tmp_path / "var").mkdir()
    with Program(tmp_path, config, environ={"STATE_DIRECTORY": str(tmp_path / "var")}) as program:
        program.wait_for(lambda: (tmp_path / "var" / "control.sock").exists(), 15, "it listens")
        done = run_once(tmp_path, config, "status")
        assert done.returncode == 0, done.stderr
        assert f"process {program.process.pid}" in done.stdout
        assert "DRY RUN" in done.stdout
