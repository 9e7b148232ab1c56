"""The examples in Files/rules, each through hours of virtual time, and beside the one line that does the same."""

import re
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from pv_heater import PROJECT_FOLDER
from pv_heater.core.model.requests import Force, Mode
from tests.builders import NOON, House, config, heater
from tests.docs.played_rules import RuledHouse

EXAMPLES = PROJECT_FOLDER / "Files" / "rules" / "examples"
DARK: dict[str, Any] = {"pv_w": 0.0, "battery_w": 0.0}


def ruled(name: str, **answers: bool | None) -> RuledHouse:
    """A house without sun, whose load `ruled` has that example; `pump` is another load."""
    loads = [heater("pump", max_power_w=300), heater("ruled")]
    return RuledHouse(House(config(loads=loads)), {"ruled": EXAMPLES / f"{name}.py"}, **answers)


def on_at(home: RuledHouse, seconds: range, **fields: Any) -> list[int]:
    return [second for second in seconds if home.at(second, **(DARK | fields)).setpoints["ruled"].on]


def pump(mode: Mode) -> Force:
    return Force(load="pump", mode=mode, for_s=7200.0)


def test_battery_full() -> None:
    home = ruled("battery_full")
    assert on_at(home, range(0, 60, 10), battery_soc_percent=98.0) == []
    assert on_at(home, range(60, 120, 10), battery_soc_percent=99.0) == [70, 80, 90, 100, 110]
    assert on_at(home, range(120, 180, 10), battery_soc_percent=97.0) == [120]
    assert on_at(home, range(180, 240, 10), battery_soc_percent=None, battery_w=None) == []


def test_charging_ends() -> None:
    home = ruled("charging_ends")
    assert on_at(home, range(0, 50, 10), charger_state="bulk") == []
    assert on_at(home, range(50, 100, 10), charger_state="absorption") == [60, 70, 80, 90]
    assert on_at(home, range(100, 150, 10), charger_state="float") == [100, 110, 120, 130, 140]
    assert on_at(home, range(150, 200, 10), charger_state="off") == [150]


def test_float_for_a_while() -> None:
    home = ruled("float_for_a_while")
    # Not throttled: no sun is hidden behind float, and nothing is tried before the rule answers.
    seen = {"charger_state": "float", "pv_w": 400.0, "consumption_w": 400.0, "pv_throttled": False}
    assert on_at(home, range(0, 110, 10), **seen) == [70, 80, 90, 100]
    assert on_at(home, range(110, 140, 10), charger_state="float", pv_w=0.0) == [110]


def test_five_minutes_a_day() -> None:
    home = ruled("five_minutes_a_day")
    on = on_at(home, range(0, 1000, 10))
    assert (len(on), on[0]) == (31, 10)  # one step of ten seconds late, as the picture is the one before
    day_s = 86_400
    tomorrow = [s for s in range(day_s, day_s + 400, 10)
                if home.at(s, now=NOON + timedelta(seconds=s), **DARK).setpoints["ruled"].on]  # fmt: skip
    assert len(tomorrow) == 31


def test_after_another_load() -> None:
    home = ruled("after_another_load")
    assert on_at(home, range(0, 50, 10)) == []
    home.at(50, pump(Mode.ON), **DARK)
    assert on_at(home, range(60, 100, 10)) == []
    home.at(100, pump(Mode.OFF), **DARK)
    on = on_at(home, range(110, 2000, 10), consumption_w=2500.0)
    assert (on[0], len(on)) == (110, 61)


def test_five_minutes_after() -> None:
    home = ruled("five_minutes_after")
    home.at(0, pump(Mode.ON), **DARK)
    assert on_at(home, range(10, 100, 10)) == []
    home.at(100, pump(Mode.OFF), **DARK)
    assert on_at(home, range(110, 1000, 10)) == list(range(110, 410, 10))


def test_computer_on() -> None:
    home = ruled("computer_on", ping=None)
    assert on_at(home, range(0, 50, 10)) == []
    home.answers["ping"] = True
    assert on_at(home, range(50, 100, 10)) == [50, 60, 70, 80, 90]
    home.answers["ping"] = False
    assert on_at(home, range(100, 150, 10)) == []


def test_file_present() -> None:
    home = ruled("file_present", file_exists=True)
    assert on_at(home, range(0, 50, 10)) == [10, 20, 30, 40]
    home.answers["file_exists"] = False
    assert on_at(home, range(50, 100, 10)) == []


