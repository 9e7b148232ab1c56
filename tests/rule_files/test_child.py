"""A process that is asked by lines, with modules that behave and others that do not."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from pv_heater.rule_files.process import Child, ChildGone
from tests.waiting import until

ECHO = "import sys\nfor line in sys.stdin:\n    print(line, end='', flush=True)\n"


@pytest.fixture
def made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str], Child]]:
    """Makes a child of a module's text."""
    monkeypatch.syspath_prepend(str(tmp_path))
    children: list[Child] = []

    def make(text: str) -> Child:
        name = f"child_module_{len(children)}"
        (tmp_path / f"{name}.py").write_text(text, encoding="utf-8")
        children.append(Child(name))
        return children[-1]

    yield make
    for child in children:
        child.end()


def runs(pid: int) -> bool:
    """Whether a process still does something; one that nobody has waited for yet does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").split(")")[1].split()[0] not in ("Z", "X")
    except FileNotFoundError:
        return False


def test_it_answers_what_it_is_told(made: Callable[[str], Child]) -> None:
    child = made(ECHO)
    child.start()
    child.say({"one": 1})
    child.say({"two": "zwei"})
    heard = child.hear(10)
    heard += [] if len(heard) == 2 else child.hear(10)
    assert heard == [{"one": 1}, {"two": "zwei"}]
    assert child.hear(0.01) == []


def test_before_the_start_and_after_the_end_it_is_gone(made: Callable[[str], Child]) -> None:
    child = made(ECHO)
    for _ in range(2):
        assert child.pid is None
        with pytest.raises(ChildGone):
            child.say({})
        with pytest.raises(ChildGone):
            child.hear(0)
        child.start()
        child.end()
        child.end()


def test_it_can_be_started_anew_and_has_forgotten_what_it_was_about_to_say(made: Callable[[str], Child]) -> None:
    child = made(ECHO)
    child.start()
    child.say({"old": 1})
    child.start()
    child.say({"new": 1})
    assert child.hear(10) == [{"new": 1}]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "ended by itself"),
        ("raise SystemExit(3)", "ended by itself"),
        ("print('hello', flush=True)\ninput()", "nonsense"),
        ("print('[1]', flush=True)\ninput()", "nonsense"),
        ("import sys\nsys.stdout.buffer.write(b'\\xff\\n')\nsys.stdout.flush()\ninput()", "nonsense"),
        ("import sys\nwhile True:\n    sys.stdout.write('x' * 10000)", "without end"),
    ],
)
def test_nonsense_and_death_are_told(made: Callable[[str], Child], text: str, words: str) -> None:
    child = made(text)
    child.start()
    with pytest.raises(ChildGone, match=words):
        child.hear(10)


def test_one_that_ignores_signals_and_has_children_ends_all_the_same(made: Callable[[str], Child]) -> None:
    child = made(
        "import signal, subprocess, time\nfor n in range(1, 30):\n    try:\n"
        "        signal.signal(n, signal.SIG_IGN)\n    except OSError:\n        pass\n"
        "other = subprocess.Popen(['sleep', '60'])\nprint('{\"pid\": %d}' % other.pid, flush=True)\ntime.sleep(60)\n"
    )
    child.start()
    (heard,) = child.hear(10)
    child.end()
    until(lambda: not runs(heard["pid"]), "what it had begun has ended too")
