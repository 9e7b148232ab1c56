"""Questions to the world outside, with a `ping` of our own."""

import os
import time
from pathlib import Path

import pytest

from pv_heater.io.alive import starting
from pv_heater.io.system.probes import (
    FILE_EVERY_S,
    FORGOTTEN_S,
    MOST_PROBES,
    PING_EVERY_S,
    STALE_S,
    Probes,
    answers,
    exists,
)
from tests.waiting import until


@pytest.fixture
def ping_log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A `ping` that knows one host, and writes down what it was asked."""
    log = tmp_path / "pings"
    script = tmp_path / "bin" / "ping"
    script.parent.mkdir()
    script.write_text(f'#!/bin/sh\necho "asked $*" >> {log}\n[ "$6" = alive ]\n', encoding="utf-8")
    script.chmod(0o755)
    monkeypatch.setenv("PATH", f"{script.parent}:{os.environ['PATH']}")
    return log


@pytest.mark.usefixtures("ping_log")
def test_a_host_answers_or_not() -> None:
    assert answers("alive") is True
    assert answers("dead") is False


@pytest.mark.parametrize("host", ["-f", "--help", "", "a b", "a;reboot", "$(reboot)", "a\nb"])
def test_what_is_no_host_is_never_handed_to_ping(ping_log: Path, host: str) -> None:
    assert answers(host) is None
    assert not ping_log.exists()


def test_without_a_ping_program_nothing_is_known(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert answers("alive") is None


def test_a_file_is_there_or_not(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    assert exists(str(tmp_path / "file")) is True
    assert exists(str(tmp_path)) is True
    assert exists(str(tmp_path / "nothing")) is False
    assert exists(str(tmp_path / "file" / "below")) is False
    assert exists("\x00") is None
    assert exists("x" * 5000) is None


def test_an_answer_that_is_long_overdue_is_worth_nothing(tmp_path: Path) -> None:
    probes = Probes(begin=False)
    assert probes.answer("file_exists", str(tmp_path)) is None
    probes.look(time.monotonic())
    assert probes.answer("file_exists", str(tmp_path)) is True
    (key,) = probes._answers
    probes._answers[key] = (True, time.monotonic() - STALE_S - 1)
    assert probes.answer("file_exists", str(tmp_path)) is None


def test_each_is_asked_at_its_own_pace_and_dropped_when_nobody_wants_it(ping_log: Path, tmp_path: Path) -> None:
    probes = Probes(begin=False)
    path = tmp_path / "file"
    keys = [("ping", "alive"), ("file_exists", str(path))]
    assert probes.answers(keys) == {}
    now_s = time.monotonic()
    probes.look(now_s)
    assert probes.answers(keys) == {'ping("alive")': True, f'file_exists("{path}")': False}
    path.touch()
    probes.look(now_s + FILE_EVERY_S - 1)
    assert probes.answer("file_exists", str(path)) is False
    probes.look(now_s + FILE_EVERY_S + 2)
    assert probes.answer("file_exists", str(path)) is True
    assert len(ping_log.read_text().splitlines()) == 1
    probes.look(now_s + PING_EVERY_S + 3)
    assert len(ping_log.read_text().splitlines()) == 2
    probes.look(now_s + FORGOTTEN_S + 10)
    assert probes.answers(keys) == {}


def test_there_is_an_end_to_what_rules_may_ask() -> None:
    probes = Probes(begin=False)
    for number in range(MOST_PROBES):
        probes.answer("file_exists", str(number))
    probes.answer("file_exists", "0")
    with pytest.raises(ValueError, match="one more"):
        probes.answer("file_exists", "more")


def test_without_a_thread_nothing_is_known_until_there_is_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    probes = Probes()
    with monkeypatch.context() as starved:
        starved.setattr(starting, "LONGEST_START_S", 0.1)
        starved.setattr(starting.Thread, "_bootstrap", lambda _thread: None, raising=False)
        assert probes.answer("file_exists", str(tmp_path)) is None
    until(lambda: probes.answer("file_exists", str(tmp_path)), "it is asked after all")
