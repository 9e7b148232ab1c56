"""A program whose imports are over says and does what one does that was started anew."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.process.program import Program, settings
from tests.vrm_server import VrmServer
from tests.waiting import WITHIN_S, Stopwatch
from tests.warm_start import PROJECT, run_warm

pytestmark = pytest.mark.process


def test_it_says_the_same_and_ends_with_the_same_code(tmp_path: Path) -> None:
    """The file is named by the environment, and the folder is another one."""
    (tmp_path / "config.yaml").write_text("loads: 3\n", encoding="utf-8")
    environ = {"CONFIG_FILE": "config.yaml"}
    command = [sys.executable, str(PROJECT / "main.py"), "check"]
    cold = subprocess.run(
        command, cwd=tmp_path, env={**os.environ, **environ}, capture_output=True, text=True, timeout=2 * WITHIN_S
    )
    warm = run_warm(["check"], folder=tmp_path, environ=environ)
    assert warm.returncode == 2
    assert "config.yaml" in warm.stderr
    assert (warm.returncode, warm.stdout, warm.stderr) == (cold.returncode, cold.stdout, cold.stderr)


def test_a_killed_one_is_gone_and_says_by_which_signal(vrm: VrmServer, tmp_path: Path) -> None:
    with Program(tmp_path, settings(tmp_path, vrm.url)) as program:
        assert program.process.poll() is None
        program.process.send_signal(signal.SIGKILL)
        assert program.process.wait(WITHIN_S) == -signal.SIGKILL
        assert not Path(f"/proc/{program.process.pid}").exists()


def test_a_stopwatch_takes_off_only_what_others_took() -> None:
    watch = Stopwatch()
    assert watch.took_s(watch.began_s + 3600.0) > 3590.0, "sleeping is no queuing"
