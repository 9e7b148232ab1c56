"""Rule files in their real process: what goes wrong in one is the trouble of that one alone."""

import json
import logging
import os
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from pv_heater.core.conditions.expression import Probe
from pv_heater.core.model.requests import Mode
from pv_heater.rule_files.files import RuleFiles
from pv_heater.rule_files.process import Patience
from pv_heater.rule_files.runner import LATE_ROUNDS, OLDEST_S, RESTART_S, RuleRunner, Wishes
from tests.builders import House, config, heater
from tests.rule_files.test_child import runs
from tests.waiting import WITHIN_S, Stopwatch, until

GOOD = 'def rule(home):\n    return "on", f"the battery holds {home.soc:.0f} %"\n'
LOADS = ("good", "other", "third")
PATIENT = Patience(answer_s=WITHIN_S, end_s=WITHIN_S, end_loading_s=WITHIN_S)
"""A busy machine takes its time to answer."""
IMPATIENT = Patience(answer_s=0.4, end_s=1.5, end_loading_s=1.5)
"""For a rule that never does: it should not cost the tests seconds."""


class Rig:
    """A runner on files in a folder; seconds pass only when told so."""

    def __init__(self, folder: Path, loads: tuple[str, ...] = LOADS, **options: Any) -> None:
        self.folder = folder
        self.now_s = options.pop("now_s", 1000.0)
        self.house = House(config(loads=[heater(name) for name in loads]))
        self.house.at(0)
        self.saved: list[Mapping[str, Any]] = []
        self.runner = RuleRunner(
            RuleFiles(folder, loads),
            self.house.controller.rules.picture,
            options.pop("probes", frozenset()),
            lambda: self.now_s,
            **({"save": self.saved.append, "patience": PATIENT} | options),
        )

    def write(self, load: str, text: str) -> Path:
        path = self.folder / f"{load}.py"
        path.write_text(text, encoding="utf-8")
        return path

    def ask(self) -> Wishes:
        picture = self.house.controller.rules.picture()
        assert picture is not None
        self.runner.round(picture)
        self.now_s += 1.0
        return self.runner.wishes()

    def ask_impatiently(self) -> Wishes:
        """With the other rules at work and their process up, so that only the one that has changed takes its time."""
        self.runner._process._patience = IMPATIENT
        try:
            return self.ask()
        finally:
            self.runner._process._patience = PATIENT

    def pid(self) -> int | None:
        return self.runner._process.pid


@pytest.fixture
def rigs(tmp_path: Path) -> Iterator[Callable[..., Rig]]:
    made: list[Rig] = []

    def make(**options: Any) -> Rig:
        made.append(Rig(tmp_path, **options))
        return made[-1]

    yield make
    for rig in made:
        rig.runner.close()


def test_the_process_is_small(rigs: Callable[..., Rig]) -> None:
    rig = rigs()
    rig.write("good", GOOD)
    rig.ask()
    pages = int(Path(f"/proc/{rig.pid()}/statm").read_text(encoding="ascii").split()[1])
    assert pages * os.sysconf("SC_PAGESIZE") < 24_000_000


