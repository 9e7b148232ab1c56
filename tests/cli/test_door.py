"""The short way from main.py to `run`: what it takes, and what it leaves to the command line."""

from pathlib import Path

import pytest

from pv_heater.cli.door import INTERRUPTED, main, run_words
from pv_heater.errors import NotRunning


@pytest.mark.parametrize(
    ("words", "config", "flags"),
    [
        ("", None, ""),
        ("run", None, ""),
        ("--config a.yaml", "a.yaml", ""),
        ("-c a.yaml run --dry-run", "a.yaml", "--dry-run"),
        ("--debug run --json --config=b/c.yaml", "b/c.yaml", "--debug --json"),
        ("--dry-run --json --debug", None, "--dry-run --json --debug"),
        ("-c a.yaml -c b.yaml", "b.yaml", ""),
    ],
)
def test_a_run_is_understood(words: str, config: str | None, flags: str) -> None:
    asked = run_words(words.split())
    assert asked is not None
    assert (asked.config, asked.flags) == (None if config is None else Path(config), set(flags.split()))


@pytest.mark.parametrize(
    "words",
    [
        "--help",
        "run --help",
        "--version",
        "check",
        "run run",
        "run --debug",
        "--dry-run run",
        "--json run",
        "--config",
        "--config=",
        "--config --debug",
        "-cfile",
        "--confi a.yaml",
        "run a.yaml",
        "--config a.yaml status",
    ],
)
def test_whatever_else_is_said_the_command_line_looks_at(words: str) -> None:
    assert run_words(words.split()) is None


def ended(go: object) -> object:
    with pytest.raises(SystemExit) as caught:
        main(go)  # type: ignore[arg-type]
    return caught.value.code


def test_an_error_of_ours_is_a_sentence_and_its_code(capsys: pytest.CaptureFixture[str]) -> None:
    def go() -> int:
        raise NotRunning("nobody\x1b[2J is there")

    assert ended(go) == NotRunning.exit_code
    assert capsys.readouterr().err == "nobody\\x1b[2J is there\n"


def test_a_bug_is_called_one(capsys: pytest.CaptureFixture[str]) -> None:
    assert ended(lambda: 1 // 0) == 1
    assert capsys.readouterr().err.startswith("A bug of ours: ZeroDivisionError at test_door.py ")


def test_a_traceback_commands_no_terminal_either(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def go() -> int:
        raise NotRunning("nobody\x1b]0;owned\x07 is there")

    monkeypatch.setattr("sys.argv", ["main.py", "status", "--debug"])
    assert ended(go) == NotRunning.exit_code
    told = capsys.readouterr().err
    assert told.startswith("Traceback ")
    assert "nobody\\x1b]0;owned\\x07 is there" in told


def test_what_was_done_gives_its_code() -> None:
    assert ended(lambda: INTERRUPTED) == 130
