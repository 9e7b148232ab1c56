"""Durations as people write them."""

import fcntl
import os
import struct
import termios
from zoneinfo import ZoneInfo

import pytest
import typer

from pv_heater.cli.text import folded, instant, say_lines, seconds


@pytest.mark.parametrize(
    ("text", "expected"),
    [("90s", 90), ("30m", 1800), ("2h", 7200), ("1h30m", 5400), ("1d", 86_400), ("1.5h", 5400), ("1H", 3600)],
)
def test_a_duration_is_numbers_with_units(text: str, expected: float) -> None:
    assert seconds(text) == expected


@pytest.mark.parametrize("text", ["", "h", "30", "m30", "1h 30m", "nanh", "infs", "1e3s", "-5m", "0s", "9" * 400 + "h"])
def test_anything_else_is_refused_in_a_short_sentence(text: str) -> None:
    with pytest.raises(typer.BadParameter, match=r"^a duration") as refused:
        seconds(text)
    assert len(str(refused.value)) < 130


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-12-24", "2026-12-24T00:00:00+01:00"),
        ("2026-07-01T18:30", "2026-07-01T18:30:00+02:00"),
        ("2026-07-01 18:30", "2026-07-01T18:30:00+02:00"),
        ("2026-07-01T18:30Z", "2026-07-01T18:30:00+00:00"),
    ],
)
def test_an_instant_is_a_day_or_an_hour_of_it_in_the_homes_zone(text: str, expected: str) -> None:
    assert instant(text, ZoneInfo("Europe/Vienna")).isoformat() == expected


@pytest.mark.parametrize("text", ["", "tomorrow", "24.12.2026", "2026-02-30", "9" * 400])
def test_what_is_no_instant_is_refused_in_a_short_sentence(text: str) -> None:
    with pytest.raises(typer.BadParameter, match=r"^a time is 2026-12-24") as refused:
        instant(text, ZoneInfo("Europe/Vienna"))
    assert len(str(refused.value)) < 130


def test_a_line_for_a_terminal_is_broken_between_words_and_its_rest_indented() -> None:
    lines = ["heater: off", "  2.2 kW spare (1 min mean), battery 100 % may give 100 W"]
    assert folded(lines, 40) == ["heater: off", "  2.2 kW spare (1 min mean), battery 100", "      % may give 100 W"]
    assert folded(lines, 80) == lines
    assert folded(["Nobody runs. Start it with `python main.py --config a.yaml`."], 40) == [
        "Nobody runs. Start it with",
        "    `python main.py --config a.yaml`.",
    ]
    assert folded(lines) == lines  # nobody looks: no terminal


def test_an_error_is_as_wide_as_the_terminal_that_shows_it(monkeypatch: pytest.MonkeyPatch) -> None:
    ours, shown = os.openpty()
    fcntl.ioctl(shown, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 40, 0, 0))
    with open(shown, "w") as terminal:
        monkeypatch.setattr("sys.stderr", terminal)
        say_lines(["home.yaml: 1 problem\n  site.latitude: is missing; where is the roof?"], err=True)
        terminal.flush()
        said = os.read(ours, 1000).decode()
    os.close(ours)
    assert said.splitlines() == ["home.yaml: 1 problem", "  site.latitude: is missing; where is", "      the roof?"]
