"""The real program keeps a history, and heats whether or not it can."""

import csv
import signal
from pathlib import Path

import pytest

from pv_heater.io.system.control_client import ask
from pv_heater.io.system.control_socket import SOCKET_NAME
from tests.cli.test_app import main
from tests.process.program import RELAY, Program, settings
from tests.small_disk import small_disk
from tests.vrm_server import VrmServer
from tests.waiting import WITHIN_S

pytestmark = pytest.mark.process


def test_what_it_lived_is_in_the_file_when_it_has_stopped_and_can_be_exported(vrm: VrmServer, tmp_path: Path) -> None:
    config = settings(tmp_path, vrm.url)
    with Program(tmp_path, config) as program:
        program.wait_until_heating()
        program.process.send_signal(signal.SIGTERM)
        assert program.process.wait(WITHIN_S) == 0
    assert program.states(RELAY)[-2:] == [0.0, None], "off, then let go"
    done = main("history", "export", "--step", "10", "--from", "2020-01-01", "--config", tmp_path / "config.yaml")
    assert done.returncode == 0, done.stderr
    rows = list(csv.DictReader(line for line in done.stdout.splitlines() if not line.startswith("#")))
    assert rows
    assert float(rows[-1]["load:water_heater:power_w"]) > 0
    days = main("history", "export", "--step", "day", "--from", "2020-01-01", "--config", tmp_path / "config.yaml")
    assert "caught_wh" in days.stdout
    copied = main("history", "backup", "--config", tmp_path / "config.yaml")
    assert Path(copied.stdout.strip()).parent == tmp_path / "state" / "backups"


def test_a_history_that_cannot_be_written_keeps_no_heater_off_and_no_program_from_ending(
    vrm: VrmServer, tmp_path: Path
) -> None:
    (tmp_path / "state" / "history.db" / "photos").mkdir(parents=True)  # an empty folder would be put aside
    with Program(tmp_path, settings(tmp_path, vrm.url)) as program:
        program.wait_until_heating()
        program.process.send_signal(signal.SIGTERM)
        assert program.process.wait(WITHIN_S) == 0
    assert program.states(RELAY)[-2:] == [0.0, None], "off, then let go"
    assert "history is not written" in program.log()


def test_a_full_disk_keeps_no_heater_on_or_off(vrm: VrmServer, tmp_path: Path) -> None:
    with small_disk(tmp_path / "state") as disk:
        disk.fill()
        with Program(tmp_path, settings(tmp_path, vrm.url, web={"listen": "127.0.0.1:0"})) as program:
            program.wait_until_heating()
            program.wait_for(lambda: "the state cannot be saved" in program.log(), 15, "the line")
            ask(tmp_path / "state" / SOCKET_NAME, {"command": "off"}, believe=lambda _: True)
            program.wait_for(lambda: not program.contact_closed(), 15, "off")
            disk.empty()
            program.wait_for(lambda: "the state is saved again" in program.log(), 15, "there is space again")
            assert program.stop() == 0
    assert program.states(RELAY)[-2:] == [0.0, None], "off, then let go"
    assert program.log().count("the state cannot be saved") == 1
