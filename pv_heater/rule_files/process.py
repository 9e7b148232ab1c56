"""One question to the process of the rule files, and what comes of it: answers, a rule that hangs, a dead process.

The process is asked and answers in lines of JSON; it may hang, lie or die without harm. `Child` knows the process,
`RuleProcess` what is asked.
"""

from __future__ import annotations

import json
import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import field
from pathlib import Path
from typing import Any

from pv_heater import PROJECT_FOLDER
from pv_heater.core.conditions.expression import Probe
from pv_heater.core.model.lean import dataclass
from pv_heater.core.model.numbers import number_of
from pv_heater.core.model.requests import Mode
from pv_heater.errors import SourceError
from pv_heater.rule_files.files import Stamp
from pv_heater.rule_files.home import Picture

END_S = 2.0
"""A process that is killed is gone at once, unless it waits for a disk."""
MOST_BYTES = 1_000_000
"""A child that sends this much without a line's end talks nonsense."""
MODULE = "pv_heater.rule_files.child"
START_S = 30.0
"""The smallest Pi under load needs several seconds to start Python."""


class RuleProcess:
    """The process, started when first needed and again after it was ended."""

    def __init__(self, patience: Patience) -> None:
        self._patience = patience
        self._child = Child(MODULE)
        self._loaded: dict[str, Stamp] = {}
        """The versions of the files that it has been asked about."""

    @property
    def pid(self) -> int | None:
        """None while it does not run."""
        return self._child.pid

    def ask(
        self,
        files: Mapping[str, tuple[Path, Stamp]],
        picture: Picture,
        now_s: float,
        *,
        probes: frozenset[Probe],
        memory: Mapping[str, tuple[Mapping[str, Any], float]],
    ) -> Round:
        """Ask all rules; `memory` is what each remembered so many seconds ago.

        Blocks for as long as `Patience` says, and `START_S` more for the first time.
        Raises ChildGone when the process cannot be started. A round that is not `done` has ended the process;
        `begun` is the guilty rule.
        """
        question: dict[str, Any] = {
            "picture": picture,
            "now_s": now_s,
            "files": {load: (str(path), stamp) for load, (path, stamp) in files.items()},
            "probes": [(probe.kind, probe.target) for probe in sorted(probes, key=str)],
        }
        if self._child.pid is None:
            self._start()
            question["memory"] = dict(memory)
        loaded = {load: stamp for load, (_, stamp) in files.items()}
        patience, known = self._patience, loaded == self._loaded
        result, self._loaded = Round(), loaded
        try:
            self._child.say(question)
            self._collect(result, patience.answer_s)
            if not result.done:
                result.late = frozenset(files.keys() - result.answers.keys() if known else ())
                self._collect(result, (patience.end_s if known else patience.end_loading_s) - patience.answer_s)
        except ChildGone:
            pass  # said by `done`, which stays false
        if not result.done:
            self._child.end()
        return result

    def kill(self) -> None:
        """End a question that is under way, from any thread."""
        self._child.kill()

    def end(self) -> None:
        """End the process. May be repeated."""
        self._child.end()

    def _start(self) -> None:
        self._child.start()
        self._loaded = {}
        try:
            if not self._child.hear(START_S):
                raise ChildGone(f"it did not begin within {START_S:.0f} s")
        except ChildGone:
            self._child.end()
            raise

    def _collect(self, result: Round, timeout_s: float) -> None:
        """Take in answers until all have come or the child is silent for `timeout_s`."""
        until_s = self._child.now_s() + timeout_s
        while not result.done:
            words = self._child.hear(until_s - self._child.now_s())
            if not words:
                return
            for item in words:
                take_in(result, item)


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """How long rules may take, in seconds."""

    answer_s: float = 0.2
    """All rules together have this long; what comes later is late."""
    end_s: float = 2.0
    """A rule that takes so long is ended with its process. A slow card or a busy machine takes a second at times."""
    end_loading_s: float = 8.0
    """The same where a file is new or has changed: what it imports takes seconds on the smallest Pi."""


PATIENCE = Patience()


