"""main.py: what it says before anything of the program can be read."""

import shutil
import subprocess
import sys
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[1]


def off_without_libraries(folder: Path) -> subprocess.CompletedProcess[str]:
    """`main.py off` by a Python that has none of the libraries (-S hides them)."""
    shutil.copy(PROJECT / "main.py", folder)
    (folder / "pv_heater").symlink_to(PROJECT / "pv_heater")
    command = [sys.executable, "-S", "-E", str(folder / "main.py"), "off", "--config", "home.yaml"]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False, cwd=folder)


def test_off_takes_the_python_of_the_project_when_this_one_lacks_the_libraries(tmp_path: Path) -> None:
    python = tmp_path / ".venv" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.write_text('#!/bin/sh\nshift\necho "handed over: $@"\n')
    python.chmod(0o755)
    done = off_without_libraries(tmp_path)
    assert (done.returncode, done.stdout) == (0, "handed over: off --config home.yaml\n")


def test_where_no_python_has_them_it_says_that_nothing_was_switched(tmp_path: Path) -> None:
    done = off_without_libraries(tmp_path)
    assert done.returncode == 3
    assert done.stderr.startswith("Nothing was switched off: No module named ")
    assert ". ./env.sh" in done.stderr


def test_ctrl_c_while_it_loads_is_no_traceback(tmp_path: Path) -> None:
    """Loading takes seconds on a small Pi."""
    shutil.copy(PROJECT / "main.py", tmp_path)
    for package in ("pv_heater", "pv_heater/cli"):
        (tmp_path / package).mkdir()
        (tmp_path / package / "__init__.py").touch()
    (tmp_path / "pv_heater" / "cli" / "door.py").write_text("raise KeyboardInterrupt\n")
    command = [sys.executable, str(tmp_path / "main.py"), "status"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False, cwd=tmp_path)
    assert (done.returncode, done.stdout, done.stderr) == (130, "", "")
