"""`main.py record` where there is nothing to record."""

from pathlib import Path

import pytest

from tests.process.program import run_once, settings

pytestmark = pytest.mark.process


def test_a_silent_meter_is_said_with_the_next_try_and_ends_with_no_data(tmp_path: Path) -> None:
    recording = tmp_path / "silent.jsonl"
    config = settings(tmp_path, "http://127.0.0.1:9/v2")
    done = run_once(tmp_path, config, "record", str(recording), "--for", "0.3s")
    lines = done.stdout.splitlines()
    assert done.returncode == 5
    assert lines[1].startswith("VRM cannot be reached at 127.0.0.1:9: ")
    assert lines[1].endswith(". Next try in 1 s.")
    assert lines[-1] == f"nothing came in, so there is nothing to play in {recording}"