@dataclass(slots=True, kw_only=True)
class Round:
    """One question and what has come of it so far."""

    answers: dict[str, Answer] = field(default_factory=dict)
    probes: dict[str, bool] = field(default_factory=dict)
    memory: dict[str, Any] = field(default_factory=dict)
    late: frozenset[str] = frozenset()
    """Loads whose rule had not answered in time, nor those before it."""
    begun: str | None = None
    """The load whose rule is at work; None between two."""
    done: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What one rule file said."""

    wish: Mode | None
    because: str
    power_w: float | None = None
    """The power that it asks for with its on; None: it names none."""
    failed: bool = False
    """It is off because of a mistake, not because the rule says so."""
    waits: bool = False
    """It is off because a value is not known."""


def off(because: str) -> Answer:
    """A rule that is off because of a mistake."""
    return Answer(wish=Mode.OFF, because=because, failed=True)


def take_in(result: Round, words: Mapping[str, Any]) -> None:
    """Note one line of the process. Raises ChildGone for one that makes no sense: a rule may have written it."""
    if "begin" in words:
        result.begun = str(words["begin"])
    elif "done" in words:
        probes = words.get("probes")
        if not isinstance(probes, Mapping) or result.begun is not None:
            raise ChildGone("it talks nonsense")
        result.done, result.probes = True, {str(key): value is True for key, value in probes.items()}
    elif "load" in words:
        load, result.begun = str(words["load"]), None
        if "error" in words:
            result.answers[load] = off(f"its rule failed, {words['error']}")
            return
        wish = {"on": Mode.ON, "off": Mode.OFF}.get(str(words.get("wish")))
        reason = str(words.get("reason") or (f"its rule says {wish}" if wish is not None else ""))
        power_w = number_of(words.get("power_w"))
        result.answers[load] = Answer(wish=wish, because=reason, power_w=power_w, waits=words.get("waits") is True)
        if "memory" in words:
            result.memory[load] = words["memory"]


class Child:
    """Runs ``python -m module`` in a session of its own, so that what it starts can be ended with it."""

    def __init__(self, module: str) -> None:
        self._module = module
        self._process: subprocess.Popen[bytes] | None = None
        self._heard = b""

    @property
    def pid(self) -> int | None:
        """None while it does not run."""
        return None if self._process is None else self._process.pid

    @staticmethod
    def now_s() -> float:
        """The clock that time-outs are measured with."""
        return time.monotonic()

    def start(self) -> None:
        """Start it anew. Raises ChildGone where that is not possible."""
        self.end()
        # One arena: each thread would else reserve 64 MB of addresses. The search path is ours, wherever that is.
        places = [str(PROJECT_FOLDER), *filter(None, sys.path)]
        environ = {**os.environ, "MALLOC_ARENA_MAX": "1", "PYTHONPATH": os.pathsep.join(places)}
        command = [sys.executable, "-S", "-m", self._module]
        try:
            self._process = subprocess.Popen(
                command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environ, start_new_session=True
            )
        except OSError as error:
            raise ChildGone(f"it cannot be started: {error}") from error
        self._heard = b""

    def say(self, words: Mapping[str, Any]) -> None:
        """Send one line. Raises ChildGone."""
        if self._process is None or self._process.stdin is None:
            raise ChildGone("it does not run")
        try:
            self._process.stdin.write(json.dumps(words).encode() + b"\n")
            self._process.stdin.flush()
        except OSError as error:
            raise ChildGone(f"it has ended: {error}") from error

    def hear(self, timeout_s: float) -> list[dict[str, Any]]:
        """What it has said, after at most `timeout_s`; empty when it said nothing. Raises ChildGone."""
        if self._process is None or self._process.stdout is None:
            raise ChildGone("it does not run")
        until_s = time.monotonic() + timeout_s
        while b"\n" not in self._heard:
            ready, _, _ = select.select([self._process.stdout], [], [], max(0.0, until_s - time.monotonic()))
            if not ready:
                return []
            came = os.read(self._process.stdout.fileno(), 65_536)
            if not came:
                raise ChildGone("it has ended by itself")
            self._heard += came
            if len(self._heard) > MOST_BYTES:
                raise ChildGone("it talks without end")
        *lines, self._heard = self._heard.split(b"\n")
        return [_object(line) for line in lines]

    def kill(self) -> None:
        """End it and all that it has started, from any thread; whoever hears it is told that it has gone."""
        process = self._process
        if process is not None:
            with suppress(ProcessLookupError):  # it has ended by itself, and all it had started
                os.killpg(process.pid, signal.SIGKILL)

    def end(self) -> None:
        """The same, and give back what it used. May be repeated."""
        self.kill()
        process, self._process = self._process, None
        if process is None:
            return
        for stream in (process.stdin, process.stdout):
            if stream is not None:
                with suppress(OSError):  # what was still to be written has no reader any more
                    stream.close()
        with suppress(subprocess.TimeoutExpired):
            process.wait(timeout=END_S)


class ChildGone(SourceError):
    """The process has ended, or talks nonsense."""


def _object(line: bytes) -> dict[str, Any]:
    try:
        words = json.loads(line)
    except ValueError as error:
        raise ChildGone(f"it talks nonsense: {line[:60]!r}") from error
    if not isinstance(words, dict):
        raise ChildGone(f"it talks nonsense: {line[:60]!r}")
    return words
