"""From the words behind main.py to what they ask for: `run` by a short way, everything else through the command line.

A home is started by `run` and by nothing else, on the smallest Pi as well, where the command line's own library takes
seconds to load and keeps a megabyte.
"""

from __future__ import annotations

import os
import sys
import traceback
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from pv_heater.errors import PvHeaterError, describe

INTERRUPTED = 130
"""Exit code of what Ctrl-C ended before it had begun, as a shell has it."""
_BEFORE_THE_COMMAND = frozenset({"--config", "--debug"})
_FLAGS = frozenset({"--dry-run", "--debug", "--json"})


class RunWords:
    """What is said of a run."""

    def __init__(self) -> None:
        self.config: Path | None = None
        self.flags: set[str] = set()


def run_words(words: Sequence[str]) -> RunWords | None:
    """What is asked for by `run`, or by no command at all, which is the same.

    None for everything that the command line has to look at: another command, `--help`, a mistake.
    """
    said, left, named = RunWords(), iter(words), False
    for word in left:
        if word == "run" and not named:
            if not said.flags <= _BEFORE_THE_COMMAND:
                return None
            named = True
        elif word in _FLAGS and not (named and word == "--debug"):
            said.flags.add(word)
        elif word in ("--config", "-c") or word.startswith("--config="):
            path = _value(word, left)
            if path is None:
                return None
            said.config = Path(path)
        else:
            return None
    return said


def way(words: Sequence[str]) -> Callable[[], int]:
    """What does it, with all that it needs imported. Raises ModuleNotFoundError where a library is missing."""
    asked = run_words(words)
    if asked is not None:
        return _run(asked)
    from pv_heater.cli.app import cli

    def command_line() -> int:
        cli()
        return 0

    return command_line


def main(go: Callable[[], int] | None = None) -> None:
    """Do it; our own errors become a sentence and an exit code, a traceback only with --debug."""
    try:
        sys.exit((go or way(sys.argv[1:]))())
    except Exception as error:  # noqa: BLE001 - whoever typed the command gets a sentence
        is_ours = isinstance(error, PvHeaterError)
        if "--debug" in sys.argv:
            _say(traceback.format_exc().rstrip())
        else:
            shown = describe(error)
            _say(shown if is_ours else f"A bug of ours: {shown}. `--debug` shows how it came to that.")
        sys.exit(getattr(error, "exit_code", 1) if is_ours else 1)


def _value(word: str, left: Iterator[str]) -> str | None:
    """What is said for an option; None where the command line must look at it."""
    value = word.partition("=")[2] if "=" in word else next(left, "")
    return value if value and not value.startswith("-") else None


def _run(asked: RunWords) -> Callable[[], int]:
    from pv_heater.commands.run import run
    from pv_heater.config.load import load_config
    from pv_heater.config.places import choose_config_path

    def go() -> int:
        try:
            return run(
                load_config(choose_config_path(asked.config, os.environ)),
                dry_run="--dry-run" in asked.flags,
                debug="--debug" in asked.flags,
                as_json="--json" in asked.flags,
            )
        except KeyboardInterrupt:
            return INTERRUPTED
        except BrokenPipeError:  # whoever read what is printed has gone, as `head` does
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            return 1

    return go


def _say(text: str) -> None:
    from pv_heater.cli.text import say, say_lines

    if "--debug" in sys.argv:  # a traceback is read as it stands
        say(text, err=True)
    else:
        say_lines([text], err=True)
