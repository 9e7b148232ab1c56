"""The demo as a newcomer meets it: it runs, can be asked meanwhile, and ends with a summary."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from pv_heater.errors import NotRunning
from pv_heater.io.system.control_client import ask
from pv_heater.io.system.control_socket import SOCKET_NAME
from tests.cli.test_app import PROJECT, main, shipped

pytestmark = pytest.mark.process


def test_the_demo_starts_in_the_morning_answers_and_ends_with_a_comparison(tmp_path: Path) -> None:
    config = shipped(tmp_path)
    command = [sys.executable, str(PROJECT / "main.py"), "demo", "--config", str(config), "--speed", "1500"]
    demo = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env={**os.environ, "PYTHONUNBUFFERED": "1"})
    try:
        first = until_heating(tmp_path / "state" / SOCKET_NAME)
        assert first["status"]["now"] >= "2017-05-28T05"
        assert first["who"]["dry"] is True
        status = main("status", "--config", config)
        assert "DRY RUN" in status.stdout.splitlines()[0]
        assert "water_heater" in status.stdout
        forced = main("force", "water_heater", "off", "--for", "2h", "--config", config)
        assert forced.returncode == 0, forced.stderr
        assert main("why", "--config", config).returncode == 0
        away = main("vacation", "--until", "2017-06-01", "--config", config)
        assert "vacation until 2017-06-01 00:00" in away.stdout, away.stderr
        assert main("vacation", "--config", config).returncode == 2
        assert "the vacation is over" in main("vacation", "--end", "--config", config).stdout
        second = main("demo", "--config", config)
        assert second.returncode == 6, second.stderr
    finally:
        demo.send_signal(signal.SIGINT)
        out, _ = demo.communicate(timeout=60)
    assert demo.returncode == 0
    lines = out.splitlines()
    assert "python main.py status --config" in " ".join(lines[1:4])
    assert any("mode auto -> off" in line for line in lines)
    assert any("stopped by SIGINT at 2017-05-28" in line for line in lines)
    assert any("the same without heating" in line for line in lines)
    assert (tmp_path / "heater_demo.svg").exists()


def until_heating(socket: Path) -> dict[str, Any]:
    """The first answer that shows a load heating."""
    for _ in range(1200):
        try:
            answer = json.loads(json.dumps(ask(socket, {"command": "status"})))
            if answer.get("status") and any(
                load["power_w"] > 0 for load in answer["status"]["decision"]["loads"].values()
            ):
                return answer
        except NotRunning:
            pass
        time.sleep(0.05)
    raise AssertionError("the demo did not heat within a minute")