def test_a_rule_answers_with_its_reason(rigs: Callable[..., Rig]) -> None:
    rig = rigs()
    rig.write("good", GOOD)
    rig.write("other", "def rule(home):\n    return None\n")
    answer = rig.ask()
    assert answer.wishes == {"good": Mode.ON, "other": None}
    assert answer.because == {"good": "the battery holds 97 %"}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("def rule(home):\n    return (\n", "other.py line 2: SyntaxError: '(' was never closed"),
        ("def rule(home):\n    return 1 / 0\n", "other.py line 2: ZeroDivisionError"),
        ("x = 1 / 0\n", "other.py line 1: ZeroDivisionError"),
        ("import nosuchmodule\n", "other.py line 1: ModuleNotFoundError"),
        ("rule = 3\n", "no function `rule(home)`"),
        ("", "no function `rule(home)`"),
        ("def rule():\n    return 'on'\n", "TypeError"),
        ("def rule(home):\n    return home.socc > 3\n", "other.py line 2: AttributeError: there is no socc"),
        ("def rule(home):\n    return home.good.is_onn\n", "there is no good.is_onn"),
        ("def rule(home):\n    return home.load('nobody').is_on\n", "KeyError"),
        ("def rule(home):\n    return 3\n", 'returns "on", "off" or "surplus", not 3'),
        ("def rule(home):\n    return True\n", "not True"),
        ("def rule(home):\n    return 'ON'\n", "not 'ON'"),
        ("def rule(home):\n    return 'on', 'x', 3\n", "not ('on', 'x', 3)"),
        ("import sys\ndef rule(home):\n    sys.exit(3)\n", "other.py line 3: SystemExit: 3"),
        ("def rule(home):\n    raise KeyboardInterrupt\n", "KeyboardInterrupt"),
        ("def rule(home):\n    return rule(home)\n", "RecursionError"),
        ("import os\ndef rule(home):\n    os.fork()\n", "PermissionError: a rule must not fork"),
        ("import subprocess\ndef rule(home):\n    subprocess.Popen(['true'])\n", "must not start other programs"),
        ("import os\ndef rule(home):\n    os.system('true')\n", "must not start other programs"),
        ("import os\ndef rule(home):\n    os.posix_spawn('/bin/true', ['true'], {})\n", "other.py line 3: Perm"),
        ("def rule(home):\n    return 'a' * 10**9\n", "other.py line 2: MemoryError"),
        ("def rule(home):\n    x = []\n    while True:\n        x.append('a' * 10**6)\n", "MemoryError"),
        ("def rule(home):\n    [home.start_timer(str(n), 9) for n in range(200)]\n", "100 timers"),
        ("def rule(home):\n    return home.between('11', '12')\n", "written as 11:00"),
        ("x = '\x00'\n", "null bytes"),
    ],
)
def test_a_mistake_puts_its_load_off_and_says_where_once(
    rigs: Callable[..., Rig], caplog: pytest.LogCaptureFixture, text: str, words: str
) -> None:
    rig = rigs()
    rig.write("good", GOOD)
    rig.write("other", text)
    with caplog.at_level(logging.INFO):
        for _ in range(3):
            answer = rig.ask()
            assert answer.wishes == {"good": Mode.ON, "other": Mode.OFF}
            assert words in answer.because["other"]
    assert len(caplog.messages) == 1
    assert caplog.messages[0].startswith("The rule of other keeps it off:")


def test_a_corrected_file_is_read_again_and_that_is_said(
    rigs: Callable[..., Rig], caplog: pytest.LogCaptureFixture
) -> None:
    rig = rigs()
    rig.write("good", "def rule(home):\n    return 1 / 0\n")
    rig.ask()
    caplog.clear()
    rig.write("good", GOOD)
    with caplog.at_level(logging.INFO):
        assert rig.ask().wishes == {"good": Mode.ON}
    assert caplog.messages == ["good: its rule works again."]


def test_a_file_of_the_same_second_and_another_length_is_read_again(rigs: Callable[..., Rig]) -> None:
    rig = rigs()
    path = rig.write("good", GOOD)
    stat = path.stat()
    rig.ask()
    rig.write("good", "def rule(home):\n    return 'off'\n")
    os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns))
    assert rig.ask().wishes == {"good": Mode.OFF}


def test_a_file_that_goes_away_leaves_its_load_off_until_it_is_back(rigs: Callable[..., Rig]) -> None:
    rig = rigs()
    path = rig.write("good", GOOD)
    rig.ask()
    path.unlink()
    answer = rig.ask()
    assert answer.wishes == {"good": Mode.OFF}
    assert "good.py is gone" in answer.because["good"]
    rig.write("good", GOOD)
    assert rig.ask().wishes == {"good": Mode.ON}


def test_a_file_that_comes_later_counts_from_then_on(rigs: Callable[..., Rig]) -> None:
    rig = rigs()
    assert rig.ask().wishes == {}
    assert rig.pid() is None  # no rule, no process
    rig.write("good", GOOD)
    assert rig.ask().wishes == {"good": Mode.ON}


