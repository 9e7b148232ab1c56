"""The process in which rule files run: ``python -m pv_heater.rule_files.child``, questions on stdin, answers on stdout.

It is fenced against mistakes, not against its owner: little memory, no forks, no other programs, and whoever started it
ends it when it does not answer. Before each rule it says which one it is about to ask, so that the guilty one is known.
"""

from __future__ import annotations

import json
import os
import resource
import signal
import threading
import traceback
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple, TextIO

from pv_heater.io.system.fence import no_programs
from pv_heater.io.system.probes import THREAD_NAME, Probes
from pv_heater.rule_files.home import Home, NotKnown, RuleMemory

MOST_MEMORY_BYTES = 48 * 1024 * 1024
"""Of addresses, on top of what Python has when it is ready: what rules import, and their values."""
MOST_FILES = 64
LONGEST_S = 10.0
"""Should nobody be left to end it, it ends itself after this long with one question."""
LONGEST_REASON = 300

WORDS = ("on", "off", "surplus")
"""What a rule may say; "surplus", as None, leaves it to what is spare."""

MOST_W = 1e6
"""No rule asks for more; each load takes at most what it can."""

Rule = Callable[[Home], object]


class RuleAnswer(NamedTuple):
    """What one rule returned."""

    wish: str | None
    power_w: float | None
    """Watts that it asks for with its on; None: it names none."""
    reason: str


class RuleFile:
    """One file, loaded again whenever its stamp changes."""

    def __init__(self) -> None:
        self.memory = RuleMemory()
        self._stamp: object = None
        self._rule: Rule | None = None

    def ask(self, path: Path, stamp: object, home: Home) -> RuleAnswer:
        """The rule's answer. Raises whatever the file raises, and ValueError for a wrong answer."""
        if self._rule is None or stamp != self._stamp:
            self._rule = None
            self._rule, self._stamp = load_rule(path), stamp
        return checked(self._rule(home))


def load_rule(path: Path) -> Rule:
    """The function `rule` of a file. Raises what the file raises, and ValueError where it has none."""
    names: dict[str, Any] = {"__name__": path.stem, "__file__": str(path)}
    exec(compile(path.read_text(encoding="utf-8"), str(path), "exec"), names)
    rule = names.get("rule")
    if not callable(rule):
        raise ValueError("it has no function `rule(home)`")
    found: Rule = rule
    return found


def checked(answer: object) -> RuleAnswer:
    """What a rule returned: one of WORDS or None, alone or followed by watts, a reason, or both.

    Raises ValueError for anything else.
    """
    wish, *rest = answer if isinstance(answer, tuple) and 1 <= len(answer) <= 3 else (answer,)
    power_w = rest.pop(0) if rest and isinstance(rest[0], int | float) and not isinstance(rest[0], bool) else None
    reason = rest.pop(0) if rest else ""
    is_word = wish is None or (isinstance(wish, str) and wish in WORDS)
    if not is_word or not isinstance(reason, str) or rest:
        raise ValueError(f'a rule returns "on", "off" or "surplus", not {answer!r:.80}')
    if power_w is not None and (wish != "on" or not 0 < power_w < MOST_W):
        raise ValueError(f'watts belong to "on" and lie above 0, which is not so in {answer!r:.80}')
    return RuleAnswer(wish=None if wish == "surplus" else wish, power_w=power_w, reason=reason[:LONGEST_REASON])


def failure_text(error: BaseException, path: Path) -> str:
    """What went wrong, with the file's name and the line of it."""
    lines = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename == str(path)]
    line = error.lineno if isinstance(error, SyntaxError) and error.filename == str(path) else (lines or [None])[-1]
    where = f"{path.name} line {line}" if line is not None else path.name
    what = error.msg if isinstance(error, SyntaxError) else str(error)
    return f"{where}: {type(error).__name__}{f': {what}' if what else ''}"[:LONGEST_REASON]


def answer_question(
    question: Mapping[str, Any], files: dict[str, RuleFile], probes: Probes, say: Callable[[Mapping[str, Any]], None]
) -> None:
    """Ask every rule of one question, each announced before, and close with ``done``."""
    now_s = float(question["now_s"])
    for load, (saved, away_s) in question.get("memory", {}).items():
        files[load] = RuleFile()
        files[load].memory.take_back(saved, now_s, away_s)
    for load, (name, stamp) in question["files"].items():
        say({"begin": load})
        path, file = Path(name), files.setdefault(load, RuleFile())
        try:
            home = Home(load, question["picture"], now_s, file.memory, probes.answer)
            answer = file.ask(path, stamp, home)
            say({"load": load, **answer._asdict(), "memory": file.memory.as_json(now_s)})
        except NotKnown as unknown:
            reason = f"its rule waits for {unknown}, which nothing reports"
            say({"load": load, "wish": "off", "reason": reason, "waits": True})
        except BaseException as error:  # noqa: BLE001 - sys.exit too: one rule must not end the others
            say({"load": load, "error": failure_text(error, path)})
    keys = [(str(kind), str(target)) for kind, target in question.get("probes", ())]
    say({"done": True, "probes": probes.answers(keys)})


def fence_in() -> None:
    """Limit what a mistake in a rule can do to the machine."""
    threading.stack_size(256 * 1024)
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0])
    most_bytes = pages * resource.getpagesize() + MOST_MEMORY_BYTES
    resource.setrlimit(resource.RLIMIT_AS, (most_bytes, most_bytes))
    resource.setrlimit(resource.RLIMIT_NOFILE, (MOST_FILES, MOST_FILES))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the program, which ends this one
    no_programs(but_thread=THREAD_NAME)


def private_streams() -> tuple[TextIO, TextIO]:
    """Questions and answers; what a rule prints or reads goes nowhere."""
    questions = os.fdopen(os.dup(0), "r", encoding="utf-8")
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    nowhere = os.open(os.devnull, os.O_RDWR)
    for number in (0, 1, 2):
        os.dup2(nowhere, number)
    return questions, answers


def main() -> None:
    """Answer until nobody asks any more."""
    questions, answers = private_streams()
    fence_in()

    def say(words: Mapping[str, Any]) -> None:
        answers.write(json.dumps(words) + "\n")
        answers.flush()

    files: dict[str, RuleFile] = {}
    probes = Probes()
    say({"ready": True})
    for line in questions:
        signal.setitimer(signal.ITIMER_REAL, LONGEST_S)
        answer_question(json.loads(line), files, probes, say)
        signal.setitimer(signal.ITIMER_REAL, 0.0)


if __name__ == "__main__":
    main()
