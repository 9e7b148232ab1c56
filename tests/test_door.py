"""What a new user meets before anything is set up: the door itself, and what git must not take along."""

import re
import subprocess
import sys
import venv
from pathlib import Path

import pytest

PROJECT = Path(__file__).parent.parent
TEXTS = [*PROJECT.glob("docs/*.md"), PROJECT / "README.md", PROJECT / "Files/config.yaml"]


@pytest.mark.process
@pytest.mark.parametrize("arguments", [["--version"], [], ["check"]])
def test_without_the_environment_one_sentence_says_what_to_do(tmp_path: Path, arguments: list[str]) -> None:
    venv.create(tmp_path / "bare", with_pip=False)
    run = subprocess.run(
        [tmp_path / "bare/bin/python", PROJECT / "main.py", *arguments], capture_output=True, text=True, timeout=60
    )
    assert run.returncode == 2
    assert run.stdout == ""
    assert re.fullmatch(r"The library \w+ is not installed for this Python\. Run `\. \./env\.sh` .*\n", run.stderr)


def ignored(name: str) -> bool:
    return subprocess.run(["git", "check-ignore", "-q", "--no-index", name], cwd=PROJECT).returncode == 0


@pytest.mark.skipif(not (PROJECT / ".git").exists(), reason="no git checkout")
def test_git_ignores_every_secret_and_pin_log_that_the_docs_name() -> None:
    named = {
        name.rstrip(".")
        for text in TEXTS
        for name in re.findall(r"(?:file:|pin_log: )([A-Za-z0-9_.-]+)", text.read_text(encoding="utf-8"))
    } - {"name"}
    assert {"vrm-token", "gx-password", "pins.jsonl"} <= named
    for name in named | {"my-other-token", "heater-password"}:
        for folder in ("", "Files/"):
            assert ignored(folder + name), f"{folder + name} could be committed by accident"


@pytest.mark.skipif(not (PROJECT / ".git").exists(), reason="no git checkout")
def test_git_ignores_nothing_that_belongs_to_the_project() -> None:
    files = subprocess.run(["git", "ls-files"], cwd=PROJECT, capture_output=True, text=True, check=True).stdout
    hidden = subprocess.run(
        ["git", "check-ignore", "--no-index", "--stdin"], cwd=PROJECT, input=files, capture_output=True, text=True
    )
    assert hidden.stdout == ""


def test_the_door_is_open_for_this_python() -> None:
    run = subprocess.run([sys.executable, PROJECT / "main.py", "--version"], capture_output=True, text=True, timeout=60)
    assert (run.returncode, run.stderr) == (0, "")
