"""The live program's side of rule files: one thread asks their process; the control thread never waits for it.

`build_rules` makes it of the settings, with what the rules' helpers remembered before the restart.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from pv_heater.core.conditions.expression import Probe
from pv_heater.core.model.numbers import number_of
from pv_heater.core.model.requests import Mode
from pv_heater.core.model.values import Decision, Forecast, Reading
from pv_heater.core.rules.rules import Rules, Wishes
from pv_heater.io.alive.threads import Lasting
from pv_heater.io.system.state_file import StateFile, UnreadableState
from pv_heater.rule_files.files import FOLDER, RuleFiles, Stamp
from pv_heater.rule_files.home import Picture
from pv_heater.rule_files.process import PATIENCE, Answer, ChildGone, Patience, Round, RuleProcess, off

log = logging.getLogger(__name__)
EVERY_S = 1.0
"""Rules are asked once a second at most."""
IDLE_S = 10.0
"""Without rule files new ones are looked for this often."""
OLDEST_S = 10.0
"""Answers older than this count as off: whoever should have asked again hangs."""
LATE_ROUNDS = 3
"""A rule is off when it was late this often in a row; before that its last answer stands, since machines stall too."""
RESTART_S = 10.0
"""A process that died without a guilty rule is started again after this."""
SAY_EVERY_S = 3600.0
"""The same trouble of the same rule is said once in this time."""
JOIN_S = 2.0
"""A thread whose process has gone is at its end at once."""
SAVE_EVERY_S = 300.0
"""So much of timers and remembered conditions a power cut may cost."""
SCHEMA = 1
NOT_ANSWERED = Answer(wish=Mode.OFF, because="its rule has not answered yet")
Asked = Mapping[str, tuple[Path, Stamp]]
"""Loads whose rule is asked, with file and version."""
STATE_NAME = "rules.json"


def build_rules(
    config_path: Path | None, loads: Iterable[str], rules: Rules, state_dir: Path, monotonic_s: Callable[[], float]
) -> RuleRunner:
    """The runner with the memory of the last run."""
    state_file = StateFile(state_dir / STATE_NAME)
    folder = rules_folder(config_path)
    return RuleRunner(
        RuleFiles(folder, loads) if folder is not None else RuleFiles.none(),
        rules.picture,
        rules.probes,
        monotonic_s,
        saved=_memory(state_file),
        save=state_file.save_now,
    )


def rules_folder(config_path: Path | None) -> Path | None:
    """Where rule files lie: beside the settings. None for settings that are no file."""
    return None if config_path is None else config_path.absolute().parent / FOLDER


class RuleRunner:
    """A reporter that passes pictures on, and a source of wishes that answers at once."""

    def __init__(
        self,
        files: RuleFiles,
        picture: Callable[[], Picture | None],
        probes: frozenset[Probe],
        monotonic_s: Callable[[], float],
        *,
        saved: Mapping[str, Any] | None = None,
        save: Callable[[Mapping[str, Any]], None] | None = None,
        patience: Patience = PATIENCE,
    ) -> None:
        """`picture` is called on the control thread; `saved` is what `state` gave before a restart."""
        self._files = files
        self._picture_of = picture
        self._probes = probes
        self._monotonic_s = monotonic_s
        self._save = save
        self._memory = _memory_of(saved, monotonic_s())
        self._saved_s = monotonic_s()
        self._process = RuleProcess(patience)
        self._picture: Picture | None = None
        self._pictured_s = float("-inf")
        self._ready, self._stopping = threading.Event(), threading.Event()
        self._barred: dict[str, tuple[Stamp, Answer]] = {}
        """Rules that have ended their process, until their file changes."""
        self._late: dict[str, int] = {}
        """For how many rounds in a row each rule has been late."""
        self._not_before_s = float("-inf")
        self._idle = False
        self._said: dict[tuple[str, str], float] = {}
        self._failing: set[str] = set()
        self._latest: dict[str, Answer] = dict.fromkeys(files.look(), NOT_ANSWERED)
        self._latest_probes: dict[str, bool] = {}
        self._answered_s = monotonic_s()
        self._thread = Lasting(self._run, "rules")

    def report(self, now: datetime, decision: Decision, reading: Reading | None, forecast: Forecast | None) -> None:
        """Pass the picture after this decision on to the rules, if they are due; say what conditions remark."""
        del reading, forecast
        now_s = self._monotonic_s()
        for load, remark in decision.trace.rule_remarks.items():
            if self._is_news(load, remark, now_s):
                log.warning("%s: %s.", load, remark, extra={"at": now})
        if now_s - self._pictured_s >= (IDLE_S if self._idle else EVERY_S):
            self._picture, self._pictured_s = self._picture_of(), now_s
            self._ready.set()

    def wishes(self) -> Wishes:
        """What the rules want now, at once; a rule that does not answer any more is off."""
        latest, age_s = self._latest, self._monotonic_s() - self._answered_s
        if age_s > OLDEST_S:
            latest = {load: off(f"its rule has not answered for {age_s:.0f} s") for load in latest}
        return Wishes(
            wishes={load: answer.wish for load, answer in latest.items()},
            because={load: answer.because for load, answer in latest.items() if answer.because},
            power_w={load: answer.power_w for load, answer in latest.items() if answer.power_w is not None},
            probes=self._latest_probes if age_s <= OLDEST_S else {},
        )

    def failures(self) -> dict[str, str]:
        """The loads that are off because of a mistake in their rule, and what is wrong."""
        return {load: answer.because for load, answer in self._latest.items() if answer.failed}

    def waits(self) -> bool:
        """Whether a host or a file has been asked about and not been found out yet."""
        unanswered = any(str(probe) not in self._latest_probes for probe in self._probes)
        return unanswered or any(answer.waits for answer in self._latest.values())

    def state(self) -> dict[str, Any]:
        """What the rules' helpers remember, as plain JSON types."""
        aged = self._aged(self._monotonic_s())
        return {"schema": SCHEMA, "loads": {load: {**memory, "age_s": age_s} for load, (memory, age_s) in aged.items()}}

    def start(self) -> None:
        """Begin to ask."""
        self._thread.start()

    def stop(self) -> None:
        """Ask no more; never waits."""
        self._stopping.set()
        self._ready.set()

    def close(self) -> None:
        """End the process, whatever it is at, and keep what the helpers remember."""
        self.stop()
        self._process.kill()
        self._thread.join(JOIN_S)
        self._process.end()
        self._keep()

    def round(self, picture: Picture) -> None:
        """Ask all rules once, here and now."""
        stamps = self._files.look()
        answers = {load: self._without_asking(load, stamp) for load, stamp in stamps.items()}
        known = {load: answer for load, answer in answers.items() if answer is not None}
        asked = {
            load: (self._files.path(load), stamp)
            for load, stamp in stamps.items()
            if stamp is not None and load not in known
        }
        self._idle = not stamps and not self._probes
        if not asked and not self._probes:
            self._process.end()
            self._publish(known, {})
            return
        asked_s = self._monotonic_s()
        try:
            result = self._ask(asked, picture, asked_s)
        except ChildGone as error:
            self._not_before_s = max(self._not_before_s, self._monotonic_s() + RESTART_S)
            self._publish(known | {load: off(f"the process of the rules does not run: {error}") for load in asked}, {})
            return
        self._memory |= {load: (memory, asked_s) for load, memory in result.memory.items()}
        self._publish(known | self._answers_of(result, asked), result.probes)

    def _aged(self, now_s: float) -> dict[str, tuple[Mapping[str, Any], float]]:
        return {load: (memory, now_s - told_s) for load, (memory, told_s) in self._memory.items()}

    def _ask(self, asked: Asked, picture: Picture, now_s: float) -> Round:
        if now_s < self._not_before_s and self._process.pid is None:
            raise ChildGone(f"it has ended and is started again in {RESTART_S:.0f} s")
        return self._process.ask(asked, picture, now_s, probes=self._probes, memory=self._aged(now_s))

    def _answers_of(self, result: Round, asked: Asked) -> dict[str, Answer]:
        """What counts of a round: late rules keep their last answer for a while, the one that hangs is barred."""
        answers = {load: result.answers.get(load) or self._latest.get(load, NOT_ANSWERED) for load in asked}
        self._late = {load: self._late.get(load, 0) + 1 for load in result.late}
        for load, rounds in self._late.items():
            slow = off("its rule, or one before it, takes too long again and again")
            answers[load] = slow if rounds >= LATE_ROUNDS else self._latest.get(load, answers[load])
        if not result.done:
            guilty = result.begun
            if guilty is not None and guilty in asked:
                path, stamp = asked[guilty]
                answers[guilty] = barred = off(
                    f"its rule {path.name} came to no end, or ended its process; it is off until the file changes"
                )
                self._barred[guilty] = (stamp, barred)
            else:
                self._not_before_s = self._monotonic_s() + RESTART_S
        return answers

    def _run(self) -> None:
        while not self._stopping.is_set():
            self._ready.wait()
            self._ready.clear()
            picture = self._picture
            if picture is None or self._stopping.is_set():
                continue
            try:
                self.round(picture)
            except Exception as error:  # noqa: BLE001 - the thread must live on, or its loads stay off without a word
                log.error("The rules could not be asked: %s: %s", type(error).__name__, error)
            if self._monotonic_s() - self._saved_s >= SAVE_EVERY_S:
                self._keep()

    def _keep(self) -> None:
        self._saved_s = self._monotonic_s()
        if self._save is not None and self._memory:
            self._save(self.state())

    def _without_asking(self, load: str, stamp: Stamp | None) -> Answer | None:
        """The answer of a rule that cannot or must not be asked; None for one that can."""
        if stamp is None:
            name = self._files.path(load).name
            return off(f"its rule file {name} is gone; put it back, or restart to go on without a rule")
        barred_stamp, answer = self._barred.get(load, (None, None))
        return answer if barred_stamp == stamp else None

    def _publish(self, answers: Mapping[str, Answer], probes: Mapping[str, bool]) -> None:
        now_s = self._monotonic_s()
        self._latest, self._latest_probes, self._answered_s = dict(answers), dict(probes), now_s
        for load, answer in answers.items():
            if answer.failed and self._is_news(load, answer.because, now_s):
                self._failing.add(load)
                log.warning("The rule of %s keeps it off: %s.", load, answer.because)
            elif not answer.failed and load in self._failing:
                self._failing.discard(load)
                log.info("%s: its rule works again.", load)

    def _is_news(self, load: str, text: str, now_s: float) -> bool:
        if now_s - self._said.get((load, text), float("-inf")) < SAY_EVERY_S:
            return False
        self._said[(load, text)] = now_s
        return True


def _memory(state_file: StateFile) -> Mapping[str, Any] | None:
    """What rule files remembered; None without. They keep no faults: a damaged memory is only forgotten."""
    try:
        return state_file.load()
    except UnreadableState as error:
        state_file.set_aside(str(error), "Timers and remembered conditions of rule files begin anew")
        return None


def _memory_of(saved: Mapping[str, Any] | None, now_s: float) -> dict[str, tuple[Mapping[str, Any], float]]:
    """What each rule remembered, and when; what makes no sense is left out. The time of a restart does not count."""
    loads = saved.get("loads") if saved is not None and saved.get("schema") == SCHEMA else None
    items = loads.items() if isinstance(loads, Mapping) else ()
    return {
        load: (memory, now_s - (number_of(memory.get("age_s")) or 0.0))
        for load, memory in items
        if isinstance(memory, Mapping)
    }