@pytest.mark.parametrize(("month", "expected"), [(6, list(range(11, 21))), (1, list(range(11, 19)))])
def test_winter_hours(month: int, expected: list[int]) -> None:
    settings = config(loads=[heater("pump", max_power_w=300), heater("ruled")])
    settings["limits"] = {"daylight": {"from": "00:00", "to": "23:59:59"}}
    home = RuledHouse(House(settings), {"ruled": EXAMPLES / "winter_hours.py"})
    midnight = NOON.replace(month=month, hour=22 if month == 6 else 23)  # local midnight, two or one hours from UTC
    hours = set()
    for second in range(0, 86_400, 300):
        now = midnight + timedelta(seconds=second)
        if home.at(second, now=now, pv_w=6000.0, battery_soc_percent=97.0).setpoints["ruled"].on:
            hours.add(second // 3600)
    assert sorted(hours) == expected


SUNNY: dict[str, Any] = {"pv_w": 6000.0, "battery_soc_percent": 60.0, "charger_state": "bulk"}


@pytest.mark.parametrize(
    "path", [path for path in sorted(EXAMPLES.glob("*.py")) if "only then" in path.read_text(encoding="utf-8")
             or "No more than that" in path.read_text(encoding="utf-8")], ids=lambda path: path.stem,
)  # fmt: skip
def test_what_says_only_then_stays_off_in_full_sun(path: Path) -> None:
    home = ruled(path.stem, ping=False, file_exists=False)
    on = [second for second in range(0, 4000, 10) if home.at(second, **SUNNY).setpoints["ruled"].on]
    assert on == []


@pytest.mark.parametrize("line", ["soc > 98", "this.on_today_s < 300 and soc > 80", 'file_exists("/run/pump.on")'])
def test_only_when_leaves_nothing_to_the_surplus(line: str) -> None:
    only = House(config(loads=[heater("ruled", only_when=line)]))
    also = House(config(loads=[heater("ruled", on_when=line)]))
    off, on = (home.at(0, **SUNNY) for home in (only, also))
    assert not off.setpoints["ruled"].on
    assert "its condition does not hold, only_when" in off.loads["ruled"].because
    assert on.setpoints["ruled"].on


def test_only_when_has_its_longest_time_and_then_stays_off() -> None:
    home = House(config(loads=[heater("ruled", only_when="soc > 50", rule_on_max_s=300)]))
    on = [second for second in range(0, 1200, 10) if home.at(second, **SUNNY).setpoints["ruled"].on]
    assert (on[0], on[-1]) == (0, 290)
    assert "it stays off" in home.decisions[-1][1].loads["ruled"].because


def one_line(path: Path) -> tuple[str, str]:
    found = re.search(r"`(when|on_when|only_when):\s+(.*?)`", path.read_text(encoding="utf-8"))
    assert found is not None, path.name
    return found[1], found[2]


@pytest.mark.parametrize(
    "path",
    # The file of this one does more than its line, and says so.
    sorted(set(EXAMPLES.glob("*.py")) - {EXAMPLES / "after_another_load.py"}),
    ids=lambda path: path.stem,
)
def test_each_example_names_a_line_that_does_the_same(path: Path) -> None:
    key, text = one_line(path)
    loads = [heater("pump", max_power_w=300), heater("ruled")]
    by_file = RuledHouse(House(config(loads=loads)), {"ruled": path}, ping=True, file_exists=True)
    by_line = House(config(loads=[loads[0], heater("ruled", **{key: text})]))
    probes = {str(probe): True for probe in by_line.controller.rules.probes}
    wrong = 0
    for second in range(0, 3000, 10):
        soc_percent = 100.0 if second % 1000 < 500 else 79.0
        seen = DARK | {"battery_soc_percent": soc_percent, "charger_state": "float" if second % 700 < 350 else "bulk"}
        if key == "when" or second % 700 < 300:
            seen["pv_w"] = 4000.0
        commands = {0: (pump(Mode.ON),), 400: (pump(Mode.OFF),)}.get(second % 900, ())
        one = by_file.at(second, *commands, **seen).setpoints["ruled"].on
        other = by_line.at(second, inputs={"probes": probes, "commands": commands}, **seen).setpoints["ruled"].on
        wrong += one is not other
    assert wrong <= 40  # the file sees each change one step later
    assert any(decision.setpoints["ruled"].on for _, decision in by_line.decisions)
