"""The log of the running program: whose it is, what it says of the last run, and what cannot stop it."""

import fcntl
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from tests.process.program import PROJECT, Program, run_once, settings
from tests.vrm_server import VrmServer
from tests.waiting import Stopwatch, ended_after, until

pytestmark = pytest.mark.process


def test_a_refused_second_process_leaves_the_first_one_s_log_alone(vrm: VrmServer, tmp_path: Path) -> None:
    config = settings(tmp_path, vrm.url)
    with Program(tmp_path, config) as program:
        program.wait_until_heating()
        before = program.log()
        for arguments in ((), ("run", "--dry-run")):
            second = run_once(tmp_path, config, *arguments)
            assert second.returncode == 6
            assert second.stdout == ""
            assert re.fullmatch(
                rf"the state folder \S+ is held by process {program.process.pid} \(\S+config.yaml, since 20.*\); "
                r"stop that controller first, or give this one a `state_dir` of its own\n",
                second.stderr,
            )
        after = program.log()
        assert after.startswith(before)
        assert "pv-heater 0" not in after[len(before) :]
        assert "CRITICAL" not in after
        assert program.stop() == 0
    with Program(tmp_path, config) as program:
        program.wait_until_heating()
        assert "the last run ended" not in program.log()


def test_after_kill_9_the_next_start_says_so(vrm: VrmServer, tmp_path: Path) -> None:
    config = settings(tmp_path, vrm.url)
    with Program(tmp_path, config) as program:
        program.wait_until_heating()
        program.process.kill()
        program.process.wait()
    last_line_at = program.log().splitlines()[-1][:17]
    for start in (2, 3):  # said by the next start, and by no other
        with Program(tmp_path, config) as program:
            program.wait_for(lambda start=start: program.log().count("; log file") == start, 20, "it starts")
            assert program.stop() == 0
        lines = [line for line in program.log().splitlines() if "the last run ended" in line]
        assert len(lines) == 1
        assert "WARNING the last run ended without switching off (killed or power cut) at about " in lines[0]
        assert f"about {last_line_at}" in lines[0]  # to ten seconds


def test_a_standard_output_that_nobody_reads_keeps_neither_the_log_nor_sigterm_waiting(
    vrm: VrmServer, tmp_path: Path
) -> None:
    path = tmp_path / "config.yaml"
    path.write_text(yaml.safe_dump(settings(tmp_path, vrm.url), sort_keys=False))
    reading, writing = os.pipe()
    fcntl.fcntl(writing, fcntl.F_SETPIPE_SZ, 4096)
    os.write(writing, b"x" * 4096)  # as full as after a day
    command = [sys.executable, "main.py", "--config", str(path)]
    popen = subprocess.Popen(command, cwd=PROJECT, stdout=writing, stderr=subprocess.PIPE)
    with ended_after(popen) as process:
        log = tmp_path / "heater.log"
        # "off -> heating 2.0 kW", or "starts in heating 2.0 kW" where the first reading comes before the first step
        until(lambda: log.exists() and "heating 2.0 kW" in log.read_text(), "it heats")
        watch = Stopwatch(process.pid)
        process.send_signal(signal.SIGTERM)
        until(lambda: process.poll() is not None, "it has ended", watch=watch)
        assert watch.took_s() < 2.0
        assert process.returncode == 0
    os.close(reading)
    os.close(writing)
    assert "stopped by SIGTERM: every load is off" in log.read_text()


def test_a_pipe_in_place_of_the_default_log_does_not_keep_the_program_from_starting(
    vrm: VrmServer, tmp_path: Path
) -> None:
    shared = tmp_path / "tmp"
    shared.mkdir()
    shared.chmod(0o1777)
    os.mkfifo(shared / "pv_heater.log")
    config = settings(tmp_path, vrm.url, log={})
    environ = {"TMPDIR": str(shared), "LOGS_DIRECTORY": ""}
    own = shared / f"pv-heater-{os.geteuid()}" / "pv_heater.log"
    with Program(tmp_path, config, environ=environ) as program:
        program.wait_until_heating()
        assert (
            f"{shared / 'pv_heater.log'} is not a plain file, which another user may have put there" in own.read_text()
        )
        assert f"log file {own}" in own.read_text()