@pytest.mark.parametrize(
    "text",
    [
        "def rule(home):\n    while True:\n        pass\n",
        "def rule(home):\n    while True:\n        try:\n            while True:\n                pass\n"
        "        except:\n            pass\n",
        "import time\ndef rule(home):\n    time.sleep(60)\n",
        "while True:\n    pass\n",
        "def rule(home):\n    9**9**9\n",
        "import os\ndef rule(home):\n    os._exit(0)\n",
        "import os, signal\ndef rule(home):\n    os.kill(os.getpid(), signal.SIGSEGV)\n",
        "import os\ndef rule(home):\n    os.closerange(0, 60)\n",
    ],
)
def test_a_rule_that_comes_to_no_end_is_ended_and_not_asked_again(rigs: Callable[..., Rig], text: str) -> None:
    rig = rigs()
    for load in LOADS:
        rig.write(load, GOOD)
    assert set(rig.ask().wishes.values()) == {Mode.ON}
    rig.write("other", text)
    answer = rig.ask_impatiently()
    assert answer.wishes["other"] is Mode.OFF
    assert "until the file changes" in answer.because["other"]
    watch = Stopwatch()
    answer = rig.ask()
    until(lambda: rig.pid() is not None or not rig.ask(), "a new process")  # one may end in the round it began in
    new = rig.pid()
    assert new is not None
    watch.also(new)
    assert answer.wishes == {"good": Mode.ON, "other": Mode.OFF, "third": Mode.ON}
    assert watch.took_s() < 1.0  # a new process, without that rule
    rig.write("other", GOOD)
    assert rig.ask().wishes["other"] is Mode.ON


FORGED = """
import gc, io
def rule(home):
    for out in gc.get_objects():
        if isinstance(out, io.TextIOWrapper) and out.writable() and out.fileno() > 2:
            out.write(%r)
            out.flush()
"""


@pytest.mark.parametrize("line", ['{"done": true}\n', '{"done": true, "probes": {}}\n', '{"done": 1, "probes": []}\n'])
def test_a_rule_that_answers_for_the_process_is_not_asked_again(rigs: Callable[..., Rig], line: str) -> None:
    rig = rigs()
    rig.write("good", GOOD)
    rig.write("other", FORGED % line)
    answer = rig.ask()
    assert answer.wishes["other"] is Mode.OFF
    assert "until the file changes" in answer.because["other"]
    assert rig.ask().wishes == {"good": Mode.ON, "other": Mode.OFF}


def test_others_keep_their_answer_while_a_rule_is_ended(rigs: Callable[..., Rig]) -> None:
    rig = rigs()
    rig.write("good", GOOD)
    rig.write("other", "import time\ndef rule(home):\n    time.sleep(60 if home.grid_w > 5 else 0)\n")
    rig.write("third", GOOD)
    assert rig.ask().wishes == {"good": Mode.ON, "other": None, "third": Mode.ON}
    rig.house.at(10, grid_w=10.0)
    assert rig.ask_impatiently().wishes == {"good": Mode.ON, "other": Mode.OFF, "third": Mode.ON}


def test_what_a_rule_started_ends_with_its_process(rigs: Callable[..., Rig], tmp_path: Path) -> None:
    rig = rigs()
    told = tmp_path / "pid"
    rig.write(
        "good",
        "import subprocess, threading\ndef start():\n"
        f"    child = subprocess.Popen(['sleep', '60'])\n    open({str(told)!r}, 'w').write(str(child.pid))\n"
        "def rule(home):\n    around = threading.Thread(target=start, name='probes')  # a way around\n"
        "    around.start()\n    around.join()\n",
    )
    rig.ask()
    pid = int(told.read_text(encoding="utf-8"))
    assert Path(f"/proc/{pid}").exists()
    rig.runner.close()
    until_s = time.monotonic() + WITHIN_S
    while runs(pid) and time.monotonic() < until_s:
        time.sleep(0.01)
    assert not runs(pid)


def test_what_rules_print_disturbs_nobody(rigs: Callable[..., Rig], capfd: pytest.CaptureFixture[str]) -> None:
    rig = rigs()
    rig.write(
        "good",
        "import os, sys\ndef rule(home):\n    print('{\"done\": true}' * 10000)\n    sys.stderr.write('x' * 100000)\n"
        "    os.write(1, b'nonsense\\n')\n    input_is = sys.stdin.read()\n    return 'on', repr(input_is)\n",
    )
    assert rig.ask().because == {"good": "''"}
    assert capfd.readouterr() == ("", "")


def test_a_late_rule_keeps_its_answer_twice_and_is_off_then(rigs: Callable[..., Rig]) -> None:
    rig = rigs(patience=Patience(answer_s=0.05, end_s=5.0, end_loading_s=5.0))
    rig.write("good", GOOD)
    rig.write("other", "import time\ndef rule(home):\n    time.sleep(0.3 if home.grid_w > 5 else 0)\n    return 'on'\n")
    assert rig.ask().wishes == {"good": Mode.ON, "other": Mode.ON}
    rig.house.at(10, grid_w=10.0)
    seen = [rig.ask().wishes["other"] for _ in range(LATE_ROUNDS + 1)]
    assert seen == [Mode.ON] * (LATE_ROUNDS - 1) + [Mode.OFF] * 2
    assert rig.ask().wishes["good"] is Mode.ON


