"""Commands to the running program: whom they reach, and what they say of it."""

import json
from pathlib import Path

import pytest

from tests.process.program import Program, run_once, settings
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