def test_a_value_that_nobody_tells_keeps_the_load_off_and_is_no_mistake(
    rigs: Callable[..., Rig], caplog: pytest.LogCaptureFixture
) -> None:
    rig = rigs()
    rig.write("good", "def rule(home):\n    return 'on' if home.battery_v > 3 else None\n")
    rig.write("other", "def rule(home):\n    return 'on' if not home.known('battery_v') else None\n")
    answer = rig.ask()
    assert answer.wishes == {"good": Mode.OFF, "other": Mode.ON}
    assert "waits for battery_v" in answer.because["good"]
    assert caplog.messages == []


def test_timers_and_held_conditions_survive_the_process_and_the_program(rigs: Callable[..., Rig]) -> None:
    rig = rigs()
    rule = (
        "def rule(home):\n    if home.grid_w > 5:\n        import os; os._exit(1)\n"
        "    if home.timer_left_s('first') == 0 and not home.held('x', True, 1):\n"
        "        home.start_timer('first', 100)\n"
        "    return None, f\"{home.timer_left_s('first'):.0f} {home.held('x', True, 10)}\"\n"
    )
    rig.write("good", rule)
    rig.write("other", rule.replace("home.grid_w > 5", "False"))
    assert rig.ask().because["other"] == "100 False"
    rig.now_s += 9
    assert rig.ask().because["other"] == "90 True"
    rig.house.at(10, grid_w=10.0)
    assert "until the file changes" in rig.ask().because["good"]
    assert rig.ask().because["other"] == "88 True"
    rig.runner.close()
    state = json.loads(json.dumps(rig.saved[-1]))
    again = rigs(saved=state, now_s=5.0)
    assert again.ask().because["other"] == "87 True"  # the time of the restart itself is not counted


@pytest.mark.parametrize(
    "saved", [{}, {"schema": 9}, {"schema": 1, "loads": {"good": {"holds": 3, "timers": {"x": "y"}}}}]
)
def test_a_saved_memory_that_makes_no_sense_is_left_out(rigs: Callable[..., Rig], saved: dict[str, Any]) -> None:
    rig = rigs(saved=saved)
    rig.write("good", GOOD)
    assert rig.ask().wishes == {"good": Mode.ON}


def test_a_process_killed_by_somebody_else_is_started_again_after_a_while(rigs: Callable[..., Rig]) -> None:
    rig = rigs()
    rig.write("good", GOOD)
    rig.ask()
    pid = rig.pid()
    assert pid is not None
    os.kill(pid, 9)
    rig.ask()
    assert rig.ask().wishes == {"good": Mode.OFF}
    rig.now_s += RESTART_S
    assert rig.ask().wishes == {"good": Mode.ON}


def test_before_the_first_answer_and_when_nobody_asks_any_more_rules_are_off(tmp_path: Path) -> None:
    (tmp_path / "good.py").write_text(GOOD, encoding="utf-8")
    rig = Rig(tmp_path)
    assert rig.runner.wishes().wishes == {"good": Mode.OFF}
    assert rig.ask().wishes == {"good": Mode.ON}
    rig.now_s += OLDEST_S
    assert rig.runner.wishes().wishes == {"good": Mode.OFF}
    rig.runner.close()


def test_files_and_hosts_are_asked_about_beside_the_rules(rigs: Callable[..., Rig], tmp_path: Path) -> None:
    there, missing = tmp_path / "there", tmp_path / "missing"
    there.touch()
    rig = rigs(probes=frozenset({Probe("file_exists", str(there)), Probe("file_exists", str(missing))}))
    rig.write("good", f"def rule(home):\n    return 'on' if home.file_exists({str(there)!r}) else None\n")
    until_s = time.monotonic() + WITHIN_S
    while rig.runner.waits() and time.monotonic() < until_s:
        answer = rig.ask()
        time.sleep(0.02)
    assert answer.probes == {f'file_exists("{there}")': True, f'file_exists("{missing}")': False}
    assert answer.wishes == {"good": Mode.ON}
